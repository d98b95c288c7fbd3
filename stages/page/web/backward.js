// The mathematics of the section on backpropagation, and which of its stages is shown; no document.
//
// What a neuron "wishes" on the page, as in the lectures, is a negative gradient of the cost of one
// example: the change of its activation that lowers the cost fastest.

/**
 * The stages of backpropagation, one of which is shown, the first of them to begin with: the cost,
 * the gradient of the outputs, then of each layer before them.
 * @param {number} last the output layer, L
 * @returns {object} all: "cost", "outputs", L - 1, ..., 0; place: of the one that is shown in `all`
 */
export function makeStages(last) {
  const all = ["cost", "outputs", ...Array.from({ length: last }, (_, k) => last - 1 - k)];
  return {
    all,
    place: 0,

    /** The stage that is shown. */
    get shown() {
      return all[this.place];
    },

    /** Whether no stage comes after the one that is shown. */
    get ended() {
      return this.place === all.length - 1;
    },

    /** The layer farthest back whose gradient is shown; L + 1 if there is none yet. */
    get reached() {
      return { cost: last + 1, outputs: last }[this.shown] ?? this.shown;
    },

    /** Show the stage at this place, or else the nearest; return whether it comes later. */
    goTo(place) {
      const before = this.place;
      this.place = Math.min(all.length - 1, Math.max(0, place));
      return this.place > before;
    },
  };
}

/**
 * The negative gradient by the activation of every neuron: -dC/da; for outputs of softmax, none of
 * which moves without the others, -dC/dz.
 * @param {object} network
 * @param {{nablaA: Float64Array[], deltas: Float64Array[]}} gradient what `backprop` gave
 * @returns {Float64Array[]} one a layer, (n_l,), the input first; no zero is negative
 */
export function negativeGradients({ cost, weights }, { nablaA, deltas }) {
  const last = weights.length;
  const softmax = cost === "cross_entropy";
  const slopes = nablaA.map((slope, l) => (softmax && l === last ? deltas[last - 1] : slope));
  return slopes.map((slope) => slope.map((value) => -value || 0));
}

/** What neuron j of the layer after adds to -dC/da of neuron k of a layer: -dC/dz_j w_jk (BP2). */
export function contribution({ sizes, weights }, { deltas }, layer, j, k) {
  return -deltas[layer][j] * weights[layer][j * sizes[layer] + k];
}

/**
 * The negative gradient by everything that the weighted input z of one neuron is made of.
 * @param {object} network
 * @param {object} gradient what `backprop` gave
 * @param {{layer: number, index: number}} neuron of layer 1 or later
 * @returns {{z: number, bias: number, weights: Float64Array, activations: Float64Array}} weights,
 *   activations: (n_{layer-1},), of the neurons before
 */
export function neuronGradients(network, { deltas, biases, weights }, { layer, index }) {
  const count = network.sizes[layer - 1];
  const row = (matrices) => matrices[layer - 1].subarray(index * count, (index + 1) * count);
  const delta = deltas[layer - 1][index];
  return {
    z: -delta,
    bias: -biases[layer - 1][index], // BP3
    weights: row(weights).map((nabla) => -nabla), // BP4
    activations: row(network.weights).map((weight) => -delta * weight), // a part of BP2
  };
}
