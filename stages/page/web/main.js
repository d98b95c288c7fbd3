// Start every part of the page.

import { startAddress } from "./address.js";
import { startBackpropagation } from "./backpropagation.js";
import { startChanges } from "./changes.js";
import { startChart } from "./chart.js";
import { byId } from "./dom.js";
import { startDream } from "./dream.js";
import { startEpochs } from "./epochs.js";
import { startGuide } from "./guide.js";
import { startHill } from "./hill.js";
import { inspectIn, pickNeuron, previewNeuron, startInspector } from "./inspector.js";
import { startMistakes } from "./mistakes.js";
import { startPad } from "./pad.js";
import { startPrediction } from "./prediction.js";
import { startPlates } from "./plates.js";
import { startContents, startZoom } from "./reader.js";
import { run } from "./run.js";
import { startShare } from "./share.js";
import { showFirst, startSources } from "./sources.js";
import { startSteps } from "./steps.js";
import { startTeaching } from "./teach.js";
import { startUpstrokes } from "./upstroke.js";

if (run.network) {
  inspectIn(startPrediction(previewNeuron, pickNeuron));
  startInspector();
  startPad();
  startSources();
  startBackpropagation();
  startSteps();
  startChanges();
  startDream();
  startHill();
  startTeaching();
  startChart();
  startEpochs();
  startUpstrokes();
  showFirst();
  startShare();
  startGuide();
  startAddress();
}
startMistakes();
startZoom();
startPlates();
startContents();
byId("main").dataset.ready = "true";
