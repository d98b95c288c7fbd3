// A story about data: a 1 whose upstroke grows, what the trained network makes of it, and which
// training images it comes to lie beside.

import { paintGrey } from "./canvas.js";
import { rounded } from "./codes.js";
import { byId, make } from "./dom.js";
import { decimalText } from "./format.js";
import { forward, guesses } from "./network.js";
import { noveltyOf } from "./novelty.js";
import { showStrokes } from "./pad.js";
import { inputsOf, straightened } from "./preprocess.js";
import { run } from "./run.js";
import { imageOfStrokes } from "./strokes.js";

const lengths = [0, 0.12, 0.2, 0.28, 0.36, 0.44]; // of the upstroke's height, of the pad's side
const [column, top, bottom, slope] = [0.56, 0.12, 0.88, 0.75];

/** Draw the row of ones, where there is room for it: on a page that reads digits. */
export function startUpstrokes() {
  byId("upstrokes")?.replaceChildren(...lengths.map(makeOne));
}

/** A 1 with an upstroke that begins this far below its top. */
function strokesOf(length) {
  const start = length > 0 ? [[column - slope * length, top + length]] : [];
  const points = [...start, [column, top], [column, bottom]];
  return [points.map((point) => point.map(rounded))];
}

function makeOne(length) {
  const { height, width } = run.preprocessing;
  const image = imageOfStrokes(strokesOf(length), height, width);
  const outputs = forward(run.network, inputsOf(image, run.preprocessing)).activations.at(-1);
  const [first] = guesses(outputs);
  const straight = straightened(image, run.preprocessing);
  const beside = run.familiar && noveltyOf(run.familiar, straight, height, width).nearest;
  const canvas = make("canvas");
  canvas.setAttribute("aria-hidden", "true");
  paintGrey(canvas, image, height, width);
  const button = make(
    "button",
    { type: "button", className: "thumbnail" },
    canvas,
    make("span", { className: "unseen" }, `A 1 with an upstroke of ${decimalText(length)}, read as `),
    make("span", { className: "thumb-words" }, run.names[first]),
    make("span", { className: "thumb-value" }, decimalText(outputs[first])),
    ...(run.familiar ? [make("span", { className: "thumb-note" }, `beside ${run.names[beside]}s`)] : []),
  );
  button.dataset.guess = first;
  button.addEventListener("click", () => {
    showStrokes(strokesOf(length));
    byId("draw").scrollIntoView();
    byId("pad").focus({ preventScroll: true });
  });
  return make("li", {}, button);
}
