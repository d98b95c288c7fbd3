// Whether an image looks like anything that the network was trained on: the twin of
// stages/common/images/novelty.py, which says what is measured; tests/page/test_page_core.py holds them
// to the same strangeness.

import { decodeFloats, decodeSigned } from "./codec.js";

/** The criterion as stages/page/embed.py packs it, unpacked. */
export function unpackFamiliar(packed) {
  const levels = decodeSigned(packed.levels);
  const scales = decodeFloats(packed.scales);
  const rows = Float32Array.from(levels, (level, k) => level * scales[Math.floor(k / packed.cells)]);
  return {
    ...packed,
    rows,
    precisions: decodeFloats(packed.precisions),
    volumes: decodeFloats(packed.volumes),
    strangest: decodeFloats(packed.strangest),
  };
}

/**
 * How strange an image is, and how many validation images are at least as strange.
 * @param {object} familiar what `unpackFamiliar` gave
 * @param {Uint8Array} image (height * width,) grey levels, straightened if the network's are
 * @returns {{strangeness: number, unfamiliar: boolean, milder: number, nearest: number}} milder: how
 *   many of the `familiar.judges` validation images are less strange, if the image is unfamiliar;
 *   nearest: the class whose training images it is nearest to
 */
export function noveltyOf(familiar, image, height, width) {
  const edges = edgeCells(image, height, width, familiar);
  const distances = groupDistances(familiar, edges);
  const strangeness = Math.min(...distances);
  const beyond = familiar.strangest.filter((other) => other >= strangeness).length;
  return {
    strangeness,
    unfamiliar: strangeness > familiar.bound,
    milder: familiar.judges - beyond,
    nearest: familiar.labels[distances.indexOf(strangeness)],
  };
}

/** |y - m|^2 / s2 - |rows (y - m)|^2 + ln det C of every group. */
function groupDistances({ groups, vectors, cells, rows, precisions, volumes }, edges) {
  return Array.from({ length: groups }, (_, group) => {
    const start = group * vectors * cells;
    const apart = edges.map((value, k) => value - rows[start + k]);
    let distance = precisions[group] * sumOf(apart, (value) => value * value);
    for (let row = start + cells; row < start + vectors * cells; row += cells) {
      distance -= sumOf(apart, (value, k) => value * rows[row + k]) ** 2;
    }
    return distance + volumes[group];
  });
}

/** Blurred a little minus blurred more, averaged over squares, as a vector of length 1 (or 0). */
function edgeCells(image, height, width, { square, deviations }) {
  const [little, more] = deviations.map((deviation) => {
    const [down, across] = [height, width].map((length) => blurOf(length, deviation, square));
    const rows = Math.ceil(height / square);
    const half = down.flatMap((weights) =>
      Array.from({ length: width }, (_, x) => sumOf(weights, (weight, y) => weight * image[y * width + x])),
    );
    return Float64Array.from({ length: rows * across.length }, (_, cell) => {
      const start = Math.floor(cell / across.length) * width;
      return sumOf(across[cell % across.length], (weight, x) => weight * half[start + x]);
    });
  });
  const edges = little.map((value, cell) => value - more[cell]);
  const length = Math.max(1e-3, Math.sqrt(sumOf(edges, (value) => value * value)));
  return edges.map((value) => value / length);
}

/** The weights that blur a line and average it over squares: one Float64Array a square. */
function blurOf(length, deviation, square) {
  const weight = (from, to) =>
    from < length
      ? Math.exp(-(((from - to) / deviation) ** 2) / 2) / (deviation * Math.sqrt(2 * Math.PI))
      : 0;
  return Array.from({ length: Math.ceil(length / square) }, (_, cell) =>
    Float64Array.from({ length }, (_, to) => {
      let sum = 0;
      for (let k = 0; k < square; k++) sum += weight(cell * square + k, to);
      return sum / square;
    }),
  );
}

function sumOf(values, term) {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += term(values[k], k);
  return sum;
}
