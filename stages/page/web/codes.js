// What a visitor has done, as short texts for a link: drawings, images, steps. No document here.
//
// Texts hold letters, digits and - _ . : ~ only, which stand in an address as they are.

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
export const finest = 4095; // places along each side of the pad: two characters a coordinate

/** A seed that nobody has chosen. */
export function anySeed() {
  return Math.floor(Math.random() * 2 ** 32);
}

/** A coordinate, 0 to 1, as a drawing's code can hold it. */
export function rounded(coordinate) {
  return Math.round(coordinate * finest) / finest;
}

/** Strokes, points [x, y] of the unit square: four characters a point, a dot between strokes. */
export function encodeStrokes(strokes) {
  const pair = (value) => {
    const place = Math.round(value * finest);
    return alphabet[place >> 6] + alphabet[place & 63];
  };
  return strokes.map((stroke) => stroke.map(([x, y]) => pair(x) + pair(y)).join("")).join(".");
}

/**
 * The reverse of `encodeStrokes`.
 * @throws {Error} for anything else
 */
export function decodeStrokes(code) {
  return code.split(".").map((text) => {
    if (!/^(?:[\w-]{4})+$/.test(text)) throw new Error("no drawing");
    const value = (place) =>
      (alphabet.indexOf(text[place]) * 64 + alphabet.indexOf(text[place + 1])) / finest;
    return Array.from({ length: text.length / 4 }, (_, k) => [value(4 * k), value(4 * k + 2)]);
  });
}

/** Grey levels: two characters each, and a run of zeros as a dot and two characters. */
export function encodeLevels(levels) {
  const pair = (value) => alphabet[value >> 6] + alphabet[value & 63];
  let code = "";
  for (let k = 0; k < levels.length; ) {
    let zeros = 0;
    while (k + zeros < levels.length && levels[k + zeros] === 0 && zeros < finest) zeros++;
    code += zeros > 0 ? `.${pair(zeros)}` : pair(levels[k]);
    k += Math.max(1, zeros);
  }
  return code;
}

/**
 * The reverse of `encodeLevels`, of so many levels.
 * @throws {Error} for anything else
 */
export function decodeLevels(code, length) {
  if (!/^(?:\.?[\w-]{2})*$/.test(code)) throw new Error("no image");
  const levels = [];
  for (const [text] of code.matchAll(/\.?[\w-]{2}/g)) {
    const [high, low] = text.slice(-2);
    const value = alphabet.indexOf(high) * 64 + alphabet.indexOf(low);
    if (!text.startsWith(".")) levels.push(value);
    else for (let k = 0; k < value && levels.length <= length; k++) levels.push(0);
  }
  if (levels.length !== length || levels.some((level) => level > 255)) throw new Error("no image");
  return Uint8Array.from(levels);
}

/**
 * What has been done to the weights, one after the other: steps, and nudges of one weight.
 * @param {object[]} actions {kind: "steps", count, rate, source, label, off, shift}: source is "r" and
 *   a seed for random batches, or else the code of an image; {kind: "nudge", layer, index, from, by}
 */
export function encodeActions(actions) {
  return actions
    .map((action) =>
      action.kind === "nudge"
        ? ["w", action.layer, action.index, action.from, action.by].join("~")
        : ["s", action.count, action.rate, action.source, action.label, action.off, action.shift].join("~"),
    )
    .join("*");
}

/**
 * The reverse of `encodeActions`.
 * @throws {Error} for anything else
 */
export function decodeActions(text) {
  return text.split("*").map((part) => {
    const [kind, ...fields] = part.split("~");
    if (kind === "w" && fields.length === 4) {
      const [layer, index, from, by] = fields.map(finite);
      return { kind: "nudge", layer, index, from, by };
    }
    if (kind !== "s" || fields.length !== 6) throw new Error("no action");
    const [count, rate, source, label, off, shift] = fields;
    const numbers = { count: finite(count), rate: finite(rate), label: finite(label) };
    return { kind: "steps", ...numbers, source, off, shift };
  });
}

/**
 * The ball on the hill: where it was put, the rate, and the steps that it has taken since.
 * @param {{from: string, power: number, steps: number[]}} ball from: "start", "end", or both
 *   coordinates with a colon between; power, and one for each step: tenths of the rate's exponent
 */
export function encodeBall({ from, power, steps }) {
  const runs = [];
  for (const step of steps) {
    if (runs.at(-1)?.step === step) runs.at(-1).count += 1;
    else runs.push({ step, count: 1 });
  }
  return [from, power, ...runs.map(({ step, count }) => `${count}.${step}`)].join("~");
}

/**
 * The reverse of `encodeBall`.
 * @throws {Error} for anything else
 */
export function decodeBall(text) {
  const [from, power, ...parts] = text.split("~");
  const runs = parts.map((part) => (/^\d{1,3}\.-?\d{1,2}$/.test(part) ? part.split(".").map(Number) : null));
  const place = /^(?:start|end|-?\d{1,4}:-?\d{1,4})$/.test(from);
  if (!place || !/^-?\d{1,2}$/.test(power) || runs.includes(null)) throw new Error("no ball");
  return { from, power: Number(power), steps: runs.flatMap(([count, step]) => Array(count).fill(step)) };
}

/** Neurons that are off, by neuronKey: "1:3.1:7"; and shifts of biases: "1:3:0.5". */
export function encodeKeys(keys) {
  return [...keys].map((entry) => [entry].flat().join(":")).join(".");
}

/** The Set of keys of `encodeKeys`. */
export function decodeOff(text) {
  return new Set(text === "" ? [] : text.split(".").map((key) => checkedKey(key)));
}

/** The Map of keys to shifts of `encodeKeys`; a shift is in hundredths. */
export function decodeShift(text) {
  const entries = text === "" ? [] : text.split(".");
  return new Map(
    entries.map((entry) => {
      const cut = entry.lastIndexOf(":");
      return [checkedKey(entry.slice(0, cut)), finite(entry.slice(cut + 1)) / 100];
    }),
  );
}

/** Shifts as `decodeShift` takes them: in hundredths, since dots stand between them. */
export function encodeShift(shift) {
  return encodeKeys([...shift].map(([key, by]) => [key, Math.round(100 * by)]));
}

function checkedKey(key) {
  if (!/^\d+:\d+$/.test(key)) throw new Error("no neuron");
  return key;
}

function finite(text) {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) throw new Error("no number");
  return value;
}
