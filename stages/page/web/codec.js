// Unpacks the page's data: base64, zero-run code for images, 8 bits for the weights of an epoch.
// stages/page/codec.py packs them.

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
