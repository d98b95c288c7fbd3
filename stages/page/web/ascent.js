// The walk's end: gradient descent on the pixels instead of the weights, towards an answer.

import { backprop, oneHot } from "./network.js";

/**
 * One step of the image, downhill on the cost of being read as `label`; the network stays as it is.
 * @param {object} network one that sees the pixels themselves
 * @param {Float64Array} ink (n_0,), from 0 to 1 a pixel
 * @param {{scale: number|ArrayLike<number>, offset: number|ArrayLike<number>}} preprocessing what the
 *   network sees is scale * 255 * ink + offset
 * @param {{label: number, rate: number}} wish
 * @param {object} [changes] neurons that are off and biases that are shifted, as `forward` takes them
 * @returns {Float64Array} the next image
 */
export function ascend(network, ink, { scale, offset }, { label, rate }, changes = {}) {
  const at = (value, k) => (typeof value === "number" ? value : value[k]);
  const input = ink.map((share, k) => 255 * share * at(scale, k) + at(offset, k));
  const target = oneHot(label, network.sizes.at(-1));
  const { nablaA } = backprop(network, input, target, changes);
  return ink.map((share, k) =>
    Math.min(1, Math.max(0, share - rate * 255 * at(scale, k) * nablaA[0][k])),
  );
}

/** Every pixel moved a share of the way to the mean of its four neighbours; there is no ink outside. */
export function smoothed(ink, height, width, share) {
  return ink.map((own, k) => {
    const [row, column] = [Math.floor(k / width), k % width];
    const around = [
      row > 0 ? ink[k - width] : 0,
      row < height - 1 ? ink[k + width] : 0,
      column > 0 ? ink[k - 1] : 0,
      column < width - 1 ? ink[k + 1] : 0,
    ];
    const mean = around.reduce((sum, one) => sum + one, 0) / around.length;
    return own + share * (mean - own);
  });
}
