/* Sections of the console that fold: what a person opens or shuts stays so on this device; what begins (a vote) opens its own. */

import * as devices from "./devices.js";
import { byId } from "./page.js";

/** Opens that section, unless it is, and gives it. */
export function openPart(id) {
  const part = byId(id);
  part.open = true;
  return part;
}

export function start({ conducting }) {
  if (!conducting) return;
  const known = () => devices.remembered().parts ?? {};
  for (const part of document.querySelectorAll("#conduct > .part")) {
    part.open = Boolean(known()[part.id]);
    part.firstElementChild.addEventListener("click", () => devices.remember({ parts: { ...known(), [part.id]: !part.open } }));      // it opens after this
  }
}
