// Values by their magnitude, whatever their sign.

/** The largest absolute value, or 1 if all are 0. */
export function largestOf(values) {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return largest || 1;
}

/** The indices of the `count` values of largest magnitude, the largest first. */
export function strongest(values, count) {
  const order = Array.from(values.keys()).sort((i, j) => Math.abs(values[j]) - Math.abs(values[i]));
  return order.slice(0, count);
}
