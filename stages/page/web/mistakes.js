// Where it fails: cells of the confusion matrix open the images that they count.

import { paintGrey } from "./canvas.js";
import { byId, make, makeRoving } from "./dom.js";
import { decimalText, plainText } from "./format.js";
import { run } from "./run.js";
import { showDigit } from "./scene.js";

const mostShown = 60; // images opened at once

/** Make the matrix and the gallery work. */
export function startMistakes() {
  const table = byId("confusion-table");
  const buttons = [...table.tBodies[0].rows].map((row, label) =>
    [...row.cells].slice(1).map((cell, guess) => makeCell(cell, label, guess)),
  );
  buttons[0][0].tabIndex = 0;
  makeRoving(table, (button, key) => {
    const { label, guess } = button;
    const goal = {
      ArrowUp: [label - 1, guess],
      ArrowDown: [label + 1, guess],
      ArrowLeft: [label, guess - 1],
      ArrowRight: [label, guess + 1],
      Home: [label, 0],
      End: [label, buttons.length - 1],
    }[key];
    return goal && buttons[goal[0]]?.[goal[1]];
  });
  const gallery = byId("surest");
  const { surest } = run.digits;
  gallery.replaceChildren(...surest.map(makeThumbnail));
  const worst = worstCell();
  if (worst) openCell(buttons[worst[0]][worst[1]], false);
}

/** The pair of classes that is taken for one another most often. */
function worstCell() {
  let worst = null;
  run.confusion.forEach((row, label) =>
    row.forEach((count, guess) => {
      if (label !== guess && count > (worst ? run.confusion[worst[0]][worst[1]] : 0))
        worst = [label, guess];
    }),
  );
  return worst;
}

function makeCell(cell, label, guess) {
  const count = run.confusion[label][guess];
  const button = make("button", { type: "button", tabIndex: -1 }, String(count));
  Object.assign(button, { label, guess });
  const [shown, read] = [run.names[label], run.names[guess]];
  const about = label === guess ? `${shown} read correctly` : `${shown} read as ${read}`;
  button.setAttribute("aria-label", `${about}: ${count}`);
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => openCell(button, true));
  cell.replaceChildren(button);
  return button;
}

function openCell(button, byHand) {
  const { label, guess } = button;
  for (const other of byId("confusion-table").querySelectorAll("[aria-pressed='true']")) {
    other.setAttribute("aria-pressed", "false");
  }
  button.setAttribute("aria-pressed", "true");
  const { labels, guesses: answers, sample } = run.digits;
  const places = Array.from(labels.keys()).filter(
    (k) => labels[k] === label && answers[k] === guess,
  );
  const shown = places.slice(0, mostShown);
  const count = run.confusion[label][guess];
  const [is, read] = [run.names[label], run.names[guess]];
  const what = label === guess ? `${is}, read correctly` : `${is}, read as ${read}`;
  byId("cell-title").textContent = `${what}: ${count.toLocaleString("en")}`;
  const why = label === guess ? `the first ${sample} test images` : "this page";
  const all = shown.length === count;
  byId("cell-note").textContent =
    count === 0 ? "None." : all ? "All of them:" : `${shown.length} of them, from ${why}:`;
  byId("cell-images").replaceChildren(...shown.map(makeThumbnail));
  if (byHand) byId("cell").dataset.opened = `${label} ${guess}`;
}

/** An image with its answer; a click puts it before the network. */
function makeThumbnail(place) {
  const { labels, guesses: answers, seconds, values, indices } = run.digits;
  const canvas = make("canvas");
  canvas.setAttribute("aria-hidden", "true");
  paintGrey(canvas, run.digits.image(place), run.preprocessing.height, run.preprocessing.width);
  const [is, read] = [run.names[labels[place]], run.names[answers[place]]];
  const words = is === read ? is : `${is} \u2192 ${read}`;
  const button = make(
    "button",
    { type: "button", className: "thumbnail" },
    canvas,
    make("span", { className: "unseen" }, `Test image ${indices[place]}: `),
    make("span", { className: "thumb-words" }, words),
    make("span", { className: "thumb-value" }, decimalText(values[place])),
  );
  const second = seconds[place] === null ? "" : `, second guess ${run.names[seconds[place]]}`;
  button.title = `Test image ${indices[place]}: ${run.noun} ${is}, read as ${read} with ${plainText(values[place])}${second}. Click to put it before the network.`;
  if (!run.network) button.disabled = true;
  button.addEventListener("click", () => {
    showDigit(place);
    byId("draw").scrollIntoView();
    byId("pad").focus({ preventScroll: true });
  });
  return make("li", {}, button);
}
