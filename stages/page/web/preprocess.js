// From an image to the network's inputs. preprocess.py and edges.py of stages/common/images are its
// twins: tests/page/test_page_core.py holds them to the same inputs, within one grey level.

const mostSlant = 2; // pixels sideways for a row, as MOST_SLANT of preprocess.py
export const mapRows = 2; // of the edges' maps, as ROWS and COLUMNS of edges.py
export const mapColumns = 4;

/**
 * What the network is given for an image.
 * @param {Uint8Array} image (height * width,) grey levels
 * @param {{height: number, width: number, deskew: boolean, edges: boolean,
 *   scale: number|ArrayLike<number>, offset: number|ArrayLike<number>}} preprocessing as
 *   stages/common/images/preprocess.py; scale, offset: one number or one an input
 * @returns {Float64Array} (inputs,), float32 numbers: scale * level + offset
 */
export function inputsOf(image, preprocessing) {
  const { height, width, edges, scale, offset } = preprocessing;
  const straight = straightened(image, preprocessing);
  const seen = edges ? edgesOf(straight, height, width).map(roundHalfToEven) : straight;
  const at = (value, k) => (typeof value === "number" ? value : value[k]);
  const scaledAt = (level, k) => Math.fround(level * Math.fround(at(scale, k)));
  return Float64Array.from(seen, (level, k) =>
    Math.fround(scaledAt(level, k) + Math.fround(at(offset, k))),
  );
}

/** Grey levels as they are stored, `prepare` of preprocess.py: straightened, if the model asks. */
export function straightened(image, { height, width, deskew }) {
  return deskew ? deskewed(image, height, width) : image;
}

/** Height and width of what the network sees: the image's, or those of the maps of its edges. */
export function seenShape({ height, width, edges }) {
  if (!edges) return { height, width };
  return { height: mapRows * Math.ceil(height / 2), width: mapColumns * Math.ceil(width / 2) };
}

/** The image straightened by its moments, as `deskew` of preprocess.py does. */
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

/** Eight maps of the image's edges, as `edges_of` of edges.py makes them: Float64Array. */
export function edgesOf(image, height, width) {
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
  return Float64Array.from({ length: seen.height * seen.width }, (_, k) => {
    const [row, column] = [Math.floor(k / seen.width), k % seen.width];
    const map = Math.floor(row / rows) * mapColumns + Math.floor(column / columns);
    const corner = map * framed.length + 2 * (row % rows) * wide + 2 * (column % columns);
    const line = (at) => parts[at] + 3 * (parts[at + 1] + parts[at + 2]) + parts[at + 3];
    const inner = line(corner + wide) + line(corner + 2 * wide);
    const sum = line(corner) + 3 * inner + line(corner + 3 * wide);
    const gain = ((map % 2 ? Math.SQRT2 : 1) / 128) * 255;
    return Math.sqrt(Math.min(sum * gain, 255 * 255));
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

/** The nearest whole number, of two the even one, as NumPy and Python round. */
export function roundHalfToEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}
