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
import { inputsOf } from "./preprocess.js";
import { run } from "./run.js";

const listeners = [];

/** Read it freely; change it through the functions below. */
export const scene = {
  subject: null, // { kind, image, inputs, label, place }
  network: run.network, // stepped or not
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
export function showImage(kind, image, options) {
  show(
    { kind, image, inputs: inputsOf(image, run.preprocessing), label: null, place: null },
    options,
  );
}

/** An embedded test image. */
export function showDigit(place) {
  const image = run.digits.image(place);
  show({
    kind: "test",
    image,
    inputs: run.digits.inputs(place),
    label: run.digits.labels[place],
    place,
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

/** Undo every switch and shift. */
export function restoreNeurons() {
  scene.off.clear();
  scene.shift.clear();
  changed("network");
}

/** Replace the network, by one that has taken a step. */
export function replaceNetwork(network) {
  scene.network = network;
  changed("network");
}

/** A copy that may be changed. */
export function currentNetwork() {
  return copyNetwork(scene.network);
}

/** Share of the sample of test images that the network classifies correctly, as it is now. */
export function sampleAccuracy(network = scene.network, options = scene) {
  return accuracyOn(network, run.digits.sampleInputs(), run.digits.labels, options);
}

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

/** What the network looks at, in words. */
export function subjectText() {
  const { kind, place } = scene.subject;
  if (kind === "test") return `test image ${run.digits.indices[place]}`;
  return { drawn: "your drawing", noise: "noise", empty: "an empty page", picture: "your picture" }[
    kind
  ];
}
