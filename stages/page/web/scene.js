// What the visitor has done: the image before the network, and the changes to the network.

import {
  accuracyOn,
  backprop,
  copyNetwork,
  forward,
  guesses,
  neuronKey,
  oneHot,
} from "./network.js";
import { noveltyOf } from "./novelty.js";
import { inputsOf, straightened } from "./preprocess.js";
import { run } from "./run.js";

const listeners = [];

/** Read it freely; change it through the functions below. */
export const scene = {
  subject: null, // { kind, image, straight, inputs, label, place, code }; code: as links name it
  network: run.network, // with the visitor's steps, or as it was trained
  actions: [], // of the visitor, from the trained network to this one, as codes.js has them
  off: new Set(), // hidden neurons that are switched off, by neuronKey
  shift: new Map(), // what is added to biases, by neuronKey
  chosen: null, // the true label, as the visitor says
  pass: null, // what `forward` gives for all this
};

/** Call `listener(what)` after every change; what: "subject", "network" or "label". */
export function onChange(listener) {
  listeners.push(listener);
}

function changed(what) {
  if (what === "network") accuracy = undefined;
  scene.pass = forward(scene.network, scene.subject.inputs, scene);
  for (const listener of listeners) listener(what);
}

/** Put an image before the network. kind: drawn, test, noise, empty or picture. */
export function show(subject, { keepLabel = false } = {}) {
  scene.subject = subject;
  if (!keepLabel) scene.chosen = null;
  changed("subject");
}

/** An image as MNIST's, before deskewing and scaling. */
export function showImage(kind, image, code, options) {
  const straight = straightened(image, run.preprocessing);
  const inputs = inputsOf(straight, { ...run.preprocessing, deskew: false });
  show({ kind, image, straight, inputs, label: null, place: null, code }, options);
}

/** An embedded test image. */
export function showDigit(place) {
  const image = run.digits.image(place);
  show({
    kind: "test",
    image,
    straight: image,
    inputs: run.digits.inputs(place),
    label: run.digits.labels[place],
    place,
    code: `t${run.digits.indices[place]}`,
  });
}

/** Say what the image should be read as; null leaves it open. */
export function chooseLabel(label) {
  scene.chosen = label;
  changed("label");
}

/** The label that the image should have: as chosen, as known, or else as the network reads it. */
export function wantedLabel() {
  return scene.chosen ?? scene.subject.label ?? guesses(scene.pass.activations.at(-1))[0];
}

/** Whether somebody has said what the image should be read as. */
export function labelKnown() {
  return scene.chosen !== null || scene.subject.label !== null;
}

/** Switch a hidden neuron off, or on again. */
export function switchNeuron(layer, index, off) {
  if (off) scene.off.add(neuronKey(layer, index));
  else scene.off.delete(neuronKey(layer, index));
  changed("network");
}

/** Add something to a neuron's bias. */
export function shiftBias(layer, index, by) {
  if (by === 0) scene.shift.delete(neuronKey(layer, index));
  else scene.shift.set(neuronKey(layer, index), by);
  changed("network");
}

/** Put switches and shifts, as `off` and `shift`, in place of those that there are. */
export function setNeurons(off, shift) {
  scene.off = off;
  scene.shift = shift;
  changed("network");
}

/** Undo every switch and shift. */
export function restoreNeurons() {
  scene.off.clear();
  scene.shift.clear();
  changed("network");
}

/** Replace the network by one that these actions have made of the trained one. */
export function replaceNetwork(network, actions) {
  scene.network = network;
  scene.actions = actions;
  changed("network");
}

/** Undo everything that has been done to the network. */
export function restoreNetwork() {
  scene.off.clear();
  scene.shift.clear();
  replaceNetwork(run.network, []);
}

/** How many steps the visitor has taken. */
export function stepsTaken(actions = scene.actions) {
  return actions.reduce((sum, { count = 0 }) => sum + count, 0);
}

/** What has been done to the network, in words; "" if it is as it was trained. */
export function changesText() {
  const nudged = new Set(
    scene.actions
      .filter(({ kind }) => kind === "nudge")
      .map(({ layer, index, from }) => `${layer}:${index}:${from}`),
  );
  const parts = [
    [stepsTaken(), "step", "steps"],
    [nudged.size, "weight nudged", "weights nudged"],
    [scene.off.size, "neuron off", "neurons off"],
    [scene.shift.size, "bias shifted", "biases shifted"],
  ];
  const some = parts.filter(([count]) => count > 0);
  const texts = some.map(([count, one, more]) => `${count} ${count === 1 ? one : more}`);
  return [...(scene.network.taught ? ["a network taught here"] : []), ...texts].join(", ");
}

/** A copy that may be changed. */
export function currentNetwork() {
  return copyNetwork(scene.network);
}

/** Share of the sample of test images that a network with the visitor's changes reads correctly. */
export function sampleAccuracy(network) {
  return accuracyOn(network, run.digits.sampleInputs(), run.digits.labels, scene);
}

/** The same of the network as it is now. */
export function currentAccuracy() {
  accuracy ??= sampleAccuracy(scene.network);
  return accuracy;
}

let accuracy; // of the network as it is now, if it has been measured

/** Share of the sample of test images that the network as it was trained classifies correctly. */
export function trainedAccuracy() {
  trained ??= accuracyOn(run.network, run.digits.sampleInputs(), run.digits.labels);
  return trained;
}

let trained;

/** Backpropagation for the image and its label. */
export function currentGradient() {
  const target = oneHot(wantedLabel(), run.classes);
  return backprop(scene.network, scene.subject.inputs, target, scene);
}

/** What to tell about an image like nothing that the network was trained on; "" if it is as usual. */
export function warningText() {
  const { straight } = scene.subject;
  if (straight.every((level) => level === 0))
    return "There is no ink. A network always answers; this is what its biases say.";
  if (!run.familiar) return "";
  const { height, width } = run.preprocessing;
  const { unfamiliar, milder } = noveltyOf(run.familiar, straight, height, width);
  if (!unfamiliar) return "";
  const [fewer, all] = [milder, run.familiar.judges].map((count) => count.toLocaleString("en"));
  return `Like nothing it was trained on: stranger than ${fewer} of ${all} validation images. Do not believe the answer.`;
}

/** What the network looks at, in words. */
export function subjectText() {
  const { kind, place } = scene.subject;
  if (kind === "test") return `test image ${run.digits.indices[place]}`;
  return { drawn: "your drawing", noise: "noise", empty: "an empty page", picture: "your picture" }[
    kind
  ];
}
