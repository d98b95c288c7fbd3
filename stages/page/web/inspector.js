// Look inside one neuron: its weights, what it adds up, what adds most; switch it off, shift its bias.

import { keepInAddress, noteChange } from "./address.js";
import { paintPixels } from "./canvas.js";
import { nightSignedColour } from "./colour.js";
import { decodeOff, decodeShift, encodeKeys, encodeShift } from "./codes.js";
import { byId, make } from "./dom.js";
import {
  capital,
  decimalText,
  percentText,
  plainText,
  signedDecimal,
  signedText,
} from "./format.js";
import { largestOf, strongest } from "./magnitude.js";
import { neuronKey } from "./network.js";
import { nudgeInto, startNudge } from "./nudge.js";
import { layerName, neuronName, run } from "./run.js";
import {
  currentAccuracy,
  onChange,
  restoreNeurons,
  scene,
  setNeurons,
  shiftBias,
  switchNeuron,
  trainedAccuracy,
} from "./scene.js";
import { makeLater } from "./schedule.js";

const mostContributions = 6;
let chosen = { layer: 1, index: 0 }; // what is looked at until another neuron is chosen
let preview = null; // what the pointer or the focus is on
let diagram = null;

/** Make the panel work. */
export function startInspector() {
  const layers = byId("look-layer");
  for (let layer = 1; layer < run.sizes.length; layer++) {
    layers.append(make("option", { value: layer }, layerName(layer)));
  }
  layers.addEventListener("change", () => pickNeuron({ layer: Number(layers.value), index: 0 }));
  byId("look-neuron").addEventListener("input", () => {
    const index = Number(byId("look-neuron").value);
    if (
      byId("look-neuron").value !== "" &&
      Number.isInteger(index) &&
      index >= 0 &&
      index < run.sizes[chosen.layer]
    ) {
      pickNeuron({ layer: chosen.layer, index });
    }
  });
  byId("switch-off").addEventListener("click", () => {
    switchNeuron(chosen.layer, chosen.index, !scene.off.has(keyOf(chosen)));
  });
  byId("shift").addEventListener("input", () => {
    shiftBias(chosen.layer, chosen.index, Number(byId("shift").value));
  });
  byId("restore").addEventListener("click", restoreNeurons);
  keepInAddress("off", () => encodeKeys(scene.off), (text) => restoreChanges(text, ""));
  keepInAddress("shift", () => encodeShift(scene.shift), (text) => restoreChanges("", text));
  keepInAddress("neuron", () => (keyOf(chosen) === "1:0" ? "" : keyOf(chosen)), restoreChoice);
  startNudge(pickNeuron);
  const measure = makeLater(tellAccuracy, 80);
  onChange((what) => {
    if (what === "label") return;
    paintInspector();
    if (what === "network" || byId("look-accuracy").textContent === "") measure();
  });
}

/** Which diagram shows the choice. */
export function inspectIn(other) {
  diagram = other;
  diagram.mark(chosen);
}

/** Look at this neuron for now; null: back to the chosen one. */
export function previewNeuron(neuron) {
  preview = neuron;
  paintInspector();
}

/** Choose this neuron. */
export function pickNeuron(neuron) {
  chosen = neuron;
  preview = null;
  noteChange();
  diagram.mark(chosen);
  paintInspector();
  nudgeInto(chosen);
}

/** Add switches and shifts that a link names. */
function restoreChanges(offText, shiftText) {
  const [off, shift] = [decodeOff(offText), decodeShift(shiftText)];
  for (const key of [...off, ...shift.keys()]) checkNeuron(key, off.has(key));
  setNeurons(new Set([...scene.off, ...off]), new Map([...scene.shift, ...shift]));
}

function restoreChoice(text) {
  const [key] = decodeOff(text);
  checkNeuron(key);
  const [layer, index] = key.split(":").map(Number);
  pickNeuron({ layer, index });
}

function checkNeuron(key, hidden = false) {
  const [layer, index] = key.split(":").map(Number);
  const last = run.sizes.length - (hidden ? 2 : 1);
  if (layer < 1 || layer > last || index >= run.sizes[layer]) throw new Error("no such neuron");
}

function keyOf({ layer, index }) {
  return neuronKey(layer, index);
}

function paintInspector() {
  const { layer, index } = preview ?? chosen;
  const output = layer === run.sizes.length - 1;
  byId("look-name").textContent = capital(neuronName(layer, index));
  paintChoice();
  const before = scene.pass.activations[layer - 1];
  const count = run.sizes[layer - 1];
  const weights = scene.network.weights[layer - 1].subarray(index * count, (index + 1) * count);
  const contributions = weights.map((weight, k) => weight * before[k]);
  tellSum(layer, index, contributions);
  byId("look-pixels").hidden = layer !== 1;
  byId("look-neurons").hidden = layer === 1;
  if (layer === 1) paintPixelWeights(weights, contributions);
  else listContributions(layer, weights, before, contributions);
  byId("look-changes").hidden = false;
  byId("switch-off").disabled = output;
}

/** The controls always belong to the chosen neuron, not to the one that the pointer passes. */
function paintChoice() {
  const { layer, index } = chosen;
  const off = scene.off.has(keyOf(chosen));
  const shift = scene.shift.get(keyOf(chosen)) ?? 0;
  const number = byId("look-neuron");
  byId("look-layer").value = layer;
  number.max = run.sizes[layer] - 1;
  if (document.activeElement !== number) number.value = index;
  byId("switch-off").setAttribute("aria-pressed", String(off));
  byId("switch-off").textContent = off ? "Switch it on again" : "Switch it off";
  byId("shift").value = shift;
  byId("shift-value").textContent = shift === 0 ? "0" : signedText(shift);
  byId("restore").disabled = scene.off.size === 0 && scene.shift.size === 0;
  byId("change-of").textContent = neuronName(layer, index);
}

/** z = sum + bias, and what the activation function makes of it. */
function tellSum(layer, index, contributions) {
  const sum = contributions.reduce((total, part) => total + part, 0);
  const shift = scene.shift.get(neuronKey(layer, index)) ?? 0;
  const off = scene.off.has(neuronKey(layer, index));
  const z = scene.pass.zs[layer - 1][index];
  byId("look-sum").textContent = decimalText(sum);
  byId("look-bias").textContent =
    decimalText(scene.network.biases[layer - 1][index]) +
    (shift === 0 ? "" : ` ${signedText(shift)}`);
  byId("look-z").textContent = decimalText(z);
  byId("look-a").textContent =
    decimalText(scene.pass.activations[layer][index], 3) + (off ? " (off)" : "");
  const output = layer === run.sizes.length - 1;
  byId("look-function").textContent = output ? run.output : run.activation.replace("_", " ");
}

function paintPixelWeights(weights, contributions) {
  const { height, width } = run.seen;
  const scale = largestOf(weights);
  paintPixels(byId("look-weights"), weights, height, width, (weight) =>
    nightSignedColour(weight / scale),
  );
  const most = largestOf(contributions);
  paintPixels(byId("look-parts"), contributions, height, width, (part) =>
    nightSignedColour(part / most),
  );
  const plus = contributions.reduce((sum, part) => sum + Math.max(0, part), 0);
  const minus = contributions.reduce((sum, part) => sum + Math.min(0, part), 0);
  byId("look-scale").textContent =
    `Weights from \u2212${plainText(scale)} (orange) to +${plainText(scale)} (blue).`;
  byId("look-balance").textContent =
    `${capital(layerName(0))} add ${signedText(plus)} and take ${signedText(minus)}.`;
}

function listContributions(layer, weights, before, contributions) {
  const most = largestOf(contributions);
  const rows = strongest(contributions, mostContributions).map((k) => {
    const fill = make("span", {
      className: contributions[k] < 0 ? "part-fill negative" : "part-fill",
    });
    fill.style.transform = `scaleX(${Math.abs(contributions[k]) / most})`;
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, `neuron ${k}`),
      make("td", {}, decimalText(before[k])),
      make("td", {}, signedDecimal(weights[k])),
      make(
        "td",
        {},
        make("span", { className: "part-track" }, fill),
        make("span", {}, signedDecimal(contributions[k])),
      ),
    );
  });
  byId("look-list").replaceChildren(...rows);
  byId("look-before").textContent = layerName(layer - 1);
}

function tellAccuracy() {
  const now = currentAccuracy();
  const trained = trainedAccuracy();
  const difference = now - trained;
  const points = `${signedDecimal(100 * difference, 1)} points`;
  byId("look-accuracy").textContent = percentText(now);
  byId("look-difference").textContent = Math.abs(difference) < 1e-9 ? "as trained" : points;
}
