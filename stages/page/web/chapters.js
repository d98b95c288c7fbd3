// Start the page of the claims.

import { byId } from "./dom.js";
import { startGuesses } from "./guesses.js";
import { startContents, startZoom } from "./reader.js";

startZoom();
startContents();
startGuesses();
byId("main").dataset.ready = "true";
