// Unpacks the page's data: base64, zero-run codes for images, 8 bits for the weights of an epoch.
// stages/page/codec.py packs them.

const coarse = 17; // grey levels in a step of the 16 that training images keep

/** The bytes, Uint8Array, of a base64 text. */
export function decodeBytes(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** The Int8Array of a base64 text. */
export function decodeSigned(text) {
  return new Int8Array(decodeBytes(text).buffer);
}

/** The Float32Array of a base64 text: four bytes a number, the lowest first. */
export function decodeFloats(text) {
  return new Float32Array(decodeBytes(text).buffer); // every browser's machine has this order
}

/**
 * Grey levels from their zero-run code: a zero is followed by how many zeros it stands for, 1 to
 * 255; any other byte stands for itself.
 * @param {Uint8Array} code
 * @param {number} length how many grey levels there must be
 * @returns {Uint8Array} (length,)
 * @throws {Error} if the code is broken or of another length
 */
export function decodeImages(code, length) {
  const levels = new Uint8Array(length);
  let place = 0;
  for (let k = 0; k < code.length; k++) {
    if (code[k] !== 0) levels[place++] = code[k];
    else if (code[k + 1] > 0) place += code[++k];
    else throw new Error("a zero without its count");
  }
  if (place !== length) throw new Error(`expected ${length} grey levels, got ${place}`);
  return levels;
}

/**
 * Grey levels from the code of 16 of them, half a byte each: 1 to 15 stand for themselves, 0 for a
 * run of zeros, whose length, 1 to 255, follows in two half bytes.
 * @param {Uint8Array} code
 * @param {number} length how many grey levels there must be
 * @returns {Uint8Array} (length,) from 0 to 255
 * @throws {Error} if the code is broken or of another length
 */
export function decodeCoarse(code, length) {
  const levels = new Uint8Array(length);
  const half = (k) => (k % 2 ? code[k >> 1] & 15 : code[k >> 1] >> 4);
  let place = 0;
  let k = 0;
  while (place < length && k < 2 * code.length) {
    const level = half(k++);
    if (level > 0) levels[place++] = coarse * level;
    else {
      place += 16 * half(k) + half(k + 1);
      k += 2;
    }
  }
  if (place !== length || 2 * code.length - k > 1) {
    throw new Error(`expected ${length} grey levels, got ${place}`);
  }
  return levels;
}

/**
 * Parameters, (P,), from 8 bits each: level x the scale of its block.
 * @param {Int8Array} levels (P,)
 * @param {Float32Array} scales one of each layer's weights, then one of each layer's biases
 * @param {number[]} counts lengths of these blocks (parameterBlocks of network.js)
 * @returns {Float32Array} (P,)
 */
export function restoreParameters(levels, scales, counts) {
  const parameters = new Float32Array(levels.length);
  let start = 0;
  counts.forEach((count, block) => {
    for (let k = start; k < start + count; k++) parameters[k] = levels[k] * scales[block];
    start += count;
  });
  return parameters;
}
