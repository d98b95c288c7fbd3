// Reading the page: figures enlarged in a dialog, the section of the moment marked above.

import { byId } from "./dom.js";

/** Let every figure be enlarged. */
export function startZoom() {
  const dialog = byId("zoom");
  const open = (figure) => {
    const image = figure.querySelector("img");
    const large = byId("zoom-image");
    for (const name of ["src", "alt", "width", "height"]) large[name] = image[name];
    dialog.setAttribute("aria-label", figure.querySelector("figcaption strong").textContent);
    dialog.showModal();
  };
  for (const figure of document.querySelectorAll("figure.plate")) {
    figure.querySelector(".enlarge").addEventListener("click", () => open(figure));
    figure.querySelector("img").addEventListener("click", () => open(figure));
  }
  byId("zoom-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

/** Mark the link of the section that is being read. */
export function startContents() {
  const links = [...document.querySelectorAll('.contents a[href^="#"]')];
  const sections = links.map((link) => byId(link.hash.slice(1)));
  const mark = () => {
    const line = innerHeight * 0.35;
    const place = sections.findLastIndex((section) => section.getBoundingClientRect().top < line);
    links.forEach((link, k) => {
      if (k === Math.max(0, place)) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
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
