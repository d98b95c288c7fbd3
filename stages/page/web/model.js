// A model as stages/page/embed.py packs it: the network, and the preprocessing that its images need.

import { decodeFloats } from "./codec.js";
import { makeNetwork } from "./network.js";

/** The network of these layers and parameters, (P,). */
export function unpackNetwork({ sizes, activation, cost, leak }, parameters) {
  return makeNetwork({ sizes, activation, cost, leak, parameters });
}

/** Preprocessing as `inputsOf` takes it: scale and offset are one number or one an input. */
export function unpackPreprocessing(packed) {
  const numbers = (value) => (typeof value === "number" ? value : decodeFloats(value));
  return { ...packed, scale: numbers(packed.scale), offset: numbers(packed.offset) };
}
