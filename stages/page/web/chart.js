// A map of digits by layer: where the embedded test images lie, seen by the pixels or by neurons.

import { keepInAddress, noteChange } from "./address.js";
import { paintGrey } from "./canvas.js";
import { nearestOthers, principalPlane } from "./components.js";
import { byId, make } from "./dom.js";
import { percentText } from "./format.js";
import { forward } from "./network.js";
import { layerName, oneOf, run } from "./run.js";
import { onChange, scene, showDigit, subjectText } from "./scene.js";
import { makeAnnouncer, makeLater } from "./schedule.js";

// Told apart by their digit, and helped by ten colours that stay apart for the colour-blind.
const colours = ["#8fc1f0", "#f2a257", "#9be2b0", "#f5d76e", "#e39ad1", "#b7a6f5", "#7ad6d6", "#ff8f7a", "#d5dde6", "#c9e26b"];
const margin = 22; // pixels around the points
const briefest = 2; // characters of a class's name that fits beside others

let plane = null; // of the layer: { places, own, share }
let looked = -1; // which of them is looked at
let announce = () => {};

/** Make the section work. */
export function startChart() {
  const layers = byId("chart-layer");
  run.sizes.forEach((_, layer) => layers.append(make("option", { value: layer }, layerName(layer))));
  layers.value = Math.max(0, run.sizes.length - 2);
  announce = makeAnnouncer(byId("chart-live"));
  const canvas = byId("chart-map");
  let near = false;
  const refresh = () => {
    if (!near) return;
    plane ??= measured();
    plane.subject = plane.project(valuesOf(scene.pass.activations, scene.subject.inputs));
    paint(canvas);
    if (looked >= 0) tellLooked();
  };
  // Nothing is measured before the section comes near.
  new IntersectionObserver(
    (entries) => {
      near = entries.at(-1).isIntersecting;
      refresh();
    },
    { rootMargin: "300px" },
  ).observe(byId("chart"));
  const again = () => {
    plane = null;
    refresh();
  };
  layers.addEventListener("change", () => {
    again();
    noteChange();
  });
  keepLayer(layers);
  const later = makeLater(again, 400);
  onChange((what) => {
    if (what === "network") later();
    else if (what === "subject") refresh();
  });
  addEventListener("resize", refresh);
  canvas.addEventListener("pointermove", (event) => look(canvas, nearestTo(canvas, event)));
  canvas.addEventListener("click", (event) => {
    look(canvas, nearestTo(canvas, event));
    showDigit(looked);
  });
  canvas.addEventListener("keydown", (event) => {
    if (!plane) return;
    const count = plane.places.length;
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (move) look(canvas, (looked + move + count) % count);
    else if (event.key === "Enter" && looked >= 0) showDigit(looked);
    else return;
    event.preventDefault();
  });
}

/** The layer stands in the address, and the digit that is looked at. */
function keepLayer(layers) {
  const first = layers.value;
  const seen = () => layers.value + (looked < 0 ? "" : `~${looked}`);
  keepInAddress("map", () => (seen() === first ? "" : seen()), (text) => {
    const [layer, place = "-1"] = text.split("~");
    if (!run.sizes[layer] || !(Number(place) < run.digits.sample)) throw new Error("no such place");
    layers.value = layer;
    looked = Number.parseInt(place, 10);
  });
}

function layerNow() {
  return Number(byId("chart-layer").value);
}

/** A layer's activations: of layer 0 what the network is given. */
function valuesOf(activations, inputs) {
  return layerNow() === 0 ? inputs : activations[layerNow()];
}

function measured() {
  const points = run.digits
    .sampleInputs()
    .map((input) => (layerNow() === 0 ? input : forward(scene.network, input, scene).activations[layerNow()]));
  const { project, share } = principalPlane(points);
  const places = points.map(project);
  const nearest = nearestOthers(places);
  const { labels } = run.digits;
  const same = nearest.filter((other, k) => labels[other] === labels[k]).length / places.length;
  byId("chart").dataset.same = same;
  byId("chart-share").textContent = percentText(share, 0);
  byId("chart-same").textContent = percentText(same, 0);
  return { places, project, share, subject: null };
}

/** Where a place of the plane is on the canvas, in CSS pixels. */
function scaleOf(canvas) {
  const all = [...plane.places, plane.subject];
  const ends = [0, 1].map((k) => {
    const values = all.map((place) => place[k]);
    return [Math.min(...values), Math.max(...values)];
  });
  const room = canvas.clientWidth - 2 * margin;
  const range = Math.max(...ends.map(([low, high]) => high - low)) || 1;
  const [x, y] = ends.map(([low, high]) => (low + high) / 2);
  const middle = canvas.clientWidth / 2;
  return ([across, up]) => [
    middle + ((across - x) / range) * room,
    middle - ((up - y) / range) * room,
  ];
}

function paint(canvas) {
  const ratio = Math.min(2, devicePixelRatio || 1);
  const width = canvas.clientWidth;
  canvas.width = canvas.height = Math.round(width * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = "#0d1520";
  context.fillRect(0, 0, width, width);
  const point = scaleOf(canvas);
  context.font = `600 ${width < 420 ? 10 : 13}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  plane.places.forEach((place, k) => {
    const label = run.digits.labels[k];
    const [x, y] = point(place);
    context.fillStyle = colours[label % colours.length];
    if (run.names[label].length <= briefest) context.fillText(run.names[label], x, y);
    else context.fillRect(x - 3, y - 3, 6, 6);
  });
  if (looked >= 0) ring(context, point(plane.places[looked]), "#ffffff");
  ring(context, point(plane.subject), "#f2a257");
}

function ring(context, [x, y], colour) {
  for (const [width, edge] of [[7, "#0d1520"], [3, colour]]) {
    context.beginPath();
    context.arc(x, y, 11, 0, 2 * Math.PI);
    context.lineWidth = width;
    context.strokeStyle = edge;
    context.stroke();
  }
}

/** The digit nearest to the pointer. */
function nearestTo(canvas, event) {
  const { left, top } = canvas.getBoundingClientRect();
  const point = scaleOf(canvas);
  let [best, least] = [0, Infinity];
  plane.places.forEach((place, k) => {
    const [x, y] = point(place);
    const far = (x - event.clientX + left) ** 2 + (y - event.clientY + top) ** 2;
    if (far < least) [best, least] = [k, far];
  });
  return best;
}

function look(canvas, place) {
  if (place === looked) return;
  looked = place;
  noteChange();
  paint(canvas);
  announce(`${tellLooked()} Orange: ${subjectText()}.`);
}

/** Show the digit that is looked at; return what it is, in words. */
function tellLooked() {
  const { indices, labels, guesses, image } = run.digits;
  const { height, width } = run.preprocessing;
  const [label, guess] = [labels[looked], guesses[looked]];
  const read = guess === label ? "" : `, which the trained network reads as ${oneOf(guess)}`;
  const text = `Test image ${indices[looked]}: ${oneOf(label)}${read}.`;
  paintGrey(byId("chart-image"), image(looked), height, width);
  byId("chart-text").textContent = text;
  byId("chart").dataset.looked = looked;
  return text;
}
