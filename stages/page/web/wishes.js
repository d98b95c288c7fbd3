// What a digit wants: backpropagation on the image before the network, one layer after the other.

import { paintGrey, paintPixels } from "./canvas.js";
import { cssColour, nightSignedColour } from "./colour.js";
import { makeDiagram } from "./diagram.js";
import { byId, make } from "./dom.js";
import { capital, decimalText, plainText, roughText, signedText } from "./format.js";
import { largestOf, strongest } from "./magnitude.js";
import { costTerms, oneHot } from "./network.js";
import { mapColumns, mapRows } from "./preprocess.js";
import { readingLook } from "./reading.js";
import { layerName, neuronName, run } from "./run.js";
import {
  chooseLabel,
  currentGradient,
  labelKnown,
  onChange,
  scene,
  subjectText,
  wantedLabel,
} from "./scene.js";
import { makeAnnouncer, makeVisibleUpdate } from "./schedule.js";

const sweepTime = 800; // milliseconds in which the lines of one layer grow
const restTime = 1700; // between two stages when they play by themselves
const mostListed = 5;
const mostCells = 16; // neurons in a row or column of the matrix

const last = run.sizes.length - 1;
// In which direction ink begins, for each map of edges.
const upright = ["right", "right and down", "down", "left and down"];
const directions = [...upright, "left", "left and up", "up", "right and up"];
// One stage for the cost, one for the outputs' wishes, one for each layer before them.
const stages = ["cost", "outputs", ...Array.from({ length: last }, (_, k) => last - 1 - k)];
let stage = 0;
let gradient = null;
let picked = null;
let backward = null;
let stageTimer = 0; // timer
let sweeping = 0; // animation frame
let refresh = () => {};

/** Make the section work. */
export function startWishes() {
  const root = byId("backward");
  backward = makeDiagram(root, {
    picture: byId("wanted-pixels"),
    onPick: (neuron) => {
      picked = neuron;
      paintAvenues();
    },
  });
  picked = { layer: last, index: 0 };
  fillLabels(byId("true-label"));
  byId("true-label").addEventListener("change", (event) => {
    chooseLabel(event.target.value === "" ? null : Number(event.target.value));
  });
  byId("stage-back").addEventListener("click", () => goTo(stage - 1));
  byId("stage-on").addEventListener("click", () => goTo(stage + 1));
  byId("stage-play").addEventListener("click", playStages);
  buildStages();
  const announce = makeAnnouncer(byId("wish-live"), 1200);
  refresh = makeVisibleUpdate(byId("wants"), () => {
    measure();
    paintStage();
    announce(`${byId("wish-title").textContent}. ${byId("wish-text").textContent}`);
  });
  onChange((what) => {
    if (what === "label" || what === "subject") picked = { layer: last, index: wantedLabel() };
    refresh();
  });
}

/** Fill a choice of labels; the first leaves it open. */
export function fillLabels(select) {
  select.append(make("option", { value: "" }, "as the network reads it"));
  for (let j = 0; j < run.classes; j++) select.append(make("option", { value: j }, run.names[j]));
  onChange(() => {
    select.value = labelKnown() ? wantedLabel() : "";
    select.options[0].disabled = scene.subject.label !== null;
  });
}

function buildStages() {
  const names = stages.map((one) => {
    if (one === "cost") return "The cost";
    if (one === "outputs") return "Wishes of the outputs";
    return `Back to ${one === 0 ? "the " : ""}${layerName(one)}`;
  });
  names.forEach((name, place) => {
    const button = make("button", { type: "button" }, name);
    button.addEventListener("click", () => goTo(place));
    byId("stages").append(make("li", {}, button));
  });
}

function goTo(place, by = "hand") {
  if (by === "hand") stopStages();
  const next = Math.min(stages.length - 1, Math.max(0, place));
  const onwards = next > stage;
  stage = next;
  if (!gradient) measure();
  refresh();
  sweepLines(onwards && motionWelcome());
}

/** Whether motion is welcome. */
function motionWelcome() {
  return !matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function playStages() {
  if (stageTimer) {
    stopStages();
    return;
  }
  byId("stage-play").textContent = "Pause";
  byId("stage-play").setAttribute("aria-pressed", "true");
  if (stage === stages.length - 1) goTo(0, "clock");
  stageTimer = setInterval(() => {
    if (stage === stages.length - 1) stopStages();
    else goTo(stage + 1, "clock");
  }, sweepTime + restTime);
  goTo(stage + (stage === 0 ? 1 : 0), "clock");
}

function stopStages() {
  clearInterval(stageTimer);
  stageTimer = 0;
  byId("stage-play").textContent = "Play";
  byId("stage-play").setAttribute("aria-pressed", "false");
}

function measure() {
  gradient = currentGradient();
}

/** How far back the wishes have gone: the layer whose neurons have just been asked. */
function reached() {
  return stages[stage] === "cost" ? last + 1 : stages[stage] === "outputs" ? last : stages[stage];
}

function sweepLines(animated) {
  cancelAnimationFrame(sweeping);
  if (!animated || typeof stages[stage] !== "number") {
    backward.paint(wishLook(1));
    return;
  }
  const start = performance.now();
  const frame = (now) => {
    const share = Math.min(1, (now - start) / sweepTime);
    backward.paint(wishLook(1 - (1 - share) ** 3));
    if (share < 1) sweeping = requestAnimationFrame(frame);
  };
  sweeping = requestAnimationFrame(frame);
}

/** Neurons coloured by what is wished of them; lines by what each neuron after asks of each before. */
function wishLook(sweep) {
  if (stages[stage] === "cost") return readingLook(scene.network, scene.pass, scene);
  const reach = reached();
  const scales = gradient.nablaA.map((values, layer) => largestOf(wishesOf(layer, values)));
  const share = (layer, index) => wishOf(layer, index) / scales[layer];
  const target = oneHot(wantedLabel(), run.classes);
  const asked = (layer) => layer >= reach;
  return {
    reach: reach + 1,
    sweep,
    fill: (layer, index) => cssColour(nightSignedColour(asked(layer) ? share(layer, index) : 0)),
    text: (layer, index) => (asked(layer) ? wishText(wishOf(layer, index)) : "not asked yet"),
    rank: (index) => (target[index] === 1 ? 1 : 0),
    tag: (index) => {
      const wish = wishOf(last, index);
      if (!asked(last)) return { share: 0, text: "" };
      return { share: Math.abs(share(last, index)), text: roughText(wish), negative: wish < 0 };
    },
    strength: (layer, j, k) =>
      -gradient.deltas[layer - 1][j] *
      scene.network.weights[layer - 1][j * run.sizes[layer - 1] + k],
    input: (j) => -gradient.deltas[0][j],
  };
}

/** What is wished of a neuron: -dC/da; of an output of softmax, which moves with all others, -dC/dz. */
function wishOf(layer, index) {
  const softmax = layer === last && run.cost === "cross_entropy";
  const wish = softmax ? -gradient.deltas[last - 1][index] : -gradient.nablaA[layer][index];
  return wish || 0;
}

function wishesOf(layer, values) {
  return values.map((_, index) => wishOf(layer, index));
}

function wishText(wish) {
  if (wish === 0) return "no wish";
  return `${wish > 0 ? "should be brighter" : "should be dimmer"}, ${signedText(wish)}`;
}

function paintStage() {
  const names = [...byId("stages").querySelectorAll("button")];
  names.forEach((button, place) => {
    if (place === stage) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
  });
  byId("stage-back").disabled = stage === 0;
  byId("stage-on").disabled = stage === stages.length - 1;
  byId("wants").dataset.stage = stages[stage];
  byId("wish-title").textContent = names[stage].textContent;
  paintWantedPixels();
  tellStage();
  backward.paint(wishLook(1));
  paintAvenues();
}

/** The image, until the wishes have come back to the pixels. */
function paintWantedPixels() {
  const { height, width } = run.preprocessing;
  const canvas = byId("wanted-pixels");
  if (stages[stage] !== 0) {
    paintGrey(canvas, scene.subject.image, height, width);
    return;
  }
  const wishes = wishesOf(0, gradient.nablaA[0]);
  const scale = largestOf(wishes);
  paintGrey(byId("wish-image"), scene.subject.image, height, width);
  for (const map of [canvas, byId("wish-map")]) {
    paintPixels(map, wishes, run.seen.height, run.seen.width, (wish) => nightSignedColour(wish / scale));
  }
}

function tellStage() {
  const one = stages[stage];
  byId("wish-legend").hidden = one === "cost";
  byId("cost-legend").hidden = one !== "cost";
  byId("wish-pixels").hidden = one !== 0;
  byId("wish-terms").hidden = typeof one === "number";
  byId("wish-matrix").hidden = typeof one !== "number" || one === 0;
  byId("wish-formula").textContent = formulaOf(one);
  byId("wish-text").textContent = textOf(one);
  if (typeof one !== "number") listTerms(one);
  else if (one > 0) paintMatrix(one);
}

function formulaOf(one) {
  const squares = run.cost === "quadratic";
  if (one === "cost")
    return squares ? "C = \u03a3 (a \u2212 y)\u00b2" : "C = \u2212 ln a of the true class";
  if (one === "outputs")
    return squares
      ? "\u2212\u2202C/\u2202a = 2 (y \u2212 a)"
      : "\u2212\u2202C/\u2202z = y \u2212 a";
  return "\u2212\u2202C/\u2202a\u2096 = \u03a3\u2c7c w\u2c7c\u2096 \u00b7 (\u2212\u2202C/\u2202z\u2c7c)";
}

function textOf(one) {
  const label = wantedLabel();
  const name = run.names[label];
  const who = subjectText();
  if (one === "cost") {
    const { total } = costTerms(scene.network, scene.pass, oneHot(label, run.classes));
    const as = labelKnown()
      ? `To read ${who} as ${name}`
      : `To be quite sure that ${who} is ${name}`;
    return `${as}, output ${name} should be 1 and the others 0. How far they are from that is the cost of this one image: ${plainText(total)}.`;
  }
  if (one === "outputs") {
    const up = wishOf(last, label);
    return `Output ${name} should go up (${signedText(up)}), the others down, each in proportion to how far away it is from where it should be.`;
  }
  if (one === 0) {
    return `The same once more, and the wishes reach the image. Training does not change the image, only weights and biases; yet this is the change of ${layerName(0)} that would lower the cost fastest: blue ones brighter, orange ones darker.`;
  }
  const wishes = wishesOf(one, gradient.nablaA[one]);
  const most = strongest(wishes, 1)[0];
  return `Every neuron after ${layerName(one)} asks each neuron in it for something: by its own wish times the weight between them. Added up column by column, the wishes agree or cancel. ${capital(neuronName(one, most))} is asked for most: ${wishText(wishes[most])}.`;
}

/** The cost output by output, with the wish of each. */
function listTerms(one) {
  const target = oneHot(wantedLabel(), run.classes);
  const { terms, total } = costTerms(scene.network, scene.pass, target);
  const outputs = scene.pass.activations[last];
  const most = largestOf(terms);
  const shown = strongest(terms, 32).sort((i, j) => i - j);
  byId("term-head").textContent = run.cost === "quadratic" ? "(a \u2212 y)\u00b2" : "\u2212y ln a";
  const rows = shown.map((j) => {
    const fill = make("span", { className: "part-fill negative" });
    fill.style.transform = `scaleX(${terms[j] / most})`;
    const row = make(
      "tr",
      {},
      make("th", { scope: "row" }, run.names[j]),
      make("td", {}, decimalText(outputs[j], 3)),
      make("td", {}, String(target[j])),
      make(
        "td",
        {},
        make("span", { className: "part-track" }, fill),
        make("span", {}, decimalText(terms[j], 4)),
      ),
      make("td", {}, arrowText(wishOf(last, j))),
    );
    row.classList.toggle("true", target[j] === 1);
    return row;
  });
  byId("term-rows").replaceChildren(...rows);
  byId("term-total").textContent = decimalText(total, 4);
  byId("wish-terms").classList.toggle("with-wishes", one === "outputs");
}

function arrowText(wish) {
  return `${wish > 0 ? "\u2191" : wish < 0 ? "\u2193" : "\u00b7"} ${signedText(wish)}`;
}

/** Rows: neurons after; columns: neurons of this layer; the sums of the columns below. */
function paintMatrix(layer) {
  const after = chosenOf(layer + 1);
  const before = chosenOf(layer);
  const count = run.sizes[layer];
  const delta = gradient.deltas[layer];
  const part = (j, k) => -delta[j] * scene.network.weights[layer][j * count + k];
  const parts = after.flatMap((j) => before.map((k) => part(j, k)));
  const scale = largestOf(parts);
  const sums = before.map((k) => wishOf(layer, k));
  const head = make(
    "tr",
    {},
    make("th", { scope: "col" }, "asked by"),
    ...before.map((k) => make("th", { scope: "col" }, String(k))),
  );
  const cell = (value, most) => {
    const square = make("span", { className: value < 0 ? "wish negative" : "wish" });
    const size = Math.sqrt(Math.abs(value) / most);
    square.style.transform = `scale(${size})`;
    return make(
      "td",
      { title: signedText(value) },
      square,
      make("span", { className: "quiet" }, signedText(value)),
    );
  };
  const rows = after.map((j) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, layer + 1 === last ? `output ${run.names[j]}` : `neuron ${j}`),
      ...before.map((k) => cell(part(j, k), scale)),
    ),
  );
  const biggest = largestOf(sums);
  const foot = make(
    "tr",
    {},
    make("th", { scope: "row" }, "together"),
    ...sums.map((sum) => cell(sum, biggest)),
  );
  byId("matrix-head").replaceChildren(head);
  byId("matrix-rows").replaceChildren(...rows);
  byId("matrix-foot").replaceChildren(foot);
  const some = after.length < run.sizes[layer + 1] || before.length < count;
  byId("matrix-note").textContent =
    `Blue squares ask for more, orange ones for less; the larger, the stronger. The bottom row adds up ${some ? "all rows, also those not drawn" : "the rows above"}, on a scale of its own.`;
  byId("matrix-caption").textContent = `What ${layerName(layer + 1)} ask of ${layerName(layer)}`;
}

/** The neurons of a layer that the matrix shows. */
function chosenOf(layer) {
  if (layer === last) return strongest(gradient.deltas[last - 1], mostCells).sort((i, j) => i - j);
  return run.layers.includes(layer) ? run.drawn[layer] : run.drawn[layer].slice(0, mostCells);
}

/** The three avenues of one neuron: its bias, its weights, the neurons before it. */
function paintAvenues() {
  if (!gradient) return;
  const { layer, index } = picked;
  backward.mark(picked);
  const count = run.sizes[layer - 1];
  const slice = (matrix) => matrix[layer - 1].subarray(index * count, (index + 1) * count);
  const before = gradient.activations[layer - 1];
  const delta = gradient.deltas[layer - 1][index];
  const weights = slice(scene.network.weights);
  byId("avenue-name").textContent = neuronName(layer, index);
  byId("avenue-wish").textContent =
    `${wishText(wishOf(layer, index))}; its weighted sum z: ${signedText(-delta)}`;
  byId("avenue-bias").textContent = signedText(-gradient.biases[layer - 1][index]);
  const byWeight = slice(gradient.weights).map((nabla) => -nabla);
  const byActivation = weights.map((weight) => -delta * weight);
  const name = (k) => (layer === 1 ? inputName(k) : `neuron ${k}`);
  list(
    byId("avenue-weights"),
    byWeight,
    (k) => `${name(k)}, ${layer === 1 ? "input" : "activation"} ${decimalText(before[k])}`,
  );
  list(
    byId("avenue-activations"),
    byActivation,
    (k) => `${name(k)}, weight ${signedText(weights[k])}`,
  );
  byId("avenue-fixed").hidden = layer !== 1;
}

/** Where one of the inputs is: in the image, or in a map of its edges. */
function inputName(k) {
  const { height, width } = run.seen;
  const [row, column] = [Math.floor(k / width), k % width];
  if (!run.preprocessing.edges) return `row ${row}, column ${column}`;
  const [tall, wide] = [height / mapRows, width / mapColumns];
  const direction = directions[Math.floor(row / tall) * mapColumns + Math.floor(column / wide)];
  return `${direction}, row ${row % tall}, column ${column % wide}`;
}

function list(root, values, text) {
  const items = strongest(values, mostListed).map((k) =>
    make("li", {}, make("span", {}, text(k)), make("strong", {}, arrowText(values[k]))),
  );
  root.replaceChildren(...items);
}
