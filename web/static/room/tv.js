/* A point's television: the large picture with the chair beside it, or all others in pages that turn by themselves.  It asks for no
 * hand: it comes in, comes back and wakes by itself; a press anywhere only fills the screen and lets the sound play. */

import * as captions from "./captions.js";
import { Feed } from "./feed.js";
import { Gallery } from "./gallery.js";
import { Reader } from "./line.js";
import { MediaLink, Refused, receive } from "./link.js";
import { SCREEN, byId, data, get, post, serverNow, show, timeOf, word } from "./page.js";
import { Pins } from "./pins.js";
import { Probe } from "./probe.js";
import * as recording from "./recording.js";
import { Sign } from "./sign.js";
import { Stage } from "./stage.js";
import { Store } from "./store.js";
import { View } from "./view.js";

const PAGE = 12_000;       // milliseconds for which the second screen shows one page
const LOOK = 2000;
const SHOWN = 4000;        // the hand rests: neither pointer nor button is shown

const store = new Store(data.state, () => get(`${data.base}/state`));
const news = new Map();    // session → the server's last word on its slots
const still = new Map();   // name → its picture stands still, by the server's word
const away = new Set();    // whose line fell silent
let reader = new Reader();
let feed;
let feedUp = false;
let view;

// What the large picture asks of the page's knowledge of lines; a television has no line of its own to speak of.
const troubles = {
  still, mark: () => null, moves: (name) => still.delete(name),
  absence: (name) => (away.has(name) ? word("reconnecting") : still.has(name) ? word("picture_frozen") : ""),
};
const stage = new Stage(data.code, () => view?.changed(), () => troubles, { own: true, beside: data.screen === "1" });

const link = new MediaLink({
  prepare: (pc) => {
    stage.attach(pc);
    stage.first = data.slots.video;
    reader = new Reader();
    receive(pc, data.slots);
  },
  ticket: async () => {
    const told = await post(`${data.base}/screen/tickets`);
    return { url: `/media/rooms/${data.room}/whep`, token: told.subscribe, ice: told.ice };
  },
  changed: (state, error) => {
    if (news.has(link.session)) stage.name(news.get(link.session));
    muted();      // before the first packet: the players are there, the line is not yet
    if (state === "refused" && error?.ticket) end(error);
    drawLine();
  },
});
view = new View({ link, sizes: () => stage.sizes() });
const pins = new Pins(link);
if (data.screen === "2") new Gallery({ stage, pins, store, me: data.code, always: true, every: PAGE });
else {      // what this very room shares comes to nobody of it unasked
  const switches = { s: new Sign({ stage, pins, store, me: data.code }), p: captions.start({ store }) };
  addEventListener("keydown", ({ key, repeat }) => {
    awake();
    if (!repeat) switches[key.toLowerCase()]?.toggle();
    if (!key.startsWith("Arrow")) return;      // of a remote control, whose OK then presses what has the focus
    const buttons = [byId("sign-on"), byId("captions-key")].filter((button) => !button.hidden);
    buttons[(buttons.indexOf(document.activeElement) + 1) % buttons.length]?.focus();
  });
  stage.also.push(() => pins.want(stage.mids.length && stage.screen === data.code + SCREEN ? { [stage.mids[0]]: stage.screen } : {}));
}

/** Two loudspeakers in one room would speak into its microphone: while another device of the point is there, it has the sound. */
function muted() {
  const elsewhere = data.code in store.state.present;
  for (const player of byId("sounds").children) player.muted = elsewhere;
  show(byId("sound-elsewhere"), elsewhere && data.screen !== "2");
}

function drawLine() {
  const lost = !feedUp || ["lost", "mending"].includes(link.state);
  const said = lost ? "lost" : link.state === "live" ? "good" : "joining";
  const line = byId("line");
  if (line.dataset.state === said) return;
  line.dataset.state = said;
  line.querySelector("span").textContent = said === "good" ? "" : word(`line_${said}`);
}

function drawFacts(state) {
  const item = state.agenda.find((one) => one.item === state.running);
  byId("item").textContent = item ? word("item_of", { n: item.item, total: state.agenda.length, title: item.title }) : "";
  byId("count").textContent = word("present_of", { n: Object.keys(state.present).length, total: state.total });
  const waits = { convened: "tv_waiting", suspended: "tv_pause" }[state.meeting.state];
  show(byId("waits"), Boolean(waits));
  if (waits) byId("waits").textContent = word(waits);
  const vote = state.motion ? word("tv_voting", { title: state.motion.title }) : "";
  show(byId("vote"), Boolean(vote));
  byId("vote").textContent = vote;
  if (["concluded", "cancelled"].includes(state.meeting.state)) end();
}

let over = false;
function end(error) {
  if (over) return;
  over = true;
  link.stop();
  feed?.close();
  const closed = !(error instanceof Refused) || ["meeting.concluded", "meeting.cancelled"].includes(error.code);
  byId("over-title").textContent = word(closed ? "tv_over" : "tv_refused");
  show(byId("over"), true);
}

store.on(["floor", "main", "present", "spotlight", "share"], (state) => {
  for (const name of away) if (!(name in state.present)) away.delete(name);
  stage.update(state);
  muted();
});
recording.start({ store, conducting: false, companion: data.code in store.state.present, television: true });
store.on(["agenda", "running", "present", "total", "meeting", "motion"], drawFacts);
store.hear("slots", ({ session, slots }) => {
  news.clear();
  news.set(session, slots);
  if (session === link.session) stage.name(slots);
});
store.hear("frozen", ({ name, session }) => { still.set(name, session); stage.draw(); });
store.hear("thawed", ({ name }) => { still.delete(name); stage.draw(); });
store.hear("away", ({ name }) => { away.add(name); stage.draw(); });
store.hear("back", ({ name }) => { away.delete(name); stage.draw(); });
// Another device took the point's place, or the server's process died: a television comes back by itself.
const again = ({ session }) => setTimeout(() => link.session === session && link.renew(), 500 + Math.random() * 1000);
store.hear("replaced", again);
store.hear("media", again);

feed = new Feed(`${data.base}/events`, store.news, {
  changed: (connected) => { feedUp = connected; drawLine(); },
  refused: end,
});
if (over) feed.close();
else link.start();
new Probe([feed, link]);

setInterval(async () => {
  if (link.state !== "live" || !link.pc) return;
  const look = await reader.read(link.pc);
  stage.moving(look.moving, look.grown);
}, LOOK);

// -- a screen on a wall -------------------------------------------------------------------------------------------------

setInterval(() => (byId("clock").textContent = timeOf(serverNow())), 1000);

/** The screen stays on; a browser lets go of that whenever the page was hidden. */
async function wake() {
  try {
    if (!document.hidden) await navigator.wakeLock?.request("screen");
  } catch { /* some televisions keep on by themselves, others have a setting for it */ }
}
wake();
document.addEventListener("visibilitychange", wake);

/** A pointer, and what can be pressed, are there while a hand moves, and for a moment when there is something new to press. */
let resting;
function awake() {
  document.body.classList.remove("resting");
  clearTimeout(resting);
  resting = setTimeout(() => document.body.classList.add("resting"), SHOWN);
}
addEventListener("pointermove", awake);
store.on(["sign"], awake);
store.on(["captions"], ({ captions }, before) => Object.keys(captions).length && !Object.keys(before.captions ?? {}).length && awake());
addEventListener("click", () => {
  stage.playAll();
  if (!document.fullscreenElement) document.documentElement.requestFullscreen?.().catch(() => {});
});
addEventListener("pagehide", () => link.stop());
addEventListener("pageshow", (event) => event.persisted && location.reload());

// For tests and for a technician's console: reading only.
Object.defineProperty(window, "diemcau", { value: Object.freeze({
  get slots() { return [...stage.slots].map(([mid, slot]) => ({ mid, ...slot })); },
  get state() { return store.state; },
  stats: async () => ({ down: link.pc ? [...(await link.pc.getStats()).values()] : [], up: [] }),
}) });
