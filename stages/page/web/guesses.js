// Guess before you look: what was found is hidden until the reader has said what to expect.

import { byId } from "./dom.js";

/** Let the reader ask for guesses, and count the right ones. */
export function startGuesses() {
  const mode = byId("guess-mode");
  const parts = [...document.querySelectorAll(".part:has(.verdict)")]; // not those that are left out
  const guesses = new Map(); // from the name of a claim to whether the guess was right

  const show = (part) => {
    const hides = mode.getAttribute("aria-pressed") === "true" && !guesses.has(part.id);
    part.querySelector(".guess").hidden = !hides;
    part.querySelector(".found").hidden = hides;
    document.querySelector(`.scores [data-claim="${part.id}"] .verdict`).hidden = hides;
  };
  const count = () => {
    const right = [...guesses.values()].filter(Boolean).length;
    byId("tally").textContent = guesses.size ? `${right} of ${guesses.size} guesses were right` : "";
  };

  mode.closest(".guess-mode").hidden = false; // no promise that a page without scripts can't keep
  mode.addEventListener("click", () => {
    mode.setAttribute("aria-pressed", String(mode.getAttribute("aria-pressed") !== "true"));
    guesses.clear();
    for (const part of parts) {
      part.querySelector(".guessed").textContent = "";
      show(part);
    }
    count();
  });
  for (const part of parts) {
    const verdict = part.querySelector(".found .verdict");
    for (const button of part.querySelectorAll("[data-guess]"))
      button.addEventListener("click", () => {
        const right = button.dataset.guess === verdict.dataset.verdict;
        guesses.set(part.id, right);
        const answer = part.querySelector(".guessed");
        answer.textContent = `You guessed: ${button.textContent.toLowerCase()}. ${right ? "You were right." : verdict.textContent}`;
        show(part);
        count();
        answer.focus();
      });
  }
}
