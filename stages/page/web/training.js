// A training from random weights: what is learned from, in which order, and how it goes.

import { diagnose } from "./diagnosis.js";
import { makeLearner, packExamples } from "./descent.js";
import { parameterBlocks } from "./network.js";
import { inputsOf } from "./preprocess.js";
import { makeRandom } from "./random.js";

const mostMeasured = 500; // images that cost and accuracy are measured on
// Times 1/sqrt(n_in): how widely the first weights are spread, so that signals neither die nor grow.
const gains = { sigmoid: 2, tanh: 1, relu: Math.SQRT2, leaky_relu: Math.SQRT2 };

/** Examples of images, N after one another, that have been deskewed before if need be. */
export function examplesOf(levels, labels, preprocessing) {
  const pixels = preprocessing.height * preprocessing.width;
  const ready = { ...preprocessing, deskew: false };
  const inputs = Array.from(labels, (_, k) =>
    inputsOf(levels.subarray(k * pixels, (k + 1) * pixels), ready),
  );
  return packExamples(inputs, labels);
}

/** First parameters, (P,): normal weights of deviation gain/sqrt(n_in), biases of 0. */
export function firstParameters(sizes, activation, random) {
  const counts = parameterBlocks(sizes);
  return counts.flatMap((count, block) => {
    if (block >= sizes.length - 1) return Array(count).fill(0);
    const deviation = gains[activation] / Math.sqrt(sizes[block]);
    return Array.from({ length: count }, () => deviation * random.normal());
  });
}

/**
 * A training before its first step.
 * @param {{training: object, tests: object}} examples to learn from, and others
 * @param {{sizes: number[], activation: string, cost: string, leak: number, seed: number,
 *   count: number}} setup count: how many of the training examples are learned from
 */
export function makeTraining({ training, tests }, { seed, count, ...shape }) {
  const random = makeRandom(seed);
  const parameters = firstParameters(shape.sizes, shape.activation, random);
  const learner = makeLearner({ ...shape, parameters });
  const past = { first: null, lowest: Infinity, chance: largestShare(tests.labels) };
  let order = [];
  let next = 0;
  let [steps, images] = [0, 0];
  /** The next batch: all examples come once, in a random order, before any comes again. */
  const batchOf = (size) => {
    if (next >= order.length) [order, next] = [random.shuffled(count), 0];
    const places = order.subarray(next, next + size);
    next += places.length;
    return places;
  };
  return {
    parameters: learner.parameters,
    take(rate, batch) {
      const places = batchOf(batch);
      learner.step(training, places, rate);
      steps += 1;
      images += places.length;
    },
    /** How it goes, measured on its own images and on others: see diagnosis.js. */
    report() {
      const own = measure(learner, training, Math.min(count, mostMeasured));
      const other = measure(learner, tests, Math.min(tests.count, mostMeasured));
      past.first ??= own.cost;
      past.lowest = Math.min(past.lowest, own.cost);
      const now = { steps, images, epochs: images / count, own, other, past: { ...past } };
      return { ...now, diagnosis: diagnose(now, past) };
    },
  };
}

function largestShare(labels) {
  const counts = new Float64Array(256);
  for (const label of labels) counts[label] += 1 / labels.length;
  return counts.reduce((most, share) => Math.max(most, share));
}

/** Mean cost, share read correctly, and by layer the mean of s'(z) and the unmoved neurons. */
function measure(learner, examples, count) {
  const { activations } = learner;
  const lowest = activations.map((a) => new Float64Array(a.length).fill(Infinity));
  const highest = activations.map((a) => new Float64Array(a.length).fill(-Infinity));
  const slopes = activations.map(() => 0);
  let [cost, right] = [0, 0];
  for (let e = 0; e < count; e++) {
    const outputs = learner.outputs(examples, e);
    cost += learner.costOf(examples.labels[e]) / count;
    right += outputs.indexOf(outputs.reduce((most, a) => Math.max(most, a))) === examples.labels[e];
    activations.forEach((layer, l) =>
      layer.forEach((a, j) => {
        lowest[l][j] = Math.min(lowest[l][j], a);
        highest[l][j] = Math.max(highest[l][j], a);
        slopes[l] += learner.slopeOf(l, a) / (count * layer.length);
      }),
    );
  }
  const spans = highest.map((layer, l) => layer.map((most, j) => most - lowest[l][j]));
  return { cost, accuracy: right / count, slopes, spans };
}
