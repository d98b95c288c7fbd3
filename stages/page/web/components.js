// Principal components: the plane in which many points differ most.

const mostTurns = 200; // of the power method, for each component
const still = 1e-11; // a turn that moves the axis by less, squared, is the last

/**
 * The plane of the first two principal components of points.
 * @param {ArrayLike<number>[]} points n times (d,)
 * @returns {{axes: Float64Array[], project: (point: ArrayLike<number>) => number[], share: number}}
 *   axes: of length 1, the largest number of each positive; project: where a point is in the plane;
 *   share: how much of the points' variance lies in it
 */
export function principalPlane(points) {
  const size = points[0].length;
  const mean = new Float64Array(size);
  for (const point of points) for (let k = 0; k < size; k++) mean[k] += point[k] / points.length;
  const rows = points.map((point) => Float64Array.from(mean, (value, k) => point[k] - value));
  const axes = [];
  for (let which = 0; which < 2; which++) axes.push(component(rows, size, axes));
  const project = (point) => {
    const moved = mean.map((value, k) => point[k] - value);
    return axes.map((axis) => dot(moved, axis));
  };
  const total = rows.reduce((sum, row) => sum + dot(row, row), 0);
  const within = rows.reduce((sum, row) => axes.reduce((s, axis) => s + dot(row, axis) ** 2, sum), 0);
  return { axes, project, share: total > 0 ? within / total : 0 };
}

/** The direction in which the rows differ most, at right angles to those that are known. */
function component(rows, size, known) {
  // The longest row is a good guess.
  let axis = rows.reduce((best, row) => (dot(row, row) > dot(best, best) ? row : best), rows[0]);
  axis = upright(axis, known, size);
  for (let turn = 0; turn < mostTurns; turn++) {
    const next = new Float64Array(size);
    for (const row of rows) {
      const part = dot(row, axis);
      for (let k = 0; k < size; k++) next[k] += part * row[k];
    }
    if (dot(next, next) === 0) break; // all rows are alike
    const before = axis;
    axis = upright(next, known, size);
    if (1 - dot(axis, before) < still) break;
  }
  const largest = axis.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  return axis.map((value) => value * (largest < 0 ? -1 : 1));
}

/** The part of a direction at right angles to others, of length 1; any such if there is none. */
function upright(direction, known, size) {
  const candidates = [direction, ...Array.from({ length: Math.min(size, 3) }, (_, k) => unit(k, size))];
  for (const candidate of candidates) {
    let rest = Float64Array.from(candidate);
    for (const axis of known) {
      const part = dot(rest, axis);
      rest = rest.map((value, k) => value - part * axis[k]);
    }
    const length = Math.sqrt(dot(rest, rest));
    if (length > 1e-9 * Math.sqrt(dot(candidate, candidate)) && length > 0)
      return rest.map((value) => value / length);
  }
  return new Float64Array(size);
}

function unit(place, size) {
  return Float64Array.from({ length: size }, (_, k) => Number(k === place));
}

/** For each of the places, the index of the nearest other one. */
export function nearestOthers(places) {
  return places.map(([x, y], i) => {
    let [best, least] = [-1, Infinity];
    places.forEach(([other, up], j) => {
      const far = (x - other) ** 2 + (y - up) ** 2;
      if (j !== i && far < least) [best, least] = [j, far];
    });
    return best;
  });
}

function dot(one, other) {
  let sum = 0;
  for (let k = 0; k < one.length; k++) sum += one[k] * other[k];
  return sum;
}
