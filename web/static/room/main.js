/* The room of one point: joins the state, the news, the modules that draw them, and this page's pictures and sounds. */

import * as agenda from "./agenda.js";
import * as captions from "./captions.js";
import * as chat from "./chat.js";
import * as choices from "./choices.js";
import * as console_ from "./console.js";
import * as consoleParts from "./console_parts.js";
import * as consoleVoices from "./console_voices.js";
import { Feed } from "./feed.js";
import * as follow from "./follow.js";
import * as header from "./header.js";
import { Refused } from "./link.js";
import { Media } from "./media.js";
import * as motion from "./motion.js";
import { byId, data, get, serverNow, show, timeOf, word } from "./page.js";
import * as panels from "./panels.js";
import * as papers from "./papers.js";
import * as people from "./people.js";
import { Probe } from "./probe.js";
import * as queue from "./queue.js";
import * as private_ from "./private.js";
import * as recording from "./recording.js";
import * as sharing from "./sharing.js";
import { Store } from "./store.js";
import * as times from "./times.js";
import * as timers from "./timers.js";
import * as typing from "./typing.js";
import * as voices from "./voices.js";
import * as vote from "./vote.js";

/** Each is started once with the room: {data, store, me, conducting, companion, end, openPanel}. */
const MODULES = [choices, panels, header, queue, agenda, timers, times, vote, papers, follow, people, recording, voices, sharing, consoleParts, console_, motion, consoleVoices, chat, private_, captions, typing];

const address = new URLSearchParams(location.search);
const store = new Store(data.state, () => get(`${data.base}/state`));
let over = false;
let media;
let feed;

const room = {
  data, store, me: data.code, conducting: Boolean(data.conduct), companion: data.mode === "companion", mode: data.mode,
  relayed: address.has("relay"),      // for a technician: only paths through the TURN server
  end, openPanel: panels.openPanel,
  get media() { return media; },
  screen: () => room.sharing?.link ?? null,      // of this very page
};

/** The seat went to another device, the link was revoked, or the meeting is over: say so and stop. */
function end(error) {
  if (over) return;
  const code = error instanceof Refused ? error.code : error;
  over = true;
  media?.finish();
  document.dispatchEvent(new Event("over"));
  feed?.close();
  const replaced = code === "point.busy" || code === "replaced";
  const key = replaced ? "replaced" : ["meeting.concluded", "meeting.cancelled", "closed"].includes(code) ? "over" : "refused";
  byId("over-title").textContent = word(key);
  byId("over-text").textContent = (error instanceof Refused && !replaced && error.message) || word(`${key}_hint`);
  show(byId("come-back"), replaced);
  show(byId("over"), true);
  byId("over").focus();
}

function wire() {
  byId("come-back").onclick = () => location.assign(`${data.base}/room?mode=takeover`);
  byId("leave").onclick = () => media.stop();
  byId("controls").inert = false;    // a press before this point would have been lost
  addEventListener("pagehide", () => media.stop());
  addEventListener("pageshow", (event) => event.persisted && location.reload());    // the back button shows a page that has hung up
  setInterval(() => (byId("clock").textContent = timeOf(serverNow())), 1000);
}

function startFeed() {
  return new Feed(data.watcher ? `${data.base}/console/events?watcher=${data.watcher}` : `${data.base}/events`, store.news, {
    changed: (connected) => media.heard(connected),
    refused: end,
  });
}

// For tests and for a technician's console: reading only.
Object.defineProperty(window, "diemcau", {
  value: Object.freeze({
    get pcs() { return { up: media.up.pc, down: media.down.pc, screen: room.sharing?.link.pc ?? null }; },
    get sessions() { return { up: media.up.session, down: media.down.session }; },
    get slots() { return [...media.stage.slots].map(([mid, slot]) => ({ mid, ...slot })); },
    get state() { return store.state; },
    stats: () => media.stats(),
  }),
});

const kept = ["companion"].includes(data.mode) ? `?mode=${data.mode}` : room.relayed ? "?relay=1" : "";
if (data.code) history.replaceState(null, "", `${data.base}/room${kept}`);    // loading again must not take over again
document.body.classList.toggle("companion", room.companion);
document.body.classList.toggle("desk", data.mode === "console");
document.body.classList.add("started");
media = new Media(room);
for (const module of MODULES) module.start(room);
wire();
panels.openPanel(data.conduct ? "conduct" : "main");
if (!over) {
  feed = startFeed();
  new Probe([feed, media.up, media.down, ...(room.sharing ? [room.sharing.link] : [])]);
}
if (!room.companion) await media.start();
