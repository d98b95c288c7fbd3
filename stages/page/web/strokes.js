// From a drawing to an image as those of MNIST were made. stages/common/images/drawing.py is the twin of this
// module and of prepare.js: tests/page/test_page_core.py holds them to the same bytes,
// since all sums are of whole numbers and the rest is float64 in the same order.
//
// Strokes are polylines of points [x, y] in the unit square, y downwards.

import { prepare } from "./prepare.js";

const penSide = 280; // pixels along the raster on which strokes are drawn
const penShare = 1 / 8; // breadth of a line, of the longer side: drawn digits hold MNIST's ink
const finestPen = 0.02; // of the unit square: how broad a single dot is

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
