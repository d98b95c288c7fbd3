// What of the ink is the digit: not the paper's lines, specks, a table's edge, or another mark.
// stages/common/images/parts.py is the twin of this module: tests/page/test_page_core.py holds them to the
// same bytes.

import { faintestInk, highest, inkStrength } from "./ink.js";

const fullPercent = 97; // of a row or column: what a line of the paper covers
const thinPart = 20; // of the picture's length: what is broader than that part of it is no line
const alongPercent = 70; // of the shorter side: what touches the edge so long is no digit
const speckPart = 20; // of the ink of the largest part: what has less may be a speck
const dustPart = 200; // what has less than this part of it is one, however near it lies
const rivalPart = 3; // of the digit's ink: another mark with more may be meant
const mostParts = 500; // of more, none is another mark
const nearPart = 6; // of the length of all ink: what is nearer belongs together

/** The ink of the digit alone. */
export function digitOf(ink) {
  const cleared = mainPart(withoutLines(mainPart(ink)));
  return withoutHaze(inkStrength(cleared).full >= faintestInk ? cleared : ink);
}

/** The picture without thin lines from edge to edge: ruled paper, a frame, a scanner's edge. */
const withoutLines = (ink) => transposed(withoutRows(transposed(withoutRows(ink))));

function transposed({ height, width, levels }) {
  const turned = levels.map((_, k) => levels[(k % height) * width + Math.floor(k / height)]);
  return { height: width, width: height, levels: turned };
}

/** A digit that crosses a line goes on between the rows on both sides of it. */
function withoutRows({ height, width, levels }) {
  const row = (y) => levels.subarray(y * width, (y + 1) * width);
  const covered = Array.from({ length: height }, (_, y) => {
    const count = row(y).reduce((sum, level) => sum + (level > 0), 0);
    return 100 * count >= fullPercent * width;
  });
  const lines = thinRuns(covered, Math.floor(height / thinPart));
  const drawn = levels.slice();
  for (const [first, end] of lines) {
    if (first === 0 && end === height) break;
    const above = row(first > 0 ? first - 1 : end);
    const below = row(end < height ? end : first - 1);
    for (let k = first * width; k < end * width; k++) {
      const between = Math.floor((above[k % width] + below[k % width] + 1) / 2);
      drawn[k] = Math.min(levels[k], between);
    }
  }
  return { height, width, levels: drawn };
}

/** First row, and the one after the last, of what is covered by at most so many in turn. */
function thinRuns(covered, most) {
  const runs = [];
  covered.forEach((full, y) => {
    if (full && covered[y - 1]) runs.at(-1)[1] = y + 1;
    else if (full) runs.push([y, y + 1]);
  });
  return runs.filter(([first, end]) => end - first <= most);
}

/** Whether another mark has so much of the digit's ink that it may be meant. */
export function hasRival(ink) {
  const { marks, inkOfMark } = marksOf(withoutLines(ink));
  const [first, second] = marks.map(inkOfMark).sort((a, b) => b - a);
  return rivalPart * (second ?? 0) > first;
}

/** The ink without parts that are specks, run along the picture's edge, or lie apart. */
function mainPart(ink) {
  const { labels, marks, inkOfMark } = marksOf(ink);
  if (marks.length === 0) return ink;
  const masses = marks.map(inkOfMark);
  return cutOut(ink, labels, marks[masses.indexOf(Math.max(...masses))]);
}

/** What may be the digit, if there are several parts: lists of those that belong together. */
function marksOf(ink) {
  const { threshold } = inkStrength(ink);
  const { labels, parts } = partsOf(ink, threshold);
  if (parts.length < 2) return { labels, marks: [], inkOfMark: () => 0 };
  const most = (key) => parts.reduce((best, part) => Math.max(best, part[key]), 0);
  const shorter = Math.min(ink.height, ink.width);
  for (const part of parts) {
    part.inner = 100 * part.touching >= alongPercent * shorter ? 0 : part.mass;
  }
  const key = speckPart * most("inner") >= most("mass") ? "inner" : "mass";
  const heavy = most(key);
  const found = parts.filter((part) => part[key] > 0 && dustPart * part[key] >= heavy);
  const large = found.filter((part) => speckPart * part[key] >= heavy);
  const inkOfMark = (mark) => mark.reduce((sum, part) => sum + part[key], 0);
  return { labels, marks: groupsOf(found, large), inkOfMark };
}

/** Parts that hold together above a level, in the order of their first pixels. */
export function partsOf({ height, width, levels }, threshold) {
  const labels = new Int32Array(levels.length);
  const parts = [];
  for (let start = 0; start < levels.length; start++) {
    if (labels[start] > 0 || levels[start] <= threshold) continue;
    const part = { label: parts.length + 1, mass: 0, touching: 0 };
    Object.assign(part, { top: height, bottom: 0, left: width, right: 0 });
    parts.push(part);
    labels[start] = part.label;
    for (const places = [start]; places.length > 0; ) {
      const place = places.pop();
      const [row, column] = [Math.floor(place / width), place % width];
      addPixel(part, row, column, levels[place], height, width);
      for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
        for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) {
          const next = y * width + x;
          if (labels[next] > 0 || levels[next] <= threshold) continue;
          labels[next] = part.label;
          places.push(next);
        }
      }
    }
  }
  return { labels, parts };
}

function addPixel(part, row, column, level, height, width) {
  part.mass += level;
  part.touching += (row === 0) + (row === height - 1) + (column === 0) + (column === width - 1);
  part.top = Math.min(part.top, row);
  part.bottom = Math.max(part.bottom, row + 1);
  part.left = Math.min(part.left, column);
  part.right = Math.max(part.right, column + 1);
}

/** Parts that belong together, as lists; the extent of the large ones tells how wide a gap may be. */
function groupsOf(parts, large) {
  if (parts.length > mostParts) return [parts];
  const { top, bottom, left, right } = around(large);
  const extent = Math.max(bottom - top, right - left);
  const near = (a, b) => {
    const down = Math.max(a.top - b.bottom, b.top - a.bottom);
    const across = Math.max(a.left - b.right, b.left - a.right);
    return nearPart * Math.max(down, across) <= extent;
  };
  let groups = [];
  for (const part of parts) {
    const [ours, others] = [[], []];
    for (const group of groups) (group.some((one) => near(one, part)) ? ours : others).push(group);
    groups = [...others, [...ours.flat(), part]];
  }
  const first = (group) => Math.min(...group.map((part) => part.label));
  return groups.sort((a, b) => first(a) - first(b));
}

/** The box around parts; its ends are beyond the ink. */
function around(parts) {
  const least = (key) => parts.reduce((best, part) => Math.min(best, part[key]), Infinity);
  const most = (key) => parts.reduce((best, part) => Math.max(best, part[key]), 0);
  return { top: least("top"), bottom: most("bottom"), left: least("left"), right: most("right") };
}

/** What lies in the box around the parts that are kept; of the others neither ink nor rim. */
function cutOut({ height, width, levels }, labels, kept) {
  const ours = new Set(kept.map(({ label }) => label));
  const strange = new Uint8Array(labels).map((_, k) => labels[k] > 0 && !ours.has(labels[k]));
  const others = highest({ height, width, levels: strange }, 3).levels;
  const { top, bottom, left, right } = around(kept);
  const cut = new Uint8Array(levels.length);
  for (let y = Math.max(0, top - 1); y < Math.min(height, bottom + 1); y++) {
    for (let x = Math.max(0, left - 1); x < Math.min(width, right + 1); x++) {
      const k = y * width + x;
      if (!others[k] || ours.has(labels[k])) cut[k] = levels[k];
    }
  }
  return { height, width, levels: cut };
}

/** Strong ink and its soft rim of one pixel: not the noise of the paper around it. */
function withoutHaze({ height, width, levels }) {
  const { threshold } = inkStrength({ levels });
  const strong = levels.map((level) => (level > threshold ? 1 : 0));
  const near = highest({ height, width, levels: strong }, 3).levels;
  return { height, width, levels: levels.map((level, k) => (near[k] ? level : 0)) };
}
