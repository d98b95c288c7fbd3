// Dream a 3: what the network would most like to see, beside a real one.

import { keepInAddress, noteChange } from "./address.js";
import { ascend, smoothed } from "./ascent.js";
import { paintGrey } from "./canvas.js";
import { byId, make } from "./dom.js";
import { decimalText } from "./format.js";
import { forward } from "./network.js";
import { makeBars } from "./prediction.js";
import { makeRandom } from "./random.js";
import { oneOf, run } from "./run.js";
import { onChange, scene } from "./scene.js";
import { makeAnnouncer, makeVisibleUpdate } from "./schedule.js";

const rate = 1;
const pause = 60; // milliseconds between steps that play by themselves
const mostSteps = 120; // that play by themselves
const mostLinked = 10000; // steps that a link may ask for
const mostWork = 30; // milliseconds of a frame that steps may take
const softness = 0.12; // share of the way to its neighbours that a pixel goes after each step
const faint = 0.15; // of noise to begin with, so that the picture may go either way

let seed = 0; // of the noise to begin with
let ink = null;
let steps = 0; // that it has taken, and those that are asked for
let asked = 0;
let timer = 0;

/** Make the section work, where the network sees the pixels themselves. */
export function startDream() {
  const choice = byId("dream-label");
  if (!choice) return;
  const bars = makeBars(byId("dream-bars"));
  const announce = makeAnnouncer(byId("dream-live"));
  for (let j = 0; j < run.classes; j++) choice.append(make("option", { value: j }, run.names[j]));
  choice.value = Math.min(3, run.classes - 1);
  const refresh = makeVisibleUpdate(byId("dream"), () => {
    takeSteps();
    bars(paintDream());
    if (steps < asked) requestAnimationFrame(refresh);
  });
  const again = () => {
    stop();
    [ink, steps, asked] = [null, 0, 0];
    paintReal();
    refresh();
    noteChange();
  };
  const step = () => {
    asked += 1;
    refresh();
    announce(byId("dream-text").textContent);
    noteChange();
  };
  for (const id of ["dream-label", "dream-from", "dream-soft"])
    byId(id).addEventListener("change", again);
  byId("dream-again").addEventListener("click", () => {
    seed = (seed + 1) % 10000;
    again();
  });
  byId("dream-step").addEventListener("click", () => {
    stop();
    step();
  });
  byId("dream-play").addEventListener("click", () => {
    if (timer) return stop();
    byId("dream-play").textContent = "Pause";
    const end = asked + mostSteps;
    timer = setInterval(() => {
      step();
      if (asked >= end) stop();
    }, pause);
  });
  onChange((what) => {
    // What a changed network dreams, it dreams from the beginning.
    if (what === "network" || (what === "subject" && byId("dream-from").value === "image")) again();
  });
  paintReal();
  keepDream();
}

/** What is dreamt stands in the address: its class, the beginning, softness, steps and seed. */
function keepDream() {
  const dreamt = () =>
    [
      byId("dream-label").value,
      byId("dream-from").value,
      Number(byId("dream-soft").checked),
      asked,
      seed,
    ].join("~");
  const first = dreamt();
  keepInAddress("dream", () => (dreamt() === first ? "" : dreamt()), (text) => {
    const [label, from, ...rest] = text.split("~");
    const [soft, count, number] = rest.map(Number);
    const known = byId("dream-from").querySelector(`[value="${CSS.escape(from)}"]`);
    const whole = rest.length === 3 && rest.every((part) => /^\d{1,5}$/.test(part));
    if (!known || !run.names[label] || !whole || count > mostLinked) throw new Error("no dream");
    byId("dream-label").value = label;
    byId("dream-from").value = from;
    byId("dream-soft").checked = soft === 1;
    [asked, seed] = [count, number];
    paintReal();
  });
}

/** Take the steps that are asked for, as many as a frame has time for. */
function takeSteps() {
  ink ??= beginning();
  const wish = { label: Number(byId("dream-label").value), rate };
  const { height, width } = run.preprocessing;
  const start = performance.now();
  while (steps < asked && performance.now() - start < mostWork) {
    ink = ascend(scene.network, ink, run.preprocessing, wish, scene);
    if (byId("dream-soft").checked) ink = smoothed(ink, height, width, softness);
    steps += 1;
  }
}

function stop() {
  clearInterval(timer);
  timer = 0;
  byId("dream-play").textContent = "Dream";
}

/** The ink to begin with: none but a little noise, noise, or the image of the moment. */
function beginning() {
  const from = byId("dream-from").value;
  if (from === "image") return Float64Array.from(scene.subject.image, (level) => level / 255);
  const most = from === "noise" ? 1 : faint;
  const random = makeRandom(seed);
  return Float64Array.from({ length: run.pixels }, () => most * random.uniform());
}

/** Show the dream; return what the network makes of it. */
function paintDream() {
  const { height, width, scale, offset } = run.preprocessing;
  const at = (value, k) => (typeof value === "number" ? value : value[k]);
  paintGrey(byId("dream-image"), ink.map((share) => 255 * share), height, width);
  const input = ink.map((share, k) => 255 * share * at(scale, k) + at(offset, k));
  const outputs = forward(scene.network, input, scene).activations.at(-1);
  const label = Number(byId("dream-label").value);
  const section = byId("dream");
  section.dataset.steps = steps;
  section.dataset.output = outputs[label];
  byId("dream-text").textContent =
    `After ${steps} ${steps === 1 ? "step" : "steps"} the network calls it ${oneOf(label)}: ${decimalText(outputs[label])}.`;
  return outputs;
}

/** The test image of that class of which the network is surest. */
function paintReal() {
  const label = Number(byId("dream-label").value);
  const { labels, guesses, values, count } = run.digits;
  let best = -1;
  for (let k = 0; k < count; k++) {
    if (labels[k] !== label || guesses[k] !== label) continue;
    if (best < 0 || values[k] > values[best]) best = k;
  }
  const { height, width } = run.preprocessing;
  const isReal = best >= 0;
  byId("dream-real").hidden = !isReal;
  byId("dream-real-text").textContent = isReal
    ? `a real one: test image ${run.digits.indices[best]}, ${decimalText(values[best])}`
    : "no embedded test image of it is read correctly";
  if (isReal) paintGrey(byId("dream-real"), run.digits.image(best), height, width);
}
