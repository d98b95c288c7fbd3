// Small tools for the page: elements, numbers in words, images on canvases, colours.

const nightColour = [13, 21, 32];
const glowStops = [nightColour, [74, 90, 112], [255, 255, 255]];
const negativeGlow = [nightColour, [110, 66, 34], [242, 162, 87]];
const pullStops = [
  [107, 36, 5],
  [201, 86, 26],
  [243, 181, 140],
  [255, 255, 255],
  [147, 191, 228],
  [29, 95, 168],
  [10, 42, 85],
];

/** The element with this id, or null. */
export function byId(id) {
  return document.getElementById(id);
}

/** A new element: `make("p", { className: "note" }, "text", child)`; unknown names are attributes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A new SVG element. */
export function makeShape(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** 0.5 is "0.50"; a true minus sign, and never minus zero. */
export function decimalText(value, digits = 2) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "\u2212");
}

/** The same with its sign: "+0.50". */
export function signedDecimal(value, digits = 2) {
  const text = decimalText(value, digits);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** A number with its sign, to three significant digits: "+0.0123". */
export function signedText(value) {
  if (!(Math.abs(value) >= 1e-12)) return "0";
  const size = Math.abs(value);
  const small = size < 1e-4 || size >= 999.5;
  return (
    (value < 0 ? "\u2212" : "+") + (small ? powerText(size) : size.toPrecision(size < 1e-2 ? 2 : 3))
  );
}

/** 0.0000712 is "7.1\u00b710\u207b\u2075". */
function powerText(size, digits = 1) {
  const [factor, power] = size.toExponential(digits).split("e");
  const raised = (digit) =>
    digit === "-"
      ? "\u207b"
      : "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[digit];
  return `${factor}\u00b710${Array.from(power.replace("+", ""), raised).join("")}`;
}

/** A number with its sign in few characters: "+1.98", "\u22120.03", "+7\u00b710\u207b\u2075". */
export function roughText(value) {
  const size = Math.abs(value);
  if (!(size >= 1e-12)) return "0";
  const sign = value < 0 ? "\u2212" : "+";
  return sign + (size >= 0.005 ? size.toFixed(2) : powerText(size, 0));
}

/** Like signedText, without a plus. */
export function plainText(value) {
  return signedText(value).replace(/^\+/, "");
}

/** 0.9614 is "96.1 %", with a space that does not break. */
export function percentText(share, digits = 1) {
  return `${(share * 100).toFixed(digits)}\u00a0%`;
}

/** "an 8", "a 3". */
export function withArticle(name) {
  return `${/^(8|11$|18$)/.test(name) ? "an" : "a"} ${name}`;
}

/** With a capital letter in front. */
export function capital(text) {
  return text.replace(/^./, (letter) => letter.toUpperCase());
}

/** Put a text into a live region once things have been quiet for a while, so that it never chatters. */
export function makeAnnouncer(element, quiet = 900) {
  let timer = 0;
  return (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (element.textContent !== text) element.textContent = text;
    }, quiet);
  };
}

/** Run `work` soon, once, however often it is asked for: at most every `pause` milliseconds. */
export function makeLater(work, pause = 60) {
  let timer = 0;
  return () => {
    if (timer) return;
    timer = setTimeout(() => {
      timer = 0;
      work();
    }, pause);
  };
}

/** Whether motion is welcome. */
export function motionWelcome() {
  return !matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * Call `update` now if the element is near the window, or else as soon as it comes there; and once
 * in any case, soon after the page has opened.
 * @returns {() => void} to be called when something has changed
 */
export function makeVisibleUpdate(element, update) {
  let near = false;
  let stale = true;
  const refresh = () => {
    if (!near || !stale) return;
    stale = false;
    update();
  };
  new IntersectionObserver(
    (entries) => {
      near = entries.at(-1).isIntersecting;
      refresh();
    },
    { rootMargin: "300px" },
  ).observe(element);
  setTimeout(() => {
    if (stale) update();
    stale = false;
  });
  return () => {
    stale = true;
    refresh();
  };
}

/** A colour between stops, for a share from 0 to 1. */
function between(stops, share) {
  const place = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const first = Math.min(Math.floor(place), stops.length - 2);
  const rest = place - first;
  return stops[first].map((value, k) => value + rest * (stops[first + 1][k] - value));
}

/** Brightness as the lectures draw it: 0 is night, 1 is white; below 0 it glows orange. */
export function glowColour(value) {
  return value < 0 ? between(negativeGlow, -value) : between(glowStops, value);
}

/** Negative is orange, positive blue, 0 white, for -1 to 1. */
export function pullColour(value) {
  return between(pullStops, (value + 1) / 2);
}

/** The same on a dark ground: 0 is night, negative orange, positive sky blue. */
export function nightPullColour(value) {
  const end = value < 0 ? [242, 162, 87] : [111, 180, 245];
  return between([nightColour, end], Math.abs(value) ** 0.7);
}

/** "rgb(...)" of three numbers. */
export function cssColour(colour) {
  return `rgb(${colour.map(Math.round).join(" ")})`;
}

/**
 * Paint one value a pixel.
 * @param {HTMLCanvasElement} canvas becomes width x height pixels
 * @param {ArrayLike<number>} values (height * width,)
 * @param {(value: number) => number[]} colourOf
 */
export function paintPixels(canvas, values, height, width, colourOf) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  for (let k = 0; k < values.length; k++) {
    const [red, green, blue] = colourOf(values[k]);
    picture.data.set([red, green, blue, 255], 4 * k);
  }
  context.putImageData(picture, 0, 0);
}

/** Paint grey levels, 0 to 255: ink is bright. */
export function paintGrey(canvas, levels, height, width) {
  paintPixels(canvas, levels, height, width, (level) => glowColour(level / 255));
}

/** The largest absolute value, or 1 if all are 0. */
export function largestOf(values) {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return largest || 1;
}

/** The indices of the `count` largest values by size, whatever their sign. */
export function strongest(values, count) {
  const order = Array.from(values.keys()).sort((i, j) => Math.abs(values[j]) - Math.abs(values[i]));
  return order.slice(0, count);
}

/** Arrow keys, Home and End move the focus among buttons that share one tab stop. */
export function makeRoving(container, next) {
  container.addEventListener("keydown", (event) => {
    const target = event.target.closest("button");
    const goal = target && next(target, event.key);
    if (!goal) return;
    event.preventDefault();
    goal.focus();
  });
  container.addEventListener("focusin", (event) => {
    const target = event.target.closest("button");
    if (!target) return;
    for (const other of container.querySelectorAll("button[tabindex='0']")) other.tabIndex = -1;
    target.tabIndex = 0;
  });
}
