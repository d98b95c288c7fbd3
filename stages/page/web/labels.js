// The choice of the label that the image should be given, wherever the page offers it.

import { make } from "./dom.js";
import { run } from "./run.js";
import { labelKnown, onChange, scene, wantedLabel } from "./scene.js";

/** Fill a choice of labels; the first leaves it open. */
export function fillLabels(select) {
  select.append(make("option", { value: "" }, "as the network reads it"));
  for (let j = 0; j < run.classes; j++) select.append(make("option", { value: j }, run.names[j]));
  onChange(() => {
    select.value = labelKnown() ? wantedLabel() : "";
    select.options[0].disabled = scene.subject.label !== null;
  });
}
