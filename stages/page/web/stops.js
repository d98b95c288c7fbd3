// The eight stops of the guided way: what each sets, asks, and then shows, in the page's own numbers.

import { byId } from "./dom.js";
import { changeText } from "./explanation.js";
import { capital, decimalText, percentText, plainText, signedText } from "./format.js";
import { strongest } from "./magnitude.js";
import { costTerms, guesses, oneHot } from "./network.js";
import { showStrokes } from "./pad.js";
import { layerName, neuronName, oneOf, run } from "./run.js";
import {
  chooseLabel,
  currentAccuracy,
  currentGradient,
  restoreNetwork,
  scene,
  subjectText,
  trainedAccuracy,
  wantedLabel,
} from "./scene.js";
import { showFirst } from "./sources.js";

const last = run.sizes.length - 1;
const seven = [[[0.24, 0.22], [0.76, 0.22], [0.44, 0.84]]];

/**
 * Each stop has a title and the section where it takes place; `enter` sets the page's state, `ask` is
 * the question, and `show` does what answers it and says so.
 */
export const stops = [
  {
    title: "Draw",
    section: "draw",
    enter: restoreNetwork,
    ask: () =>
      run.noun === "digit"
        ? "Draw a 7. How bright will the brightest of the outputs be: nearly 1, about a half, or less?"
        : "Draw something. How bright will the brightest of the outputs be: nearly 1, or less?",
    show() {
      if (scene.subject.kind !== "drawn") showStrokes(seven);
      return `${answerNow()} It was trained on other people's writing, and has never seen yours.`;
    },
  },
  {
    title: "Look inside",
    section: "look",
    enter: () => {},
    ask: () =>
      last > 1
        ? `${last === 2 ? "The hidden layer" : capital(layerName(1))} has ${run.sizes[1]} neurons. How many of them will be brighter than a half for this image? And will their weights look like strokes and loops?`
        : "Will the weights into the outputs look like strokes and loops?",
    show() {
      const bright = scene.pass.activations[1].filter((value) => value > 0.5).length;
      press(`#network .neuron[aria-label^="${neuronName(1, brightest(1))}:"]`);
      return `${bright} of ${run.sizes[1]}. The panel shows the brightest of them, ${neuronName(1, brightest(1))}. See for yourself what its weights look like, and point at the others.`;
    },
  },
  {
    title: "The cost",
    section: "wants",
    enter() {
      restoreNetwork();
      showFirst();
      goToStage(0);
    },
    ask: () =>
      `This should be read as ${run.names[wantedLabel()]}: that output should be 1, all others 0. ${answerNow()} Which output adds most to the cost?`,
    show() {
      const terms = termsNow();
      const most = strongest(terms.terms, 1)[0];
      return `Output ${run.names[most]}: ${plainText(terms.terms[most])} of ${plainText(terms.total)}. It is ${decimalText(scene.pass.activations[last][most])} and should be ${most === wantedLabel() ? 1 : 0}.`;
    },
  },
  {
    title: "One wish",
    section: "wants",
    enter: () => goToStage(1),
    ask: () =>
      `Output ${run.names[wantedLabel()]} should be brighter. Its weights can be changed: which of them most, those from bright neurons or those from dim ones?`,
    show() {
      press(`#backward .neuron[aria-label^="${neuronName(last, wantedLabel())}:"]`);
      const before = scene.pass.activations[last - 1];
      const { weights } = currentGradient();
      const own = weights[last - 1].subarray(wantedLabel() * before.length, (wantedLabel() + 1) * before.length);
      const most = strongest(own, 1)[0];
      return `Those from bright ones: a weight counts as much as what it carries. Most of all the one from neuron ${most} (${decimalText(before[most])} bright), by ${signedText(-own[most])}. The three avenues stand below the network.`;
    },
  },
  {
    title: "All wishes",
    section: "wants",
    enter: () => goToStage(Math.min(2, last)),
    ask: () =>
      `Every output has wishes for the ${layerName(last - 1)}, and they contradict each other. Who wins?`,
    show() {
      const sums = currentGradient().nablaA[last - 1].map((slope) => -slope);
      const most = strongest(sums, 1)[0];
      return `Nobody: they are added up. In the end ${last > 1 ? neuronName(last - 1, most) : `input ${most}`} is asked for most: ${changeText(sums[most])}. These sums are the wishes that go one layer further back.`;
    },
  },
  {
    title: "The average",
    section: "step",
    enter() {
      restoreNetwork();
      byId("learn-one").click();
      chooseLabel((wantedLabel() + 2) % run.classes);
    },
    ask: () =>
      `Let the network learn from this one image alone, to be read as ${run.names[wantedLabel()]}, twenty steps long. What becomes of the other test images?`,
    show() {
      for (let k = 0; k < 2; k++) byId("step-ten").click();
      return `Of the test images in this page, ${percentText(trainedAccuracy())} were read correctly, and now ${percentText(currentAccuracy())}. ${trainedAccuracy() - currentAccuracy() > 0.005 ? "It gives up the others to please this one." : "The others hardly mind yet; go on, and they will."} Only the average of all wishes is worth following: reset, and take ten steps on 100 random images.`;
    },
  },
  {
    title: "Downhill",
    section: "step",
    enter() {
      restoreNetwork();
      byId("learn-batch").click();
      showFirst();
    },
    ask: () =>
      `The average gradient points downhill. ${byId("rate-value").textContent} is a good length for a step here. Would a step ten times as long be ten times as good?`,
    show() {
      const rate = byId("rate");
      byId("step-ten").click();
      const short = currentAccuracy();
      byId("step-reset").click();
      const kept = rate.value;
      slide(rate, Number(kept) + 1);
      byId("step-ten").click();
      const long = currentAccuracy();
      slide(rate, kept);
      const verdict =
        long < short
          ? `A step that is too long goes across the valley and up the other side${byId("hill") ? "; the section below has a hill to try it on" : ""}.`
          : "Here it was not too long yet; make it longer until it is.";
      return `Ten short steps: ${percentText(trainedAccuracy())} became ${percentText(short)}. Ten long ones: ${percentText(long)}. ${verdict}`;
    },
  },
  {
    title: "Where it fails",
    section: "fails",
    enter: restoreNetwork,
    ask: () =>
      `Which two ${run.noun === "digit" ? "digits" : "classes"} does it confuse most often? And is it unsure when it is wrong?`,
    show() {
      const { labels, guesses: answers, values, surest } = run.digits;
      const place = surest[0];
      const sure =
        place === undefined
          ? "It has not been wrong."
          : `No: it reads ${oneOf(labels[place])} as ${oneOf(answers[place])} with ${decimalText(values[place])}.`;
      return `${byId("cell-title").textContent}, in the panel beside the table. ${sure} How bright an output is, and how often it is right, are two things; further down is how far they agree.`;
    },
  },
];

function answerNow() {
  const outputs = scene.pass.activations[last];
  const [first, second] = guesses(outputs);
  const next = second === undefined ? "" : `, then ${oneOf(second)} (${decimalText(outputs[second])})`;
  return `It reads ${subjectText()} as ${oneOf(first)} (${decimalText(outputs[first])})${next}.`;
}

function termsNow() {
  return costTerms(scene.network, scene.pass, oneHot(wantedLabel(), run.classes));
}

function brightest(layer) {
  const drawn = run.layers.includes(layer) ? run.drawn[layer] : [0];
  const values = scene.pass.activations[layer];
  return drawn.reduce((best, index) => (values[index] > values[best] ? index : best), drawn[0]);
}

function goToStage(place) {
  byId("stages").querySelectorAll("button")[place].click();
}

function press(selector) {
  document.querySelector(selector)?.click();
}

function slide(slider, value) {
  slider.value = value;
  slider.dispatchEvent(new Event("input"));
}
