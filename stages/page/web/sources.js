// What else the network can be given to look at: test images, noise, no ink, pictures.

import { keepInAddress } from "./address.js";
import { anySeed, encodeLevels } from "./codes.js";
import { byId } from "./dom.js";
import { clearPad, showCode } from "./pad.js";
import { hasAnotherMark, mostPixels, pictureOfColours, prepare } from "./prepare.js";
import { oneOf, run } from "./run.js";
import { onChange, scene, showDigit, showImage } from "./scene.js";

const doubt = [0.5, 0.75]; // largest outputs of images that the network doubts, but reads

let firstCode = ""; // of the image with which the page opens

/** Make the buttons work, and keep what is shown in the address. */
export function startSources() {
  const number = byId("test-image");
  number.max = run.digits.indices.at(-1);
  const go = (place) => {
    const count = run.digits.count;
    showDigit(((place % count) + count) % count);
  };
  number.addEventListener("input", () => {
    const place = run.digits.indices.findIndex((index) => index >= Number(number.value));
    if (number.value !== "" && place >= 0) go(place);
  });
  const here = () => scene.subject.place ?? -1;
  byId("previous-image").addEventListener("click", () => go(here() < 0 ? -1 : here() - 1));
  byId("next-image").addEventListener("click", () => go(here() + 1));
  byId("any-image").addEventListener("click", () =>
    go(Math.floor(Math.random() * run.digits.sample)),
  );
  for (const id of ["misread-image", "walk-misread"]) {
    byId(id)?.addEventListener("click", () => go(misread(here())));
  }
  byId("walk-doubted").addEventListener("click", () => go(doubted(here())));
  byId("noise-image").addEventListener("click", () => showCode(`n${anySeed().toString(36)}`));
  byId("empty-image").addEventListener("click", clearPad);
  const shown = () => (scene.subject.code === firstCode ? "" : scene.subject.code);
  keepInAddress("image", shown, showCode);
  startPictures();
  onChange((what) => {
    if (what !== "subject") return;
    const { place, label } = scene.subject;
    if (document.activeElement !== number)
      number.value = place === null ? "" : run.digits.indices[place];
    const known =
      place !== null &&
      `Test image ${run.digits.indices[place]} shows ${oneOf(label)}.`;
    byId("source-note").textContent = known || sourceText();
    byId("pad-hint").hidden = scene.subject.kind === "drawn";
  });
}

function sourceText() {
  const { kind } = scene.subject;
  if (kind === "noise") return "Every grey level is random.";
  if (kind === "picture") return "Your picture, cut out, scaled and centred.";
  return kind === "empty"
    ? "No ink at all."
    : "Your drawing, scaled and centred as the training images were.";
}

/** The next misread image after this place. */
function misread(place) {
  const { labels, guesses: answers, count } = run.digits;
  for (let k = 1; k <= count; k++) {
    const other = (place + k + count) % count;
    if (labels[other] !== answers[other]) return other;
  }
  return place;
}

/** The next image of the sample after this place that is read correctly, but with doubt. */
function doubted(place) {
  const { labels, guesses: answers, values, sample } = run.digits;
  const right = Array.from(labels.slice(0, sample).keys()).filter((k) => labels[k] === answers[k]);
  const dim = right.filter((k) => values[k] >= doubt[0] && values[k] <= doubt[1]);
  return dim.find((k) => k > place) ?? dim[0] ?? right.find((k) => k > place) ?? right[0] ?? 0;
}

// Pictures.

function startPictures() {
  const chooser = byId("picture");
  byId("picture-button").addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", () => {
    if (chooser.files.length > 0) readPicture(chooser.files[0]);
    chooser.value = "";
  });
  const zone = byId("pad-zone");
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files.length > 0) readPicture(event.dataTransfer.files[0]);
  });
}

async function readPicture(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const { width, height } = bitmap;
    if (width * height > mostPixels) throw new Error("too large");
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const field = run.preprocessing;
    const picture = pictureOfColours(data, height, width);
    const image = prepare(picture, field.height, field.width);
    showImage("picture", image, `p${encodeLevels(image)}`);
    if (hasAnotherMark(picture)) {
      byId("source-note").append(" It has another mark of like size: the one with more ink is shown.");
    }
  } catch {
    const most = Math.round(mostPixels / 1e6);
    byId("source-note").textContent =
      `${file.name} cannot be read as a picture: a PNG, JPEG or WebP file of at most ${most} megapixels is needed.`;
  }
}

/** What the page opens with: an image that is read correctly, but not without doubt. */
export function showFirst() {
  showDigit(doubted(-1));
  firstCode = scene.subject.code;
}
