// Figures on dark ground: the same PNG with its other palette (stages/page/plates.py).

import { decodeBytes } from "./codec.js";

const pause = 100; // milliseconds between figures that nobody sees yet
const paletteStart = 8 + 25; // after PNG's signature and its first chunk, IHDR
const prefix = "data:image/png;base64,";

/** Let figures follow the scheme, each once it comes near the window; on paper all are light. */
export function startPlates() {
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const images = [...document.querySelectorAll("img[data-dark]")];
  const light = new Map(images.map((image) => [image, image.src]));
  const near = new Set();
  const dress = (image, dark) => {
    image.decoding = "sync"; // no flash of the other ground
    image.src = dark ? withPalette(light.get(image), image.dataset.dark) : light.get(image);
    image.parentElement.classList.toggle("on-dark", dark);
  };
  let [darkScheme, printing] = [scheme.matches, false];
  const isDark = () => darkScheme && !printing;
  const dressAll = () => near.forEach((image) => dress(image, isDark()));
  const print = (now) => {
    printing = now;
    dressAll();
  };
  /** The others one by one, while there is nothing else to do. */
  const dressInTurn = (rest) => {
    const image = rest.shift();
    if (!image) return;
    if (isDark() && !near.has(image)) dress(image, true);
    near.add(image);
    setTimeout(() => dressInTurn(rest), pause);
  };
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting || near.has(target)) continue;
        near.add(target);
        if (isDark()) dress(target, true);
      }
    },
    { rootMargin: "1500px" },
  );
  for (const image of images) observer.observe(image);
  dressInTurn([...images]);
  // Chromium tells no change to a list whose matches were read in between, so they are read once.
  scheme.addEventListener("change", ({ matches }) => {
    darkScheme = matches;
    dressAll();
  });
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
}

/** A PNG's address with these colours, base64, in place of its palette's. */
export function withPalette(source, colours) {
  const png = decodeBytes(source.slice(prefix.length));
  const palette = decodeBytes(colours);
  const view = new DataView(png.buffer);
  if (view.getUint32(paletteStart) !== palette.length) throw new Error("another palette's size");
  png.set(palette, paletteStart + 8);
  const chunk = png.subarray(paletteStart + 4, paletteStart + 8 + palette.length);
  view.setUint32(paletteStart + 8 + palette.length, checksum(chunk));
  let text = "";
  for (let k = 0; k < png.length; k += 8192) {
    text += String.fromCharCode(...png.subarray(k, k + 8192));
  }
  return prefix + btoa(text);
}

/** The CRC-32 of a PNG's chunk. */
export function checksum(bytes) {
  let sum = -1;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}
