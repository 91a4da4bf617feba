/* The page that all see: on the stage, large, with the pictures small beneath it.  Only its number comes; the picture is fetched,
 * shown without a flash, and acknowledged, so that whoever turns the pages knows when the slowest point has it. */

import { act, byId, data, icon, make, pointName, post, show, tool, word } from "./page.js";
import { addressOf, fetched, prefetch, saving, widthFor } from "../papers/pages.js";

const SETTLE = 90;        // milliseconds after the last press of a row, before the page is turned for all
const SPOKEN = 1500;      // after which the page is told to those who listen
const AGAIN = 2000;       // after which a page that could not be had is asked for again

let room;
let slide;
let shown = null;         // what the server said last
let drawn = null;         // what stands on the stage
let following = true;
let asked = null;         // the page this presenter wants, not yet said by the server
let settle;
let speak;

/** Whether this page may show papers: it conducts, or its point has the floor. */
export const presents = ({ conducting, me }, floor) => conducting || floor?.code === me;

export function present(where, document, page) {
  return post(where.conducting ? `${data.conduct}/show` : `${data.base}/show`, { document, page });
}

export function start(given) {
  room = given;
  if (room.companion) return;
  const { store } = room;
  slide = build();
  const left = document.querySelector(".left");
  left.prepend(slide.figure);
  left.before(slide.back);
  slide.back.onclick = () => follow(true);
  store.on(["shown", "floor", "share"], (state) => { take(state.shown ?? null, true); place(); tools(); });
  store.hear("page", (news) => take(news, false));
  store.hear("reading", (news) => told(news));
  new ResizeObserver(() => shown && following && draw(true)).observe(slide.sheet);
}

/** Direct news and the state say the same; the later turn counts. */
function take(news, late) {
  if (news && shown && news.since < shown.since) return;
  if (late && news && shown && news.since === shown.since) return;
  const other = news?.document !== shown?.document;
  shown = news;
  asked = null;
  if (!news) {
    slide.told.textContent = "";
    drawn = null;
  }
  if (other) following = true;
  place();
  if (news && following) draw(false);
}

function follow(on) {
  following = on;
  place();
  if (on) draw(true);
}

/** A screen that somebody shares since this page was turned is what all look at; the next page comes before it again. */
function yields() {
  const { share } = room.store.state;
  return Boolean(share) && share.code !== room.me && Date.parse(share.since) > Date.parse(shown?.since ?? share.since);
}

function place() {
  const on = Boolean(shown) && following && !yields();
  show(slide.figure, on);
  show(slide.back, Boolean(shown) && !following);
  document.querySelector(".left").classList.toggle("with-slide", on);
  if (!shown) return;
  slide.name.textContent = shown.name;
  slide.page.textContent = word("pp_page_of", { page: asked ?? shown.page, pages: shown.pages });
  slide.who.textContent = shown.by ? word("slide_by", { name: pointName(shown.by) }) : word("slide_by_chair");
  tools();
}

function tools() {
  const mine = Boolean(shown) && presents(room, room.store.state.floor);
  for (const part of [slide.before, slide.next, slide.hide]) show(part, mine);
  show(slide.leave, !mine);
  if (!shown) return;
  slide.before.disabled = (asked ?? shown.page) <= 1;
  slide.next.disabled = (asked ?? shown.page) >= shown.pages;
}

async function draw(again) {
  const { document: paper, page } = shown;
  const width = widthFor(slide.sheet.clientWidth || innerWidth, saving());
  if (again && drawn?.paper === paper && drawn.page === page && drawn.width === width) return;
  try {
    const image = await fetched(paper, page, width);
    if (shown?.document !== paper || shown.page !== page || !following) return;
    image.alt = word("pp_alt", { page, name: shown.name });
    slide.sheet.replaceChildren(image);
    slide.page.textContent = word("pp_page_of", { page: asked ?? page, pages: shown.pages });
    slide.figure.dataset.page = page;
    slide.figure.dataset.at = Math.round(performance.timeOrigin + performance.now());
    drawn = { paper, page, width };
    clearTimeout(speak);
    speak = setTimeout(() => (byId("told").textContent = word("slide_told", { page, name: shown?.name ?? "" })), SPOKEN);
    acknowledge(paper, page);
    if (page < shown.pages && !saving()) prefetch(paper, page + 1, width);
  } catch {
    if (shown?.document !== paper || shown.page !== page) return;
    slide.page.textContent = word("pp_failed", { page });
    clearTimeout(draw.again);
    draw.again = setTimeout(() => shown && following && draw(false), AGAIN);
  }
}

async function acknowledge(paper, page) {
  if (!room.me) return;      // a console without a seat is no point
  try {
    await post(`${addressOf(paper)}/drawn`, { page });
  } catch {
    // it counts as not drawn, which is what the presenter should see
  }
}

/** To the presenter: how many points have the page, and who is last. */
function told({ document: paper, page, drawn: n, of, last }) {
  if (!shown || shown.document !== paper || shown.page !== page) return;
  const names = last.map(pointName).join(", ");
  slide.told.textContent = n === of ? word("slide_all", { of }) : last.length ? word("slide_missing", { drawn: n, of, names }) : word("slide_drawn", { drawn: n, of });
}

/** Presses in a row turn once, to the last page asked for. */
function turn(step) {
  asked = Math.min(shown.pages, Math.max(1, (asked ?? shown.page) + step));
  place();
  clearTimeout(settle);
  const { document: paper } = shown;
  const wait = performance.now() - (turn.last ?? 0) < 400 ? SETTLE : 0;
  turn.last = performance.now();
  settle = setTimeout(() => act(null, () => present(room, paper, asked ?? shown.page)), wait);
}

function build() {
  const press = (name, key, onclick) => tool(name, word(key), onclick);
  const parts = {
    sheet: make("div", { class: "slide-sheet" }), name: make("b"), page: make("span"), who: make("span", { class: "quiet small slide-who" }),
    told: make("span", { class: "slide-told", role: "status" }),
    before: press("chevron-left", "pp_before", () => turn(-1)), next: press("chevron-right", "pp_next", () => turn(1)),
    hide: make("button", { class: "btn", text: word("slide_hide"), onclick: (event) => act(event.currentTarget, () => post(room.conducting ? `${data.conduct}/hide` : `${data.base}/hide`)) }),
    leave: press("x", "slide_over", () => follow(false)),
    read: make("button", { class: "btn", text: word("slide_read"), onclick: (event) => room.openPaper(shown.document, shown.page, event.currentTarget) }),
    back: make("button", { class: "btn slide-back", hidden: true }, icon("presentation"), make("span", { text: word("slide_back") })),
  };
  parts.figure = make("figure", { class: "slide", id: "slide", hidden: true }, parts.sheet,
    make("figcaption", {}, parts.before, parts.page, parts.next, parts.name, parts.who, parts.read, parts.hide, parts.leave, parts.told));
  parts.figure.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[event.key];
    if (step && shown && presents(room, room.store.state.floor)) { event.preventDefault(); turn(step); }
  });
  return parts;
}
