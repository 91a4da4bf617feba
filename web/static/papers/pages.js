/* Pictures of pages: which width to ask for, one page at a time, the next one beforehand.  Knows papers by address only. */

import { remembered } from "../room/devices.js";
import { data } from "../room/page.js";

const WIDTHS = [360, 540, 720, 1080, 1440, 2160];     // as web/pageimages.py draws them
const SAVING = 720;

/** Whether data is dear on this device: the person's choice, else the device's. */
export function saving() {
  const chosen = remembered().saving;
  return chosen === undefined ? Boolean(navigator.connection?.saveData) : [true, "small", "sound"].includes(chosen);
}

export const addressOf = (paper) => `${data.base}/papers/${encodeURIComponent(paper)}`;

/** The width to ask for a page shown `css` pixels wide; smaller where data is dear. */
export function widthFor(css, saving) {
  const wanted = Math.ceil(css * Math.min(devicePixelRatio || 1, 2));
  const width = WIDTHS.find((one) => one >= wanted) ?? WIDTHS.at(-1);
  return saving ? Math.min(width, SAVING) : width;
}

export const pictureOf = (paper, page, width) => `${addressOf(paper)}/pages/${page}?w=${width}`;

let ahead;
/** Fetches a page that is likely to be looked at next; only the last wish counts. */
export function prefetch(paper, page, width) {
  ahead = new Image();
  ahead.fetchPriority = "low";
  ahead.src = pictureOf(paper, page, width);
}

/** A picture that has been fetched and can be put into the page without a flash.  Rejects when it cannot be had. */
export async function fetched(paper, page, width) {
  const image = new Image();
  image.decoding = "async";
  image.src = pictureOf(paper, page, width);
  await image.decode();
  return image;
}

export async function textOf(paper, page) {
  const response = await fetch(`${addressOf(paper)}/pages/${page}/text`, { headers: { Accept: "application/json" } });
  return response.ok ? (await response.json()).text.trim() : "";
}
