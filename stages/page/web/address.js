// What the page shows, kept in its address: a link reproduces it, and a reload loses nothing.
//
// A part of the page says how it is read and restored; what is as it was at first takes no room.

import { decodeBytes } from "./codec.js";
import { byId } from "./dom.js";
import { checksum } from "./plates.js";
import { run } from "./run.js";
import { onChange } from "./scene.js";
import { makeLater } from "./schedule.js";

const quiet = 400; // milliseconds after a change until the address follows
const given = new URLSearchParams(location.search);
const parts = [];
let mine = ""; // names this network

/**
 * Keep a part of the page in the address.
 * @param {string} name of the parameter
 * @param {() => string} read what stands there now; "" if nothing has to
 * @param {(text: string) => void} restore the reverse; it may throw an Error
 */
export function keepInAddress(name, read, restore) {
  parts.push({ name, read, restore });
}

/** The address is to follow soon, since something has changed that is no change of the scene. */
export const noteChange = makeLater(writeAddress, quiet);

/** Restore what the address holds, in the order in which the parts were named; then follow. */
export function startAddress() {
  mine = run.network ? checksum(decodeBytes(run.parameters)).toString(36) : "";
  const failed = parts.filter(({ name, restore }) => {
    if (!given.has(name)) return false;
    try {
      restore(given.get(name));
      return false;
    } catch {
      return true;
    }
  });
  tell(failed.map(({ name }) => name));
  onChange(noteChange);
  byId("share-link").value = location.href;
  if (location.hash) byId(location.hash.slice(1))?.scrollIntoView();
}

function tell(failed) {
  const other = given.has("run") && given.get("run") !== mine;
  const texts = [
    other && "This link was made with another network; numbers will differ.",
    failed.length > 0 && `This page could not take from the link: ${failed.join(", ")}.`,
  ];
  const text = texts.filter(Boolean).join(" ");
  byId("link-note").hidden = text === "";
  byId("link-note").textContent = text;
}

/** The address of what is seen now, from the question mark on. */
export function addressNow() {
  const texts = parts.map(({ name, read }) => [name, read()]).filter(([, text]) => text !== "");
  if (texts.length > 0) texts.push(["run", mine]);
  const asked = texts.map(([name, text]) => (text === "on" ? name : `${name}=${text}`));
  return (asked.length > 0 ? `?${asked.join("&")}` : "") + location.hash;
}

function writeAddress() {
  const address = addressNow();
  if (address === location.search + location.hash) return;
  history.replaceState(null, "", location.pathname + address);
  byId("share-link").value = location.href;
}
