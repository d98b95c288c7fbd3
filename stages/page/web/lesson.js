// What is seen of a training: numbers, curves, weights, and what it makes of the image of the moment.

import { paintGrey, paintPixels } from "./canvas.js";
import { nightSignedColour, signedColour } from "./colour.js";
import { makeCurves } from "./curves.js";
import { explain, unmovedNeurons, verdicts } from "./diagnosis.js";
import { byId, make } from "./dom.js";
import { decimalText, percentText, plainText } from "./format.js";
import { forward, guesses, makeNetwork } from "./network.js";
import { makeBars } from "./prediction.js";
import { oneOf, run } from "./run.js";
import { scene, subjectText } from "./scene.js";
import { makeAnnouncer } from "./schedule.js";

const mostImages = 16; // neurons of the first layer whose weights are shown
const brightest = 0.995; // share of the weights that are within the colours' ends

/** Everything that shows a training; `show` takes a report of worker.js and what was chosen. */
export function makeLesson() {
  const costs = makeCurves(byId("teach-cost-plot"), { most: 0.1, text: shortText });
  const shares = makeCurves(byId("teach-share-plot"), {
    most: 1,
    text: (share) => percentText(share, 0),
  });
  const bars = makeBars(byId("teach-bars"));
  const announce = makeAnnouncer(byId("teach-live"), 1500);
  let images = null;
  let network = null;
  let spoken = "new";

  const answer = () => {
    if (!network) return;
    const outputs = forward(network, scene.subject.inputs).activations.at(-1);
    if (!outputs.every(Number.isFinite)) {
      byId("teach-answer").textContent = "Its outputs are no numbers any more.";
      return;
    }
    bars(outputs);
    const [best] = guesses(outputs);
    byId("teach").dataset.guess = best;
    byId("teach-answer").textContent =
      `It reads ${subjectText()} as ${oneOf(best)}, ${decimalText(outputs[best])}.`;
  };

  return {
    network: () => network,
    answer,
    begin(setup) {
      costs.clear();
      shares.clear();
      images = makeWeightImages(setup.sizes);
    },
    show(report, setup) {
      const { steps, own, other, parameters } = report;
      network = makeNetwork({ ...setup, parameters });
      costs.add(steps, [own.cost, other.cost]);
      shares.add(steps, [own.accuracy, other.accuracy]);
      images(network.weights[0]);
      answer();
      tellNumbers(report);
      const text = tellDiagnosis(report, setup);
      if (report.diagnosis.kind === spoken && report.perSecond > 0) return; // no chatter as it plays
      spoken = report.diagnosis.kind;
      announce(text);
    },
  };
}

/** Show the image of the moment beside its answer. */
export function paintSubject() {
  const { height, width } = run.preprocessing;
  paintGrey(byId("teach-image"), scene.subject.image, height, width);
}

function shortText(value) {
  return String(+value.toPrecision(2));
}

function tellNumbers({ steps, images, epochs, own, other, perSecond }) {
  const section = byId("teach");
  section.dataset.steps = steps;
  section.dataset.accuracy = other.accuracy;
  section.dataset.perSecond = Math.round(perSecond);
  const texts = {
    steps: steps.toLocaleString("en"),
    images: images.toLocaleString("en"),
    epochs: decimalText(epochs, 1),
    cost: Number.isFinite(own.cost) ? plainText(own.cost) : "no number",
    own: percentText(own.accuracy),
    other: percentText(other.accuracy),
    speed: perSecond > 0 ? Math.round(perSecond).toLocaleString("en") : "\u2013",
  };
  for (const [name, text] of Object.entries(texts)) byId(`teach-${name}`).textContent = text;
}

/** Say what kind of training this is; return it in words. */
function tellDiagnosis({ diagnosis, ...report }, { sizes, count }) {
  const words = { images: run.noun === "digit" ? "digits" : "images", count, layers: sizes.length - 1 };
  byId("teach").dataset.verdict = diagnosis.kind;
  byId("teach-word").textContent = verdicts[diagnosis.kind];
  const still = unmovedText(unmovedNeurons(report.own.spans).slice(0, -1), sizes);
  const text = explain(diagnosis, report, words) + (diagnosis.kind === "new" ? "" : still);
  byId("teach-text").textContent = text;
  return `${verdicts[diagnosis.kind]}. ${text}`;
}

function unmovedText(counts, sizes) {
  const parts = counts
    .map((count, l) => count && `${count} of ${sizes[l + 1]} in hidden layer ${l + 1}`)
    .filter(Boolean);
  return parts.length ? ` Neurons that answer the same to everything: ${parts.join(", ")}.` : "";
}

/** One image a neuron of the first layer; the colours' scale grows with the weights. */
function makeWeightImages(sizes) {
  const { height, width } = run.seen;
  const inputs = height * width;
  const canvases = Array.from({ length: Math.min(sizes[1], mostImages) }, (_, index) =>
    make("canvas", { width, height, role: "img", ariaLabel: `Weights of neuron ${index}` }),
  );
  byId("teach-weights").replaceChildren(...canvases);
  let scale = 0;
  return (weights) => {
    scale = Math.max(scale, largeOf(weights));
    const colour = matchMedia("(prefers-color-scheme: dark)").matches ? nightSignedColour : signedColour;
    canvases.forEach((canvas, index) => {
      const own = weights.subarray(index * inputs, (index + 1) * inputs);
      paintPixels(canvas, own, height, width, (weight) => colour(weight / scale || 0));
    });
  };
}

/** A magnitude that few weights exceed. */
function largeOf(weights) {
  const sizes = Float64Array.from(weights, Math.abs).sort();
  const large = sizes[Math.floor(brightest * (sizes.length - 1))];
  return Number.isFinite(large) ? large : 0;
}
