// Curves that grow: how a few quantities went, step by step.

import { makeShape } from "./dom.js";

const [width, height] = [420, 170];
const margin = { left: 60, right: 12, top: 12, bottom: 26 };
const mostPoints = 300; // kept of a curve: of more, every other one is left out

/**
 * A plot of one or two curves over the number of steps, both from 0 upward.
 * @param {SVGElement} svg
 * @param {{most: number, text: (value: number) => string}} scale most: the top of the plot, unless
 *   a value is higher; text: a value as its axis writes it
 * @returns {{add: (step: number, values: number[]) => void, clear: () => void}}
 */
export function makeCurves(svg, { most, text }) {
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const lines = [0, 1].map((k) => makeShape("polyline", { class: k ? "curve second" : "curve" }));
  const rules = [0, 0.5, 1].map(() => makeShape("line", { class: "rule" }));
  const ticks = [0, 0.5, 1].map(() => makeShape("text", { class: "tick", "text-anchor": "end" }));
  const ends = ["start", "end"].map((end) =>
    makeShape("text", { class: "tick", y: height - 6, "text-anchor": end }),
  );
  svg.replaceChildren(...rules, ...ticks, ...ends, ...[...lines].reverse());
  let points = [];

  const paint = () => {
    const last = Math.max(1, points.at(-1)?.step ?? 1);
    const finite = points.flatMap(({ values }) => values.filter(Number.isFinite));
    const top = Math.max(most, ...finite);
    const x = (step) => margin.left + (step / last) * (width - margin.left - margin.right);
    const y = (value) => margin.top + (1 - value / top) * (height - margin.top - margin.bottom);
    rules.forEach((rule, k) => {
      const level = y((k * top) / 2);
      for (const [name, value] of [["x1", margin.left], ["x2", width - margin.right]])
        rule.setAttribute(name, value);
      for (const name of ["y1", "y2"]) rule.setAttribute(name, level);
      ticks[k].setAttribute("x", margin.left - 8);
      ticks[k].setAttribute("y", level + 4);
      ticks[k].textContent = text((k * top) / 2);
    });
    ends[0].setAttribute("x", margin.left);
    ends[1].setAttribute("x", width - margin.right);
    ends[0].textContent = "0";
    ends[1].textContent = last === 1 ? "1 step" : `${last} steps`;
    lines.forEach((line, k) => {
      const path = points.filter(({ values }) => Number.isFinite(values[k]));
      const place = ({ step, values }) => `${x(step).toFixed(1)},${y(values[k]).toFixed(1)}`;
      line.setAttribute("points", path.map(place).join(" "));
    });
  };

  return {
    add(step, values) {
      points.push({ step, values });
      if (points.length > mostPoints) points = points.filter((_, k) => k % 2 === 0);
      paint();
    },
    clear() {
      points = [];
      paint();
    },
  };
}
