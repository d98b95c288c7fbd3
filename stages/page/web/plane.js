// A plane through weight space: the cost at any place of it, its slope, and its contours.
//
// stages/page/hill.py measures the same plane. A place is [x, y]; the network there is the trained
// one moved by x and y along two directions of length 1, at right angles.

import { activationFunctions, costFunctions } from "./network.js";

/**
 * Two directions, of length 1 and at right angles, in the plane of the two given, each (P,).
 * @returns {Float64Array[]}
 */
export function orthonormal(first, second) {
  const u = scaled(Float64Array.from(first), 1 / length(first));
  const shared = dot(second, u);
  const v = Float64Array.from(second, (value, k) => value - shared * u[k]);
  return [u, scaled(v, 1 / length(v))];
}

/**
 * The plane through a network along two directions that are networks themselves.
 * @param {{sizes: number[], weights: Float64Array[], biases: Float64Array[]}} network of makeNetwork
 * @param {object[]} axes two more, whose parameters are the directions
 * @param {{count: number, starts: Uint32Array, where: ArrayLike<number>, values: Float64Array,
 *   labels: ArrayLike<number>}} examples as packExamples makes them
 * @returns {(place: number[], costAlone?: boolean) => {cost: number, slope: number[]}} the mean cost of
 *   the examples, and its gradient by x and y, unless the cost alone is asked for: what
 *   backpropagation gives for every weight, along each direction
 */
export function makePlane(network, axes, examples) {
  const { sizes } = network;
  const last = sizes.length - 1;
  const parts = [network, ...axes];
  // The first layer's z is linear in x and y: its products with the inputs are made once.
  const products = parts.map((part) => inputProducts(part, examples));
  const activate = activationFunctions[network.activation];
  const cost = costFunctions[network.cost];
  const target = new Float64Array(sizes[last]);

  return ([x, y], costAlone = false) => {
    const moved = (kind, layer) => {
      const [base, right, up] = parts.map((part) => part[kind][layer]);
      return base.map((value, k) => value + x * right[k] + y * up[k]);
    };
    const weights = network.weights.map((_, layer) => (layer ? moved("weights", layer) : null));
    const biases = network.biases.map((_, layer) => (layer ? moved("biases", layer) : null));
    let total = 0;
    const slope = [0, 0];
    for (let e = 0; e < examples.count; e++) {
      const rows = products.map((product) => product.subarray(e * sizes[1], (e + 1) * sizes[1]));
      const zs = [rows[0].map((value, j) => value + x * rows[1][j] + y * rows[2][j])];
      const activations = [];
      for (let layer = 1; layer < last; layer++) {
        activations[layer] = zs[layer - 1].map((z) => activate.of(z, network.leak));
        zs[layer] = product(weights[layer], biases[layer], activations[layer]);
      }
      const outputs = cost.output(zs[last - 1]);
      target.fill(0);
      target[examples.labels[e]] = 1;
      total += cost.terms(zs[last - 1], outputs, target).reduce((sum, term) => sum + term, 0);
      if (costAlone) continue;
      let delta = cost.delta(outputs, target); // BP1
      for (let layer = last - 1; layer >= 0; layer--) {
        axes.forEach((axis, which) => {
          // BP3 and BP4, each gradient times the direction's own weight or bias
          const change = layer
            ? product(axis.weights[layer], axis.biases[layer], activations[layer])
            : rows[which + 1];
          slope[which] += dot(delta, change);
        });
        if (layer === 0) break;
        delta = flowBack(weights[layer], delta, activations[layer], (a) =>
          activate.slope(a, network.leak),
        ); // BP2
      }
    }
    const share = 1 / examples.count;
    return { cost: total * share, slope: slope.map((sum) => sum * share) };
  };
}

/** W a + b of the first layer for every example, (count * n_1,). */
function inputProducts({ sizes, weights, biases }, { count, starts, where, values }) {
  const [inputs, after] = sizes;
  const sums = new Float64Array(count * after);
  for (let e = 0; e < count; e++) {
    for (let j = 0; j < after; j++) {
      let sum = biases[0][j];
      const row = j * inputs;
      for (let k = starts[e]; k < starts[e + 1]; k++) sum += weights[0][row + where[k]] * values[k];
      sums[e * after + j] = sum;
    }
  }
  return sums;
}

function product(weights, biases, a) {
  return biases.map((bias, j) => {
    let sum = bias;
    for (let k = 0, w = j * a.length; k < a.length; k++, w++) sum += weights[w] * a[k];
    return sum;
  });
}

/** (W^T delta) s'(z), of the layer whose activations are a. */
function flowBack(weights, delta, a, slopeOf) {
  const sums = new Float64Array(a.length);
  delta.forEach((own, j) => {
    for (let k = 0, w = j * a.length; k < a.length; k++, w++) sums[k] += weights[w] * own;
  });
  return sums.map((sum, k) => sum * slopeOf(a[k]));
}

/**
 * The value between the points of a grid, linearly; beyond its edge, that of the edge.
 * @param {ArrayLike<number>} values (grid * grid,) row by row
 * @param {number[]} place column and row, from 0 to grid - 1
 */
export function between(values, grid, [column, row]) {
  const within = (value) => Math.min(grid - 1, Math.max(0, value));
  const [x, y] = [within(column), within(row)];
  const [left, low] = [Math.min(grid - 2, Math.floor(x)), Math.min(grid - 2, Math.floor(y))];
  const [right, up] = [x - left, y - low];
  const at = (i, j) => values[(low + j) * grid + left + i];
  return (
    (1 - up) * ((1 - right) * at(0, 0) + right * at(1, 0)) +
    up * ((1 - right) * at(0, 1) + right * at(1, 1))
  );
}

/**
 * Where a grid of values crosses a level: lines from [column, row] to [column, row], one or two in
 * each square (marching squares, Lorensen and Cline 1987, in two dimensions).
 */
export function contour(values, grid, level) {
  const lines = [];
  for (let row = 0; row < grid - 1; row++) {
    for (let column = 0; column < grid - 1; column++) {
      const corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map(([i, j]) => ({
        place: [column + i, row + j],
        value: values[(row + j) * grid + column + i],
      }));
      const crossings = corners.flatMap((corner, k) => crossing(corner, corners[(k + 1) % 4], level));
      for (let k = 0; k + 1 < crossings.length; k += 2) lines.push([crossings[k], crossings[k + 1]]);
    }
  }
  return lines;
}

/** The place between two corners where the level is crossed, in a list of none or one. */
function crossing(one, other, level) {
  if (one.value < level === other.value < level) return [];
  const share = (level - one.value) / (other.value - one.value);
  return [one.place.map((value, k) => value + share * (other.place[k] - value))];
}

function dot(one, other) {
  let sum = 0;
  for (let k = 0; k < one.length; k++) sum += one[k] * other[k];
  return sum;
}

function length(vector) {
  return Math.sqrt(dot(vector, vector));
}

function scaled(vector, factor) {
  return vector.map((value) => value * factor);
}
