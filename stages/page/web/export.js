// What goes into the module that stages/tools/formats/javascript.py writes: a network that classifies
// images. It exports `guesses` and `prepare` too, which are imported here to be there.

import { decodeFloats } from "./codec.js";
import { unpackNetwork, unpackPreprocessing } from "./model.js";
import { forward, guesses } from "./network.js";
import { prepare } from "./prepare.js";
import { inputsOf } from "./preprocess.js";

/**
 * The function that reads images with a model.
 * @param {object} packed the model as stages/page/embed.py packs it
 * @returns {(pixels: ArrayLike<number>) => Float32Array} from (height * width,) grey levels to the
 *   outputs, (n_L,); it throws an Error if there are more or fewer. Outputs are float32 as those of
 *   the pipeline, so that what is equal there is equal here
 */
export function makeReader(packed) {
  const network = unpackNetwork(packed, decodeFloats(packed.parameters));
  const preprocessing = unpackPreprocessing(packed.preprocessing);
  const expected = preprocessing.height * preprocessing.width;
  return (pixels) => {
    if (pixels.length !== expected) {
      throw new Error(`expected ${expected} pixels, got ${pixels.length}`);
    }
    const { activations } = forward(network, inputsOf(Uint8Array.from(pixels), preprocessing));
    return Float32Array.from(activations.at(-1));
  };
}
