// Start the page of the claims.

import { byId } from "./dom.js";
import { startContents, startZoom } from "./reader.js";

startZoom();
startContents();
byId("main").dataset.ready = "true";
