// Reading the page: figures enlarged in a dialog, the section of the moment marked above.

import { byId } from "./dom.js";

/** Let every figure be enlarged. */
export function startZoom() {
  const dialog = byId("zoom");
  const open = (figure) => {
    const image = figure.querySelector("img");
    const large = byId("zoom-image");
    for (const name of ["src", "alt", "width", "height"]) large[name] = image[name];
    dialog.setAttribute("aria-label", figure.querySelector(".finding strong").textContent);
    dialog.showModal();
    byId("zoom-sheet").scrollTo(0, 0);
  };
  for (const figure of document.querySelectorAll("figure.plate")) {
    figure.querySelector(".enlarge").addEventListener("click", () => open(figure));
    figure.querySelector("img").addEventListener("click", () => open(figure));
  }
  byId("zoom-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  startPanning(byId("zoom-sheet"));
}

/** Let the mouse pull a sheet that is larger than its frame; fingers do so by themselves. */
function startPanning(sheet) {
  sheet.addEventListener("pointerdown", ({ pointerType, pointerId }) => {
    if (pointerType === "mouse") sheet.setPointerCapture(pointerId);
  });
  sheet.addEventListener("pointermove", ({ pointerId, movementX, movementY }) => {
    if (sheet.hasPointerCapture(pointerId)) sheet.scrollBy(-movementX, -movementY);
  });
}

/** Mark the link of the section that is being read. */
export function startContents() {
  const links = [...document.querySelectorAll('.contents a[href^="#"]')];
  const sections = links.map((link) => byId(link.hash.slice(1)));
  let marked = -1;
  const mark = () => {
    const line = innerHeight * 0.35;
    const tops = sections.map((section) => section.getBoundingClientRect().top);
    const place = Math.max(0, tops.findLastIndex((top) => top < line));
    if (place === marked) return;
    marked = place;
    links.forEach((link, k) => {
      if (k === place) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
    const { parentElement: item } = links[place];
    const middle = item.offsetLeft + item.offsetWidth / 2;
    item.parentElement.scrollTo({ left: middle - item.parentElement.clientWidth / 2 });
  };
  let asked = false;
  addEventListener(
    "scroll",
    () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        mark();
      });
    },
    { passive: true },
  );
  mark();
}
