// The network's prediction for the image before it: every neuron lit, argmax and the second of top-2.

import { paintGrey } from "./canvas.js";
import { cssColour, glowColour } from "./colour.js";
import { makeDiagram } from "./diagram.js";
import { byId, make } from "./dom.js";
import { decimalText } from "./format.js";
import { guesses, neuronKey } from "./network.js";
import { oneOf, run } from "./run.js";
import { onChange, scene, subjectText, warningText } from "./scene.js";
import { makeAnnouncer } from "./schedule.js";

/** Build the diagram; `onPreview` and `onPick` are told which neuron is looked at. */
export function startPrediction(onPreview, onPick) {
  const root = byId("network");
  const picture = byId("seen");
  const diagram = makeDiagram(root, { onPreview, onPick, picture });
  const announce = makeAnnouncer(byId("answer-live"));
  onChange((what) => {
    if (what === "label") return;
    paintGrey(picture, scene.subject.image, run.preprocessing.height, run.preprocessing.width);
    diagram.paint(forwardLook(scene.network, scene.pass, scene));
    announce(tellAnswer(root, scene.pass.activations.at(-1)));
  });
  return diagram;
}

/** Say the answer beside the diagram; return it in words. */
function tellAnswer(root, outputs) {
  const [first, second] = guesses(outputs);
  root.dataset.outputs = Array.from(outputs).join(" ");
  root.dataset.guess = first;
  const value = (index) => decimalText(outputs[index]);
  byId("answer-digit").textContent = run.names[first];
  byId("answer-value").textContent = value(first);
  byId("second-digit").textContent = run.names[second] ?? "\u2013";
  byId("second-value").textContent = second === undefined ? "" : value(second);
  const next = second === undefined ? "" : `; second guess ${run.names[second]}, ${value(second)}`;
  const warning = warningText();
  byId("warning").textContent = warning;
  byId("warning").classList.toggle("absent", warning === "");
  const answer = `It reads ${subjectText()} as ${oneOf(first)}, ${value(first)}${next}.`;
  byId("walk-answer").textContent = answer;
  return `${answer.replace("It", "The network")} ${warning}`.trimEnd();
}

/** What a diagram needs to show a forward pass. */
export function forwardLook(network, { zs, activations }, { off }) {
  const scales = activations.map((values, layer) => whiteLevel(layer, values));
  const outputs = activations.at(-1);
  const ranked = guesses(outputs);
  const last = run.sizes.length - 1;
  const most = run.drawn[last].length;
  const off_ = (layer, index) => off.has(neuronKey(layer, index));
  return {
    reach: 0,
    sweep: 1,
    outputs: run.sizes[last] > most ? ranked.slice(0, most).sort((i, j) => i - j) : null,
    fill: (layer, index) => cssColour(glowColour(activations[layer][index] / scales[layer])),
    off: off_,
    text: (layer, index) => {
      const rank = layer === last ? ranked.indexOf(index) : -1;
      const note = { 0: ", the answer", 1: ", second guess" }[rank] ?? "";
      return `${off_(layer, index) ? "switched off, " : ""}activation ${decimalText(activations[layer][index])}${note}`;
    },
    rank: (index) => (ranked.indexOf(index) < 2 ? ranked.indexOf(index) + 1 : 0),
    tag: (index) => ({ share: outputs[index], text: decimalText(outputs[index]) }),
    strength: (layer, j, k) =>
      network.weights[layer - 1][j * run.sizes[layer - 1] + k] * activations[layer - 1][k],
    input: (j) => zs[0][j] - network.biases[0][j],
  };
}

/** What counts as white in a layer: 1, or its largest activation where they have no end. */
function whiteLevel(layer, values) {
  const endless = ["relu", "leaky_relu"].includes(run.activation) && layer < run.sizes.length - 1;
  return endless ? values.reduce((most, value) => Math.max(most, value), 1e-9) : 1;
}

/** A list of output bars, at most ten, the largest, for a place where no diagram stands. */
export function makeBars(root) {
  const rows = Array.from({ length: Math.min(10, run.classes) }, () => {
    const name = make("span", { className: "bar-name" });
    const fill = make("span", { className: "bar-fill" });
    const number = make("span", { className: "bar-number" });
    root.append(make("li", {}, name, make("span", { className: "bar-track" }, fill), number));
    return { row: root.lastChild, name, fill, number };
  });
  return (outputs) => {
    const ranked = guesses(outputs);
    const shown = ranked.slice(0, rows.length).sort((i, j) => i - j);
    rows.forEach(({ row, name, fill, number }, place) => {
      const index = shown[place];
      const rank = ranked.indexOf(index);
      row.dataset.rank = rank < 2 ? rank + 1 : 0;
      name.textContent = run.names[index];
      fill.style.transform = `scaleX(${outputs[index]})`;
      number.textContent = decimalText(outputs[index]);
    });
  };
}
