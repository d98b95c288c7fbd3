// Values as pixels of a canvas.

import { glowColour, nightSignedColour, signedColour } from "./colour.js";

/**
 * Paint one value a pixel.
 * @param {HTMLCanvasElement} canvas becomes width x height pixels
 * @param {ArrayLike<number>} values (height * width,)
 * @param {(value: number) => number[]} colourOf
 */
export function paintPixels(canvas, values, height, width, colourOf) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  for (let k = 0; k < values.length; k++) {
    const [red, green, blue] = colourOf(values[k]);
    picture.data.set([red, green, blue, 255], 4 * k);
  }
  context.putImageData(picture, 0, 0);
}

/** Paint grey levels, 0 to 255: ink is bright. */
export function paintGrey(canvas, levels, height, width) {
  paintPixels(canvas, levels, height, width, (level) => glowColour(level / 255));
}

/** Paint signed values, white where they are 0, or on a dark page as dark as the page. */
export function paintSigned(canvas, values, height, width, scale) {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const colourOf = dark ? nightSignedColour : signedColour;
  paintPixels(canvas, values, height, width, (value) => colourOf(value / scale));
}
