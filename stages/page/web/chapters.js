// Start the page of the claims.

import { byId } from "./dom.js";
import { startGuesses } from "./guesses.js";
import { startPlates } from "./plates.js";
import { startContents, startZoom } from "./reader.js";

startZoom();
startPlates();
startContents();
startGuesses();
byId("main").dataset.ready = "true";
