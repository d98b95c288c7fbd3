// The section on backpropagation: one layer after the other, for the image before the network.

import { keepInAddress, noteChange } from "./address.js";
import { contribution, makeStages, negativeGradients } from "./backward.js";
import { paintGrey, paintPixels } from "./canvas.js";
import { cssColour, nightSignedColour } from "./colour.js";
import { makeDiagram } from "./diagram.js";
import { byId, make } from "./dom.js";
import { changeText, explainNeuron, explainStage } from "./explanation.js";
import { roughText } from "./format.js";
import { fillLabels } from "./labels.js";
import { largestOf } from "./magnitude.js";
import { forwardLook } from "./prediction.js";
import { layerName, run } from "./run.js";
import { makeAnnouncer, makeVisibleUpdate } from "./schedule.js";
import { chooseLabel, currentGradient, onChange, scene, wantedLabel } from "./scene.js";

const sweepTime = 800; // milliseconds in which the lines of one layer grow
const restTime = 1700; // between two stages when they play by themselves
const last = run.sizes.length - 1;

const stages = makeStages(last);
let gradient = null; // what `backprop` gives, and `negative`: what `negativeGradients` gives
let picked = { layer: last, index: 0 }; // the neuron that is looked at
let diagram = null;
let playing = 0; // timer
let sweeping = 0; // animation frame
let refresh = () => {};

/** Make the section work. */
export function startBackpropagation() {
  diagram = makeDiagram(byId("backward"), {
    picture: byId("wanted-pixels"),
    onPick: (neuron) => {
      picked = neuron;
      paintNeuron();
    },
  });
  fillLabels(byId("true-label"));
  byId("true-label").addEventListener("change", (event) => {
    chooseLabel(event.target.value === "" ? null : Number(event.target.value));
  });
  byId("stage-back").addEventListener("click", () => goTo(stages.place - 1));
  byId("stage-on").addEventListener("click", () => goTo(stages.place + 1));
  byId("stage-play").addEventListener("click", playStages);
  buildStages();
  keepInAddress("label", () => (scene.chosen === null ? "" : String(scene.chosen)), restoreLabel);
  keepInAddress("stage", () => (stages.place === 0 ? "" : String(stages.place)), (text) => goTo(Number(text) || 0));
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

function buildStages() {
  const names = stages.all.map((stage) => {
    if (stage === "cost") return "The cost";
    if (stage === "outputs") return "Wishes of the outputs";
    return `Back to ${stage === 0 ? "the " : ""}${layerName(stage)}`;
  });
  names.forEach((name, place) => {
    const button = make("button", { type: "button" }, name);
    button.addEventListener("click", () => goTo(place));
    byId("stages").append(make("li", {}, button));
  });
}

function restoreLabel(text) {
  if (!/^\d+$/.test(text) || Number(text) >= run.classes) throw new Error("no such class");
  chooseLabel(Number(text));
}

// From stage to stage.

function goTo(place, by = "hand") {
  if (by === "hand") stopStages();
  const onwards = stages.goTo(place);
  noteChange();
  if (!gradient) measure();
  refresh();
  sweepLines(onwards && motionWelcome());
}

function playStages() {
  if (playing) {
    stopStages();
    return;
  }
  byId("stage-play").textContent = "Pause";
  byId("stage-play").setAttribute("aria-pressed", "true");
  if (stages.ended) goTo(0, "clock");
  playing = setInterval(() => {
    if (stages.ended) stopStages();
    else goTo(stages.place + 1, "clock");
  }, sweepTime + restTime);
  goTo(stages.place + (stages.place === 0 ? 1 : 0), "clock");
}

function stopStages() {
  clearInterval(playing);
  playing = 0;
  byId("stage-play").textContent = "Play";
  byId("stage-play").setAttribute("aria-pressed", "false");
}

/** Whether motion is welcome. */
function motionWelcome() {
  return !matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function sweepLines(animated) {
  cancelAnimationFrame(sweeping);
  if (!animated || typeof stages.shown !== "number") {
    diagram.paint(lookOf(1));
    return;
  }
  const start = performance.now();
  const frame = (now) => {
    const share = Math.min(1, (now - start) / sweepTime);
    diagram.paint(lookOf(1 - (1 - share) ** 3));
    if (share < 1) sweeping = requestAnimationFrame(frame);
  };
  sweeping = requestAnimationFrame(frame);
}

// What a stage shows.

function measure() {
  const measured = currentGradient();
  gradient = { ...measured, negative: negativeGradients(scene.network, measured) };
}

function paintStage() {
  const names = [...byId("stages").querySelectorAll("button")];
  names.forEach((button, place) => {
    if (place === stages.place) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
  });
  byId("stage-back").disabled = stages.place === 0;
  byId("stage-on").disabled = stages.ended;
  byId("wants").dataset.stage = stages.shown;
  byId("wish-title").textContent = names[stages.place].textContent;
  paintInputs();
  explainStage(stages.shown, gradient);
  diagram.paint(lookOf(1));
  paintNeuron();
}

/** The image, until the gradient has come back to it: then what would lower the cost fastest. */
function paintInputs() {
  const { height, width } = run.preprocessing;
  const canvas = byId("wanted-pixels");
  if (stages.shown !== 0) {
    paintGrey(canvas, scene.subject.image, height, width);
    return;
  }
  const values = gradient.negative[0];
  const scale = largestOf(values);
  const colourOf = (value) => nightSignedColour(value / scale);
  paintGrey(byId("wish-image"), scene.subject.image, height, width);
  for (const map of [canvas, byId("wish-map")]) {
    paintPixels(map, values, run.seen.height, run.seen.width, colourOf);
  }
}

/** Neurons coloured by their negative gradient, lines by what neurons after add to those before. */
function lookOf(sweep) {
  if (stages.shown === "cost") return forwardLook(scene.network, scene.pass, scene);
  const { negative, deltas } = gradient;
  const { reached } = stages;
  const scales = negative.map(largestOf);
  const share = (layer, index) => negative[layer][index] / scales[layer];
  const label = wantedLabel();
  return {
    reach: reached + 1,
    sweep,
    fill: (layer, index) =>
      cssColour(nightSignedColour(layer >= reached ? share(layer, index) : 0)),
    text: (layer, index) =>
      layer >= reached ? changeText(negative[layer][index]) : "not asked yet",
    rank: (index) => (index === label ? 1 : 0),
    tag: (index) => ({
      share: Math.abs(share(last, index)),
      text: roughText(negative[last][index]),
      negative: negative[last][index] < 0,
    }),
    strength: (layer, j, k) => contribution(scene.network, gradient, layer - 1, j, k),
    input: (j) => -deltas[0][j],
  };
}

/** What would lower the cost fastest at the neuron that is looked at. */
function paintNeuron() {
  if (!gradient) return;
  diagram.mark(picked);
  explainNeuron(gradient, picked);
}
