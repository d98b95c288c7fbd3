// A digit drawn anew as MNIST's writers draw: without gaps, no thinner, and no more aslant.
// stages/common/images/redraw.py is the twin of this module: tests/page/test_page_core.py holds them to the
// same bytes.

import { highest, inkStrength, lowest } from "./ink.js";
import { partsOf } from "./parts.js";

const penPart = 10; // of a digit's length: thinner lines are made as broad, narrower gaps closed
const [leastSlant, mostSlant] = [-0.46, 0.23]; // pixels sideways for a row down: of eight in ten digits
const coarse = 64; // pixels; a digit of fewer is not moved by whole ones
const steepest = 2; // a slant beyond that is a flat dash's, and would tear it apart
const leastVariance = 1e-6; // of rows; ink in one row alone has no slant

/** The ink of a digit, cut out, with whole lines that are broad and upright enough. */
export const redrawn = (ink) => straightened(broadened(bridged(cutOut(ink))));

/** The part of a picture that has any ink. */
function cutOut({ height, width, levels }) {
  let [top, bottom, left, right] = [height, 0, width, 0];
  for (let y = 0, k = 0; y < height; y++) {
    for (let x = 0; x < width; x++, k++) {
      if (levels[k] === 0) continue;
      [top, bottom] = [Math.min(top, y), y + 1];
      [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
    }
  }
  const cut = new Uint8Array((bottom - top) * (right - left));
  for (let y = top; y < bottom; y++) {
    cut.set(levels.subarray(y * width + left, y * width + right), (y - top) * (right - left));
  }
  return { height: bottom - top, width: right - left, levels: cut };
}

/** Ink in parts, joined over gaps that are narrow for its length (a closing). */
function bridged(ink) {
  if (partsOf(ink, inkStrength(ink).threshold).parts.length < 2) return ink;
  const window = 2 * Math.floor(Math.floor(Math.max(ink.height, ink.width) / penPart) / 2) + 1;
  return lowest(highest(padded(ink, window, window), window), window);
}

/** Ink drawn with a broader pen if its lines are thin for their length. */
function broadened(ink) {
  const { area, edges, length } = linesOf(ink);
  const thin = length * edges - 2 * penPart * area;
  if (area === 0 || thin <= 0) return ink;
  const parts = 2 * (penPart - 1) * edges;
  return brushed(ink, Math.floor((2 * thin + parts) / (2 * parts)));
}

/** Area of strong ink, how many pixels' edges bound it, and its longer side. */
function linesOf({ height, width, levels }) {
  const { threshold } = inkStrength({ levels });
  let [area, edges] = [0, 0];
  const [rows, columns] = [new Uint8Array(height), new Uint8Array(width)];
  for (let y = 0, k = 0; y < height; y++) {
    for (let x = 0; x < width; x++, k++) {
      const strong = levels[k] > threshold;
      if (x > 0) edges += strong !== levels[k - 1] > threshold;
      if (y > 0) edges += strong !== levels[k - width] > threshold;
      if (strong) [area, rows[y], columns[x]] = [area + 1, 1, 1];
    }
  }
  const extent = (some) => some.lastIndexOf(1) - some.indexOf(1) + 1;
  return { area, edges, length: Math.max(extent(rows), extent(columns)) };
}

/** Ink drawn with an octagonal brush of that radius: it grows by a cross and by a square in turn. */
function brushed(ink, radius) {
  let { height, width, levels } = padded(ink, radius, radius);
  for (let step = 0; step < radius; step++) {
    const across = highestOfThree(levels, 1, width);
    const down = highestOfThree(step % 2 ? across : levels, width, levels.length);
    levels = across.map((level, k) => Math.max(level, down[k]));
  }
  return { height, width, levels };
}

/** The highest of each level and those `step` places before and after it, within runs of `length`. */
function highestOfThree(levels, step, length) {
  const most = levels.slice();
  for (let k = 0; k < levels.length; k++) {
    if (k % length >= step) most[k] = Math.max(most[k], levels[k - step]);
    if ((k % length) + step < length) most[k] = Math.max(most[k], levels[k + step]);
  }
  return most;
}

/** Ink that leans no further than most of MNIST's: rows are moved by whole pixels. */
function straightened(ink) {
  if (Math.max(ink.height, ink.width) < coarse) return ink;
  const { middle, slant } = slantOf(ink);
  const within = (value, least, most) => Math.min(Math.max(value, least), most);
  const clipped = within(slant, -steepest, steepest);
  const excess = clipped - within(clipped, leastSlant, mostSlant);
  const by = Array.from({ length: ink.height }, (_, y) => Math.floor((y - middle) * excess + 0.5));
  const most = Math.max(...by.map(Math.abs));
  const { height, width, levels } = padded(ink, 0, most);
  const moved = new Uint8Array(levels.length);
  by.forEach((shift, y) => {
    const start = y * width + most;
    moved.set(levels.subarray(start, start + ink.width), start - shift);
  });
  return { height, width, levels: moved };
}

/** The row of the centre of mass, and how far ink leans to the right for a row down. */
function slantOf({ height, width, levels }) {
  let [total, moment, square, sideways, product] = [0, 0, 0, 0, 0];
  for (let y = 0, k = 0; y < height; y++) {
    for (let x = 0; x < width; x++, k++) {
      const level = levels[k];
      total += level;
      moment += level * y;
      square += level * y * y;
      sideways += level * x;
      product += level * x * y;
    }
  }
  const [middle, centre] = [moment / total, sideways / total];
  const variance = square / total - middle * middle;
  const covariance = product / total - centre * middle;
  return { middle, slant: variance > leastVariance ? covariance / variance : 0 };
}

/** A picture with so many rows without ink above and below it, and columns on both sides. */
function padded({ height, width, levels }, above, beside) {
  const [rows, columns] = [height + 2 * above, width + 2 * beside];
  const larger = new Uint8Array(rows * columns);
  for (let y = 0; y < height; y++) {
    larger.set(levels.subarray(y * width, (y + 1) * width), (y + above) * columns + beside);
  }
  return { height: rows, width: columns, levels: larger };
}
