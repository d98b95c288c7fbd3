// Colours of values, as [red, green, blue] from 0 to 255.

const nightColour = [13, 21, 32];
const glowStops = [nightColour, [74, 90, 112], [255, 255, 255]];
const negativeGlow = [nightColour, [110, 66, 34], [242, 162, 87]];
const signedStops = [
  [107, 36, 5],
  [201, 86, 26],
  [243, 181, 140],
  [255, 255, 255],
  [147, 191, 228],
  [29, 95, 168],
  [10, 42, 85],
];

/** The colour of an activation: 0 is night, 1 is white, and below 0 it glows orange. */
export function glowColour(value) {
  return value < 0 ? between(negativeGlow, -value) : between(glowStops, value);
}

/** The colour of a signed value from -1 to 1: negative is orange, 0 white, positive blue. */
export function signedColour(value) {
  return between(signedStops, (value + 1) / 2);
}

/** The colour of a signed value on a dark ground: negative is orange, 0 night, positive sky blue. */
export function nightSignedColour(value) {
  const end = value < 0 ? [242, 162, 87] : [111, 180, 245];
  return between([nightColour, end], Math.abs(value) ** 0.7);
}

/** A colour as style sheets write it. */
export function cssColour(colour) {
  return `rgb(${colour.map(Math.round).join(" ")})`;
}

/** A colour between stops, for a share from 0 to 1. */
function between(stops, share) {
  const place = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const first = Math.min(Math.floor(place), stops.length - 2);
  const rest = place - first;
  return stops[first].map((value, k) => value + rest * (stops[first + 1][k] - value));
}
