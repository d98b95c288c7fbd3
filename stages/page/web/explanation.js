// What backpropagation has found, in words and tables: of one stage, and of one neuron.
//
// A gradient is here what `backprop` gives with `negative`, what `negativeGradients` gives.

import { contribution, neuronGradients } from "./backward.js";
import { byId, make } from "./dom.js";
import { arrowText, capital, decimalText, plainText, signedText } from "./format.js";
import { largestOf, strongest } from "./magnitude.js";
import { costTerms, oneHot } from "./network.js";
import { inputName, layerName, neuronName, run } from "./run.js";
import { labelKnown, scene, subjectText, wantedLabel } from "./scene.js";

const mostListed = 5;
const mostTerms = 32; // outputs in the table of the cost
const mostCells = 16; // neurons in a row or column of the matrix
const last = run.sizes.length - 1;

/** Write the formula, the sentence and the table of a stage. */
export function explainStage(stage, gradient) {
  const ofLayer = typeof stage === "number";
  byId("wish-legend").hidden = stage === "cost";
  byId("cost-legend").hidden = stage !== "cost";
  byId("wish-pixels").hidden = stage !== 0;
  byId("wish-terms").hidden = ofLayer;
  byId("wish-matrix").hidden = !ofLayer || stage === 0;
  byId("wish-formula").textContent = formulaOf(stage);
  byId("wish-text").textContent = sentenceOf(stage, gradient);
  if (!ofLayer) listTerms(stage, gradient);
  else if (stage > 0) paintMatrix(stage, gradient);
}

/** Write what would lower the cost fastest at one neuron: its bias, weights, neurons before it. */
export function explainNeuron(gradient, { layer, index }) {
  const { z, bias, weights, activations } = neuronGradients(scene.network, gradient, {
    layer,
    index,
  });
  const before = gradient.activations[layer - 1];
  const weight = (k) => scene.network.weights[layer - 1][index * before.length + k];
  const name = (k) => (layer === 1 ? inputName(k) : `neuron ${k}`);
  byId("avenue-name").textContent = neuronName(layer, index);
  byId("avenue-wish").textContent =
    `${changeText(gradient.negative[layer][index])}; its weighted sum z: ${signedText(z)}`;
  byId("avenue-bias").textContent = signedText(bias);
  listStrongest(
    byId("avenue-weights"),
    weights,
    (k) => `${name(k)}, ${layer === 1 ? "input" : "activation"} ${decimalText(before[k])}`,
  );
  listStrongest(
    byId("avenue-activations"),
    activations,
    (k) => `${name(k)}, weight ${signedText(weight(k))}`,
  );
  byId("avenue-fixed").hidden = layer !== 1;
}

/** A negative gradient by an activation, in words. */
export function changeText(negative) {
  if (negative === 0) return "no wish";
  return `${negative > 0 ? "should be brighter" : "should be dimmer"}, ${signedText(negative)}`;
}

function formulaOf(stage) {
  const squares = run.cost === "quadratic";
  if (stage === "cost")
    return squares ? "C = \u03a3 (a \u2212 y)\u00b2" : "C = \u2212 ln a of the true class";
  if (stage === "outputs")
    return squares
      ? "\u2212\u2202C/\u2202a = 2 (y \u2212 a)"
      : "\u2212\u2202C/\u2202z = y \u2212 a";
  return "\u2212\u2202C/\u2202a\u2096 = \u03a3\u2c7c w\u2c7c\u2096 \u00b7 (\u2212\u2202C/\u2202z\u2c7c)";
}

function sentenceOf(stage, { negative }) {
  const label = wantedLabel();
  const name = run.names[label];
  const who = subjectText();
  if (stage === "cost") {
    const { total } = costTerms(scene.network, scene.pass, oneHot(label, run.classes));
    const as = labelKnown()
      ? `To read ${who} as ${name}`
      : `To be quite sure that ${who} is ${name}`;
    return `${as}, output ${name} should be 1 and the others 0. How far they are from that is the cost of this one image: ${plainText(total)}.`;
  }
  if (stage === "outputs") {
    const up = negative[last][label];
    return `Output ${name} should go up (${signedText(up)}), the others down, each in proportion to how far away it is from where it should be.`;
  }
  if (stage === 0) {
    return `The same once more, and the wishes reach the image. Training does not change the image, only weights and biases; yet this is the change of ${layerName(0)} that would lower the cost fastest: blue ones brighter, orange ones darker.`;
  }
  const most = strongest(negative[stage], 1)[0];
  return `Every neuron after ${layerName(stage)} asks each neuron in it for something: by its own wish times the weight between them. Added up column by column, the wishes agree or cancel. ${capital(neuronName(stage, most))} is asked for most: ${changeText(negative[stage][most])}.`;
}

/** The cost output by output, with the negative gradient of each. */
function listTerms(stage, { negative }) {
  const target = oneHot(wantedLabel(), run.classes);
  const { terms, total } = costTerms(scene.network, scene.pass, target);
  const outputs = scene.pass.activations[last];
  const most = largestOf(terms);
  const shown = strongest(terms, mostTerms).sort((i, j) => i - j);
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
      make("td", {}, arrowText(negative[last][j])),
    );
    row.classList.toggle("true", target[j] === 1);
    return row;
  });
  byId("term-rows").replaceChildren(...rows);
  byId("term-total").textContent = decimalText(total, 4);
  byId("wish-terms").classList.toggle("with-wishes", stage === "outputs");
}

/**
 * The matrix of contributions to the negative gradient of a layer. Rows: neurons after; columns:
 * neurons of this layer; the sums of the columns below.
 */
function paintMatrix(layer, gradient) {
  const after = shownOf(layer + 1, gradient);
  const before = shownOf(layer, gradient);
  const part = (j, k) => contribution(scene.network, gradient, layer, j, k);
  const largestPart = largestOf(after.flatMap((j) => before.map((k) => part(j, k))));
  const sums = before.map((k) => gradient.negative[layer][k]);
  const largestSum = largestOf(sums);
  const head = make(
    "tr",
    {},
    make("th", { scope: "col" }, "asked by"),
    ...before.map((k) => make("th", { scope: "col" }, String(k))),
  );
  const rows = after.map((j) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, layer + 1 === last ? `output ${run.names[j]}` : `neuron ${j}`),
      ...before.map((k) => makeCell(part(j, k), largestPart)),
    ),
  );
  const foot = make(
    "tr",
    {},
    make("th", { scope: "row" }, "total"),
    ...sums.map((sum) => makeCell(sum, largestSum)),
  );
  byId("matrix-head").replaceChildren(head);
  byId("matrix-rows").replaceChildren(...rows);
  byId("matrix-foot").replaceChildren(foot);
  const some = after.length < run.sizes[layer + 1] || before.length < run.sizes[layer];
  byId("matrix-note").textContent =
    `Blue squares ask for more, orange ones for less; the larger, the stronger. The bottom row adds up ${some ? "all rows, also those not drawn" : "the rows above"}, on a scale of its own.`;
  byId("matrix-caption").textContent = `What ${layerName(layer + 1)} ask of ${layerName(layer)}`;
}

/** A value as a square, whose area tells its size. */
function makeCell(value, most) {
  const square = make("span", { className: value < 0 ? "wish negative" : "wish" });
  square.style.transform = `scale(${Math.sqrt(Math.abs(value) / most)})`;
  return make(
    "td",
    { title: signedText(value) },
    square,
    make("span", { className: "quiet" }, signedText(value)),
  );
}

/** The neurons of a layer that the matrix shows. */
function shownOf(layer, { deltas }) {
  if (layer === last) return strongest(deltas[last - 1], mostCells).sort((i, j) => i - j);
  return run.layers.includes(layer) ? run.drawn[layer] : run.drawn[layer].slice(0, mostCells);
}

function listStrongest(root, values, text) {
  const items = strongest(values, mostListed).map((k) =>
    make("li", {}, make("span", {}, text(k)), make("strong", {}, arrowText(values[k]))),
  );
  root.replaceChildren(...items);
}
