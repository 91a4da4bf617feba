/* The meeting's papers: the list, reading one over the room, and what this point hands in.  What all see is follow.js. */

import { act, byId, data, fill, get, icon, make, notice, show, word } from "./page.js";
import { refusal } from "./link.js";
import { present, presents } from "./follow.js";
import { inOrder } from "./store.js";
import { addressOf, saving } from "../papers/pages.js";

const MOST_PHOTOS = 20;
let viewer;
let opener;
const marks = new Map();      // paper → {changed}, of this reader

export function start(room) {
  const { store } = room;
  const draw = ({ documents, shown, floor }) => {
    const files = inOrder(documents);
    const source = [files, shown?.document, presents(room, floor), [...marks]];
    fill(byId("documents"), source, () => files.map((file) => row(room, file, shown, presents(room, floor))));
    show(byId("documents-empty"), !files.length);
    if (files.some((file) => file.replaces && !marks.has(file.id))) learn(files, () => draw(store.state));
  };
  store.on(["documents", "shown", "floor"], draw);
  store.hear("offered", ({ n }) => waiting(n));
  if (data.offered) waiting(data.offered);
  room.openPaper = openPaper;
  show(document.querySelector(".offer"), Boolean(room.me));
  camera();
  byId("paper-file").onchange = ({ target }) => {
    const [file] = target.files;
    if (file) send([["document", file, file.name]], target);
  };
}

function row(room, file, shown, may) {
  const read = Boolean(file.pages);
  const tags = [file.pages ? word("papers_pages", { pages: file.pages }) : size(file.size),
    shown?.document === file.id ? word("papers_showing") : null, marks.get(file.id) ? word("papers_changed") : null].filter(Boolean).join(" · ");
  const inside = [icon("file-text"), make("span", {}, make("b", { text: file.name }), make("br"), make("small", { class: "quiet", text: tags }))];
  return make("li", {},
    read ? make("button", { class: "paper-open", onclick: (event) => openPaper(file.id, undefined, event.currentTarget) }, ...inside)
      : make("a", { class: "paper-open", href: `${data.base}/documents/${encodeURIComponent(file.id)}`, target: "_blank", rel: "noopener" }, ...inside),
    may && read ? make("div", { class: "row" }, make("button", { class: "small-btn", text: word("papers_present"),
      onclick: (event) => act(event.currentTarget, () => present(room, file.id, shown?.document === file.id ? shown.page : 1)) })) : null);
}

/** Whether this reader read the version before: asked once for each paper that replaces another. */
async function learn(files, redraw) {
  for (const file of files.filter((one) => one.replaces && !marks.has(one.id))) {
    marks.set(file.id, false);
    const about = await get(`${addressOf(file.id)}/about`).catch(() => null);
    if (about) marks.set(file.id, about.changed);
  }
  redraw();
}

/** Over the room: pictures and sounds go on beneath.  The reader's scripts come with the first paper. */
export async function openPaper(paper, page, from) {
  opener = from ?? document.activeElement;
  const box = byId("reader") ?? make("section", { id: "reader", class: "reader-over", role: "dialog", "aria-labelledby": "reader-title" });
  if (!box.isConnected) document.body.append(box);
  if (!viewer) {
    const { Viewer } = await import("../papers/viewer.js");
    viewer ??= new Viewer(box, { close, open: (other) => viewer.open(other), saving });
  }
  show(box, true);
  await viewer.open(paper, page);
  byId("reader-title").focus();
}

function close() {
  viewer.end();
  show(byId("reader"), false);
  opener?.focus?.();
}

function waiting(n) {
  const box = byId("offered");
  show(box, n > 0);
  box.querySelector("a").textContent = word("offered_one", { n });
}

/** Photographs are collected until they are sent: a phone's camera gives one at a time. */
function camera() {
  const photos = [];
  const draw = () => {
    for (const image of byId("photos").querySelectorAll("img")) URL.revokeObjectURL(image.src);
    byId("photos").replaceChildren(...photos.map((photo, index) => make("li", {},
      make("img", { src: URL.createObjectURL(photo), alt: word("offer_photo", { n: index + 1 }) }),
      make("button", { class: "tool", "aria-label": `${word("remove")}: ${word("offer_photo", { n: index + 1 })}`, onclick: () => { photos.splice(index, 1); draw(); } }, icon("x")))));
    show(byId("photos"), photos.length > 0);
    show(byId("photos-send"), photos.length > 0);
    byId("photos-send").textContent = word("offer_photos", { n: photos.length });
  };
  byId("photo").onchange = ({ target }) => {
    photos.push(...[...target.files].slice(0, MOST_PHOTOS - photos.length));
    target.value = "";
    draw();
  };
  byId("photos-send").onclick = async ({ currentTarget }) => {
    if (await send(photos.map((photo, index) => ["photo", photo, `${index + 1}.jpg`]), currentTarget)) {
      photos.length = 0;
      draw();
    }
  };
}

async function send(parts, from) {
  const body = new FormData();
  for (const [name, file, called] of parts) body.append(name, file, called);
  const sent = await act(from.matches("button") ? from : null, async () => {
    const response = await fetch(`${data.base}/papers`, { method: "POST", body, headers: { Accept: "application/json" } });
    if (!response.ok) throw await refusal(response);
    return response.json();
  });
  if (from.matches("input")) from.value = "";
  if (sent) notice(word("offer_sent", { name: sent.name }));
  return sent;
}

export function size(bytes) {
  const style = { maximumFractionDigits: 1 };
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024)).toLocaleString(data.lang)} KB`;
  return `${(bytes / 1024 / 1024).toLocaleString(data.lang, style)} MB`;
}
