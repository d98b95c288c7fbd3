// Stochastic gradient descent in the visitor's hands.

import { paintGrey } from "./canvas.js";
import { byId, makeShape } from "./dom.js";
import { decimalText, percentText, plainText } from "./format.js";
import { fillLabels } from "./labels.js";
import { costTerms, forward, oneHot, step } from "./network.js";
import { makeBars } from "./prediction.js";
import { run } from "./run.js";
import {
  currentNetwork,
  onChange,
  replaceNetwork,
  sampleAccuracy,
  scene,
  subjectText,
  trainedAccuracy,
  wantedLabel,
} from "./scene.js";
import { makeAnnouncer, makeVisibleUpdate } from "./schedule.js";

const batchSize = 100;
const mostMemory = 5e6; // numbers kept, so that steps can be undone
const [chartWidth, chartHeight, chartLeft] = [320, 130, 48];

const done = []; // { network, accuracy, steps, cost } before each click
let now = null;
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
  const rate = byId("rate");
  rate.value = Math.min(Number(rate.max), Math.log10(run.history.learning_rate[0] || 1));
  rate.addEventListener("input", tellRate);
  tellRate();
  byId("step-one").addEventListener("click", () => take(1));
  byId("step-ten").addEventListener("click", () => take(10));
  byId("step-undo").addEventListener("click", undo);
  byId("step-reset").addEventListener("click", reset);
  now = { network: run.network, accuracy: null, steps: 0, path: [] };
  const refresh = makeVisibleUpdate(byId("step"), () => {
    now.accuracy ??= trainedAccuracy();
    if (now.path.length === 0) now.path = [now.accuracy];
    bars(scene.pass.activations.at(-1));
    paintGrey(
      byId("step-image"),
      scene.subject.image,
      run.preprocessing.height,
      run.preprocessing.width,
    );
    tellSteps();
  });
  onChange(refresh);
}

function rateNow() {
  return 10 ** Number(byId("rate").value);
}

function tellRate() {
  const text = String(+rateNow().toPrecision(2));
  byId("rate-value").textContent = text;
  byId("rate").setAttribute("aria-valuetext", text);
}

/** What the steps learn from: the image alone, or a hundred random ones of the embedded test images. */
function examplesNow() {
  if (byId("learn-one").checked) {
    return { inputs: [scene.subject.inputs], targets: [oneHot(wantedLabel(), run.classes)] };
  }
  const places = Array.from({ length: batchSize }, () =>
    Math.floor(Math.random() * run.digits.sample),
  );
  return {
    inputs: places.map(run.digits.inputs),
    targets: places.map((place) => oneHot(run.digits.labels[place], run.classes)),
  };
}

function take(count) {
  const network = currentNetwork();
  const path = [...now.path];
  remember();
  for (let k = 0; k < count; k++) {
    const { inputs, targets } = examplesNow();
    step(network, inputs, targets, rateNow());
    path.push(sampleAccuracy(network, {}));
  }
  now = { network, accuracy: path.at(-1), steps: now.steps + count, path };
  replaceNetwork(network);
  announceSteps();
}

function remember() {
  done.push(now);
  const kept = Math.max(3, Math.floor(mostMemory / run.parameterCount));
  if (done.length > kept) done.shift();
}

function undo() {
  now = done.pop() ?? now;
  replaceNetwork(now.network);
  announceSteps();
}

function reset() {
  done.length = 0;
  now = { network: run.network, accuracy: trainedAccuracy(), steps: 0, path: [trainedAccuracy()] };
  replaceNetwork(run.network);
  announceSteps();
}

function announceSteps() {
  announce(`${byId("step-count").textContent}; ${byId("step-summary").textContent}`);
}

function costNow(network) {
  const pass = forward(network, scene.subject.inputs);
  return costTerms(network, pass, oneHot(wantedLabel(), run.classes)).total;
}

function tellSteps() {
  const before = costNow(run.network);
  const after = costNow(scene.network);
  const section = byId("step");
  section.dataset.steps = now.steps;
  section.dataset.accuracy = now.accuracy;
  byId("step-count").textContent =
    now.steps === 1
      ? "After 1 step"
      : now.steps
        ? `After ${now.steps} steps`
        : "Before the first step";
  byId("step-subject").textContent = `${subjectText()}, to be read as ${run.names[wantedLabel()]}`;
  byId("step-cost").textContent = now.steps
    ? `${plainText(before)} \u2192 ${plainText(after)}`
    : plainText(after);
  const trained = trainedAccuracy();
  byId("step-accuracy").textContent = now.steps
    ? `${percentText(trained)} \u2192 ${percentText(now.accuracy)}`
    : percentText(trained);
  byId("step-summary").textContent = summaryOf(before, after, trained);
  byId("step-undo").disabled = done.length === 0;
  byId("step-reset").disabled = now.steps === 0;
  paintPath(now.path);
}

function summaryOf(before, after, trained) {
  if (now.steps === 0) return "Nothing has been changed yet.";
  const own =
    after < before ? "costs less now" : after > before ? "costs more now" : "costs the same";
  const points = 100 * (now.accuracy - trained);
  const others =
    Math.abs(points) < 0.05
      ? "as many test images as before are read correctly"
      : `${decimalText(Math.abs(points), 1)} points ${points < 0 ? "fewer" : "more"} of the test images are read correctly`;
  return `This image ${own}, and ${others}.`;
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
