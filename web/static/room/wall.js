/* The technician's wall: every point's tile with how it stands and why, those to be helped as a list, pictures of the page that is
 * looked at.  Sixteen pictures come at a time; of a page with more they take turns, and each tile keeps its last one. */

import { Feed } from "./feed.js";
import { MediaLink, Refused, receive } from "./link.js";
import { byId, data, fill, fold, icon, keep, make, post, show, word } from "./page.js";
import { Pins, seat } from "./pins.js";
import { Probe } from "./probe.js";
import { View } from "./view.js";

const TURN = 6000;        // milliseconds until the next pictures of a page take their turn
const LATE = 300;         // the last frames of whoever had a place before may still be on their way
const PAUSE = 6000;       // between two sentences that are read aloud
const AT_ONCE = 2;        // names in one sentence
const collator = new Intl.Collator(data.lang, { numeric: true });
const codes = Object.keys(data.points).sort((a, b) => collator.compare(data.points[a], data.points[b]));

const rows = new Map();            // code → the server's last word
const tiles = new Map();           // code → its tile, made once
const slots = new Map();           // mid → {stream, name}
let filter = "";
let page = 0;
let turn = 0;
let seated = {};
let feedUp = false;

const size = () => (matchMedia("(max-width: 700px)").matches ? 12 : matchMedia("(min-width: 1700px)").matches ? 48 : 30);

// -- what is shown --------------------------------------------------------------------------------------------------------

/** Those in the room come first, then by name: whoever comes or leaves moves, whose line merely falters stays. */
function chosen() {
  const sought = fold(byId("seek").value);
  const away = (code) => Number(["left", "never"].includes(rows.get(code)?.stands));
  return codes.filter((code) => (!filter || rows.get(code)?.stands === filter)
    && (!sought || fold(data.points[code]).includes(sought) || code.includes(sought))).sort((a, b) => away(a) - away(b));
}

const pages = (found) => Math.max(1, Math.ceil(found.length / size()));

function draw() {
  const found = chosen();
  page = Math.min(page, pages(found) - 1);
  const here = found.slice(page * size(), (page + 1) * size());
  keep(byId("tiles"), here, tileOf);
  here.forEach(paint);
  show(byId("none"), here.length === 0);
  byId("page").textContent = word("page_of", { n: page + 1, total: pages(found) });
  byId("before").disabled = page === 0;
  byId("next").disabled = page >= pages(found) - 1;
  show(byId("pages"), pages(found) > 1);
  for (const chip of document.querySelectorAll("[data-stands]")) {
    const of = chip.dataset.stands;
    chip.querySelector("b").textContent = of ? [...rows.values()].filter((row) => row.stands === of).length : rows.size;
    chip.setAttribute("aria-pressed", String(of === filter));
  }
  drawHelp();
  look();
}

function tileOf(code) {
  if (tiles.has(code)) return tiles.get(code);
  const made = make("li", { class: "tile point", "data-code": code, tabindex: "-1" },
    make("canvas", { width: "320", height: "180", hidden: true }), make("video", { playsinline: true, autoplay: true }),
    make("div", { class: "blank" }), make("div", { class: "marks" }),
    make("div", { class: "name" }, make("span", { class: "who", text: data.points[code] }), make("span", { class: "stand" })));
  made.querySelector("video").muted = true;
  tiles.set(code, made);
  return made;
}

function paint(code) {
  const row = rows.get(code);
  const box = tiles.get(code);
  if (!row || !box) return;
  box.dataset.is = row.stands;
  box.title = row.why;
  const there = ["away", "bad", "fair", "here"].includes(row.stands);
  box.classList.toggle("floor", row.floor);
  if (!row.picture) forget(box);
  box.classList.toggle("absent", !there);
  const blank = row.stands === "away" || !there ? "" : row.picture ? data.pictures && "picture_later" : "no_picture";
  fill(box.querySelector(".blank"), [blank, row.stands], () => [icon(blank ? "video-off" : data.icons[row.stands]), blank && make("span", { text: word(blank) })].filter(Boolean));
  fill(box.querySelector(".stand"), row.stands, () => [icon(data.icons[row.stands]), make("span", { text: word(`is_${row.stands}`) })]);
  const marks = [["floor", "mic"], ["chair", "gavel"], ["hand", "hand"], ["silenced", "mic-off"]].filter(([key]) => row[key]);
  fill(box.querySelector(".marks"), marks, () => marks.map(([key, name]) =>
    make("span", { title: word(key) }, icon(name), make("span", { class: "only-spoken", text: word(key) }))));
}

/** Who sends no picture has no last one either. */
function forget(box) {
  box.classList.remove("live", "kept");
  box.querySelector("canvas").hidden = true;
  box.querySelector("video").srcObject = null;
}

function drawHelp() {
  const order = new Map(data.helped.map((stands, index) => [stands, index]));
  const helped = codes.filter((code) => order.has(rows.get(code)?.stands))
    .sort((a, b) => order.get(rows.get(a).stands) - order.get(rows.get(b).stands));
  byId("help-count").textContent = helped.length;
  fill(byId("help"), helped.map((code) => [code, rows.get(code).stands, rows.get(code).why]), () => helped.map((code) => {
    const { stands, why } = rows.get(code);
    const [who, phone] = data.phones[code] ?? ["", ""];
    return make("li", { "data-is": stands }, icon(data.icons[stands]),
      make("div", {}, make("button", { class: "link-btn", type: "button", text: data.points[code], onclick: () => find(code) }),
        make("p", { text: why || word(`is_${stands}`) }),
        phone ? make("p", {}, who ? `${who} ` : "", make("a", { href: `tel:${phone.replaceAll(" ", "")}`, text: phone }))
          : make("p", { class: "quiet", text: word("no_phone") })));
  }));
  show(byId("all-well"), helped.length === 0);
}

/** Goes to the page that has this point, and to its tile. */
function find(code) {
  filter = "";
  byId("seek").value = "";
  page = Math.floor(codes.indexOf(code) / size());
  draw();
  tiles.get(code).focus();
}

// -- pictures of the page that is looked at ---------------------------------------------------------------------------

const media = new MediaLink({
  prepare: (pc) => {
    slots.clear();
    seated = {};
    pc.ontrack = ({ track, transceiver }) => slots.set(transceiver.mid, { stream: new MediaStream([track]), name: null });
    receive(pc, { audio: 0, video: 0, more: data.pictures });
  },
  ticket: async () => {
    const told = await post(`${data.base}/watch/tickets`, { watcher: data.watcher });
    return { url: `/media/rooms/${data.room}/whep`, token: told.subscribe, ice: told.ice };
  },
  changed: (state, error) => {
    show(byId("pictures-off"), state === "refused");
    if (state === "refused") byId("pictures-off").textContent = word("pictures_off", { why: error?.message || word("no_answer") });
    if (state === "live") look();
    drawLine();
  },
});
const pins = new Pins(media);
const view = new View({ link: media, sizes: () => Object.fromEntries(
  [...slots].filter(([, slot]) => slot.name).map(([mid, slot]) => [mid, tiles.get(slot.name)?.isConnected ? tiles.get(slot.name).clientHeight : 0])) });

/** Whose pictures come now: of the page's those whose turn it is. */
function look() {
  const here = [...byId("tiles").children].map((box) => box.dataset.code).filter((code) => rows.get(code)?.picture);
  const first = here.length > data.pictures ? (turn * data.pictures) % (Math.ceil(here.length / data.pictures) * data.pictures) : 0;
  const wanted = here.slice(first, first + data.pictures);
  if (!slots.size) return;
  seated = seat([...slots.keys()], wanted, seated);
  pins.want(seated);
  view.changed();
}

/** The server's word on which place carries whom. */
function name(news) {
  if (news.session !== media.session) return;
  for (const { mid, name: code } of news.slots) {
    const slot = slots.get(mid);
    if (!slot || slot.name === code) continue;
    if (slot.name && tiles.has(slot.name)) release(tiles.get(slot.name));
    slot.name = code;
    clearTimeout(slot.timer);
    if (code) slot.timer = setTimeout(() => slots.get(mid) === slot && slot.name === code && give(tileOf(code), slot), LATE);
  }
  view.changed();
}

function give(box, slot) {
  const video = box.querySelector("video");
  video.srcObject = slot.stream;
  video.play().catch(() => {});
  const shown = () => video.srcObject === slot.stream && box.classList.add("live");
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(shown);
  else video.onloadeddata = shown;
}

/** Its place goes to another: the tile keeps the last picture. */
function release(box) {
  const video = box.querySelector("video");
  if (box.classList.contains("live") && video.videoWidth) {
    const canvas = box.querySelector("canvas");
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    canvas.hidden = false;
    box.classList.add("kept");
  }
  box.classList.remove("live");
  video.srcObject = null;
}

// -- news -------------------------------------------------------------------------------------------------------------------

let unsaid = new Map();
let spokeAt = -PAUSE;
let speaking;
/** Who needs help now is said once, politely; many at once only as a number of the list. */
function speak() {
  clearTimeout(speaking);
  const wait = spokeAt + PAUSE - Date.now();
  if (wait > 0) {
    speaking = setTimeout(speak, wait);
    return;
  }
  if (!unsaid.size) return;
  const said = [...unsaid].slice(0, AT_ONCE).map(([code, what]) => word("told", { name: data.points[code], what }));
  byId("told").textContent = unsaid.size > AT_ONCE ? `${byId("help-title").textContent}` : said.join(". ");
  unsaid = new Map();
  spokeAt = Date.now();
}

let known = false;
function heard(news) {
  for (const row of news) {
    if (row.gone) {
      rows.delete(row.code);
      continue;
    }
    const before = rows.get(row.code)?.stands;
    rows.set(row.code, row);
    if (!(row.code in data.points)) continue;
    if (known && before !== row.stands && (data.helped.includes(row.stands) || data.helped.includes(before))) unsaid.set(row.code, word(`is_${row.stands}`));
  }
  known = true;
  if (news.some(({ code, gone }) => !gone && !(code in data.points))) location.reload();      // booked since: its name is not on this page
  draw();
  speak();
}

function drawLine() {
  const sign = byId("line");
  sign.dataset.state = feedUp ? "good" : "lost";
  sign.querySelector("span").textContent = word(feedUp ? "line_good" : "line_lost");
}

function end(key, error) {
  media.stop();
  feed.close();
  byId("over-title").textContent = (error instanceof Refused && error.message) || word(key);
  show(byId("over"), true);
  byId("over").focus();
}

for (const chip of document.querySelectorAll("[data-stands]")) {
  chip.onclick = () => {
    filter = filter === chip.dataset.stands ? "" : chip.dataset.stands;
    page = turn = 0;
    draw();
  };
}
byId("seek").oninput = () => {
  page = 0;
  draw();
};
byId("before").onclick = () => { page -= 1; turn = 0; draw(); };
byId("next").onclick = () => { page += 1; turn = 0; draw(); };
addEventListener("resize", draw);
addEventListener("pagehide", () => media.stop());
addEventListener("pageshow", (event) => event.persisted && location.reload());
setInterval(() => {
  if (document.hidden) return;
  turn += 1;
  look();
}, TURN);

const feed = new Feed(`${data.base}/wall/events?watcher=${data.watcher}`, {
  points: heard, slots: name, over: () => end("over"),
  media: ({ session }) => setTimeout(() => media.session === session && media.renew(), Math.random() * 1000),
}, {
  changed: (connected) => { feedUp = connected; drawLine(); },
  refused: (error) => end("refused", error),
});
if (data.open && data.pictures) media.start();
new Probe(data.pictures ? [feed, media] : [feed]);

// For tests and for a technician's console: reading only.
Object.defineProperty(window, "diemcau", { value: Object.freeze({
  get rows() { return Object.fromEntries(rows); },
  get slots() { return [...slots].map(([mid, slot]) => ({ mid, name: slot.name })); },
  get seated() { return { ...seated }; },
  stats: async () => (media.pc ? [...(await media.pc.getStats()).values()] : []),
}) });
