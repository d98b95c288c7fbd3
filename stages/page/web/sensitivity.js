// How much the cost of one image minds one weight: by its gradient, and by trying. No document here.

import { costTerms, forward } from "./network.js";

/** Where a weight stands in `network.weights[layer - 1]`: from neuron `from` to neuron `index`. */
export function placeOf(network, { layer, index, from }) {
  return index * network.sizes[layer - 1] + from;
}

/**
 * What a nudge of one weight does to the cost of one example: as the gradient predicts it, and as
 * it is with the nudge.
 * @param {object} network is nudged and put back
 * @param {{weights: Float64Array[]}} gradient what `backprop` gave for this example
 * @param {{layer: number, index: number, from: number}} weight
 * @param {number} by what is added to the weight
 * @returns {{slope: number, predicted: number, measured: number}} slope: dC/dw
 */
export function nudged(network, input, target, options, gradient, weight, by) {
  const place = placeOf(network, weight);
  const weights = network.weights[weight.layer - 1];
  const cost = () => costTerms(network, forward(network, input, options), target).total;
  const slope = gradient.weights[weight.layer - 1][place];
  const [kept, before] = [weights[place], cost()];
  weights[place] += by;
  const measured = cost() - before;
  weights[place] = kept;
  return { slope, predicted: slope * by, measured };
}

/** The weight to which the cost is most sensitive. */
export function mostSensitive(network, gradient) {
  return weightNear(network, gradient, Infinity);
}

/** Of all weights, the one whose slope, whatever its sign, is nearest to this by their quotient. */
export function weightNear(network, gradient, slope) {
  const wanted = Math.log(slope);
  let best = { layer: 1, index: 0, from: 0, distance: Infinity };
  gradient.weights.forEach((slopes, before) =>
    slopes.forEach((own, place) => {
      const size = Math.abs(own);
      const distance = slope === Infinity ? -size : Math.abs(Math.log(size) - wanted);
      if (distance < best.distance) {
        const from = place % network.sizes[before];
        const index = (place - from) / network.sizes[before];
        best = { layer: before + 1, index, from, distance };
      }
    }),
  );
  const { layer, index, from } = best;
  return { layer, index, from };
}
