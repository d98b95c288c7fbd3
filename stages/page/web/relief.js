// The hill as pictures: a map with contours, and a surface seen from one side. Both are night.

import { cssColour } from "./colour.js";
import { between, contour } from "./plane.js";

const ground = [13, 21, 32];
const stops = [[18, 42, 74], [29, 95, 138], [64, 150, 150], [170, 196, 140], [245, 238, 214]];
const pixels = 160; // of the map's picture along each side
const light = [-0.45, 0.35, 0.82]; // where the light comes from: left, beyond, above
const steepness = 14; // by how much the shading exaggerates slopes
const [turn, tilt, rise] = [0.78, 0.62, 0.65]; // of the surface: radians, and height by side
const mark = { path: "#ffffff", ball: "#f2a257", arrow: "#f2a257", trail: "#f2a257" };

/**
 * Heights as shares of their range, from 0 to 1: the logarithm of the cost.
 * @returns {{heights: Float64Array, heightOf: (cost: number) => number, levels: number[]}} levels:
 *   costs of the contours, each half of the next
 */
function heightsOf(costs) {
  const logarithms = Float64Array.from(costs, (cost) => Math.log2(Math.max(cost, 1e-12)));
  const low = logarithms.reduce((least, value) => Math.min(least, value));
  const high = logarithms.reduce((most, value) => Math.max(most, value));
  const range = high - low || 1;
  const heightOf = (cost) => (Math.log2(Math.max(cost, 1e-12)) - low) / range;
  const powers = Array.from({ length: Math.max(0, Math.floor(high) - Math.ceil(low) + 1) });
  const levels = powers.map((_, k) => 2 ** (Math.ceil(low) + k));
  return { heights: logarithms.map((value) => (value - low) / range), heightOf, levels };
}

/** The colour of a height from 0 to 1, shaded by the slopes to the right and up. */
function shaded(height, slopes) {
  const place = Math.min(1, Math.max(0, height)) * (stops.length - 1);
  const first = Math.min(Math.floor(place), stops.length - 2);
  const share = place - first;
  const [across, up] = slopes.map((slope) => -slope);
  const size = Math.hypot(across, up, 1);
  const shade = (across * light[0] + up * light[1] + light[2]) / size;
  const strength = 0.35 + 0.65 * Math.min(1.15, Math.max(0, shade));
  return stops[first].map((value, k) =>
    Math.min(255, strength * (value + share * (stops[first + 1][k] - value))),
  );
}

/** A picture of the map, upward y, to be drawn scaled to any size. */
function mapPicture({ heights }, grid) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = pixels;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(pixels, pixels);
  const step = (grid - 1) / (pixels - 1);
  for (let row = 0; row < pixels; row++) {
    for (let column = 0; column < pixels; column++) {
      const [x, y] = [column * step, (pixels - 1 - row) * step];
      const height = between(heights, grid, [x, y]);
      const slopes = [[0.5, 0], [0, 0.5]].map(
        ([right, up]) =>
          steepness *
          (between(heights, grid, [x + right, y + up]) -
            between(heights, grid, [x - right, y - up])),
      );
      picture.data.set([...shaded(height, slopes), 255], 4 * (row * pixels + column));
    }
  }
  context.putImageData(picture, 0, 0);
  return canvas;
}

/** Squares of the surface, the farthest first: corners on the screen, and a colour. */
function surfaceSquares(heights, grid) {
  const at = (column, row) => heights[row * grid + column];
  const squares = [];
  for (let row = grid - 2; row >= 0; row--) {
    for (let column = 0; column < grid - 1; column++) {
      const corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map(([i, j]) => [column + i, row + j]);
      const slopes = [at(column + 1, row) - at(column, row), at(column, row + 1) - at(column, row)];
      const height = at(column, row);
      squares.push({ corners, colour: cssColour(shaded(height, slopes.map((s) => s * steepness))) });
    }
  }
  const depth = ({ corners: [[column, row]] }) => -Math.sin(turn) * column + Math.cos(turn) * row;
  return squares.sort((one, other) => depth(other) - depth(one));
}

/** Where a place of the grid at a height is on the surface's picture, as shares of its width. */
function onSurface([column, row], height, grid) {
  const [x, y] = [column / (grid - 1) - 0.5, row / (grid - 1) - 0.5];
  const across = x * Math.cos(turn) + y * Math.sin(turn);
  const away = -x * Math.sin(turn) + y * Math.cos(turn);
  return [0.5 + 0.68 * across, 0.52 - 0.68 * (away * Math.sin(tilt) + (height - 0.5) * rise)];
}

/**
 * A canvas that keeps its background: `paint` draws it once for each size, in CSS pixels.
 * @returns {(canvas: HTMLCanvasElement) => {context: CanvasRenderingContext2D, width: number,
 *   height: number}} clears the canvas to its background
 */
function makeBackground(paint) {
  const kept = document.createElement("canvas");
  return (canvas) => {
    const ratio = Math.min(2, devicePixelRatio || 1);
    const { clientWidth: width, clientHeight: height } = canvas;
    const [wide, tall] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (kept.width !== wide || kept.height !== tall) {
      for (const one of [kept, canvas]) [one.width, one.height] = [wide, tall];
      const context = kept.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      paint(context, width, height);
    }
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(kept, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { context, width, height };
  };
}

/**
 * What draws the hill.
 * @param {{costs: ArrayLike<number>, grid: number, toGrid: (place: number[]) => number[]}} hill
 *   toGrid: column and row of a place
 * @returns {{map: Function, surface: Function, heightAt: Function, heightOf: Function,
 *   levels: number[]}} map, surface: draw on a canvas, with marks; the height of a place, of a cost
 */
export function makeRelief({ costs, grid, toGrid }) {
  const scale = heightsOf(costs);
  const { heights, heightOf, levels } = scale;
  const heightAt = (place) => between(heights, grid, toGrid(place));
  const onMap = ([column, row], width, height) => [
    (column / (grid - 1)) * width,
    (1 - row / (grid - 1)) * height,
  ];
  const mapGround = makeBackground((context, width, height) => {
    context.drawImage(mapPicture(scale, grid), 0, 0, width, height);
    for (const level of levels) {
      const lines = contour(heights, grid, heightOf(level)).map((ends) =>
        ends.map((spot) => onMap(spot, width, height)),
      );
      drawContour(context, lines, shortCost(level), width);
    }
  });
  const side = (spot, level, width, height) => {
    const [across, down] = onSurface(spot, level, grid);
    return [across * width, down * height];
  };
  const surfaceGround = makeBackground((context, width, height) => {
    context.fillStyle = cssColour(ground);
    context.fillRect(0, 0, width, height);
    context.lineWidth = 0.6;
    for (const { corners, colour } of surfaceSquares(heights, grid)) {
      context.beginPath();
      for (const [column, row] of corners)
        context.lineTo(...side([column, row], heights[row * grid + column], width, height));
      context.closePath();
      context.fillStyle = context.strokeStyle = colour;
      context.fill();
      context.stroke(); // or the ground would shine through between squares
    }
  });

  return {
    heightOf,
    heightAt,
    levels,
    map(canvas, marks) {
      const { context, width, height } = mapGround(canvas);
      drawMarks(context, marks, (place) => onMap(toGrid(place), width, height));
    },
    surface(canvas, marks) {
      const { context, width, height } = surfaceGround(canvas);
      drawMarks(context, { ...marks, tip: null }, (place) =>
        side(toGrid(place), heightAt(place), width, height),
      );
    },
  };
}

/** A cost in few characters. */
export function shortCost(cost) {
  return cost >= 1 ? String(cost) : cost.toPrecision(cost > 0.1 ? 2 : 1).replace(/^0/, "");
}

/** A contour of lines in pixels, with its cost written on it; `room`: the map's width. */
function drawContour(context, lines, label, room) {
  context.strokeStyle = "rgb(255 255 255 / 45%)";
  context.lineWidth = 1;
  context.beginPath();
  for (const [from, to] of lines) {
    context.moveTo(...from);
    context.lineTo(...to);
  }
  context.stroke();
  if (lines.length < 4) return;
  const middle = lines[Math.floor(lines.length / 2)][0];
  const [x, y] = middle.map((value) => Math.min(room - 16, Math.max(16, value)));
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "center";
  context.fillStyle = "rgb(13 21 32 / 75%)";
  const width = context.measureText(label).width + 6;
  context.fillRect(x - width / 2, y - 8, width, 15);
  context.fillStyle = "#ffffff";
  context.fillText(label, x, y + 3.5);
}

/** The run's path, the ball's own trail, the ball, and the arrow to where its next step ends. */
function drawMarks(context, { path, trail, ball, tip }, point) {
  drawLine(context, path.map(point), mark.path, 2, [1, 5]);
  dot(context, point(path[0]), 3, mark.path);
  dot(context, point(path.at(-1)), 5, null, mark.path);
  drawLine(context, trail.map(point), mark.trail, 2);
  for (const place of trail) dot(context, point(place), 2.5, mark.trail);
  if (tip) drawArrow(context, point(ball), point(tip));
  dot(context, point(ball), 8, mark.ball, "#0d1520");
}

function drawLine(context, points, colour, width, dashes = []) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineCap = "round";
  context.setLineDash(dashes);
  context.beginPath();
  for (const place of points) context.lineTo(...place);
  context.stroke();
  context.setLineDash([]);
}

function dot(context, [x, y], radius, fill, edge = null) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.lineWidth = 2;
  if (fill) context.fillStyle = fill;
  if (fill) context.fill();
  if (edge) context.strokeStyle = edge;
  if (edge) context.stroke();
}

function drawArrow(context, from, to) {
  const [across, down] = [to[0] - from[0], to[1] - from[1]];
  const far = Math.hypot(across, down);
  if (far < 2) return;
  const [along, aside] = [across / far, down / far];
  drawLine(context, [from, to], mark.arrow, 2.5);
  const head = (side) => [
    to[0] - 9 * along - side * 5 * aside,
    to[1] - 9 * aside + side * 5 * along,
  ];
  drawLine(context, [head(1), to, head(-1)], mark.arrow, 2.5);
}
