// Whether an image looks like anything that the network was trained on: the twin of
// stages/common/images/novelty.py, which says what is measured; tests/page/test_page_core.py holds them
// to the same strangeness.

import { decodeFloats, decodeSigned } from "./codec.js";
import { edgesOf, mapColumns, mapRows, roundHalfToEven, seenShape } from "./preprocess.js";

const leastLength = 1e-3; // as LEAST_LENGTH of novelty.py

/** The criterion as stages/page/embed.py packs it, unpacked. */
export function unpackFamiliar(packed) {
  const [facing, placed] = [packed.facing, packed.placed].map(unpackGaussians);
  return { ...packed, facing, placed, strangest: decodeFloats(packed.strangest) };
}

function unpackGaussians(packed) {
  const levels = decodeSigned(packed.levels);
  const scales = decodeFloats(packed.scales);
  const rows = Float32Array.from(levels, (level, k) => level * scales[Math.floor(k / packed.cells)]);
  const [precisions, volumes] = [packed.precisions, packed.volumes].map(decodeFloats);
  return { ...packed, rows, precisions, volumes };
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
  const facing = distances(familiar.facing, facingVector(image, height, width, familiar));
  const placed = distances(familiar.placed, placedVector(image, height, width, familiar));
  const least = Math.min(...facing);
  const strangeness = least + familiar.placedShare * Math.min(...placed);
  const beyond = familiar.strangest.filter((other) => other >= strangeness).length;
  return {
    strangeness,
    unfamiliar: strangeness > familiar.bound,
    milder: familiar.judges - beyond,
    nearest: familiar.labels[facing.indexOf(least)],
  };
}

/** |y - m|^2 / s2 - |rows (y - m)|^2 + ln det C of every group. */
function distances({ groups, vectors, cells, rows, precisions, volumes }, vector) {
  return Array.from({ length: groups }, (_, group) => {
    const start = group * vectors * cells;
    const apart = vector.map((value, k) => value - rows[start + k]);
    let distance = precisions[group] * sumOf(apart, (value) => value * value);
    for (let row = start + cells; row < start + vectors * cells; row += cells) {
      distance -= sumOf(apart, (value, k) => value * rows[row + k]) ** 2;
    }
    return distance + volumes[group];
  });
}

/** Which way the edges face, and where: a vector of length 1 (or 0), and the logarithm of what it was. */
function facingVector(image, height, width, { sides, power }) {
  const weighed = edgesWithin(image, height, width, sides[0]).map((value) => value ** power);
  const length = lengthOf(weighed);
  return Float64Array.from([...weighed.map((value) => value / length), Math.log(length)]);
}

/** How much of the edges lies in each square and faces each of four ways. */
function edgesWithin(image, height, width, side) {
  const seen = seenShape({ height, width, edges: true });
  const [rows, columns] = [seen.height / mapRows, seen.width / mapColumns];
  const square = squareOf(rows, columns, side);
  const [down, across] = [rows, columns].map((length) => Math.ceil(length / square));
  const within = new Float64Array(down * mapColumns * across);
  edgesOf(image, height, width).forEach((level, k) => {
    const [row, column] = [Math.floor(k / seen.width) % rows, k % seen.width];
    const way = Math.floor(column / columns);
    const place = Math.floor((column % columns) / square);
    within[(Math.floor(row / square) * mapColumns + way) * across + place] +=
      (level / 255) ** 2 / square ** 2;
  });
  return within;
}

/** Where the edges lie: blurred a little minus blurred more, averaged over squares; of length 1 (or 0). */
function placedVector(image, height, width, { sides, deviations }) {
  const square = squareOf(height, width, sides[1]);
  const [little, more] = deviations.map((deviation) => {
    const [down, across] = [height, width].map((length) => blurOf(length, deviation, square));
    const half = down.flatMap((weights) =>
      Array.from({ length: width }, (_, x) => sumOf(weights, (weight, y) => weight * image[y * width + x])),
    );
    return Float64Array.from({ length: down.length * across.length }, (_, cell) => {
      const start = Math.floor(cell / across.length) * width;
      return sumOf(across[cell % across.length], (weight, x) => weight * half[start + x]);
    });
  });
  const edges = little.map((value, cell) => value - more[cell]);
  const length = lengthOf(edges);
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

/** Pixels along a square, `square_of` of novelty.py: an image has about `side` of them along a side. */
function squareOf(height, width, side) {
  return Math.max(1, roundHalfToEven(Math.max(height, width) / side));
}

function lengthOf(vector) {
  return Math.max(leastLength, Math.sqrt(sumOf(vector, (value) => value * value)));
}

function sumOf(values, term) {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += term(values[k], k);
  return sum;
}
