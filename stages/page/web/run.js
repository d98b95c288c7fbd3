// The run that this page shows: the JSON in the page, unpacked.

import {
  decodeBytes,
  decodeFloats,
  decodeImages,
  decodeSigned,
  restoreParameters,
} from "./codec.js";
import { byId } from "./dom.js";
import { withArticle } from "./format.js";
import { unpackNetwork, unpackPreprocessing } from "./model.js";
import { unpackFamiliar } from "./novelty.js";
import { parameterBlocks } from "./network.js";
import { inputsOf, mapColumns, mapRows, seenShape } from "./preprocess.js";

const mostDrawn = 16; // hidden neurons of a layer
const mostOutputsDrawn = 32;
const mostHiddenDrawn = 4; // layers: the first two and the last two of more
// In which direction ink begins, for each map of edges, row by row.
const directions = [
  ["right", "right and down", "down", "left and down"],
  ["left", "left and up", "up", "right and up"],
];

/** Everything that stages/page/embed.py wrote, unpacked. */
export const run = unpackRun(JSON.parse(byId("run-data").textContent));

function unpackRun(data) {
  const { height, width } = data.preprocessing;
  const preprocessing = unpackPreprocessing(data.preprocessing);
  const network =
    data.parameters === null ? null : unpackNetwork(data, decodeFloats(data.parameters));
  return {
    ...data,
    preprocessing,
    network,
    pixels: height * width,
    seen: seenShape(preprocessing),
    digits: unpackDigits(data.digits, height * width, preprocessing),
    snapshots: unpackSnapshots(data),
    familiar: data.familiar && unpackFamiliar(data.familiar),
    layers: drawnLayers(data.sizes),
    drawn: network ? drawnNeurons(network) : [],
  };
}

/** The embedded test images; the first `sample` of them are the first of the test set. */
function unpackDigits(digits, pixels, preprocessing) {
  const count = digits.labels.length;
  const levels = decodeImages(decodeBytes(digits.code), count * pixels);
  const ready = { ...preprocessing, deskew: false }; // they have been straightened before
  const inputs = [];
  const image = (k) => levels.subarray(k * pixels, (k + 1) * pixels);
  return {
    ...digits,
    count,
    image,
    inputs: (k) => (inputs[k] ??= inputsOf(image(k), ready)),
    sampleInputs: () =>
      digits.labels
        .slice(0, digits.sample)
        .map((_, k) => (inputs[k] ??= inputsOf(image(k), ready))),
  };
}

function unpackSnapshots(data) {
  if (!data.snapshots) return null;
  const blocks = parameterBlocks(data.sizes);
  const total = blocks.reduce((sum, count) => sum + count, 0);
  const levels = decodeSigned(data.snapshots.levels);
  const scales = decodeFloats(data.snapshots.scales);
  const networks = [];
  const restored = (k) =>
    restoreParameters(
      levels.subarray(k * total, (k + 1) * total),
      scales.subarray(k * blocks.length, (k + 1) * blocks.length),
      blocks,
    );
  return {
    epochs: data.snapshots.epochs,
    network: (k) => (networks[k] ??= unpackNetwork(data, restored(k))),
  };
}

/** Which layers are drawn: all hidden ones or, of many, the first and last two; and the outputs. */
function drawnLayers(sizes) {
  const last = sizes.length - 1;
  const hidden = Array.from({ length: last - 1 }, (_, k) => k + 1);
  const half = mostHiddenDrawn / 2;
  const few =
    hidden.length <= mostHiddenDrawn ? hidden : [...hidden.slice(0, half), ...hidden.slice(-half)];
  return [...few, last];
}

/** Which neurons of each layer are drawn: of many, those with the largest weights to the next. */
function drawnNeurons(network) {
  const { sizes, weights } = network;
  return sizes.map((count, layer) => {
    const all = Array.from({ length: count }, (_, k) => k);
    const most = layer === sizes.length - 1 ? mostOutputsDrawn : mostDrawn;
    if (layer === 0 || count <= most) return all;
    if (layer === sizes.length - 1) return all.slice(0, most);
    const strength = new Float64Array(count);
    weights[layer].forEach((weight, k) => (strength[k % count] += weight * weight));
    return all
      .sort((i, j) => strength[j] - strength[i])
      .slice(0, most)
      .sort((i, j) => i - j);
  });
}

/** Whether the classes' names need more room than a few characters. */
export function longNames() {
  return document.body.classList.contains("long-names");
}

/** What a layer is called. */
export function layerName(layer) {
  const last = run.sizes.length - 1;
  if (layer === 0) return run.preprocessing.edges ? "edges" : "pixels";
  if (layer === last) return "outputs";
  return last === 2 ? "hidden layer" : `hidden layer ${layer}`;
}

/** What a neuron is called; like everything here, neurons are counted from 0. */
export function neuronName(layer, index) {
  if (layer === run.sizes.length - 1) return `output ${run.names[index]}`;
  return `${layerName(layer)}, neuron ${index}`;
}

/** Where one of the inputs is: in the image, or in a map of its edges. */
export function inputName(k) {
  const { height, width } = run.seen;
  const [row, column] = [Math.floor(k / width), k % width];
  if (!run.preprocessing.edges) return `row ${row}, column ${column}`;
  const [tall, wide] = [height / mapRows, width / mapColumns];
  const direction = directions[Math.floor(row / tall)][Math.floor(column / wide)];
  return `${direction}, row ${row % tall}, column ${column % wide}`;
}

/** An image of a class, in words: "a 2", "class A". */
export function oneOf(label) {
  return run.noun === "digit" ? withArticle(run.names[label]) : `class ${run.names[label]}`;
}
