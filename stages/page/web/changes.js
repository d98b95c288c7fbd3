// The note that stays in sight while the network is not the trained one, and undoes everything.

import { byId } from "./dom.js";
import { changesText, onChange, restoreNetwork } from "./scene.js";

/** Make it work. */
export function startChanges() {
  byId("changed-reset").addEventListener("click", () => {
    restoreNetwork();
    byId("main").focus({ preventScroll: true }); // the button is gone
  });
  onChange((what) => {
    if (what !== "network") return;
    const text = changesText();
    byId("changed").hidden = text === "";
    byId("changed-what").textContent = text && `Changed: ${text}`;
  });
}
