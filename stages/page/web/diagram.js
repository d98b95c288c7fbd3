// The network as a picture: neurons are buttons, the lines between them are drawn on a canvas.

import { make, makeRoving } from "./dom.js";
import { layerName, longNames, neuronName, run } from "./run.js";

const faintest = 0.05; // of the strongest line; weaker ones cannot be seen
const narrow = 420; // pixels
const plusInk = [111, 180, 245];
const minusInk = [242, 162, 87];

/**
 * Build a diagram inside `root`, which has its height from the style sheet.
 * @param {HTMLElement} root
 * @param {{onPreview?: (neuron: object|null) => void, onPick?: (neuron: object) => void,
 *   picture: HTMLElement}} options neurons are {layer, index}; picture stands at the left
 * @returns {{paint: Function, mark: Function, root: HTMLElement}}
 */
export function makeDiagram(root, { onPreview, onPick, picture }) {
  const canvas = make("canvas", { className: "lines" });
  canvas.setAttribute("aria-hidden", "true");
  const inputs = make("p", { className: "foot of-inputs" }, run.sizes[0].toLocaleString("en"));
  root.append(canvas, picture, inputs);
  const columns = run.layers.map((layer) => makeColumn(root, layer));
  const diagram = { root, canvas, picture, columns, look: null, focus: null };
  const neuronOf = (target) => target.closest?.("button.neuron")?.neuron ?? null;
  const preview = (neuron) => {
    diagram.focus = neuron;
    drawLines(diagram);
    onPreview?.(neuron);
  };
  root.addEventListener("pointerover", (event) => preview(neuronOf(event.target)));
  root.addEventListener("pointerleave", () => preview(null));
  root.addEventListener("focusin", (event) => preview(neuronOf(event.target)));
  root.addEventListener("focusout", () => preview(null));
  root.addEventListener("click", (event) => {
    const neuron = neuronOf(event.target);
    if (neuron) onPick?.(neuron);
  });
  const came = new Map(); // to a button across columns, and from where
  makeRoving(root, (button, key) => {
    const goal = came.get(`${key} ${nameOf(button)}`) ?? neighbour(columns, button, key);
    const back = { ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft" }[key];
    came.clear();
    if (goal && back) came.set(`${back} ${nameOf(goal)}`, button);
    return goal;
  });
  columns[0].slots[0].button.tabIndex = 0;
  placeColumns(diagram);
  new ResizeObserver(() => {
    placeColumns(diagram);
    drawLines(diagram);
  }).observe(root);
  return {
    root,
    paint: (look) => paintDiagram(diagram, look),
    mark: (neuron) => markNeuron(diagram, neuron),
  };
}

/** Spread the layers over the width, in percent of it; outputs need room for their numbers. */
function placeColumns({ root, columns }) {
  const last = (root.clientWidth < narrow ? 66 : 74) - (longNames() ? 6 : 0);
  const first = columns.length > 3 ? 27 : 31;
  columns.forEach((column, place) => {
    column.x = columns.length === 1 ? 62 : first + ((last - first) * place) / (columns.length - 1);
    for (const element of column.placed) element.style.left = `${column.x}%`;
  });
}

function makeColumn(root, layer) {
  const drawn = run.drawn[layer];
  const rows = Math.max(...run.layers.map((other) => run.drawn[other].length), 8);
  const step = Math.min(88 / Math.max(1, drawn.length - 1), (1.4 * 88) / (rows - 1));
  const output = layer === run.sizes.length - 1;
  const group = make("div", { className: "column" });
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", `${layerName(layer)}, ${run.sizes[layer]} neurons`);
  const slots = drawn.map((index, row) => {
    const y = 48 + (row - (drawn.length - 1) / 2) * step;
    const button = make("button", {
      type: "button",
      className: output ? "neuron output" : "neuron",
      tabIndex: -1,
    });
    button.neuron = { layer, index };
    button.style.top = `${y}%`;
    group.append(button);
    return { button, y, index, tag: output ? makeTag(group, y) : null };
  });
  const foot = make("p", { className: "foot" }, footText(layer, drawn.length));
  group.append(foot);
  root.append(group);
  return { layer, x: 50, slots, placed: [...group.children] };
}

function footText(layer, drawn) {
  const count = run.sizes[layer];
  const gap =
    run.layers.indexOf(layer) > 0 && run.layers.at(run.layers.indexOf(layer) - 1) < layer - 1;
  const about = drawn < count ? `${drawn} of ${count.toLocaleString("en")}` : `${count}`;
  return gap ? `${about} (layer ${layer})` : about;
}

/** Name, bar and number beside an output. */
function makeTag(group, y) {
  const name = make("span", { className: "tag-name" });
  const fill = make("span", { className: "tag-fill" });
  const number = make("span", { className: "tag-number" });
  const tag = make(
    "div",
    { className: "tag" },
    name,
    make("span", { className: "tag-track" }, fill),
    number,
  );
  tag.setAttribute("aria-hidden", "true"); // the button beside it says the same
  tag.style.top = `${y}%`;
  group.append(tag);
  return { tag, name, fill, number };
}

function nameOf({ neuron: { layer, index } }) {
  return `${layer}:${index}`;
}

/** The button that an arrow key leads to. */
function neighbour(columns, button, key) {
  const at = columns.findIndex(({ layer }) => layer === button.neuron.layer);
  const row = columns[at].slots.findIndex((slot) => slot.button === button);
  const across = (to) => {
    const slots = columns[to]?.slots;
    return slots?.[
      Math.round((row / Math.max(1, columns[at].slots.length - 1)) * (slots.length - 1))
    ];
  };
  const goal = {
    ArrowUp: () => columns[at].slots[row - 1],
    ArrowDown: () => columns[at].slots[row + 1],
    ArrowLeft: () => across(at - 1),
    ArrowRight: () => across(at + 1),
    Home: () => columns[at].slots[0],
    End: () => columns[at].slots.at(-1),
  }[key]?.();
  return goal?.button;
}

/**
 * Show values. `look` has functions of (layer, index):
 *   fill: colour of the neuron, text: what is said of it, off: whether it is switched off,
 *   rank: 1 for the answer, 2 for the second guess, tag: {share, text, negative} of an output;
 * and strength(layer, j, k): of the line from neuron k before to neuron j, input(j): from the image.
 * reach: the first layer whose incoming lines are shown; sweep: 0 to 1, how far those of `reach`
 * have grown, from their end backwards.
 */
function paintDiagram(diagram, look) {
  diagram.look = look;
  for (const { layer, slots } of diagram.columns) {
    const last = layer === run.sizes.length - 1;
    const indices = last && look.outputs ? look.outputs : slots.map(({ index }) => index);
    slots.forEach((slot, row) => {
      const index = indices[row];
      const { button } = slot;
      slot.index = index;
      button.neuron = { layer, index };
      button.style.backgroundColor = look.fill(layer, index);
      button.setAttribute("aria-label", `${neuronName(layer, index)}: ${look.text(layer, index)}`);
      button.classList.toggle("off", look.off?.(layer, index) ?? false);
      const rank = last ? (look.rank?.(index) ?? 0) : 0;
      button.dataset.rank = rank;
      if (slot.tag) paintTag(slot.tag, index, look.tag(index), rank);
    });
  }
  drawLines(diagram);
}

function paintTag({ tag, name, fill, number }, index, { share, text, negative }, rank) {
  tag.dataset.rank = rank;
  name.textContent = run.names[index];
  fill.style.transform = `scaleX(${Math.min(1, Math.max(0, share))})`;
  fill.classList.toggle("negative", Boolean(negative));
  number.textContent = text;
}

function markNeuron(diagram, neuron) {
  for (const { slots } of diagram.columns) {
    for (const { button } of slots) {
      const here =
        neuron && button.neuron.layer === neuron.layer && button.neuron.index === neuron.index;
      button.setAttribute("aria-pressed", String(Boolean(here)));
    }
  }
}

function drawLines(diagram) {
  const { root, canvas, columns, look } = diagram;
  const { clientWidth: width, clientHeight: height } = root;
  if (!look || width === 0) return;
  const ratio = Math.min(2, devicePixelRatio || 1);
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.lineCap = "round";
  for (const lines of linesOf(diagram, width, height)) {
    const scale = lines.reduce((most, { strength }) => Math.max(most, Math.abs(strength)), 0);
    if (scale > 0)
      for (const line of lines) drawLine(context, line, line.strength / scale, diagram.focus);
  }
}

/** The lines into each drawn layer: places in pixels, strength, and the neurons at their ends. */
function linesOf({ columns, look, picture }, width, height) {
  const start = ((picture.offsetLeft + picture.offsetWidth) / width) * 100;
  return columns.map(({ layer, x, slots }, place) => {
    const sweep = layer > look.reach ? 1 : layer === look.reach ? look.sweep : 0;
    const before = columns[place - 1];
    if (sweep === 0 || (place > 0 && before.layer !== layer - 1)) return [];
    const end = [(x / 100) * width, height / 100];
    const line = (slot, fromX, fromY, strength, from) => {
      const [x2, y2] = [end[0], slot.y * end[1]];
      const [x1, y1] = [(fromX / 100) * width, fromY * end[1]];
      const cut = 1 - sweep;
      return {
        x1: x1 + (x2 - x1) * cut,
        y1: y1 + (y2 - y1) * cut,
        x2,
        y2,
        strength,
        to: { layer, index: slot.index },
        from,
      };
    };
    if (place === 0) {
      if (layer !== 1) return [];
      return slots.map((slot) => line(slot, start, 48, look.input(slot.index), null));
    }
    return slots.flatMap((slot) =>
      before.slots.map((other) =>
        line(slot, before.x, other.y, look.strength(layer, slot.index, other.index), {
          layer: before.layer,
          index: other.index,
        }),
      ),
    );
  });
}

function drawLine(context, { x1, y1, x2, y2, from, to }, share, focus) {
  const size = Math.abs(share);
  const same = (end) => end && end.layer === focus.layer && end.index === focus.index;
  const bright = !focus || same(from) || same(to);
  if (size < faintest) return;
  const alpha = (0.1 + 0.9 * size ** 0.8) * (bright ? 1 : 0.13);
  context.strokeStyle = `rgb(${(share > 0 ? plusInk : minusInk).join(" ")} / ${alpha})`;
  context.lineWidth = 0.4 + 2.4 * size;
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}
