// Stochastic gradient descent at full speed: the mathematics of network.js for many examples.
//
// Two things make it quick. Four fifths of MNIST's pixels are 0, so examples are lists of the
// others. And a batch's gradient is never added up: once all its deltas are known, each example
// moves the weights by its own share, BP3 and BP4, which comes to the same sum.

import { activationFunctions, costFunctions, parameterBlocks } from "./network.js";

/**
 * Examples as lists of the inputs that are not 0.
 * @param {ArrayLike<number>[]} inputs N times (n_0,)
 * @param {ArrayLike<number>} labels (N,) classes counted from 0
 * @returns {{count: number, starts: Uint32Array, where: Uint32Array,
 *   values: Float64Array, labels: Uint8Array}} those of example e stand from starts[e] to
 *   starts[e + 1]: which input, and its value
 */
export function packExamples(inputs, labels) {
  const starts = new Uint32Array(inputs.length + 1);
  inputs.forEach((input, e) => {
    let count = 0;
    for (let k = 0; k < input.length; k++) count += input[k] !== 0;
    starts[e + 1] = starts[e] + count;
  });
  const where = new Uint32Array(starts.at(-1));
  const values = new Float64Array(starts.at(-1));
  inputs.forEach((input, e) => {
    let place = starts[e];
    for (let k = 0; k < input.length; k++) {
      if (input[k] === 0) continue;
      where[place] = k;
      values[place++] = input[k];
    }
  });
  return { count: inputs.length, starts, where, values, labels: Uint8Array.from(labels) };
}

/**
 * A network that learns. Inside, weights stand input by input, so that an input of 0 costs nothing.
 * @param {object} description as `makeNetwork` takes it; the parameters given stay as they are
 * @returns {{step: Function, outputs: Function, activations: Float64Array[], slopeOf: Function,
 *   costOf: Function, parameters: Function}}
 */
export function makeLearner({ sizes, activation, cost, leak = 0.05, parameters }) {
  const last = sizes.length - 1;
  const { weights, biases } = unpacked(sizes, parameters);
  const activate = activationFunctions[activation];
  const costFunction = costFunctions[cost];
  const zs = sizes.slice(1).map((count) => new Float64Array(count));
  const activations = sizes.slice(1).map((count) => new Float64Array(count)); // of one example
  const target = new Float64Array(sizes[last]);
  let kept = { slots: 0, activations: [], deltas: [] }; // of a batch, example by example

  const forward = (examples, e) => {
    addInputs(zs[0], weights[0], biases[0], examples, e);
    for (let layer = 0; layer < last - 1; layer++) {
      const [z, a] = [zs[layer], activations[layer]];
      for (let j = 0; j < z.length; j++) a[j] = activate.of(z[j], leak);
      addProducts(zs[layer + 1], weights[layer + 1], biases[layer + 1], a);
    }
    activations[last - 1].set(costFunction.output(zs[last - 1]));
    return activations[last - 1];
  };

  const backward = (examples, e, slot) => {
    target.fill(0);
    target[examples.labels[e]] = 1;
    let delta = costFunction.delta(activations[last - 1], target); // BP1
    kept.deltas[last - 1].set(delta, slot * sizes[last]);
    for (let layer = last - 1; layer > 0; layer--) {
      const a = activations[layer - 1];
      kept.activations[layer - 1].set(a, slot * sizes[layer]);
      delta = flowBack(weights[layer], delta, a, (value) => activate.slope(value, leak)); // BP2
      kept.deltas[layer - 1].set(delta, slot * sizes[layer]);
    }
  };

  const descend = (examples, e, slot, share) => {
    for (let layer = 0; layer < last; layer++) {
      const after = sizes[layer + 1];
      const delta = kept.deltas[layer].subarray(slot * after, (slot + 1) * after);
      for (let j = 0; j < after; j++) biases[layer][j] -= share * delta[j]; // BP3
      if (layer === 0) descendInputs(weights[0], delta, examples, e, share); // BP4
      else {
        const before = sizes[layer];
        const a = kept.activations[layer - 1].subarray(slot * before, (slot + 1) * before);
        descendProducts(weights[layer], delta, a, share); // BP4
      }
    }
  };

  return {
    activations,
    /** One SGD step, in place: every parameter -= rate x the mean gradient of these examples. */
    step(examples, places, rate) {
      if (places.length > kept.slots) kept = roomFor(sizes, places.length);
      places.forEach((e, slot) => {
        forward(examples, e);
        backward(examples, e, slot);
      });
      places.forEach((e, slot) => descend(examples, e, slot, rate / places.length));
    },
    /** The outputs, (n_L,), for one example, until the next call; `activations` has all layers. */
    outputs: forward,
    /** s'(z) of a neuron, from its activation; 1 for softmax, whose slope its cost makes up for. */
    slopeOf: (layer, a) =>
      layer < last - 1 ? activate.slope(a, leak) : cost === "quadratic" ? a - a * a : 1,
    /** The cost of the example that `outputs` was called for. */
    costOf(label) {
      target.fill(0);
      target[label] = 1;
      const terms = costFunction.terms(zs[last - 1], activations[last - 1], target);
      return terms.reduce((sum, term) => sum + term, 0);
    },
    /** The parameters, (P,), as `makeNetwork` takes them. */
    parameters: () => packed(sizes, weights, biases),
  };
}

/** z = b + the sum of weights x inputs, over the inputs that are not 0. */
function addInputs(z, weights, bias, { starts, where, values }, e) {
  z.set(bias);
  const count = z.length;
  for (let place = starts[e]; place < starts[e + 1]; place++) {
    const value = values[place];
    for (let j = 0, w = where[place] * count; j < count; j++, w++) z[j] += weights[w] * value;
  }
}

function descendInputs(weights, delta, { starts, where, values }, e, share) {
  const count = delta.length;
  for (let place = starts[e]; place < starts[e + 1]; place++) {
    const part = share * values[place];
    for (let j = 0, w = where[place] * count; j < count; j++, w++) weights[w] -= part * delta[j];
  }
}

/** z = W a + b. */
function addProducts(z, weights, bias, a) {
  z.set(bias);
  const count = z.length;
  for (let k = 0; k < a.length; k++) {
    if (a[k] === 0) continue;
    for (let j = 0, w = k * count; j < count; j++, w++) z[j] += weights[w] * a[k];
  }
}

function descendProducts(weights, delta, a, share) {
  const count = delta.length;
  for (let k = 0; k < a.length; k++) {
    const part = share * a[k];
    if (part === 0) continue;
    for (let j = 0, w = k * count; j < count; j++, w++) weights[w] -= part * delta[j];
  }
}

/** (W^T delta) s'(z), of the layer whose activations are a. */
function flowBack(weights, delta, a, slope) {
  const count = delta.length;
  return a.map((value, k) => {
    let sum = 0;
    for (let j = 0, w = k * count; j < count; j++, w++) sum += weights[w] * delta[j];
    return sum * slope(value);
  });
}

function roomFor(sizes, slots) {
  const rooms = sizes.slice(1).map((count) => new Float64Array(count * slots));
  return { slots, activations: rooms.map((room) => room.slice()), deltas: rooms };
}

/** Weights input by input, and biases, of parameters that have them output by output. */
function unpacked(sizes, parameters) {
  const counts = parameterBlocks(sizes);
  let start = 0;
  const blocks = counts.map((count) => Float64Array.from(parameters.slice(start, (start += count))));
  const last = sizes.length - 1;
  const weights = blocks.slice(0, last).map((block, l) => turned(block, sizes[l + 1], sizes[l]));
  return { weights, biases: blocks.slice(last) };
}

function packed(sizes, weights, biases) {
  const vector = new Float64Array(parameterBlocks(sizes).reduce((sum, count) => sum + count, 0));
  let start = 0;
  for (const block of [...weights.map((w, l) => turned(w, sizes[l], sizes[l + 1])), ...biases]) {
    vector.set(block, start);
    start += block.length;
  }
  return vector;
}

/** The transpose of a matrix of so many rows and columns. */
function turned(matrix, rows, columns) {
  const result = new Float64Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = matrix[row * columns + column];
    }
  }
  return result;
}
