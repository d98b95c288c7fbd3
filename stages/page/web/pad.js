// The drawing pad: strokes by mouse, finger and keyboard.

import { paintGrey } from "./canvas.js";
import { cssColour, glowColour } from "./colour.js";
import { encodeStrokes, rounded } from "./codes.js";
import { byId } from "./dom.js";
import { run } from "./run.js";
import { onChange, scene, showDigit, showImage } from "./scene.js";
import { imageOfStrokes } from "./strokes.js";
import { subjectOf } from "./subjects.js";

const side = 560; // pixels of the canvas along each side
const nib = 0.062; // breadth of the line on the pad, as a share of its side
const keyStep = 0.04; // how far an arrow key moves the pen
const leastMove = 0.004; // points nearer than this to the last one are left out

const pads = []; // canvases that all show the one drawing
const strokes = [];
const pen = { x: 0.5, y: 0.3, down: false, shown: false };
let drawing = null; // id of the pointer that draws
let asked = false; // whether an image is to be made in the next frame

/** Make the pads and their tools work: the large one, and the one beside the walk. */
export function startPad() {
  for (const id of ["pad", "walk-pad"]) startCanvas(byId(id));
  byId("undo-stroke").addEventListener("click", undoStroke);
  for (const id of ["clear", "walk-clear"]) byId(id).addEventListener("click", clearPad);
  onChange((what) => {
    if (what !== "subject") return;
    if (scene.subject.kind !== "drawn") forgetDrawing();
    paintPads();
  });
}

function startCanvas(pad) {
  pads.push(pad);
  pad.width = pad.height = side;
  pad.addEventListener("pointerdown", (event) => beginStroke(pad, event));
  pad.addEventListener("pointermove", (event) => continueStroke(pad, event));
  for (const name of ["pointerup", "pointercancel"]) pad.addEventListener(name, endStroke);
  pad.addEventListener("keydown", moveWithKeys);
  pad.addEventListener("focus", () => pad.matches(":focus-visible") && showPen(true));
  pad.addEventListener("blur", () => showPen(false));
}

/** Show the image of a link's code. */
export function showCode(code) {
  const { kind, image, place, strokes: drawn } = subjectOf(code);
  if (drawn.length > 0) {
    showStrokes(drawn);
    return;
  }
  if (place === null) showImage(kind, image, code);
  else showDigit(place);
}

// Strokes.

function pointAt(pad, event) {
  const { left, top, width, height } = pad.getBoundingClientRect();
  const within = (share) => rounded(Math.min(1, Math.max(0, share)));
  return [within((event.clientX - left) / width), within((event.clientY - top) / height)];
}

function beginStroke(pad, event) {
  if (event.button !== 0 || drawing !== null) return;
  event.preventDefault();
  drawing = event.pointerId;
  byId("network").dataset.drawing = "true"; // no fading: it follows the pen at once
  pad.setPointerCapture(event.pointerId);
  strokes.push([pointAt(pad, event)]);
  askImage();
}

function continueStroke(pad, event) {
  if (event.pointerId !== drawing) return;
  const all = event.getCoalescedEvents?.() ?? [];
  for (const one of all.length > 0 ? all : [event]) addPoint(pointAt(pad, one));
  askImage();
}

function addPoint([x, y]) {
  const stroke = strokes.at(-1);
  const [lastX, lastY] = stroke.at(-1);
  if (Math.hypot(x - lastX, y - lastY) >= leastMove) stroke.push([x, y]);
}

function endStroke(event) {
  if (event.pointerId !== drawing) return;
  drawing = null;
  delete byId("network").dataset.drawing;
  askImage();
}

function moveWithKeys(event) {
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[
    event.key
  ];
  if (move) {
    pen.x = rounded(Math.min(1, Math.max(0, pen.x + move[0] * keyStep)));
    pen.y = rounded(Math.min(1, Math.max(0, pen.y + move[1] * keyStep)));
    if (pen.down) strokes.at(-1).push([pen.x, pen.y]);
  } else if (event.key === " " || event.key === "Enter") {
    pen.down = !pen.down;
    if (pen.down) strokes.push([[pen.x, pen.y]]);
  } else if (event.key === "Delete" || event.key === "Backspace") {
    clearPad();
  } else if ((event.ctrlKey || event.metaKey) && event.key === "z") {
    undoStroke();
  } else {
    return;
  }
  event.preventDefault();
  pen.shown = true;
  if (pen.down || event.key === " " || event.key === "Enter") askImage();
  else paintPads();
}

function showPen(shown) {
  pen.shown = shown;
  if (!shown) pen.down = false;
  paintPads();
}

function undoStroke() {
  strokes.pop();
  pen.down = false;
  if (strokes.length > 0) askImage();
  else clearPad();
}

/** Take everything off the pad. */
export function clearPad() {
  showImage("empty", new Uint8Array(run.pixels), "e");
}

/** Put a drawing on the pad in place of what is there. */
export function showStrokes(drawing) {
  forgetDrawing();
  strokes.push(...drawing.map((stroke) => stroke.map((point) => point.map(rounded))));
  showDrawing();
}

function showDrawing(options) {
  const { height, width } = run.preprocessing;
  const image = imageOfStrokes(strokes, height, width);
  showImage("drawn", image, `d${encodeStrokes(strokes)}`, options);
}

function forgetDrawing() {
  strokes.length = 0;
  pen.down = false;
}

/** Give the drawing to the network, once a frame at most. */
function askImage() {
  if (asked || strokes.length === 0) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    if (strokes.length === 0) return;
    showDrawing({ keepLabel: scene.subject.kind === "drawn" });
  });
}

function paintPads() {
  for (const pad of pads) paintPad(pad);
}

/** Strokes if there are any; or else the image itself, enlarged. */
function paintPad(pad) {
  const context = pad.getContext("2d");
  context.fillStyle = cssColour(glowColour(0));
  context.fillRect(0, 0, side, side);
  if (strokes.length === 0 && scene.subject) paintEnlarged(context);
  context.strokeStyle = context.fillStyle = "#fff";
  context.lineWidth = nib * side;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) {
    context.beginPath();
    stroke.forEach(([x, y], k) =>
      k === 0 ? context.moveTo(x * side, y * side) : context.lineTo(x * side, y * side),
    );
    if (stroke.length === 1) context.lineTo(stroke[0][0] * side + 0.01, stroke[0][1] * side);
    context.stroke();
  }
  if (pen.shown && document.activeElement === pad) paintPen(context);
}

function paintEnlarged(context) {
  const { height, width } = run.preprocessing;
  const small = document.createElement("canvas");
  paintGrey(small, scene.subject.image, height, width);
  const scale = side / Math.max(height, width);
  context.imageSmoothingEnabled = false;
  context.drawImage(
    small,
    (side - width * scale) / 2,
    (side - height * scale) / 2,
    width * scale,
    height * scale,
  );
}

function paintPen(context) {
  const [x, y] = [pen.x * side, pen.y * side];
  context.lineWidth = 4;
  context.strokeStyle = pen.down ? "#f2a257" : "#6fb4f5";
  context.beginPath();
  context.arc(x, y, (nib * side) / 2 + 6, 0, 2 * Math.PI);
  context.stroke();
}
