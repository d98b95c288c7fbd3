// What of a picture is ink, and how strong it is. stages/tools/drawing.py is the twin of this module,
// of prepare.js and of strokes.js: tests/page/test_page_core.py holds them to the same bytes, since
// all sums are of whole numbers and the rest is float64 in the same order.
//
// A picture is {height, width, levels}: grey levels in a Uint8Array, row by row.

const noiseFactor = 4; // what differs from the paper by this many median deviations is still paper
const gridSide = 4; // cells along each side, where the level of uneven paper is taken
const unevenFactor = 4; // how much better a surface must fit than one level

/** How much each pixel differs from the paper, to the side of the ink, beyond the paper's noise. */
export function inkOf(picture) {
  const paper = paperOf(picture);
  const difference = differenceFrom(paper, picture);
  const edges = edgeLevels({ ...picture, levels: difference });
  const noise = noiseFactor * quantileOf(edges.map(Math.abs), 2);
  const { darker, brighter } = squaresBySide(difference);
  const side = brighter >= darker ? 1 : -1;
  // Differences lie within 255 on either side of the paper, and so do levels.
  const excess = difference.map((value) => Math.max(0, side * value - noise));
  return { ...picture, levels: new Uint8Array(excess) };
}

/** The paper's grey level at each pixel: one for all, or a surface if the light is uneven. */
function paperOf(picture) {
  const { height, width, levels } = picture;
  const flat = new Uint8Array(levels.length).fill(quantileOf(edgeLevels(picture), 2));
  const { darker, brighter } = squaresBySide(differenceFrom(flat, picture));
  const wrong = Math.min(darker, brighter);
  if (wrong === 0 || Math.min(height, width) < gridSide) return flat;
  const [upper, lower] = [paperSurface(picture, 3), paperSurface(picture, 1)];
  const above = squaresBySide(differenceFrom(upper, picture)).brighter;
  const below = squaresBySide(differenceFrom(lower, picture)).darker;
  if (unevenFactor * Math.min(above, below) >= wrong) return flat;
  return above < below ? upper : lower;
}

function differenceFrom(paper, { levels }) {
  return new Int16Array(levels).map((level, k) => level - paper[k]);
}

/** Sums of the squares of what is darker and of what is brighter than the paper. */
function squaresBySide(difference) {
  let [darker, brighter] = [0, 0];
  for (let k = 0; k < difference.length; k++) {
    const square = difference[k] * difference[k];
    if (difference[k] < 0) darker += square;
    else brighter += square;
  }
  return { darker, brighter };
}

/** A surface through so many quarters of each cell, linear between the middles of the cells. */
function paperSurface(picture, quarters) {
  const { height, width } = picture;
  const [rows, columns] = [bandsOf(height), bandsOf(width)];
  const cells = rows.map(([top, bottom]) =>
    columns.map(([left, right]) => quantileOf(cut(picture, top, bottom, left, right), quarters)),
  );
  const byRow = betweenBands(cells, rows);
  const byColumn = betweenBands(transposed(byRow), columns);
  return new Uint8Array(height * width).map((_, k) => {
    const level = byColumn[k % width][Math.floor(k / width)];
    return Math.min(255, Math.max(0, Math.floor(level + 0.5)));
  });
}

/** First pixel of each band, and the one after its last; the first bands are longer by the rest. */
function bandsOf(length) {
  const start = (band) =>
    band * Math.floor(length / gridSide) + Math.min(band, length % gridSide);
  return Array.from({ length: gridSide }, (_, band) => [start(band), start(band + 1)]);
}

/** Rows of values at the middles of bands, as rows of values at each pixel. */
function betweenBands(values, bands) {
  const middles = bands.map(([first, end]) => (first + end - 1) / 2);
  return Array.from({ length: bands.at(-1)[1] }, (_, place) => {
    const inner = middles.slice(1, -1).filter((middle) => middle <= place).length;
    const share = (place - middles[inner]) / (middles[inner + 1] - middles[inner]);
    return values[inner].map((value, k) => value + share * (values[inner + 1][k] - value));
  });
}

function transposed(rows) {
  return rows[0].map((_, k) => rows.map((row) => row[k]));
}

/** The levels of the picture's top, bottom, left and right edge. */
function edgeLevels(picture) {
  const { height, width } = picture;
  const depth = Math.max(1, Math.floor(Math.min(height, width) / 32));
  return [].concat(
    cut(picture, 0, depth, 0, width),
    cut(picture, height - depth, height, 0, width),
    cut(picture, 0, height, 0, depth),
    cut(picture, 0, height, width - depth, width),
  );
}

function cut({ width, levels }, top, bottom, left, right) {
  const values = [];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) values.push(levels[y * width + x]);
  }
  return values;
}

/** The least of the values that so many quarters of them do not exceed. */
function quantileOf(values, quarters) {
  return Int16Array.from(values).sort()[Math.ceil((quarters * values.length) / 4) - 1];
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
  const counts = new Float64Array(256);
  for (let k = 0; k < levels.length; k++) counts[levels[k]]++;
  counts[0] = 0;
  const threshold = otsuLevel(counts);
  const strong = counts.subarray(threshold + 1).reduce((a, b) => a + b, 0);
  if (strong === 0) return { threshold, full: 0 };
  let full = threshold + 1;
  for (let seen = counts[full]; 4 * seen < 3 * strong; seen += counts[full]) full++;
  return { threshold, full };
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
