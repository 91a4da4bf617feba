/* A look of three seconds at the line before somebody goes in: what comes down, said plainly; it presets how much data is saved,
 * unless somebody has chosen that before.  The full test, both ways, is another page. */

import * as devices from "./devices.js";
import { byId, data, show, word } from "./page.js";

const LOOK = 3000;           // milliseconds
const GOOD = 800_000;        // bit/s: sound and several pictures
const SOUND = 150_000;       // sound, and nothing else that would not take its room

export const verdict = (rate) => (rate >= GOOD ? "good" : rate >= SOUND ? "weak" : "listen");

/** bit/s that came down within the time; 0 where nothing did. */
export async function look(url, time = LOOK) {
  const asked = new AbortController();
  const begun = performance.now();
  const deadline = setTimeout(() => asked.abort(), time);
  let octets = 0;
  let first = 0;
  let last = begun;
  try {
    const response = await fetch(url, { cache: "no-store", signal: asked.signal });
    if (!response.ok) return null;
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      last = performance.now();
      first ||= last;
      octets += part.value.length;
    }
  } catch (error) {
    if (error.name !== "AbortError") return null;
  } finally {
    clearTimeout(deadline);
  }
  return octets ? (8000 * octets) / Math.max(1, (last > first + 50 ? last : performance.now()) - begun) : 0;
}

function say(line, more) {
  const box = byId("line-verdict");
  box.dataset.line = line;
  box.className = line === "good" ? "good" : line === "looking" || line === "unknown" ? "quiet" : "bad";
  box.querySelector("span").textContent = word(`line_${line}`) + (more ? ` (${more})` : "");
  show(box, true);
}

const inWords = (rate) => (rate >= 1e6 ? `${(rate / 1e6).toLocaleString(data.lang, { maximumFractionDigits: 1 })} Mbit/s` : `${Math.round(rate / 1000)} kbit/s`);

/** Says what is known, or looks once the devices are `opened`; its line is there from the beginning, or the button below would move
 *  from under a finger. */
export async function start(opened) {
  let line = data.line?.line;
  if (line) {
    say(line, word("line_tested", { at: data.line.at }));
  } else {
    say("looking");
    await opened;
    const rate = await look(`${data.base}/bytes`);
    line = rate === null ? "unknown" : verdict(rate);
    say(line, rate ? word("line_measured", { rate: inWords(rate) }) : "");
  }
  const level = { weak: "small", listen: "sound" }[line];
  if (level && devices.remembered().saving === undefined) devices.remember({ saving: level });
}
