// Roll the ball yourself: a plane through weight space, its true cost, and steps down its slope.

import { keepInAddress, noteChange } from "./address.js";
import { decodeBall, encodeBall } from "./codes.js";
import { decodeBytes, decodeCoarse, decodeFloats, decodeSigned, restoreParameters } from "./codec.js";
import { byId, makeShape } from "./dom.js";
import { decimalText, plainText } from "./format.js";
import { makeNetwork, parameterBlocks } from "./network.js";
import { makePlane, orthonormal } from "./plane.js";
import { makeRelief, shortCost } from "./relief.js";
import { run } from "./run.js";
import { makeAnnouncer } from "./schedule.js";
import { examplesOf } from "./training.js";

const pause = 350; // milliseconds between the steps of a ball that rolls
const mostSteps = 100; // of one roll
const keyStep = 1 / 40; // of the map's side, for an arrow key
const creeping = 0.01; // a step that lowers the cost by a smaller share hardly moves
const [sliceWidth, sliceHeight, sliceLeft, sliceBottom] = [420, 200, 46, 26];

let hill = null; // the plane, once the section has come near
let ball = null; // { place, cost, slope }
let origin = "start"; // where it was put, as links name it
let trail = []; // the places that it has left
let taken = []; // the powers of its steps: tenths of the rate's exponent
let due = []; // those of steps that a link asks for
let timer = 0;
let asked = false;
let announce = () => {};

/** Make the section work, if the page has a hill. */
export function startHill() {
  if (!byId("hill-map")) return;
  announce = makeAnnouncer(byId("hill-live"));
  new IntersectionObserver(
    (entries) => {
      if (!entries.at(-1).isIntersecting || hill) return;
      hill = unpackHill(JSON.parse(byId("hill-data").textContent));
      startMap();
      beginRoll();
    },
    { rootMargin: "300px" },
  ).observe(byId("hill"));
  byId("hill-rate").addEventListener("input", () => {
    askForPaint();
    noteChange();
  });
  byId("hill-step").addEventListener("click", () => {
    stopRolling();
    stepOnce();
  });
  byId("hill-roll").addEventListener("click", () => (timer ? stopRolling() : roll()));
  for (const from of ["start", "end"])
    byId(`hill-${from}`).addEventListener("click", () => putBall(from));
  addEventListener("resize", askForPaint);
  const ball = () => encodeBall({ from: origin, power: powerNow(), steps: [...taken, ...due] });
  const first = ball();
  keepInAddress("hill", () => (ball() === first ? "" : ball()), (text) => {
    const linked = decodeBall(text);
    [origin, due] = [linked.from, linked.steps];
    byId("hill-rate").value = linked.power / 10;
  });
}

/** Put the ball where it is to be at first, and let it take the steps that a link asks for. */
function beginRoll() {
  const steps = due;
  putBall(origin);
  due = steps;
  const next = () => {
    if (due.length === 0) return;
    takeStep(due.shift());
    requestAnimationFrame(next);
  };
  next();
}

function unpackHill(data) {
  const blocks = parameterBlocks(run.sizes);
  const axes = orthonormal(
    ...data.directions.map(({ levels, scales }) =>
      restoreParameters(decodeSigned(levels), decodeFloats(scales), blocks),
    ),
  ).map((parameters) => makeNetwork({ ...run.network, parameters }));
  const { code, labels } = JSON.parse(byId("training-data").textContent);
  const classes = decodeBytes(labels);
  const levels = decodeCoarse(decodeBytes(code), classes.length * run.pixels);
  const examples = examplesOf(levels, classes.subarray(0, data.images), run.preprocessing);
  const { centre, half, grid, path } = data;
  const toGrid = (place) => place.map((value, k) => ((value - centre[k] + half) / (2 * half)) * (grid - 1));
  const relief = makeRelief({ costs: decodeFloats(data.cost), grid, toGrid });
  return { centre, half, path, relief, at: makePlane(run.network, axes, examples) };
}

// The ball.

function powerNow() {
  return Math.round(10 * byId("hill-rate").value);
}

function rateOf(power) {
  return +(10 ** (power / 10)).toPrecision(2);
}

/** Where a step from here ends: against the slope, times the rate. */
function afterStep({ place, slope }, power) {
  return place.map((value, k) => value - rateOf(power) * slope[k]);
}

/** Put the ball somewhere; a new place begins a new trail. */
function putBall(from) {
  stopRolling();
  [origin, trail, taken, due] = [from, [], [], []];
  const place = placeCalled(from);
  ball = { place, ...hill.at(place) };
  byId("hill-text").textContent = "The arrow is the next step.";
  askForPaint();
  noteChange();
  announce(`Cost ${plainText(ball.cost)}`);
}

/** A place by its name in a link: an end of the path, or thousandths of the map's half side. */
function placeCalled(from) {
  if (from === "start") return hill.path[0];
  if (from === "end") return hill.path.at(-1);
  const shares = from.split(":").map((share) => Math.min(1, Math.max(-1, share / 1000)));
  return shares.map((share, k) => hill.centre[k] + share * hill.half);
}

/** The name of the nearest place on the map that has one. */
function nameOf(place) {
  const shares = place.map((value, k) => (value - hill.centre[k]) / hill.half);
  return shares.map((share) => Math.round(1000 * Math.min(1, Math.max(-1, share)))).join(":");
}

/** A step at the rate that is chosen, instead of those that a link asks for. */
function stepOnce() {
  due = [];
  takeStep(powerNow());
}

function takeStep(power) {
  const before = ball;
  const place = afterStep(before, power);
  trail.push(before.place);
  taken.push(power);
  noteChange();
  ball = { place, ...hill.at(place) };
  const text = tellStep(before, ball);
  byId("hill-text").textContent = text;
  announce(text);
  askForPaint();
}

function tellStep(before, after) {
  const costs = `from ${plainText(before.cost)} to ${plainText(after.cost)}`;
  const far = decimalText(distance(before.place, after.place), 1);
  const gone = isOnMap(after.place) ? "" : " It has left the map.";
  if (after.cost > before.cost) {
    return `Uphill, ${costs}: a step of ${far} leapt over the valley. The slope is that under the ball; it says nothing of what lies so far away.${gone}`;
  }
  if (after.cost > (1 - creeping) * before.cost) {
    return `It creeps, ${costs}: a step of ${far}, since the slope here is slight.${gone}`;
  }
  return `Downhill, ${costs}: a step of ${far}.${gone}`;
}

function distance(one, other) {
  return Math.hypot(...one.map((value, k) => value - other[k]));
}

function isOnMap(place) {
  return place.every((value, k) => Math.abs(value - hill.centre[k]) <= hill.half);
}

function roll() {
  byId("hill-roll").textContent = "Stop";
  const end = trail.length + mostSteps;
  timer = setInterval(() => {
    stepOnce();
    if (trail.length >= end || !isOnMap(ball.place)) stopRolling();
  }, pause);
}

function stopRolling() {
  clearInterval(timer);
  timer = 0;
  byId("hill-roll").textContent = "Roll";
}

// The map: by mouse, finger and keyboard.

function startMap() {
  const map = byId("hill-map");
  const placeOf = (event) => {
    const { left, top, width, height } = map.getBoundingClientRect();
    const shares = [(event.clientX - left) / width, 1 - (event.clientY - top) / height];
    return nameOf(shares.map((share, k) => hill.centre[k] + (2 * share - 1) * hill.half));
  };
  map.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    map.setPointerCapture(event.pointerId);
    putBall(placeOf(event));
  });
  map.addEventListener("pointermove", (event) => {
    if (map.hasPointerCapture(event.pointerId)) putBall(placeOf(event));
  });
  map.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const move = moves[event.key];
    if (event.key === "Enter" || event.key === " ") stepOnce();
    else if (event.key === "Home") putBall("start");
    else if (event.key === "End") putBall("end");
    else if (move) putBall(nameOf(ball.place.map((value, k) => value + move[k] * 2 * hill.half * keyStep)));
    else return;
    event.preventDefault();
  });
}

// What is seen.

function askForPaint() {
  if (asked || !hill) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    paint();
  });
}

function paint() {
  const tip = afterStep(ball, powerNow());
  const next = hill.at(tip, true);
  const marks = { path: hill.path, trail, ball: ball.place, tip };
  hill.relief.map(byId("hill-map"), marks);
  hill.relief.surface(byId("hill-surface"), marks);
  paintSlice(tip, next.cost);
  byId("hill-rate-value").textContent = rateOf(powerNow());
  byId("hill-rate").setAttribute("aria-valuetext", rateOf(powerNow()));
  const section = byId("hill");
  section.dataset.place = ball.place.join(" ");
  section.dataset.cost = ball.cost;
  section.dataset.slope = ball.slope.join(" ");
  section.dataset.steps = trail.length;
  byId("hill-cost").textContent = plainText(ball.cost);
  byId("hill-slope").textContent = plainText(Math.hypot(...ball.slope));
  byId("hill-length").textContent = decimalText(distance(ball.place, tip), 1);
  byId("hill-next").textContent = plainText(next.cost);
}

/** The cost along the line of the step, through the ball: what it cannot see. */
function paintSlice(tip, tipCost) {
  const size = Math.hypot(...ball.slope) || 1;
  const reach = 1.5 * hill.half;
  const along = (far) => ball.place.map((value, k) => value - (far * ball.slope[k]) / size);
  const { heightAt, heightOf, levels } = hill.relief;
  const x = (far) =>
    sliceLeft + ((far + reach / 3) / (1.333 * reach)) * (sliceWidth - sliceLeft - 8);
  const y = (height) => 10 + (1 - height) * (sliceHeight - sliceBottom - 14);
  const points = Array.from({ length: 121 }, (_, k) => reach * (k / 90 - 1 / 3))
    .filter((far) => isOnMap(along(far)))
    .map((far) => `${x(far).toFixed(1)},${y(heightAt(along(far))).toFixed(1)}`);
  const rules = levels.flatMap((level) => [
    makeShape("line", { class: "rule", x1: sliceLeft, x2: sliceWidth - 8, y1: y(heightOf(level)), y2: y(heightOf(level)) }),
    makeShape("text", { class: "tick", x: sliceLeft - 8, y: y(heightOf(level)) + 4, "text-anchor": "end" }, shortCost(level)),
  ]);
  const far = Math.min(distance(ball.place, tip), reach);
  byId("hill-slice").replaceChildren(
    ...rules,
    makeShape("polyline", { class: "curve", points: points.join(" ") }),
    makeShape("line", { class: "hop", x1: x(0), y1: y(heightOf(ball.cost)), x2: x(far), y2: y(heightOf(tipCost)) }),
    makeShape("circle", { class: "dot second", cx: x(0), cy: y(heightOf(ball.cost)), r: 7 }),
    makeShape("circle", { class: "landing", cx: x(far), cy: y(heightOf(tipCost)), r: 5 }),
    makeShape("text", { class: "tick", x: x(0), y: sliceHeight - 6, "text-anchor": "middle" }, "ball"),
    makeShape("text", { class: "tick", x: sliceWidth - 8, y: sliceHeight - 6, "text-anchor": "end" }, "downhill \u2192"),
  );
}
