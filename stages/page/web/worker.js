// The training's own thread: it learns while the page stays free to be used.
//
// Messages to it: data (once), start, set, play, pause, step, shown. From it: reports.

import { decodeBytes, decodeCoarse } from "./codec.js";
import { examplesOf, makeTraining } from "./training.js";

const slice = 40; // milliseconds of learning between two looks at the messages
const rest = 4; // times as long as a report took, it learns before the next
let examples = null;
let training = null;
let id = 0; // of the training, so that late reports of the one before are known
let choice = { rate: 0, batch: 1, pace: 0, gap: 100 }; // steps and milliseconds: see `choose`
let play = null; // { since, taken } while it plays: steps since then
let reported = { at: 0, took: 0, images: 0, shown: true }; // the last report, and its milliseconds

const messages = {
  data({ training: { code, labels }, tests, preprocessing }) {
    const pixels = preprocessing.height * preprocessing.width;
    const classes = decodeBytes(labels);
    const levels = decodeCoarse(decodeBytes(code), classes.length * pixels);
    examples = {
      training: examplesOf(levels, classes, preprocessing),
      tests: examplesOf(tests.levels, tests.labels, preprocessing),
    };
  },
  /** A new network; setup as `makeTraining` takes it. */
  start({ setup }) {
    play = null;
    id = setup.id;
    training = makeTraining(examples, setup);
    report();
  },
  /** rate, batch, pace (steps a second, or Infinity) and gap (milliseconds between reports). */
  set(chosen) {
    choice = { ...choice, ...chosen };
    if (play) restartClock();
  },
  play() {
    restartClock();
    reported = { ...reported, at: performance.now() };
    setTimeout(learn);
  },
  pause() {
    play = null;
    report();
  },
  step() {
    training.take(choice.rate, choice.batch);
    report();
  },
  shown() {
    reported.shown = true;
  },
};

function restartClock() {
  play = { since: performance.now(), taken: 0 };
}

/** Take the steps that are due, and come back. */
function learn() {
  if (!play) return;
  const start = performance.now();
  const due = (choice.pace * (start - play.since)) / 1000 - play.taken;
  let taken = 0;
  while (taken + 1 <= due && performance.now() - start < slice) {
    training.take(choice.rate, choice.batch);
    taken += 1;
  }
  play.taken += taken;
  if (due - taken > choice.pace) restartClock(); // it cannot keep pace: forget what is due
  if (taken > 0 || reported.waiting) {
    const quiet = Math.max(choice.gap, rest * reported.took); // a slow machine looks less often
    reported.waiting = !reported.shown || performance.now() - reported.at < quiet;
    if (!reported.waiting) report();
  }
  setTimeout(learn, Math.min(100, 1000 / choice.pace));
}

function report() {
  const now = performance.now();
  const measured = training.report();
  const perSecond = play ? (1000 * (measured.images - reported.images)) / (now - reported.at) : 0;
  reported = { at: now, took: performance.now() - now, images: measured.images, shown: false };
  const parameters = training.parameters();
  self.postMessage({ id, ...measured, perSecond, parameters }, [parameters.buffer]);
}

self.onmessage = ({ data: { kind, ...rest } }) => messages[kind](rest);
