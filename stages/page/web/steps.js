// Stochastic gradient descent in the visitor's hands.

import { keepInAddress } from "./address.js";
import { paintGrey } from "./canvas.js";
import { anySeed, decodeActions, encodeActions, encodeKeys, encodeShift } from "./codes.js";
import { byId, makeShape } from "./dom.js";
import { decimalText, percentText, plainText } from "./format.js";
import { fillLabels } from "./labels.js";
import { costTerms, forward, oneHot } from "./network.js";
import { makeBars } from "./prediction.js";
import { applyAction } from "./replay.js";
import { run } from "./run.js";
import {
  changesText,
  currentAccuracy,
  currentNetwork,
  onChange,
  replaceNetwork,
  sampleAccuracy,
  scene,
  stepsTaken,
  subjectText,
  trainedAccuracy,
  wantedLabel,
} from "./scene.js";
import { makeAnnouncer, makeVisibleUpdate } from "./schedule.js";

const mostSteps = 2000; // that a link may ask for
const mostMemory = 5e6; // numbers kept, so that steps can be undone
const [chartWidth, chartHeight, chartLeft] = [320, 130, 60];
// Of the rate with which the run began, far from any valley, what is left to begin with here. Ten
// steps on random test images with the whole of it break the network of the lectures (49 % are
// read correctly afterwards), with a tenth they help; one image alone is followed still more slowly.
const shares = { one: 1 / 30, batch: 1 / 10 };

const done = []; // what `now` was before each click
const firstRate = run.history.learning_rate[0] || 1;
const rates = { one: shares.one * firstRate, batch: shares.batch * firstRate };
let now = null; // { network, actions, path }: path holds the accuracy before the first step, after each
let announce = () => {};

/** Make the section work. */
export function startSteps() {
  const bars = makeBars(byId("step-bars"));
  announce = makeAnnouncer(byId("step-live"), 400);
  fillLabels(byId("step-label"));
  byId("step-label").addEventListener("change", (event) => {
    const select = byId("true-label");
    select.value = event.target.value;
    select.dispatchEvent(new Event("change"));
  });
  startRates();
  byId("step-one").addEventListener("click", () => take(1));
  byId("step-ten").addEventListener("click", () => take(10));
  byId("step-undo").addEventListener("click", undo);
  byId("step-reset").addEventListener("click", reset);
  now = untouched();
  keepInAddress("weights", actionsText, restoreActions);
  const refresh = makeVisibleUpdate(byId("step"), () => {
    now.path[now.path.length - 1] = currentAccuracy();
    bars(scene.pass.activations.at(-1));
    paintGrey(
      byId("step-image"),
      scene.subject.image,
      run.preprocessing.height,
      run.preprocessing.width,
    );
    tellSteps();
  });
  onChange(() => {
    if (scene.network !== now.network) forgetSteps(); // it has been restored from elsewhere
    refresh();
  });
}

function untouched() {
  return { network: run.network, actions: [], path: [null] };
}

function forgetSteps() {
  done.length = 0;
  now = { network: scene.network, actions: scene.actions, path: [null] };
}

// The learning rate.

function startRates() {
  const rate = byId("rate");
  rate.addEventListener("input", () => {
    rates[sourceNow()] = 10 ** Number(rate.value);
    tellRate();
  });
  for (const id of ["learn-one", "learn-batch"]) byId(id).addEventListener("change", setRate);
  setRate();
}

function sourceNow() {
  return byId("learn-one").checked ? "one" : "batch";
}

function setRate() {
  byId("rate").value = Math.log10(rates[sourceNow()]);
  rates[sourceNow()] = 10 ** Number(byId("rate").value); // as far as the slider can say it
  tellRate();
}

function tellRate() {
  const value = rates[sourceNow()];
  const text = String(+value.toPrecision(2));
  byId("rate-value").textContent = text;
  byId("rate").setAttribute("aria-valuetext", text);
  const first = String(+firstRate.toPrecision(2));
  byId("rate-note").textContent =
    value > firstRate / 2
      ? `This run began with ${first}, far up the hill. Down here so long a step goes right across the valley, and up the other side.`
      : `This run began with ${first}, and went on with smaller and smaller steps. What does so long a step do down here?`;
}

// Steps.

function take(count) {
  const network = currentNetwork();
  now.path[now.path.length - 1] ??= currentAccuracy();
  const path = [...now.path];
  const action = actionOf(count);
  remember();
  applyAction(network, action, () => path.push(sampleAccuracy(network)));
  show({ network, actions: [...now.actions, action], path });
}

/** So many steps as the controls stand, so that they can be taken again. */
function actionOf(count) {
  const one = sourceNow() === "one";
  return {
    kind: "steps",
    count,
    rate: Number(byId("rate").value),
    source: one ? scene.subject.code : `r${anySeed().toString(36)}`,
    label: one ? wantedLabel() : 0,
    off: encodeKeys(scene.off),
    shift: encodeShift(scene.shift),
  };
}

function show(next) {
  now = next;
  replaceNetwork(now.network, now.actions);
  announceSteps();
}

/**
 * What has been done to the weights, for a link; an image that the link has stands as "i". A network
 * that has learned here is too much for a link.
 */
function actionsText() {
  if (scene.actions.some(({ kind }) => kind === "taught")) return "";
  const { code } = scene.subject;
  const short = (action) => (action.source === code ? { ...action, source: "i" } : action);
  return encodeActions(scene.actions.map(short));
}

/** Do again what a link names. */
function restoreActions(text) {
  const { code } = scene.subject;
  const actions = decodeActions(text).map((action) =>
    action.source === "i" ? { ...action, source: code } : action,
  );
  if (!(stepsTaken(actions) <= mostSteps)) throw new Error("too many steps");
  const network = currentNetwork();
  const path = [trainedAccuracy()];
  for (const action of actions) applyAction(network, action, () => path.push(sampleAccuracy(network)));
  show({ network, actions, path });
}

function remember() {
  done.push(now);
  const kept = Math.max(3, Math.floor(mostMemory / run.parameterCount));
  if (done.length > kept) done.shift();
}

function undo() {
  show(done.pop() ?? now);
}

function reset() {
  done.length = 0;
  show(untouched());
}

function announceSteps() {
  announce(`${byId("step-count").textContent}; ${byId("step-summary").textContent}`);
}

function costOf(network, options) {
  const pass = forward(network, scene.subject.inputs, options);
  return costTerms(network, pass, oneHot(wantedLabel(), run.classes)).total;
}

function tellSteps() {
  const [before, after] = [costOf(run.network), costOf(scene.network, scene)];
  const [trained, accuracy] = [trainedAccuracy(), currentAccuracy()];
  const changed = changesText() !== "";
  const section = byId("step");
  const steps = stepsTaken();
  section.dataset.steps = steps;
  section.dataset.accuracy = accuracy;
  byId("step-count").textContent =
    steps === 1
      ? "After 1 step"
      : steps
        ? `After ${steps} steps`
        : "Before the first step";
  byId("step-subject").textContent = `${subjectText()}, to be read as ${run.names[wantedLabel()]}`;
  byId("step-cost").textContent = changed
    ? `${plainText(before)} \u2192 ${plainText(after)}`
    : plainText(after);
  byId("step-accuracy").textContent = changed
    ? `${percentText(trained)} \u2192 ${percentText(accuracy)}`
    : percentText(trained);
  byId("step-summary").textContent = changed
    ? summaryOf(before, after, 100 * (accuracy - trained))
    : "Nothing has been changed yet.";
  byId("step-undo").disabled = done.length === 0;
  byId("step-reset").disabled = scene.actions.length === 0;
  paintPath(now.path);
}

/** What has become of the image and of the others, by percentage points of accuracy. */
function summaryOf(before, after, points) {
  const own =
    after < before ? "costs less now" : after > before ? "costs more now" : "costs the same";
  const others =
    Math.abs(points) < 0.05
      ? "as many test images as before are read correctly"
      : `${decimalText(Math.abs(points), 1)} points ${points < 0 ? "fewer" : "more"} of the test images are read correctly`;
  return `Since training (${changesText()}): this image ${own}, and ${others}.`;
}

/** Accuracy step by step. */
function paintPath(path) {
  const svg = byId("step-path");
  const most = Math.max(10, path.length - 1);
  const point = (share, k) => [
    chartLeft + (k / most) * (chartWidth - chartLeft - 6),
    chartHeight - 8 - share * (chartHeight - 16),
  ];
  const line = path.map((share, k) =>
    point(share, k)
      .map((value) => value.toFixed(1))
      .join(","),
  );
  const [x, y] = point(path.at(-1), path.length - 1);
  const base = [0, 0.5, 1].map((share) =>
    makeShape("line", {
      class: "rule",
      x1: chartLeft,
      x2: chartWidth - 6,
      y1: point(share, 0)[1],
      y2: point(share, 0)[1],
    }),
  );
  const ticks = [0, 0.5, 1].map((share) =>
    makeShape(
      "text",
      { class: "tick", x: chartLeft - 8, y: point(share, 0)[1] + 4, "text-anchor": "end" },
      percentText(share, 0),
    ),
  );
  svg.replaceChildren(
    ...base,
    ...ticks,
    makeShape("polyline", { class: "curve", points: line.join(" ") }),
    makeShape("circle", { class: "dot", cx: x, cy: y, r: 4 }),
  );
  svg.setAttribute(
    "aria-label",
    `Share of the embedded test images read correctly, from ${percentText(path[0])} to ${percentText(path.at(-1))} after ${path.length - 1} steps`,
  );
}
