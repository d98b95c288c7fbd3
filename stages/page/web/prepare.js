// From a picture to an image as those of MNIST were made. stages/common/images/drawing.py is the twin of this
// module and of strokes.js: tests/page/test_page_core.py holds them to the same bytes, since all sums
// are of whole numbers and the rest is float64 in the same order.
//
// A picture is {height, width, levels}: grey levels in a Uint8Array, row by row.

import { brightened, faintestInk, inkOf, inkStrength, tinySide } from "./ink.js";
import { digitOf, hasRival } from "./parts.js";
import { redrawn } from "./redraw.js";

export const mostPixels = 64_000_000; // of a picture: the caller refuses a larger one
const longestSide = 1024; // pixels; a larger picture is averaged down first
const boxSide = 20; // MNIST: a digit fills a box of 20 x 20 pixels ...
const fieldSide = 28; // ... in a field of 28 x 28
const weightOfOne = 1024; // what the weights of an enlarged pixel's neighbours add up to
const pivot = 160; // grey levels: brighter ones become brighter when a digit is enlarged, others darker

/**
 * A picture of one digit, of any size and polarity, as an image of MNIST's kind: the ink's box
 * scaled to 20/28 of the field, its centre of mass in the middle.
 * @param {{height: number, width: number, levels: Uint8Array}} picture
 * @returns {Uint8Array} (height * width,), ink is 255 on 0; zeros if there is no ink
 */
export function prepare(picture, height = 28, width = 28) {
  const drawn = inkOf(reducedPicture(picture));
  const image = new Uint8Array(height * width);
  if (inkStrength(drawn).full < faintestInk) return image;
  const tiny = Math.min(picture.height, picture.width) < tinySide;
  const { ink, edge } = brightened(tiny ? drawn : redrawn(digitOf(drawn)));
  const digit = brightened(scaledDigit(boxedInk(ink, edge), height, width)).ink;
  const [top, left] = cornerOf(digit, height, width);
  for (let y = 0; y < digit.height; y++) {
    const row = digit.levels.subarray(y * digit.width, (y + 1) * digit.width);
    image.set(row, (top + y) * width + left);
  }
  return image;
}

/** Whether a picture has another mark that may be meant: `prepare` takes the one with more ink. */
export function hasAnotherMark(picture) {
  return Math.min(picture.height, picture.width) >= tinySide && hasRival(inkOf(reducedPicture(picture)));
}

/**
 * Grey levels of coloured pixels, as Pillow weighs them (ITU-R 601-2): on white paper, or on black
 * where white would leave nothing to see.
 * @param {ArrayLike<number>} rgba four bytes a pixel, as a canvas gives them
 */
export function pictureOfColours(rgba, height, width) {
  const white = levelsOnPaper(rgba, height * width, 255);
  const darkest = white.reduce((a, b) => Math.min(a, b), 255);
  const seen = darkest <= 255 - faintestInk || !isTransparent(rgba);
  return { height, width, levels: seen ? white : levelsOnPaper(rgba, height * width, 0) };
}

function levelsOnPaper(rgba, pixels, paper) {
  const onPaper = (colour, alpha) => Math.floor((colour * alpha + paper * (255 - alpha) + 127) / 255);
  return new Uint8Array(pixels).map((_, k) => {
    const [red, green, blue] = [0, 1, 2].map((c) => onPaper(rgba[4 * k + c], rgba[4 * k + 3]));
    return (red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16;
  });
}

function isTransparent(rgba) {
  for (let k = 3; k < rgba.length; k += 4) if (rgba[k] < 255) return true;
  return false;
}

/** The picture averaged over squares, so that no side is longer than longestSide. */
function reducedPicture({ height, width, levels }) {
  const square = Math.ceil(Math.max(height, width) / longestSide);
  if (square === 1) return { height, width, levels };
  const [rows, columns] = [Math.ceil(height / square), Math.ceil(width / square)];
  const sums = new Float64Array(rows * columns);
  for (let y = 0; y < height; y++) {
    const start = Math.floor(y / square) * columns;
    for (let x = 0; x < width; x++) sums[start + Math.floor(x / square)] += levels[y * width + x];
  }
  const means = sums.map((sum, k) => {
    const [row, column] = [Math.floor(k / columns), k % columns];
    const [high, wide] = [height - row * square, width - column * square];
    const count = Math.min(square, high) * Math.min(square, wide);
    return Math.floor((2 * sum + count) / (2 * count));
  });
  return { height: rows, width: columns, levels: new Uint8Array(means) };
}

/** The part of a picture with ink above level `edge`, and its soft rim of one pixel. */
function boxedInk({ height, width, levels }, edge) {
  const rows = new Uint8Array(height);
  const columns = new Uint8Array(width);
  for (let y = 0, k = 0; y < height; y++) {
    for (let x = 0; x < width; x++, k++) {
      rows[y] = Math.max(rows[y], levels[k]);
      columns[x] = Math.max(columns[x], levels[k]);
    }
  }
  const [top, bottom] = inkBounds(rows, edge);
  const [left, right] = inkBounds(columns, edge);
  const parts = new Uint8Array((bottom - top) * (right - left));
  for (let y = top; y < bottom; y++) {
    parts.set(levels.subarray(y * width + left, y * width + right), (y - top) * (right - left));
  }
  return { height: bottom - top, width: right - left, levels: parts };
}

function inkBounds(brightest, edge) {
  const strong = (level) => level > edge;
  const first = Math.max(brightest.findIndex(strong) - 1, brightest.findIndex(Boolean));
  const last = Math.min(brightest.findLastIndex(strong) + 1, brightest.findLastIndex(Boolean));
  return [first, last + 1];
}

/** A digit scaled into the box of a field: each pixel the mean of its area, or enlarged. */
function scaledDigit(digit, height, width) {
  const boxOf = (length) =>
    Math.max(1, Math.floor((2 * length * boxSide + fieldSide) / (2 * fieldSide)));
  const shorter = (side, longer, box) =>
    Math.max(1, Math.floor((2 * side * box + longer) / (2 * longer)));
  let [rows, columns] = [boxOf(height), boxOf(width)];
  if (digit.height * columns >= digit.width * rows) {
    columns = shorter(digit.width, digit.height, rows);
  } else {
    rows = shorter(digit.height, digit.width, columns);
  }
  if (rows + columns > digit.height + digit.width) return enlargedDigit(digit, rows, columns);
  const sums = weightedSums(digit, rows, columns, forOverlaps);
  const area = digit.height * digit.width;
  const means = sums.map((sum) => Math.floor((2 * sum + area) / (2 * area)));
  return { height: rows, width: columns, levels: new Uint8Array(means) };
}

/** A digit with more pixels: smooth curves through its pixels, its edges as sharp as before. */
function enlargedDigit(digit, rows, columns) {
  const sums = weightedSums(digit, rows, columns, forWeights);
  const [large, small] = [rows + columns, digit.height + digit.width];
  const unit = small * weightOfOne ** 2;
  const levels = sums.map((sum) => {
    const steep = large * sum - pivot * (large - small) * weightOfOne ** 2;
    return Math.min(255, Math.max(0, Math.floor((2 * steep + unit) / (2 * unit))));
  });
  return { height: rows, width: columns, levels: new Uint8Array(levels) };
}

/** Visit each source and target pixel, with what the one adds to the other: cubic convolution. */
function forWeights(source, target, visit) {
  const unit = 2 * target; // distances are whole numbers, so many between source pixels
  for (let to = 0; to < target; to++) {
    for (let from = 0; from < source; from++) {
      const x = Math.abs((2 * to + 1) * source - target - unit * from);
      if (x >= 2 * unit) continue;
      const near = x ** 3 - 2 * x ** 2 * unit + unit ** 3;
      const far = -(x ** 3) + 5 * x ** 2 * unit - 8 * x * unit ** 2 + 4 * unit ** 3;
      const weight = 2 * weightOfOne * (x < unit ? near : far);
      visit(from, to, Math.floor((weight + unit ** 3) / (2 * unit ** 3)));
    }
  }
}

/** Sums of levels x weight for every target pixel, (rows * columns,): whole numbers. */
function weightedSums({ height, width, levels }, rows, columns, forPairs) {
  const across = new Float64Array(height * columns);
  forPairs(width, columns, (x, column, part) => {
    for (let y = 0; y < height; y++) across[y * columns + column] += levels[y * width + x] * part;
  });
  const sums = new Float64Array(rows * columns);
  forPairs(height, rows, (y, row, part) => {
    for (let x = 0; x < columns; x++) sums[row * columns + x] += across[y * columns + x] * part;
  });
  return sums;
}

/** Visit each source and target pixel that overlap when both divide source * target units. */
function forOverlaps(source, target, visit) {
  for (let from = 0, to = 0; from < source && to < target; ) {
    const end = (from + 1) * target;
    const goal = (to + 1) * source;
    visit(from, to, Math.min(end, goal) - Math.max(from * target, to * source));
    if (end <= goal) from++;
    if (goal <= end) to++;
  }
}

/** Row and column where a digit's corner goes, so that its centre of mass is in the middle. */
function cornerOf({ height: rows, width: columns, levels }, height, width) {
  const byRow = new Float64Array(rows);
  const byColumn = new Float64Array(columns);
  levels.forEach((level, k) => {
    byRow[Math.floor(k / columns)] += level;
    byColumn[k % columns] += level;
  });
  return [centredStart(byRow, height), centredStart(byColumn, width)];
}

function centredStart(mass, length) {
  const total = mass.reduce((a, b) => a + b, 0);
  const moment = mass.reduce((sum, value, k) => sum + value * k, 0);
  const start = Math.floor(((length + 1) * total - 2 * moment) / (2 * total));
  return Math.min(Math.max(start, 0), length - mass.length);
}
