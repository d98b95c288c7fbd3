// Watch it learn: the network after some of its epochs, and its answer to the image of the moment.

import { keepInAddress, noteChange } from "./address.js";
import { paintSigned } from "./canvas.js";
import { byId, make, makeShape } from "./dom.js";
import { decimalText, percentText, plainText } from "./format.js";
import { largestOf } from "./magnitude.js";
import { forward, guesses } from "./network.js";
import { makeBars } from "./prediction.js";
import { oneOf, run } from "./run.js";
import { onChange, scene, subjectText } from "./scene.js";
import { makeVisibleUpdate } from "./schedule.js";

const pace = 650; // milliseconds for each epoch when they play by themselves
const [plotWidth, plotHeight, plotMargin] = [
  420,
  190,
  { left: 52, right: 12, top: 12, bottom: 26 },
];
const mostTicks = 6;
// Logarithmic both: costs, and the share of errors, so that halving them takes the same height.
const heights = {
  cost: (value) => Math.log10(Math.max(value, 1e-9)),
  accuracy: (value) => -Math.log10(Math.max(1 - value, 5e-4)),
};
const tickValues = {
  cost: Array.from({ length: 12 }, (_, k) => 10 ** (k - 8)).flatMap((power) => [
    power,
    2 * power,
    5 * power,
  ]),
  accuracy: [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999],
};
let epochTimer = 0;

/** Make the section work; without snapshots there is nothing to do. */
export function startEpochs() {
  if (!run.snapshots) return;
  const scrubber = byId("epoch");
  const bars = makeBars(byId("epoch-bars"));
  const plots = ["cost", "accuracy"].map(makePlot);
  const images = makeWeightImages(byId("weight-images"));
  scrubber.max = run.snapshots.epochs.length - 1;
  scrubber.value = scrubber.max;
  const refresh = makeVisibleUpdate(byId("learn"), () => {
    const place = Number(scrubber.value);
    const network = run.snapshots.network(place);
    const outputs = forward(network, scene.subject.inputs).activations.at(-1);
    bars(outputs);
    images(network);
    tellEpoch(scrubber, run.snapshots.epochs[place], outputs);
    for (const plot of plots) plot(run.snapshots.epochs[place]);
  });
  scrubber.addEventListener("input", refresh);
  scrubber.addEventListener("input", noteChange);
  const shown = () => String(run.snapshots.epochs[Number(scrubber.value)]);
  keepInAddress("epoch", () => (scrubber.value === scrubber.max ? "" : shown()), (text) => {
    const place = run.snapshots.epochs.indexOf(Number(text));
    if (place < 0) throw new Error("no such epoch");
    moveTo(scrubber, place);
  });
  onChange((what) => what === "subject" && refresh());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
  byId("epoch-play").addEventListener("click", () => playEpochs(scrubber));
  scrubber.addEventListener("pointerdown", stopEpochs);
  scrubber.addEventListener("keydown", stopEpochs);
}

function playEpochs(scrubber) {
  if (epochTimer) {
    stopEpochs();
    return;
  }
  byId("epoch-play").textContent = "Pause";
  if (scrubber.value === scrubber.max) moveTo(scrubber, 0);
  epochTimer = setInterval(() => {
    moveTo(scrubber, Number(scrubber.value) + 1);
    if (scrubber.value === scrubber.max) stopEpochs();
  }, pace);
}

function moveTo(scrubber, value) {
  scrubber.value = value;
  scrubber.dispatchEvent(new Event("input"));
}

function stopEpochs() {
  clearInterval(epochTimer);
  epochTimer = 0;
  byId("epoch-play").textContent = "Play";
}

function rowOf(epoch) {
  return run.history.epoch.indexOf(epoch);
}

function tellEpoch(scrubber, epoch, outputs) {
  const row = rowOf(epoch);
  const accuracy = percentText(run.history.validation_accuracy[row]);
  const [first, second] = guesses(outputs);
  const section = byId("learn");
  section.dataset.epoch = epoch;
  section.dataset.guess = first;
  byId("epoch-name").textContent = epoch === 0 ? "Before the first step" : `After epoch ${epoch}`;
  byId("epoch-cost").textContent = plainText(run.history.validation_cost[row]);
  byId("epoch-accuracy").textContent = accuracy;
  const next =
    second === undefined ? "" : `, second guess ${run.names[second]} (${decimalText(outputs[second])})`;
  const answer = `${oneOf(first)} (${decimalText(outputs[first])})${next}`;
  byId("epoch-answer").textContent = `It would have read ${subjectText()} as ${answer}.`;
  scrubber.setAttribute(
    "aria-valuetext",
    `epoch ${epoch}, validation accuracy ${accuracy}, reads ${run.names[first]}`,
  );
}

/** One image a neuron of the first layer, on one scale for all epochs. */
function makeWeightImages(root) {
  const { height, width } = run.seen;
  const end = run.snapshots.network(run.snapshots.epochs.length - 1).weights[0];
  const sorted = Float64Array.from(end, Math.abs).sort();
  const scale = sorted[Math.floor(0.999 * (sorted.length - 1))] || largestOf(end);
  const inputs = height * width;
  const canvases = run.drawn[1].map((index) => {
    const canvas = make("canvas", { width, height });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Weights of neuron ${index}`);
    root.append(canvas);
    return { index, canvas };
  });
  return (network) => {
    for (const { index, canvas } of canvases) {
      const weights = network.weights[0].subarray(index * inputs, (index + 1) * inputs);
      paintSigned(canvas, weights, height, width, scale);
    }
  };
}

/** A curve by epoch, of training and of validation images, with a marker. */
function makePlot(quantity) {
  const svg = byId(`plot-${quantity}`);
  const { epoch } = run.history;
  const series = ["train", "validation"].map((part) => run.history[`${part}_${quantity}`]);
  const values = series.flat();
  const up = heights[quantity];
  const [low, high] = [Math.min(...values.map(up)), Math.max(...values.map(up))];
  const { left, right, top, bottom } = plotMargin;
  const x = (value) => left + (value / Math.max(1, epoch.at(-1))) * (plotWidth - left - right);
  const y = (value) =>
    top + (1 - (up(value) - low) / (high - low || 1)) * (plotHeight - top - bottom);
  const inside = tickValues[quantity].filter((value) => up(value) >= low && up(value) <= high);
  const ticks = inside.filter((_, k) => k % Math.ceil(inside.length / mostTicks) === 0);
  for (const tick of ticks) {
    svg.append(
      makeShape("line", {
        class: "rule",
        x1: left,
        x2: plotWidth - right,
        y1: y(tick),
        y2: y(tick),
      }),
    );
    const text =
      quantity === "cost" ? String(+tick.toPrecision(1)) : percentText(tick, tick > 0.99 ? 1 : 0);
    svg.append(
      makeShape("text", { class: "tick", x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, text),
    );
  }
  for (const value of [0, epoch.at(-1)]) {
    svg.append(
      makeShape(
        "text",
        { class: "tick", x: x(value), y: plotHeight - 6, "text-anchor": value ? "end" : "start" },
        value ? `epoch ${value}` : "0",
      ),
    );
  }
  series.forEach((line, part) => {
    const points = line
      .map((value, k) => `${x(epoch[k]).toFixed(1)},${y(value).toFixed(1)}`)
      .join(" ");
    svg.append(makeShape("polyline", { class: part ? "curve" : "curve second", points }));
  });
  const marker = makeShape("line", { class: "marker", y1: top, y2: plotHeight - bottom });
  const dots = series.map((_, part) =>
    makeShape("circle", { class: part ? "dot" : "dot second", r: 4.5 }),
  );
  svg.append(marker, ...dots);
  return (chosen) => {
    const row = rowOf(chosen);
    marker.setAttribute("x1", x(chosen));
    marker.setAttribute("x2", x(chosen));
    dots.forEach((dot, part) => {
      dot.setAttribute("cx", x(chosen));
      dot.setAttribute("cy", y(series[part][row]));
    });
  };
}
