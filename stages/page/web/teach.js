// Watch it learn, live: what is chosen, and the thread that learns it.

import { keepInAddress, noteChange } from "./address.js";
import { byId } from "./dom.js";
import { makeLesson, paintSubject } from "./lesson.js";
import { run } from "./run.js";
import { onChange, replaceNetwork, restoreNetwork, scene, showDigit } from "./scene.js";
import { makeVisibleUpdate } from "./schedule.js";

// Rates at which batches of 10 learn well: chosen on validation images of MNIST.
const goodRates = {
  quadratic: { sigmoid: 1, tanh: 0.3, relu: 0.3, leaky_relu: 0.3 },
  cross_entropy: { sigmoid: 0.3, tanh: 0.1, relu: 0.1, leaky_relu: 0.1 },
};
// What goes wrong, and how: a factor on the good rate, and other choices.
const faults = {
  long: { factor: 10, cost: "cross_entropy", activation: "leaky_relu" }, // both without bounds
  short: { factor: 0.003 },
  dead: { factor: 30, activation: "relu" },
  heart: { factor: 1, few: true },
};
const chosen = ["activation", "loss", "hidden", "count", "seed", "rate", "batch", "pace"];
const [gap, calmGap] = [90, 1000]; // milliseconds between two looks; the second for those who want calm

let worker = null;
let lesson = null;
let setup = null;
let playing = false;

/** Make the section work; the thread begins when it is first needed. */
export function startTeaching() {
  for (const name of ["activation", "loss", "hidden", "count", "seed"]) {
    byId(`teach-${name}`).addEventListener("change", () => {
      if (name === "activation" || name === "loss") chooseRate(1);
      restart();
    });
  }
  for (const name of ["rate", "batch", "pace"]) byId(`teach-${name}`).addEventListener("input", passChoices);
  byId("teach-play").addEventListener("click", () => (playing ? pause() : play()));
  byId("teach-step").addEventListener("click", stepOnce);
  byId("teach-again").addEventListener("click", () => {
    byId("teach-seed").value = (Number(valueOf("seed")) + 1) % 10000;
    restart();
  });
  for (const button of document.querySelectorAll("[data-fault]"))
    button.addEventListener("click", () => spoil(faults[button.dataset.fault]));
  byId("teach-use").addEventListener("click", useOrReturn);
  byId("teach-next").addEventListener("click", () =>
    showDigit(Math.floor(Math.random() * run.digits.sample)),
  );
  document.addEventListener("visibilitychange", () => document.hidden && playing && pause());
  chooseRate(1);
  keepChoices();
  lesson = makeLesson();
  const refresh = makeVisibleUpdate(byId("teach"), () => {
    paintSubject();
    lesson.answer();
  });
  onChange((what) => {
    tellUse();
    if (what === "subject") refresh();
  });
  // The images are unpacked when the section comes near, not before.
  new IntersectionObserver((entries) => entries.at(-1).isIntersecting && setup === null && restart(), {
    rootMargin: "300px",
  }).observe(byId("teach"));
}

/** What is chosen stands in the address, the seed of the weights among it. */
function keepChoices() {
  const choices = () => chosen.map(valueOf).join("~");
  const first = choices();
  for (const name of chosen) byId(`teach-${name}`).addEventListener("change", noteChange);
  byId("teach-again").addEventListener("click", noteChange);
  keepInAddress("teach", () => (choices() === first ? "" : choices()), (text) => {
    text.split("~").forEach((value, k) => {
      const control = byId(`teach-${chosen[k]}`);
      if (control.tagName === "SELECT" && ![...control.options].some((one) => one.value === value)) {
        throw new Error("no such choice");
      }
      control.value = value;
    });
    tellRate();
    restart();
  });
}

function valueOf(name) {
  return byId(`teach-${name}`).value;
}

function rateNow() {
  return +(10 ** Number(valueOf("rate"))).toPrecision(2);
}

/** A rate so many times the good one. */
function chooseRate(factor) {
  const good = goodRates[valueOf("loss")][valueOf("activation")];
  byId("teach-rate").value = Math.log10(good * factor);
  tellRate();
}

function tellRate() {
  byId("teach-rate-value").textContent = rateNow();
  byId("teach-rate").setAttribute("aria-valuetext", rateNow());
}

/** What the network is to be, as `makeTraining` takes it; id tells one training from the next. */
function chosenSetup() {
  const hidden = valueOf("hidden").split("-").filter(Boolean).map(Number);
  return {
    id: (setup?.id ?? 0) + 1,
    sizes: [run.sizes[0], ...hidden, run.classes],
    activation: valueOf("activation"),
    cost: valueOf("loss"),
    leak: run.leak,
    count: Number(valueOf("count")),
    seed: Math.max(0, Math.floor(Number(valueOf("seed")))) || 0,
  };
}

function passChoices() {
  tellRate();
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  send("set", {
    rate: rateNow(),
    batch: Number(valueOf("batch")),
    pace: Number(valueOf("pace")),
    gap: calm ? calmGap : gap,
  });
}

/** New weights, before the first step. */
function restart() {
  if (!begun()) return;
  showPlaying(false);
  setup = chosenSetup();
  lesson.begin(setup);
  passChoices();
  send("start", { setup });
}

function play() {
  if (!begun()) return;
  showPlaying(true);
  send("play");
}

function pause() {
  showPlaying(false);
  send("pause");
}

function stepOnce() {
  if (!begun()) return;
  if (playing) pause();
  send("step");
}

function showPlaying(now) {
  playing = now;
  byId("teach").dataset.playing = now;
  byId("teach-play").textContent = now ? "Pause" : "Play";
}

/** Choose what goes wrong, and let it. */
function spoil({ factor, activation = run.activation, cost = run.cost, few = false }) {
  byId("teach-loss").value = cost;
  byId("teach-activation").value = activation;
  const counts = byId("teach-count");
  counts.selectedIndex = few ? Math.min(1, counts.length - 1) : counts.length - 1;
  byId("teach-batch").value = 10;
  chooseRate(factor);
  restart();
  play();
}

function send(kind, more = {}) {
  worker?.postMessage({ kind, ...more });
}

/** Whether there is a thread to learn in; says why not. */
function begun() {
  if (worker) return true;
  try {
    const source = new Blob([byId("worker-script").textContent], { type: "text/javascript" });
    worker = new Worker(URL.createObjectURL(source));
  } catch (error) {
    byId("teach-text").textContent = `This browser allows the page no thread of its own: ${error.message}`;
    return false;
  }
  worker.addEventListener("message", ({ data }) =>
    requestAnimationFrame(() => {
      if (data.id !== setup.id) return;
      lesson.show(data, setup);
      tellUse();
      send("shown");
    }),
  );
  const { sample, labels } = run.digits;
  const levels = new Uint8Array(sample * run.pixels);
  for (let k = 0; k < sample; k++) levels.set(run.digits.image(k), k * run.pixels);
  send("data", {
    training: JSON.parse(byId("training-data").textContent),
    tests: { levels, labels: labels.slice(0, sample) },
    preprocessing: run.preprocessing,
  });
  return true;
}

/** The network that learns here in the place of the trained one, or that one again. */
function useOrReturn() {
  if (inUse()) restoreNetwork();
  else replaceNetwork({ ...lesson.network(), taught: true }, [{ kind: "taught" }]);
}

function inUse() {
  return Boolean(scene.network.taught);
}

/** The rest of the page knows networks of this run's shape alone. */
function tellUse() {
  const button = byId("teach-use");
  const fits =
    setup !== null &&
    setup.activation === run.activation &&
    setup.cost === run.cost &&
    setup.sizes.join() === run.sizes.join();
  button.textContent = inUse() ? "Put the trained network back" : "Put it in the trained one\u2019s place";
  button.disabled = !inUse() && !(fits && lesson.network());
  byId("teach-use-note").hidden = fits || inUse();
}
