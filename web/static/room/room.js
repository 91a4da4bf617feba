/* The room: joins pictures, sound, news and controls of one point's page. */

import { Conduct } from "./conduct.js";
import * as devices from "./devices.js";
import { Feed } from "./feed.js";
import { Reader, quality, voice } from "./line.js";
import { MediaLink, Refused, publish, receive } from "./link.js";
import { act, byId, data, notice, pointName, post, serverNow, setServerTime, show, word } from "./page.js";
import { Panels } from "./panels.js";
import { Pulse } from "./pulse.js";
import { Stage } from "./stage.js";
import { Troubles } from "./troubles.js";
import { Uplink } from "./uplink.js";
import { View } from "./view.js";

const SESSIONS = 8;         // whose news are kept
const LOSSY = 0.05;         // share of what was sent to this page
const HOLD = 6000;          // milliseconds for which a weak line is called so after it was last seen weak

const companion = data.mode === "companion";
const stage = new Stage(data.code, () => view?.changed(), () => troubles);
const panels = new Panels(data.code);
const conduct = data.conduct ? new Conduct(byId("conduct")) : null;
const choice = devices.remembered();
let stream = new MediaStream();
let problems = {};          // by kind, why there is no track of it
let stopMeter = () => {};
let plugging = null;        // the work on devices that came or went, while it lasts
let plugged = false;        // one came or went since
let feed;
let state = data.state;
let mode = data.mode;
let lossyUntil = 0;         // this page saw much loss a moment ago
let feedUp = false;
let over = false;
let reader = new Reader();
let uplink = new Uplink();
const pulse = new Pulse();
const slotNews = new Map();      // session → the server's last word on its slots; it may come before the answer that names it
const wantedNews = new Map();    // the same on the layers of our own picture that somebody looks at
const address = new URLSearchParams(location.search);
const relayed = address.has("relay");      // for a technician: only paths through the TURN server

/** One name for this tab, so that its own reconnection is not taken for a second device. */
const device = (() => {
  const fresh = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
  try {
    const known = sessionStorage.getItem("diemcau.device") ?? fresh;
    sessionStorage.setItem("diemcau.device", known);
    return known;
  } catch {
    return fresh;
  }
})();

const ticketFor = (role) => async () => {
  const tickets = await post(`${data.base}/tickets`, { roles: [role], device, mode });
  mode = "main";            // taking over is said once; afterwards this device holds the seat
  return { url: `/media/rooms/${data.room}/${role === "publish" ? "whip" : "whep"}`, token: tickets[role], ice: tickets.ice };
};

const up = new MediaLink({ prepare: (pc) => { uplink = new Uplink(); publish(pc, stream); }, ticket: ticketFor("publish"), changed: onLink, relayed });
const down = new MediaLink({
  prepare: (pc) => {
    stage.attach(pc);
    reader = new Reader();
    receive(pc, slotsFor());
  },
  ticket: ticketFor("subscribe"),
  changed: onLink,
  relayed,
});
const view = companion ? null : new View({ link: down, sizes: () => stage.sizes(), saving });

const troubles = new Troubles({
  me: data.code,
  mine: () => ({
    up: up.session, down: down.session, resting: choice.videoOn && !up.room.picture,
    shown: stage.shown, still: stage.frozen, rows: view?.rows ?? {},
  }),
  changed: () => stage.draw(),
});

/** Whether only the smallest pictures are asked for: the person's choice, else the device's. */
function saving() {
  return devices.remembered().saving ?? Boolean(navigator.connection?.saveData);
}

/** Fewer pictures where they would not be seen or where data is dear; sound comes first everywhere. */
function slotsFor() {
  if (navigator.connection?.saveData) return { audio: data.slots.audio, video: 1 };
  if (matchMedia("(max-width: 900px)").matches) return { audio: data.slots.audio, video: 2 };
  return data.slots;
}

function onLink(now, error) {
  if (now === "refused" && !over) refused(error);
  heed();
  troubles.drawOwn();
  drawLine();
}

/** What the server said of our sessions, whether it came before or after they had a name. */
function heed() {
  if (slotNews.has(down.session)) stage.name(slotNews.get(down.session));
  const tracks = wantedNews.get(up.session);
  if (tracks && up.tracks !== tracks) up.send(tracks);
}

/** Keeps the last word on the last few sessions. */
function note(news, session, said) {
  news.delete(session);
  news.set(session, said);
  if (news.size > SESSIONS) news.delete(news.keys().next().value);
  heed();
}

/** A device whose pictures nobody can take still listens; who is not let in, or can receive nothing, is told and left alone. */
function refused(error) {
  if (error.ticket || up.state !== "refused" || down.state === "refused") ended(error);
  else notice(error.message || word("mic_refused"), true);
}

/** The seat went to another device, the link was revoked, or the meeting is over: say so and stop. */
function ended(error) {
  const code = error instanceof Refused ? error.code : error;
  over = true;
  up.stop();
  down.stop();
  feed?.close();
  stopMeter();
  stream.getTracks().forEach((track) => track.stop());     // the camera's lamp goes out
  const replaced = code === "point.busy" || code === "replaced";
  const key = replaced ? "replaced" : ["meeting.concluded", "meeting.cancelled", "closed"].includes(code) ? "over" : "refused";
  byId("over-title").textContent = word(key);
  byId("over-text").textContent = (error instanceof Refused && !replaced && error.message) || word(`${key}_hint`);
  show(byId("come-back"), replaced);
  show(byId("over"), true);
  byId("over").focus();
}

function drawLine() {
  const said = voice({
    hasMic: stream.getAudioTracks().length > 0, micOn: choice.audioOn, up: up.state,
    floor: state.floor?.code, me: data.code, main: state.main,
  });
  const sign = byId("voice");
  if (sign.dataset.key !== said.key) {
    sign.dataset.key = said.key;
    sign.dataset.tone = said.tone;
    sign.querySelector("span").textContent = word(said.key);
  }
  const weak = troubles.weak || Date.now() < lossyUntil;
  const now = companion ? (feedUp ? "companion" : "lost") : quality({ up: up.state, down: down.state, feed: feedUp, weak });
  const line = byId("line");
  if (line.dataset.said === now) return;      // or it would be read aloud again
  line.dataset.state = line.dataset.said = now;
  line.querySelector("span").textContent = word(`line_${now}`);
}

function apply(next) {
  const floorBefore = state.floor?.code;
  state = next;
  setServerTime(next.at);
  stage.update(next);
  panels.update(next);
  conduct?.update(next);
  if (next.floor?.code !== floorBefore) {
    byId("announce").textContent = !next.floor ? word("floor_open")
      : next.floor.code === data.code ? word("floor_yours") : word("has_floor", { name: pointName(next.floor.code) });
    if (next.floor?.code === data.code) notice(word("floor_yours"));
  }
  if (["concluded", "cancelled"].includes(next.meeting.state) && !over) ended("closed");
  drawLine();
}

function startFeed() {
  return new Feed(`${data.base}/events`, {
    state: apply,
    slots: ({ session, slots }) => note(slotNews, session, slots),
    wanted: ({ session, tracks }) => note(wantedNews, session, tracks),
    line: (news) => {
      troubles.line(news);
      drawLine();
    },
    frozen: (news) => troubles.frozen(news),
    thawed: (news) => troubles.thawed(news),
    replaced: ({ session }) => [up.session, down.session].includes(session) && ended("replaced"),
    media: ({ session }) => setTimeout(renew, Math.random() * 1000, session),    // not 239 offers in the same millisecond
  }, {
    changed: (connected) => {
      feedUp = connected;
      if (connected) troubles.begin();
      drawLine();
    },
    refused: ended,
  });
}

/** This session died with its server; the other one may live on another server. */
function renew(session) {
  for (const link of [up, down]) if (link.session === session) link.renew();
}

/** The network may be another one: the sessions look for another path before new ones are made. */
function mend() {
  up.mend();
  down.mend();
}

const liveTracks = () => stream.getTracks().filter((track) => track.readyState === "live");
const missingKinds = () => devices.KINDS.filter((kind) => !liveTracks().some((track) => track.kind === kind));

/** Opens the devices that have no live track: at first both, later one that was unplugged or has just come.
 *  Says whether the stream is another one now. */
async function startDevices() {
  const opened = await devices.open(choice, missingKinds());
  const live = liveTracks();
  problems = opened.problems;
  if (!opened.stream.getTracks().length && live.length === stream.getTracks().length) return false;
  stream = new MediaStream([...live, ...opened.stream.getTracks()]);
  if (over) stream.getTracks().forEach((track) => track.stop());
  stream.getTracks().forEach((track) => (track.onended = replug));
  stream.getAudioTracks().forEach((track) => (track.enabled = choice.audioOn));
  stream.getVideoTracks().forEach((track) => (track.enabled = choice.videoOn));
  const own = byId("self").querySelector("video");
  own.srcObject = stream.getVideoTracks().length ? stream : null;
  byId("self").classList.toggle("live", stream.getVideoTracks().length > 0 && choice.videoOn);
  stopMeter();
  stopMeter = devices.meter(stream, (level) => byId("self-level").style.setProperty("--level", choice.audioOn ? level : 0));
  return true;
}

/** A cable was pulled or put in: what is sent follows.  One cable makes several events. */
function replug() {
  plugged = true;
  plugging ??= followDevices().finally(() => (plugging = null));
}

async function followDevices() {
  while (plugged && !over) {
    plugged = false;
    if (missingKinds().every((kind) => problems[kind] === "denied")) return;    // who said no is not asked again and again
    const changed = await startDevices();
    if (!changed || over) continue;
    if (!stream.getTracks().length) up.stop();
    else if (["closed", "refused"].includes(up.state)) up.start();
    else up.renew();
    drawControls();
    drawLine();
  }
}

function drawControls() {
  const draw = (id, kind, on, words) => {
    const button = byId(id);
    const has = stream.getTracks().some((track) => track.kind === kind);
    button.disabled = !has;
    button.classList.toggle("off", !on || !has);
    button.setAttribute("aria-pressed", String(!on));
    button.querySelector("span").textContent = word(has ? words[on ? 0 : 1] : words[2]);
  };
  draw("mic", "audio", choice.audioOn, ["mute", "unmute", "no_mic"]);
  draw("cam", "video", choice.videoOn, ["hide", "unhide", "no_cam"]);
}

function toggle(kind) {
  const key = `${kind}On`;
  choice[key] = !choice[key];
  devices.remember({ [key]: choice[key] });
  const tracks = kind === "audio" ? stream.getAudioTracks() : stream.getVideoTracks();
  tracks.forEach((track) => (track.enabled = choice[key]));
  if (kind === "video") byId("self").classList.toggle("live", choice[key]);
  drawControls();
  drawLine();
}

function openPanel(name) {
  for (const tab of document.querySelectorAll("[data-panel]")) {
    const chosen = tab.dataset.panel === name;
    if (tab.matches(".panels > section")) show(tab, chosen);
    else tab.setAttribute("aria-expanded", String(chosen));
  }
}

function wire() {
  byId("mic").onclick = () => toggle("audio");
  byId("cam").onclick = () => toggle("video");
  byId("hand").onclick = (event) => panels.toggleHand(event.currentTarget);
  byId("unmute").onclick = () => stage.playAll();
  byId("come-back").onclick = () => location.assign(`${data.base}/room?mode=takeover`);
  byId("leave").onclick = () => { up.stop(); down.stop(); };
  for (const button of document.querySelectorAll("button[data-panel]")) {
    button.onclick = () => openPanel(button.getAttribute("aria-expanded") === "true" ? "main" : button.dataset.panel);
  }
  panels.onmotion = () => data.entitled && openPanel("vote");
  byId("controls").inert = false;    // a press before this point would have been lost
  addEventListener("pagehide", () => { up.stop(); down.stop(); });
  addEventListener("pageshow", (event) => event.persisted && location.reload());    // the back button shows a page that has hung up
  addEventListener("online", mend);
  let network = navigator.connection?.type;
  navigator.connection?.addEventListener?.("change", () => {     // also fired whenever its guess of the speed changes
    if (navigator.connection.type === network) return;
    network = navigator.connection.type;
    mend();
  });
  byId("saving").checked = saving();
  byId("saving").onchange = ({ target }) => {
    devices.remember({ saving: target.checked });
    view?.changed(0);
  };
  setInterval(() => {
    byId("clock").textContent = new Date(serverNow()).toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit", timeZone: data.zone });
  }, 1000);
  setInterval(async () => {
    if (down.state === "live" && down.pc && (await pulse.stopped(down.pc))) mend();
  }, 250);
  setInterval(async () => {
    if (up.state === "live") up.limit(uplink.look((await up.pc.getStats()).values(), performance.now()));
    troubles.draw();
    if (down.state !== "live" || !down.pc) return;
    const look = await reader.read(down.pc);
    if (look.loss > LOSSY) lossyUntil = Date.now() + HOLD;
    stage.moving(look.moving, look.grown);
    drawLine();
  }, 2000);
}

async function stats() {
  const read = async (link) => (link.pc ? [...(await link.pc.getStats()).values()] : []);
  return { up: await read(up), down: await read(down) };
}

// For tests and for a technician's console: reading only.
Object.defineProperty(window, "diemcau", {
  value: Object.freeze({
    get pcs() { return { up: up.pc, down: down.pc }; },
    get sessions() { return { up: up.session, down: down.session }; },
    get slots() { return [...stage.slots].map(([mid, slot]) => ({ mid, ...slot })); },
    get state() { return state; },
    stats,
  }),
});

history.replaceState(null, "", `${data.base}/room${companion ? "?mode=companion" : relayed ? "?relay=1" : ""}`);    // loading again must not take over again
wire();
openPanel(data.conduct ? "conduct" : "main");
feed = startFeed();
apply(state);
if (companion) {
  document.body.classList.add("companion");
} else {
  await startDevices();
  drawControls();
  if (!over) {
    navigator.mediaDevices?.addEventListener("devicechange", replug);
    if (stream.getTracks().length) up.start();
    down.start();
  }
}
