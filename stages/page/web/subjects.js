// Images by the codes that links have for them: a letter for the kind, and what makes the image.

import { decodeLevels, decodeStrokes } from "./codes.js";
import { inputsOf } from "./preprocess.js";
import { makeRandom } from "./random.js";
import { run } from "./run.js";
import { imageOfStrokes } from "./strokes.js";

/**
 * The image of a code.
 * @param {string} code t and a place in the test set, d and strokes, n and a seed, e for no ink, p and
 *   grey levels
 * @returns {{kind: string, image: Uint8Array, place: number|null, strokes: number[][][]}}
 * @throws {Error} for anything else
 */
export function subjectOf(code) {
  const text = code.slice(1);
  const { height, width } = run.preprocessing;
  const made = (kind, image, more = {}) => ({ kind, image, place: null, strokes: [], ...more });
  switch (code[0]) {
    case "t": {
      const place = run.digits.indices.indexOf(Number(text));
      if (text === "" || place < 0) throw new Error("no image of this page");
      return made("test", run.digits.image(place), { place });
    }
    case "d": {
      const strokes = decodeStrokes(text);
      return made("drawn", imageOfStrokes(strokes, height, width), { strokes });
    }
    case "n": {
      const { uniform } = makeRandom(parseInt(text, 36));
      const image = Uint8Array.from({ length: run.pixels }, () => Math.floor(uniform() * 256));
      return made("noise", image);
    }
    case "e":
      return made("empty", new Uint8Array(run.pixels));
    case "p":
      return made("picture", decodeLevels(text, run.pixels));
    default:
      throw new Error("no image");
  }
}

/** The network's inputs for the image of a code. */
export function inputsOfCode(code) {
  const { kind, image, place } = subjectOf(code);
  return kind === "test" ? run.digits.inputs(place) : inputsOf(image, run.preprocessing);
}
