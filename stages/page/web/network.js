// The network's mathematics, as nn/ has it, in float64: forward, backpropagation, an SGD step.
//
// A network is plain data. Layer 0 is the input, layer L the output; weights[l] and biases[l] lead
// from layer l to layer l + 1. A vector is a Float64Array (n_l,), a matrix a Float64Array of its
// rows (n_{l+1} x n_l). Equation numbers BP1 to BP4 are those of Nielsen 2015, chapter 2.

/** Activation functions of the hidden layers: s(z), and s'(z) from the output a = s(z). */
export const activationFunctions = {
  sigmoid: { of: (z) => logistic(z), slope: (a) => a - a * a },
  tanh: { of: (z) => Math.tanh(z), slope: (a) => 1 - a * a },
  relu: { of: (z) => Math.max(z, 0), slope: (a) => (a > 0 ? 1 : 0) },
  leaky_relu: {
    of: (z, leak) => (z > 0 ? z : leak * z),
    slope: (a, leak) => (a > 0 ? 1 : leak),
  },
};

/**
 * Costs of one example with the output layer that belongs to each: nablaA is dC/da of the outputs,
 * delta is dC/dz. All take and give (n_L,).
 */
export const costFunctions = {
  quadratic: {
    output: (z) => z.map(logistic),
    terms: (z, a, y) => a.map((value, j) => (value - y[j]) ** 2),
    nablaA: (a, y) => a.map((value, j) => 2 * (value - y[j])),
    delta: (a, y) => a.map((value, j) => 2 * (value - y[j]) * (value - value * value)),
  },
  cross_entropy: {
    output: softmax,
    // From z, not from a: no logarithm of 0 at any z.
    terms: (z, a, y) => z.map((value, j) => (y[j] === 0 ? 0 : y[j] * (logSumExp(z) - value))),
    nablaA: (a, y) => a.map((value, j) => (y[j] === 0 ? 0 : -y[j] / Math.max(value, 1e-300))),
    delta: (a, y) => a.map((value, j) => value - y[j]),
  },
};

/**
 * A network of these layers.
 * @param {{sizes: number[], activation: string, cost: string, parameters: ArrayLike<number>,
 *   leak?: number}} description parameters: (P,), all weights layer by layer, then all biases, as
 *   in nn.Network; leak: the slope of leaky_relu below zero
 * @returns {{sizes: number[], activation: string, cost: string, leak: number,
 *   weights: Float64Array[], biases: Float64Array[]}} copies: the parameters given stay as they are
 * @throws {Error} for an unknown name or a vector of another length than the sizes ask for
 */
export function makeNetwork({ sizes, activation, cost, parameters, leak = 0.05 }) {
  if (!Object.hasOwn(activationFunctions, activation)) {
    throw new Error(`unknown activation: ${activation}`);
  }
  if (!Object.hasOwn(costFunctions, cost)) throw new Error(`unknown cost: ${cost}`);
  const vector = Float64Array.from(parameters);
  const counts = parameterBlocks(sizes);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (vector.length !== total) {
    throw new Error(`expected ${total} parameters for ${sizes.join("-")}, got ${vector.length}`);
  }
  let start = 0;
  const blocks = counts.map((count) => vector.slice(start, (start += count)));
  const weights = blocks.slice(0, sizes.length - 1);
  const biases = blocks.slice(sizes.length - 1);
  return { sizes: [...sizes], activation, cost, leak, weights, biases };
}

/** Lengths of the blocks of the parameter vector: weights of every layer, then its biases. */
export function parameterBlocks(sizes) {
  const after = sizes.slice(1);
  return [...after.map((count, layer) => count * sizes[layer]), ...after];
}

/** A copy of a network, to be changed without changing the first. */
export function copyNetwork(network) {
  const copies = (arrays) => arrays.map((array) => array.slice());
  return { ...network, weights: copies(network.weights), biases: copies(network.biases) };
}

/** The target of a class, (classes,): 1 at the label, else 0. */
export function oneHot(label, classes) {
  return Float64Array.from({ length: classes }, (_, j) => (j === label ? 1 : 0));
}

/** The name of a neuron in `off` and `shift`: layer 1 is the first hidden one. */
export function neuronKey(layer, index) {
  return `${layer}:${index}`;
}

/**
 * What every neuron does with one input.
 * @param {object} network
 * @param {ArrayLike<number>} input (n_0,)
 * @param {{off?: Set<string>|Map<string, unknown>, shift?: Map<string, number>}} [options] by
 *   neuronKey: hidden neurons whose activation is 0 whatever comes; what is added to a bias
 * @returns {{zs: Float64Array[], activations: Float64Array[]}} zs[l]: weighted inputs of layer
 *   l + 1, (n_{l+1},), shifts included; activations[l]: layer l, (n_l,), the input first
 */
export function forward(network, input, { off, shift } = {}) {
  const zs = [];
  const activations = [Float64Array.from(input)];
  const last = network.weights.length;
  for (let layer = 1; layer <= last; layer++) {
    const z = weightedInputs(network, layer, activations[layer - 1]);
    forNeuronsOf(shift, layer, (index) => (z[index] += shift.get(neuronKey(layer, index))));
    const a = layer === last ? costFunctions[network.cost].output(z) : activated(network, z);
    if (layer < last) forNeuronsOf(off, layer, (index) => (a[index] = 0));
    zs.push(z);
    activations.push(a);
  }
  return { zs, activations };
}

/**
 * The cost of one example, output by output.
 * @param {object} network
 * @param {{zs: Float64Array[], activations: Float64Array[]}} pass what `forward` gave
 * @param {ArrayLike<number>} target (n_L,)
 * @returns {{terms: Float64Array, total: number}} (a_j - y_j)^2 or -y_j ln a_j, and their sum
 */
export function costTerms(network, { zs, activations }, target) {
  const terms = costFunctions[network.cost].terms(zs.at(-1), activations.at(-1), target);
  return { terms, total: terms.reduce((sum, term) => sum + term, 0) };
}

/**
 * The gradient of one example's cost.
 * @param {object} network
 * @param {ArrayLike<number>} input (n_0,)
 * @param {ArrayLike<number>} target (n_L,)
 * @param {object} [options] as for `forward`; a neuron that is off learns nothing
 * @returns {{zs: Float64Array[], activations: Float64Array[], deltas: Float64Array[],
 *   nablaA: Float64Array[], weights: Float64Array[], biases: Float64Array[]}}
 *   deltas[l]: dC/dz of layer l + 1, beside zs[l]; nablaA[l]: dC/da of layer l, beside
 *   activations[l], down to the pixels; weights, biases: dC/dw and dC/db, laid out as the network's
 */
export function backprop(network, input, target, options = {}) {
  const pass = forward(network, input, options);
  const backward = backwardPass(network, pass, target, options);
  const gradient = zeroGradient(network);
  addGradient(gradient, pass, backward, 1);
  return { ...pass, ...backward, ...gradient };
}

/**
 * The gradient of the mean cost of several examples, and that cost.
 * @param {object} network
 * @param {ArrayLike<ArrayLike<number>>} inputs B times (n_0,), one or more
 * @param {ArrayLike<ArrayLike<number>>} targets B times (n_L,)
 * @param {object} [options] as for `forward`
 * @returns {{cost: number, weights: Float64Array[], biases: Float64Array[]}}
 */
export function batchGradient(network, inputs, targets, options = {}) {
  const gradient = zeroGradient(network);
  let cost = 0;
  for (let example = 0; example < inputs.length; example++) {
    const pass = forward(network, inputs[example], options);
    const backward = backwardPass(network, pass, targets[example], options);
    addGradient(gradient, pass, backward, 1 / inputs.length);
    cost += costTerms(network, pass, targets[example]).total / inputs.length;
  }
  return { cost, ...gradient };
}

/**
 * One SGD step, in place: every parameter -= rate x its mean gradient.
 * @returns {number} the mean cost before the step
 */
export function step(network, inputs, targets, rate, options = {}) {
  const { cost, weights, biases } = batchGradient(network, inputs, targets, options);
  const descend = (values, nabla) => nabla.forEach((slope, k) => (values[k] -= rate * slope));
  network.weights.forEach((values, layer) => descend(values, weights[layer]));
  network.biases.forEach((values, layer) => descend(values, biases[layer]));
  return cost;
}

/** The classes, (n_L,), by output, argmax first; of equal outputs the lower class first. */
export function guesses(output) {
  return Array.from(output.keys()).sort((i, j) => output[j] - output[i] || i - j);
}

/**
 * Share of the inputs whose argmax is their label.
 * @param {object} network
 * @param {ArrayLike<ArrayLike<number>>} inputs N times (n_0,), one or more
 * @param {ArrayLike<number>} labels (N,)
 * @param {object} [options] as for `forward`
 */
export function accuracyOn(network, inputs, labels, options = {}) {
  let right = 0;
  for (let example = 0; example < inputs.length; example++) {
    const output = forward(network, inputs[example], options).activations.at(-1);
    right += guesses(output)[0] === labels[example];
  }
  return right / inputs.length;
}

/** 1 / (1 + exp(-z)), without overflow at any z. */
function logistic(z) {
  return 0.5 * Math.tanh(0.5 * z) + 0.5;
}

function softmax(z) {
  const total = logSumExp(z);
  return z.map((value) => Math.exp(value - total));
}

/** ln sum_k exp(z_k), without overflow at any z. */
function logSumExp(z) {
  const largest = z.reduce((most, value) => Math.max(most, value));
  return largest + Math.log(z.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}

/** W a + b of a layer, (n_layer,), from the activations of the layer before. */
function weightedInputs(network, layer, before) {
  const weights = network.weights[layer - 1];
  return network.biases[layer - 1].map((bias, j) => {
    let sum = bias;
    for (let k = 0, w = j * before.length; k < before.length; k++, w++) {
      sum += weights[w] * before[k];
    }
    return sum;
  });
}

function activated(network, z) {
  const { of } = activationFunctions[network.activation];
  return z.map((value) => of(value, network.leak));
}

/** Call `visit(index)` for the neurons of a layer that a Set or Map of neuron keys names. */
function forNeuronsOf(keyed, layer, visit) {
  for (const key of keyed?.keys() ?? []) {
    const [where, index] = key.split(":");
    if (Number(where) === layer) visit(Number(index));
  }
}

/** The backward pass of one example: dC/dz and dC/da of every layer. */
function backwardPass(network, { activations }, target, { off } = {}) {
  const cost = costFunctions[network.cost];
  const { slope } = activationFunctions[network.activation];
  const last = network.weights.length;
  const nablaA = [];
  const deltas = [];
  nablaA[last] = cost.nablaA(activations[last], target);
  deltas[last - 1] = cost.delta(activations[last], target); // BP1
  for (let layer = last - 1; layer >= 0; layer--) {
    nablaA[layer] = weightedDeltas(network, layer, deltas[layer]); // BP2 ...
    if (layer === 0) break; // pixels have no z
    const a = activations[layer];
    const delta = nablaA[layer].map((nabla, j) => nabla * slope(a[j], network.leak)); // ... times s'
    forNeuronsOf(off, layer, (index) => (delta[index] = 0));
    deltas[layer - 1] = delta;
  }
  return { deltas, nablaA };
}

/** W^T delta, (n_layer,), of the layer after. */
function weightedDeltas(network, layer, delta) {
  const weights = network.weights[layer];
  const count = network.sizes[layer];
  const sums = new Float64Array(count);
  delta.forEach((own, j) => {
    for (let k = 0, w = j * count; k < count; k++, w++) sums[k] += weights[w] * own;
  });
  return sums;
}

function zeroGradient(network) {
  const zeros = (arrays) => arrays.map((array) => new Float64Array(array.length));
  return { weights: zeros(network.weights), biases: zeros(network.biases) };
}

/** Add `share` of one example's gradient to sums laid out as the network. */
function addGradient({ weights, biases }, { activations }, { deltas }, share) {
  deltas.forEach((delta, layer) => {
    const before = activations[layer];
    delta.forEach((own, j) => {
      const part = share * own;
      biases[layer][j] += part; // BP3: dC/db = delta
      const sums = weights[layer];
      for (let k = 0, w = j * before.length; k < before.length; k++, w++) {
        sums[w] += part * before[k]; // BP4: dC/dw = delta (activation before)
      }
    });
  });
}
