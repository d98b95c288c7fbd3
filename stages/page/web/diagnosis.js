// How a training goes, in a word and in a sentence: it learns, or one of the ways of not learning.

import { percentText, plainText } from "./format.js";

const leastSlope = 1e-3; // mean of s'(z) of a layer: with less, next to no gradient gets through
const unmoved = 0.01; // a neuron whose activation differs by less answers the same to everything
const byHeart = { own: 0.98, gap: 0.08 }; // share of its own images right; how many fewer others
const risen = 0.1; // of the first cost: by so much more than before, a step went too far
const patience = 300; // steps after which something should have happened

/**
 * What kind of training this is.
 * @param {{steps: number, own: object, other: object}} now what training.js has measured
 * @param {{first: number, lowest: number, chance: number}} past costs of its own images, before the
 *   first step and at best; the share that is right if the same class is always answered
 * @returns {{kind: string, layer?: number}} new, learning, learned, memorizing, dead, diverging,
 *   overshooting or creeping; layer: which one lets nothing through, 1 for the first hidden one
 */
export function diagnose({ steps, own, other }, { first, lowest, chance }) {
  if (steps === 0) return { kind: "new" };
  if (!Number.isFinite(own.cost)) return { kind: "diverging" };
  const guessing = own.accuracy < 2 * chance;
  const layer = own.slopes.findIndex((slope) => slope < leastSlope);
  if (guessing && layer >= 0) return { kind: "dead", layer: layer + 1 };
  if (own.cost > (1 + risen) * first) return { kind: "diverging" };
  if (own.cost > lowest + risen * first) return { kind: "overshooting" };
  if (own.accuracy >= byHeart.own && own.accuracy - other.accuracy >= byHeart.gap) {
    return { kind: "memorizing" };
  }
  if (guessing && steps >= patience) return { kind: "creeping" };
  return { kind: own.accuracy >= byHeart.own ? "learned" : "learning" };
}

/** How many neurons of each layer answer the same to every image, from their spans. */
export function unmovedNeurons(spans) {
  return spans.map((layer) => layer.reduce((count, span) => count + !(span >= unmoved), 0));
}

/** A word for each kind. */
export const verdicts = {
  new: "Untrained",
  learning: "Learning",
  learned: "Learned",
  memorizing: "Memorizing",
  dead: "Dead",
  diverging: "Diverging",
  overshooting: "Overshooting",
  creeping: "Creeping",
};

/**
 * What the word means here, in a sentence or two.
 * @param {{kind: string, layer?: number}} diagnosis
 * @param {{steps: number, own: object, other: object, past: object}} report of training.js
 * @param {{images: string, count: number, layers: number}} words what the images are called, how
 *   many are learned from, and how many layers of weights there are
 */
export function explain({ kind, layer }, { steps, own, other, past }, { images, count, layers }) {
  const [ownShare, otherShare] = [own.accuracy, other.accuracy].map((share) => percentText(share));
  const costs = (from) => `${plainText(from)} to ${plainText(own.cost)}`;
  const texts = {
    new: () => `Random weights: it guesses, and the cost is ${plainText(own.cost)}.`,
    learning: () => `It reads ${otherShare} of the test ${images}, from which it never learns.`,
    learned: () => `It reads ${ownShare} of its own ${images}, and ${otherShare} of others.`,
    memorizing: () =>
      `It reads ${ownShare} of its own ${count.toLocaleString("en")} ${images}, but only ${otherShare} of those it never saw: ` +
      `it begins to know them by heart. More ${images} would help; more steps will not.`,
    dead: () =>
      layer === layers
        ? "All outputs are stuck near 0 or 1, where the sigmoid is flat: s\u2032(z) is about 0 and hardly anything flows back. More steps change next to nothing: start over with a smaller rate."
        : `The neurons of hidden layer ${layer} are stuck where the activation function is flat: s\u2032(z) is about 0 and hardly any gradient gets past them. More steps change next to nothing: start over with a smaller rate.`,
    diverging: () =>
      (Number.isFinite(own.cost)
        ? `The cost has gone up, from ${costs(past.first)}`
        : "The weights have grown beyond all numbers") +
      ": every step leaps over the valley and lands higher. Start over with a smaller rate.",
    overshooting: () =>
      `The cost has risen again, from ${costs(past.lowest)}: steps this long leap over the valley. Lower the rate, even now.`,
    creeping: () =>
      `After ${steps} steps it still guesses; the cost went from ${costs(past.first)}. Steps this short hardly move. Raise the rate, or be patient.`,
  };
  return texts[kind]();
}
