// From a drawing or a photo to the image that the network sees, as the images of MNIST were made.
// stages/tools/drawing.py is the same in Python, and says why: every step gives the same bytes, because sums
// are of whole numbers and the rest is float64 in the same order.
//
// A picture is {height, width, levels}: grey levels in a Uint8Array, row by row. Strokes are
// polylines of points [x, y] in the unit square, y downwards.

export const mostPixels = 64_000_000; // of a picture: the caller refuses a larger one
export const penSide = 280; // pixels along the raster on which strokes are drawn
const penShare = 1 / 8; // breadth of a line, of the longer side: drawn digits hold MNIST's ink
const finestPen = 0.02; // of the unit square: how broad a single dot is
const longestSide = 1024; // pixels; a larger picture is averaged down first
const noiseFactor = 4; // what differs from the paper by this many median deviations is still paper
const gridSide = 4; // cells along each side, where the level of uneven paper is taken
const unevenFactor = 4; // how much better a surface must fit than one level
const faintestInk = 24; // grey levels: fainter marks are no ink
const mostSlant = 2; // pixels sideways for a row, as MOST_SLANT of stages/common/images/preprocess.py
export const mapRows = 2; // of edges, as ROWS and COLUMNS of stages/common/images/edges.py
export const mapColumns = 4;
const boxSide = 20; // MNIST: a digit fills a box of 20 x 20 pixels ...
const fieldSide = 28; // ... in a field of 28 x 28

/**
 * A picture of one digit, of any size and polarity, as an image of MNIST's kind: the ink's box
 * scaled to 20/28 of the field, its centre of mass in the middle.
 * @param {{height: number, width: number, levels: Uint8Array}} picture
 * @returns {Uint8Array} (height * width,), ink is 255 on 0; zeros if there is no ink
 */
export function prepare(picture, height = 28, width = 28) {
  const excess = inkOf(reducedPicture(picture));
  const image = new Uint8Array(height * width);
  if (inkStrength(excess).full < faintestInk) return image;
  const { ink, edge } = brightened(excess);
  const digit = brightened(scaledDigit(boxedInk(ink, edge), height, width)).ink;
  const [top, left] = cornerOf(digit, height, width);
  for (let y = 0; y < digit.height; y++) {
    const row = digit.levels.subarray(y * digit.width, (y + 1) * digit.width);
    image.set(row, (top + y) * width + left);
  }
  return image;
}

/**
 * What the network is given for an image.
 * @param {Uint8Array} image (height * width,) grey levels
 * @param {{height: number, width: number, deskew: boolean, edges: boolean,
 *   scale: number|ArrayLike<number>, offset: number|ArrayLike<number>}} preprocessing as
 *   stages/common/images/preprocess.py; scale, offset: one number or one an input
 * @returns {Float64Array} (inputs,), float32 numbers: scale * level + offset
 */
export function inputsOf(image, { height, width, deskew, edges, scale, offset }) {
  const straight = deskew ? deskewed(image, height, width) : image;
  const seen = edges ? edgesOf(straight, height, width) : straight;
  const at = (value, k) => (typeof value === "number" ? value : value[k]);
  const scaledAt = (level, k) => Math.fround(level * Math.fround(at(scale, k)));
  return Float64Array.from(seen, (level, k) =>
    Math.fround(scaledAt(level, k) + Math.fround(at(offset, k))),
  );
}

/** Height and width of what the network sees: the image's, or those of the maps of its edges. */
export function seenShape({ height, width, edges }) {
  if (!edges) return { height, width };
  return { height: mapRows * Math.ceil(height / 2), width: mapColumns * Math.ceil(width / 2) };
}

/**
 * Strokes as an image of MNIST's kind, drawn with a pen that suits the digit's size.
 * @returns {Uint8Array} (height * width,)
 */
export function imageOfStrokes(strokes, height = 28, width = 28) {
  return prepare(rasterize(strokes, penSide, penFor(strokes)), height, width);
}

/** The breadth of pen, in the unit square, that gives a drawing lines like MNIST's. */
export function penFor(strokes) {
  const points = strokes.flat();
  const extent = (axis) => {
    const places = points.map((point) => point[axis]);
    return places.reduce((a, b) => Math.max(a, b), 0) - places.reduce((a, b) => Math.min(a, b), 1);
  };
  return Math.max(finestPen, (Math.max(extent(0), extent(1)) * penShare) / (1 - penShare));
}

/**
 * Strokes drawn on a raster: 255 on 0, with a soft rim of one pixel.
 * @param {number[][][]} strokes
 * @param {number} side pixels along the raster
 * @param {number} penWidth in the unit square
 * @returns {{height: number, width: number, levels: Uint8Array}}
 */
export function rasterize(strokes, side, penWidth) {
  const nearest = new Float64Array(side * side).fill(Infinity); // squared, in pixels
  const radius = (penWidth * side) / 2;
  for (const stroke of strokes) {
    const points = stroke.map(([x, y]) => [x * side, y * side]);
    points.forEach((point, k) => approach(nearest, side, radius, points[k - 1] ?? point, point));
  }
  const levels = new Uint8Array(side * side);
  for (let k = 0; k < levels.length; k++) {
    const covered = Math.min(1, Math.max(0, radius - Math.sqrt(nearest[k]) + 0.5));
    levels[k] = Math.floor(255 * covered + 0.5);
  }
  return { height: side, width: side, levels };
}

/** Lower each pixel's squared distance to the segment from a to b, as far as the pen reaches. */
function approach(nearest, side, radius, [ax, ay], [bx, by]) {
  const reach = radius + 1;
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const [firstX, lastX] = span(ax, bx, reach, side);
  const [firstY, lastY] = span(ay, by, reach, side);
  for (let row = firstY; row < lastY; row++) {
    for (let column = firstX; column < lastX; column++) {
      const x = column + 0.5;
      const y = row + 0.5;
      const along = length > 0 ? ((x - ax) * dx + (y - ay) * dy) / length : 0;
      const share = Math.min(1, Math.max(0, along));
      const ex = x - (ax + share * dx);
      const ey = y - (ay + share * dy);
      const place = row * side + column;
      nearest[place] = Math.min(nearest[place], ex * ex + ey * ey);
    }
  }
}

/** First pixel, and the one after the last, that lie within reach of a and b. */
function span(a, b, reach, side) {
  const within = (place) => Math.min(side, Math.max(0, place));
  const first = Math.floor(Math.min(a, b) - reach);
  return [within(first), within(Math.ceil(Math.max(a, b) + reach))];
}

/**
 * Grey levels of coloured pixels on white paper, as Pillow weighs them (ITU-R 601-2).
 * @param {ArrayLike<number>} rgba four bytes a pixel, as a canvas gives them
 */
export function pictureOfColours(rgba, height, width) {
  const onWhite = (colour, alpha) => Math.floor((colour * alpha + 255 * (255 - alpha) + 127) / 255);
  const levels = new Uint8Array(height * width);
  for (let k = 0; k < levels.length; k++) {
    const alpha = rgba[4 * k + 3];
    const red = onWhite(rgba[4 * k], alpha);
    const green = onWhite(rgba[4 * k + 1], alpha);
    const blue = onWhite(rgba[4 * k + 2], alpha);
    levels[k] = (red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16;
  }
  return { height, width, levels };
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

/** How much each pixel differs from the paper, to the side of the ink, beyond the paper's noise. */
function inkOf(picture) {
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
function brightened(picture) {
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
function inkStrength({ levels }) {
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

/** A digit scaled into the box of a field: each pixel the mean of its area. */
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
  const sums = areaSums(digit, rows, columns);
  const area = digit.height * digit.width;
  const means = sums.map((sum) => Math.floor((2 * sum + area) / (2 * area)));
  return { height: rows, width: columns, levels: new Uint8Array(means) };
}

/** Sums of levels x overlap for every target pixel, (rows * columns,): whole numbers. */
function areaSums({ height, width, levels }, rows, columns) {
  const across = new Float64Array(height * columns);
  forOverlaps(width, columns, (x, column, part) => {
    for (let y = 0; y < height; y++) across[y * columns + column] += levels[y * width + x] * part;
  });
  const sums = new Float64Array(rows * columns);
  forOverlaps(height, rows, (y, row, part) => {
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

/** The image straightened by its moments, as `deskew` of stages/common/images/preprocess.py does. */
function deskewed(image, height, width) {
  const moments = { mass: 0, x: 0, y: 0, xy: 0, yy: 0 };
  image.forEach((level, k) => {
    const [y, x] = [Math.floor(k / width) - (height - 1) / 2, (k % width) - (width - 1) / 2];
    moments.mass += level;
    moments.x += level * x;
    moments.y += level * y;
    moments.xy += level * x * y;
    moments.yy += level * y * y;
  });
  const mass = Math.max(moments.mass, 1);
  const [xMean, yMean] = [moments.x / mass, moments.y / mass];
  const yVariance = moments.yy / mass - yMean ** 2;
  const steep = yVariance > 1e-6 ? (moments.xy / mass - xMean * yMean) / yVariance : 0;
  const slant = Math.min(mostSlant, Math.max(-mostSlant, steep));
  const upright = new Float64Array(image.length);
  for (let x = 0; x < width; x++) shiftLine(image, upright, x, width, height, yMean);
  const straight = new Float64Array(image.length);
  for (let y = 0; y < height; y++) {
    const sideways = xMean + slant * (y - (height - 1) / 2);
    shiftLine(upright, straight, y * width, 1, width, sideways);
  }
  return Uint8Array.from(straight, (value) => Math.min(255, Math.max(0, roundHalfToEven(value))));
}

/** Read a line of pixels `by` pixels further on, linearly between them, as 0 beyond the ends. */
function shiftLine(from, to, start, stride, length, by) {
  const whole = Math.floor(by);
  const fraction = by - whole;
  const at = (place) => (place >= 0 && place < length ? from[start + place * stride] : 0);
  for (let k = 0; k < length; k++) {
    to[start + k * stride] = (1 - fraction) * at(k + whole) + fraction * at(k + whole + 1);
  }
}

/** Eight maps of the image's edges, as `edges_of` of stages/common/images/edges.py makes them, and rounded. */
function edgesOf(image, height, width) {
  const seen = seenShape({ height, width, edges: true });
  const [rows, columns] = [seen.height / mapRows, seen.width / mapColumns];
  const wide = 2 * columns + 2; // with a frame of one pixel, and one more if the width is odd
  const framed = new Uint8Array((2 * rows + 2) * wide);
  for (let y = 0; y < height; y++) {
    framed.set(image.subarray(y * width, (y + 1) * width), (y + 1) * wide + 1);
  }
  const parts = new Float64Array(mapRows * mapColumns * framed.length);
  for (let y = 1; y <= height; y++) {
    for (let x = 1; x <= width; x++) {
      const k = y * wide + x;
      const across = (row) => framed[row + 1] - framed[row - 1];
      const along = (column) => framed[column + wide] - framed[column - wide];
      const right = across(k - wide) + 2 * across(k) + across(k + wide);
      const down = along(k - 1) + 2 * along(k) + along(k + 1);
      const arrow = partsOf(right, down);
      for (let map = 0; map < arrow.length; map++) {
        parts[map * framed.length + k] = Math.max(0, arrow[map]);
      }
    }
  }
  return Uint8Array.from({ length: seen.height * seen.width }, (_, k) => {
    const [row, column] = [Math.floor(k / seen.width), k % seen.width];
    const map = Math.floor(row / rows) * mapColumns + Math.floor(column / columns);
    const corner = map * framed.length + 2 * (row % rows) * wide + 2 * (column % columns);
    const line = (at) => parts[at] + 3 * (parts[at + 1] + parts[at + 2]) + parts[at + 3];
    const inner = line(corner + wide) + line(corner + 2 * wide);
    const sum = line(corner) + 3 * inner + line(corner + 3 * wide);
    const gain = ((map % 2 ? Math.SQRT2 : 1) / 128) * 255;
    return roundHalfToEven(Math.sqrt(Math.min(sum * gain, 255 * 255)));
  });
}

/** An arrow along eight directions; where that is negative, it has no part along them. */
function partsOf(right, down) {
  const [left, up, flat, steep] = [-right, -down, Math.abs(right), Math.abs(down)];
  return [
    right - steep,
    Math.min(right, down),
    down - flat,
    Math.min(left, down),
    left - steep,
    Math.min(left, up),
    up - flat,
    Math.min(right, up),
  ];
}

function roundHalfToEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}
