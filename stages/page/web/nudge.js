// Nudge one weight: what its gradient predicts of the cost, beside what the nudge does to it.

import { byId, make } from "./dom.js";
import { decimalText, plainText, signedText } from "./format.js";
import { oneHot } from "./network.js";
import { applyAction } from "./replay.js";
import { inputName, neuronName, run } from "./run.js";
import {
  currentGradient,
  currentNetwork,
  onChange,
  replaceNetwork,
  scene,
  subjectText,
  wantedLabel,
} from "./scene.js";
import { makeLater } from "./schedule.js";
import { mostSensitive, nudged, placeOf, weightNear } from "./sensitivity.js";

const apart = 32; // as in the lecture: one weight matters so many times as much as another
let chosen = null; // { layer, index, from }
let gradient = null; // of the image and its label, as the network is now
let choose = () => {};

/** Make the panel work; `pickNeuron` chooses the neuron whose weight is nudged. */
export function startNudge(pickNeuron) {
  choose = (weight) => {
    chosen = weight;
    pickNeuron({ layer: weight.layer, index: weight.index });
    byId("nudge").value = 0;
    paint();
  };
  const ask = makeLater(() => (chosen ? paint() : nudgeInto({ layer: 1, index: 0 })), 40);
  byId("nudge").addEventListener("input", paint);
  byId("nudge-from").addEventListener("input", (event) => {
    const from = Number(event.target.value);
    if (event.target.value !== "" && from >= 0 && from < run.sizes[chosen.layer - 1]) {
      choose({ ...chosen, from: Math.floor(from) });
    }
  });
  byId("nudge-most").addEventListener("click", () => choose(mostSensitive(scene.network, gradient)));
  byId("nudge-weak").addEventListener("click", () => {
    const most = slopeOf(mostSensitive(scene.network, gradient));
    choose(weightNear(scene.network, gradient, Math.abs(most) / apart));
  });
  byId("nudge-keep").addEventListener("click", keep);
  byId("look-weights").addEventListener("click", pickPixel);
  onChange(() => {
    gradient = null;
    ask();
  });
}

/** Show the weights into this neuron: the one to which the cost is most sensitive, or as chosen. */
export function nudgeInto({ layer, index }) {
  if (!scene.pass) return;
  if (chosen?.layer !== layer || chosen?.index !== index) {
    gradient ??= currentGradient();
    chosen = { layer, index, from: 0 };
    const start = placeOf(scene.network, chosen);
    const own = gradient.weights[layer - 1].subarray(start, start + run.sizes[layer - 1]);
    chosen.from = own.reduce((best, slope, k) => (Math.abs(slope) > Math.abs(own[best]) ? k : best), 0);
    byId("nudge").value = 0;
  }
  paint();
}

function pickPixel({ offsetX, offsetY, currentTarget }) {
  const { clientWidth, clientHeight } = currentTarget;
  const column = Math.floor((offsetX / clientWidth) * run.seen.width);
  const row = Math.floor((offsetY / clientHeight) * run.seen.height);
  const from = row * run.seen.width + column;
  if (from >= 0 && from < run.sizes[0]) choose({ ...chosen, layer: 1, from });
}

function slopeOf({ layer, ...weight }) {
  return gradient.weights[layer - 1][placeOf(scene.network, { layer, ...weight })];
}

function nudgeNow(weight, by) {
  const target = oneHot(wantedLabel(), run.classes);
  return nudged(scene.network, scene.subject.inputs, target, scene, gradient, weight, by);
}

function paint() {
  if (!chosen || !scene.pass) return;
  gradient ??= currentGradient();
  const by = Number(byId("nudge").value);
  const most = mostSensitive(scene.network, gradient);
  const [own, strongest] = [nudgeNow(chosen, by), nudgeNow(most, by)];
  const number = byId("nudge-from");
  number.max = run.sizes[chosen.layer - 1] - 1;
  if (document.activeElement !== number) number.value = chosen.from;
  byId("nudge-name").textContent = `${weightName(chosen)}: ${decimalText(weightOf(chosen), 3)}`;
  byId("nudge-value").textContent = by === 0 ? "0" : signedText(by);
  byId("nudge-keep").disabled = by === 0;
  byId("nudge-rows").replaceChildren(makeRow("this weight", own), makeRow("the most sensitive", strongest));
  byId("nudge-words").textContent = wordsOf(own, strongest, by, most);
  markPixel();
}

function weightOf(weight) {
  return scene.network.weights[weight.layer - 1][placeOf(scene.network, weight)];
}

function weightName({ layer, index, from }) {
  const source = layer === 1 ? `the input at ${inputName(from)}` : `neuron ${from}`;
  return `From ${source} to ${neuronName(layer, index)}`;
}

function makeRow(name, { slope, predicted, measured }) {
  const cells = [slope, predicted, measured].map((value) => make("td", {}, signedText(value)));
  return make("tr", {}, make("th", { scope: "row" }, name), ...cells);
}

function wordsOf(own, strongest, by, most) {
  const who = `${subjectText()}, to be read as ${run.names[wantedLabel()]}`;
  const times = Math.abs(strongest.slope / own.slope);
  const ratio =
    times < 1.05
      ? "No weight matters more"
      : Number.isFinite(times)
        ? `Another weight (${weightName(most).replace("From", "from")}) matters ${plainText(times)} times as much`
        : "This weight does not matter at all: what it carries is 0";
  const off = Math.abs(own.measured - own.predicted) / Math.abs(own.measured);
  const fit =
    by === 0 || !Number.isFinite(off)
      ? "Move the slider: while the nudge is small, the gradient predicts what happens."
      : off < 0.1
        ? "The gradient has predicted that well."
        : "So far from here the slope is no longer what it was: the gradient is off.";
  return `For ${who}. ${ratio}. ${fit}`;
}

function markPixel() {
  const mark = byId("look-mark");
  mark.hidden = chosen.layer !== 1;
  const { height, width } = run.seen;
  mark.style.left = `${(100 * ((chosen.from % width) + 0.5)) / width}%`;
  mark.style.top = `${(100 * (Math.floor(chosen.from / width) + 0.5)) / height}%`;
}

function keep() {
  const action = { kind: "nudge", ...chosen, by: Number(byId("nudge").value) };
  const network = currentNetwork();
  applyAction(network, action);
  byId("nudge").value = 0;
  replaceNetwork(network, [...scene.actions, action]);
}
