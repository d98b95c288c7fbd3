// What of a picture is ink, and how strong it is. stages/common/images/ink.py is the twin of this module:
// tests/page/test_page_core.py holds them to the same bytes, since all sums are of whole numbers.
//
// A picture is {height, width, levels}: grey levels in a Uint8Array, row by row.

export const faintestInk = 24; // grey levels: fainter marks are no ink
const noiseFactor = 3; // what differs from the paper by this many median deviations is still paper
export const tinySide = 28; // pixels: smaller pictures are cut out and scaled down by a program
const smallestPhoto = 64; // pixels along a side: smaller pictures have one level of paper
const windowPart = 3; // of the shorter side: what is broader than its third is paper, not ink
const smoothPart = 100; // of the shorter side: over how much noise is averaged for the paper
const offPart = 8; // of a picture's contrast: what differs by less may be paper
const slopePart = 3; // so much less than a pixel off the paper costs a step in the paper's level

/** How much each pixel differs from the paper, 0 to 255, beyond the paper's noise. */
export function inkOf(picture) {
  if (Math.min(picture.height, picture.width) < tinySide) return fromExtreme(picture);
  const { paper, side } = paperOf(picture);
  const off = picture.levels.map((level, k) => {
    const light = side < 0 ? Math.max(paper[k], 1) : 255;
    return Math.min(255, Math.floor((255 * Math.abs(level - paper[k])) / light));
  });
  const whole = medianOf(off);
  const noise = noiseFactor * Math.min(whole, medianOf(edgeLevels({ ...picture, levels: off })));
  const levels = off.map((value, k) =>
    side * (picture.levels[k] - paper[k]) > 0 ? Math.max(0, value - noise) : 0,
  );
  return { ...picture, levels };
}

/** Levels from the darkest or the brightest one, whichever the picture's edge is nearer to. */
function fromExtreme(picture) {
  const { least, most } = rangeOf(picture.levels);
  const bright = 2 * medianOf(edgeLevels(picture)) > least + most;
  return { ...picture, levels: picture.levels.map((one) => (bright ? most - one : one - least)) };
}

function rangeOf(levels) {
  let [least, most] = [255, 0];
  for (let k = 0; k < levels.length; k++) {
    least = Math.min(least, levels[k]);
    most = Math.max(most, levels[k]);
  }
  return { least, most };
}

/** The paper's grey level at each pixel, and 1 if ink is brighter than it, -1 if it is darker. */
function paperOf(picture) {
  const { height, width, levels } = picture;
  const flat = new Uint8Array(levels.length).fill(medianOf(edgeLevels(picture)));
  const one = { paper: flat, side: sideOf(levels, flat) };
  const shorter = Math.min(height, width);
  if (shorter < smallestPhoto) return one;
  const smooth = smoothed(picture);
  const window = oddPart(shorter, windowPart);
  const closed = lowest(highest(smooth, window), window).levels;
  const opened = highest(lowest(smooth, window), window).levels;
  const papers = [one, { paper: closed, side: -1 }, { paper: opened, side: 1 }];
  const costs = papers.map(({ paper }) => costOf(paper, picture));
  return papers[costs.indexOf(Math.min(...costs))];
}

/** How badly a paper explains a picture, in grey levels times pixels. */
function costOf(paper, { height, width, levels }) {
  const { least, most } = rangeOf(levels);
  const contrast = most - least;
  let [off, steps] = [0, 0];
  for (let y = 0, k = 0; y < height; y++) {
    for (let x = 0; x < width; x++, k++) {
      if (Math.abs(levels[k] - paper[k]) * offPart > contrast) off++;
      if (x > 0) steps += Math.abs(paper[k] - paper[k - 1]);
      if (y > 0) steps += Math.abs(paper[k] - paper[k - width]);
    }
  }
  return contrast * off + Math.floor((steps * Math.min(height, width)) / slopePart);
}

/** Whether ink is brighter than the paper, 1, or darker, -1: where the squares sum to more. */
function sideOf(levels, paper) {
  let [darker, brighter] = [0, 0];
  levels.forEach((level, k) => {
    const square = (level - paper[k]) ** 2;
    if (level < paper[k]) darker += square;
    else brighter += square;
  });
  return brighter >= darker ? 1 : -1;
}

/** The odd number of pixels nearest to that part of a length. */
const oddPart = (length, part) => 2 * Math.floor(Math.floor(length / part) / 2) + 1;

/** The mean of the square around each pixel; beyond the edge the picture goes on as it ends. */
function smoothed(picture) {
  const breadth = oddPart(Math.min(picture.height, picture.width), smoothPart);
  const area = breadth * breadth;
  const sums = slid(picture, (line) => movingSums(line, breadth), Float64Array);
  return { ...picture, levels: new Uint8Array(sums.map((sum) => Math.floor((2 * sum + area) / (2 * area)))) };
}

function movingSums(line, breadth) {
  const half = (breadth - 1) / 2;
  const at = (place) => line[Math.min(line.length - 1, Math.max(0, place))];
  let sum = 0;
  for (let place = -half; place < half; place++) sum += at(place);
  return line.map((_, place) => {
    sum += at(place + half);
    const whole = sum;
    sum -= at(place - half);
    return whole;
  });
}

/** The highest level in the square around each pixel, of an odd number of pixels. */
export function highest({ height, width, levels }, window) {
  const values = Uint8Array.from(levels);
  const rows = makeHighest(width, window);
  for (let y = 0; y < height; y++) rows(values, y * width, 1);
  const columns = makeHighest(height, window);
  for (let x = 0; x < width; x++) columns(values, x, width);
  return { height, width, levels: values };
}

/** The lowest level in the square around each pixel. */
export function lowest(picture, window) {
  const inverted = ({ levels, ...shape }) => ({ ...shape, levels: levels.map((one) => 255 - one) });
  return inverted(highest(inverted(picture), window));
}

/**
 * Put the highest in a window around each place in its stead, for lines of `count` values that lie
 * `step` apart: of the highest from each end of blocks as long as the window (van Herk 1992, Gil and
 * Werman 1993), which takes three comparisons a value, however broad the window is.
 */
function makeHighest(count, window) {
  const half = (window - 1) / 2;
  const length = Math.ceil((count + 2 * half) / window) * window;
  const [line, before, after] = [0, 1, 2].map(() => new Uint8Array(length)); // 0 beyond the ends
  return (values, first, step) => {
    for (let k = 0, at = first; k < count; k++, at += step) line[half + k] = values[at];
    for (let block = 0; block < length; block += window) {
      let most = 0;
      for (let k = block; k < block + window; k++) before[k] = most = Math.max(most, line[k]);
      most = 0;
      for (let k = block + window - 1; k >= block; k--) after[k] = most = Math.max(most, line[k]);
    }
    for (let k = 0, at = first; k < count; k++, at += step) {
      values[at] = Math.max(after[k], before[k + 2 * half]);
    }
  };
}

/** What a function makes of every row, and then of every column of that. */
function slid({ height, width, levels }, change, Kind) {
  const values = Kind.from(levels);
  for (let y = 0; y < height; y++) {
    values.set(change(values.subarray(y * width, (y + 1) * width)), y * width);
  }
  const column = new Kind(height);
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) column[y] = values[y * width + x];
    change(column).forEach((value, y) => (values[y * width + x] = value));
  }
  return values;
}

/** The levels of the picture's top, bottom, left and right edge. */
function edgeLevels({ height, width, levels }) {
  const depth = Math.max(1, Math.floor(Math.min(height, width) / 32));
  const values = [];
  const add = (top, bottom, left, right) => {
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) values.push(levels[y * width + x]);
    }
  };
  add(0, depth, 0, width);
  add(height - depth, height, 0, width);
  add(0, height, 0, depth);
  add(0, height, width - depth, width);
  return values;
}

/** The least of the levels that half of them do not exceed. */
const medianOf = (levels) => reaching(histogramOf(levels), 2);

function histogramOf(levels) {
  const counts = new Float64Array(256);
  for (let k = 0; k < levels.length; k++) counts[levels[k]]++;
  return counts;
}

/** The least level that so many quarters of a histogram do not exceed. */
function reaching(counts, quarters) {
  const pixels = counts.reduce((a, b) => a + b, 0);
  let level = 0;
  for (let seen = counts[0]; 4 * seen < quarters * pixels; seen += counts[level]) level++;
  return level;
}

/** Levels multiplied so that strong ink is 255, and the level above which ink is strong. */
export function brightened(picture) {
  const { threshold, full } = inkStrength(picture);
  const table = new Uint8Array(256).map((_, level) =>
    Math.min(255, Math.floor((2 * 255 * level + full) / (2 * full))),
  );
  return {
    ink: { ...picture, levels: picture.levels.map((level) => table[level]) },
    edge: table[threshold],
  };
}

/** Otsu's threshold of the levels that are not 0, and the upper quartile of those above it. */
export function inkStrength({ levels }) {
  const counts = histogramOf(levels);
  counts[0] = 0;
  const threshold = otsuLevel(counts);
  counts.fill(0, 0, threshold + 1);
  return { threshold, full: counts.some(Boolean) ? reaching(counts, 3) : 0 };
}

/** Otsu's threshold: the level that parts a histogram with the most variance between its sides. */
function otsuLevel(counts) {
  const pixels = counts.reduce((a, b) => a + b, 0);
  const total = counts.reduce((sum, count, k) => sum + count * k, 0);
  let [best, level, below, mass] = [0, 0, 0, 0];
  for (let k = 0; k < counts.length - 1; k++) {
    below += counts[k];
    mass += counts[k] * k;
    const apart = mass * pixels - total * below;
    const spread = below * (pixels - below);
    const between = spread > 0 ? (apart * apart) / spread : 0;
    if (between > best) [best, level] = [between, k];
  }
  return level;
}
