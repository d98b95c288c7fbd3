// A link to what is seen, and what a teacher sets in it: larger type, and sections left out.

import { keepInAddress, noteChange } from "./address.js";
import { byId, make } from "./dom.js";

/** Make the section work. */
export function startShare() {
  const large = byId("share-class");
  large.addEventListener("change", () => {
    enlarge(large.checked);
    noteChange();
  });
  keepInAddress("class", () => (large.checked ? "on" : ""), () => enlarge(true));
  const boxes = new Map(sectionLinks().map((link) => [link.hash.slice(1), makeBox(link)]));
  byId("share-sections").append(...[...boxes.values()].map((box) => box.parentElement));
  const hidden = () => [...boxes].filter(([, box]) => !box.checked).map(([id]) => id);
  keepInAddress("without", () => hidden().join("."), (text) => {
    for (const id of text.split(".")) {
      if (!boxes.has(id)) throw new Error("no such section");
      showSection(id, false);
      boxes.get(id).checked = false;
    }
  });
  byId("share-copy").addEventListener("click", copyLink);
}

/** Links to sections that may be left out: all but the drawing itself. */
function sectionLinks() {
  return [...document.querySelectorAll('.contents a[href^="#"]:not([href="#draw"])')];
}

function makeBox(link) {
  const box = make("input", { type: "checkbox", checked: true });
  const id = link.hash.slice(1);
  box.addEventListener("change", () => {
    showSection(id, box.checked);
    noteChange();
  });
  make("label", {}, box, ` ${link.textContent}`);
  return box;
}

function showSection(id, shown) {
  byId(id).hidden = !shown;
  document.querySelector(`.contents a[href="#${id}"]`).parentElement.hidden = !shown;
}

function enlarge(large) {
  document.documentElement.classList.toggle("classroom", large);
  byId("share-class").checked = large;
}

async function copyLink() {
  const field = byId("share-link");
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    byId("share-note").textContent = "Copied.";
  } catch {
    byId("share-note").textContent = "Copy what is marked.";
  }
}
