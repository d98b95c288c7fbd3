// The guided way: a panel that leads from stop to stop, and can be left and come back to anywhere.

import { keepInAddress, noteChange } from "./address.js";
import { byId } from "./dom.js";
import { stops } from "./stops.js";

let place = -1; // of the stop that is shown; -1: none
let reached = 0; // where one comes back to

/** Make it work. */
export function startGuide() {
  byId("guide-start").addEventListener("click", () => goTo(reached));
  byId("guide-back").addEventListener("click", () => goTo(place - 1));
  byId("guide-on").addEventListener("click", () => goTo(place + 1));
  byId("guide-show").addEventListener("click", answer);
  byId("guide-leave").addEventListener("click", leave);
  byId("guide").addEventListener("keydown", ({ key }) => key === "Escape" && leave());
  keepInAddress("stop", () => (place < 0 ? "" : String(place + 1)), (text) => {
    if (!(Number(text) >= 1 && Number(text) <= stops.length)) throw new Error("no such stop");
    show(Number(text) - 1);
  });
}

/** Go to a stop and let it set the page; beyond the last one the way is at its end. */
function goTo(next) {
  if (next >= stops.length) {
    reached = 0;
    leave();
    return;
  }
  stops[next].enter();
  show(next);
  byId(stops[next].section).scrollIntoView();
  byId("guide-title").focus({ preventScroll: true });
}

/** Show a stop's question, with the page as it is. */
function show(next) {
  place = reached = next;
  byId("guide").hidden = false;
  byId("guide-start").hidden = true;
  byId("guide-title").textContent = `${next + 1} of ${stops.length}: ${stops[next].title}`;
  byId("guide-ask").textContent = stops[next].ask();
  byId("guide-answer").textContent = "";
  byId("guide-show").hidden = false;
  byId("guide-back").disabled = next === 0;
  byId("guide-on").textContent = next === stops.length - 1 ? "Finish" : "Next";
  noteChange();
}

function answer() {
  byId("guide-answer").textContent = stops[place].show();
  byId("guide-show").hidden = true;
  byId("guide-on").focus({ preventScroll: true }); // the button is gone
}

function leave() {
  place = -1;
  byId("guide").hidden = true;
  byId("guide-start").hidden = false;
  byId("guide-start").textContent =
    reached > 0 ? `Back to stop ${reached + 1}` : "A guided way of eight stops";
  byId("guide-start").focus({ preventScroll: true });
  noteChange();
}
