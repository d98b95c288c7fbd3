// Start every part of the page.

import { byId } from "./dom.js";
import { startEpochs } from "./epochs.js";
import { inspectIn, pickNeuron, previewNeuron, startInspector } from "./inspector.js";
import { startMistakes } from "./mistakes.js";
import { showFirst, startPad } from "./pad.js";
import { startContents, startZoom } from "./reader.js";
import { startReading } from "./reading.js";
import { run } from "./run.js";
import { startSteps } from "./steps.js";
import { startWishes } from "./wishes.js";

if (run.network) {
  inspectIn(startReading(previewNeuron, pickNeuron));
  startInspector();
  startPad();
  startWishes();
  startSteps();
  startEpochs();
  showFirst();
}
startMistakes();
startZoom();
startContents();
byId("main").dataset.ready = "true";
