// What a visitor's actions make of the trained network: steps, and nudges of one weight.

import { decodeOff, decodeShift } from "./codes.js";
import { oneHot, step } from "./network.js";
import { makeRandom } from "./random.js";
import { run } from "./run.js";
import { inputsOfCode } from "./subjects.js";

const batchSize = 100;

/**
 * Do an action, as codes.js describes it, to a network, in place.
 * @param {(network: object) => void} [afterStep] is called after every step
 * @throws {Error} if it is for another network
 */
export function applyAction(network, action, afterStep = () => {}) {
  if (action.kind === "nudge") {
    nudge(network, action);
    return;
  }
  const examples = examplesOf(action);
  const changes = { off: decodeOff(action.off), shift: decodeShift(action.shift) };
  for (let k = 0; k < action.count; k++) {
    const { inputs, targets } = examples();
    step(network, inputs, targets, 10 ** action.rate, changes);
    afterStep(network);
  }
}

function nudge(network, { layer, index, from, by }) {
  const before = network.sizes[layer - 1];
  const weights = network.weights[layer - 1];
  if (!weights || !(from < before) || !(index * before + from < weights.length)) {
    throw new Error("no such weight");
  }
  weights[index * before + from] += by;
}

/** What steps learn from: one image again and again, or random test images of the page. */
function examplesOf({ source, label }) {
  if (!source.startsWith("r")) {
    if (!(label >= 0 && label < run.classes)) throw new Error("no such class");
    const example = { inputs: [inputsOfCode(source)], targets: [oneHot(label, run.classes)] };
    return () => example;
  }
  const { uniform } = makeRandom(parseInt(source.slice(1), 36));
  const { sample, inputs, labels } = run.digits;
  return () => {
    const places = Array.from({ length: batchSize }, () => Math.floor(uniform() * sample));
    return {
      inputs: places.map(inputs),
      targets: places.map((place) => oneHot(labels[place], run.classes)),
    };
  };
}
