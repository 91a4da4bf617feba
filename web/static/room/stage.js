/* Who is seen where.  `arrange` decides from names alone; Stage puts the slots' pictures and sounds into the page. */

import { SCREEN, byId, fill, icon, isScreen, make, pointName, pointOf, show, word } from "./page.js";
import { turn } from "./timers.js";
import { route } from "./speaker.js";

/** Which point is large, which is the chair's tile, which are thumbnails.  A screen that is shared (`screen`, its media name) is large, and
 *  whoever would have been is the first of the small ones, in the chair's tile where there are no others (`beside`).
 *  What the chair has put in the light is large, else the floor, except on that point's own screen: a speaker looks at the chair.  Without a floor the chair is
 *  large, unless the chair has no picture and somebody else has. */
export function arrange({ screen = null, beside = false, spotlight, floor, main, me, seen }) {
  if (screen) {
    const { stage, chair, strip } = arrange({ spotlight, floor, main, me, seen: seen.filter((name) => name !== screen) });
    if (beside || stage === main) return { stage: screen, chair: stage ?? chair, strip };
    return { stage: screen, chair, strip: stage ? [stage, ...strip] : strip };
  }
  const others = seen.filter((name) => name && name !== me && !isScreen(name));
  const given = [spotlight, floor].find((name) => name && name !== me) ?? null;
  const chaired = main && main !== me && (others.includes(main) || others.length === 0) ? main : null;
  const stage = given ?? chaired ?? others[0] ?? null;
  const chair = main && main !== me && main !== stage ? main : null;
  return { stage, chair, strip: [...new Set(others)].filter((name) => name !== stage && name !== chair) };
}

const HOPE = 3000;      // milliseconds in which a picture that was just given a place may still come

export class Stage {
  /** `placed()` hears that pictures may have other places and sizes; `troubles` knows what to say of one (troubles.js); `own`: the screen
   *  of one's own point is shown too; `beside`: there is room for one small picture only. */
  constructor(me, placed, troubles, { own = false, beside = false } = {}) {
    Object.assign(this, { me, placed, troubles, own, beside });
    this.slots = new Map();      // mid → {kind, stream, name, since}
    this.frozen = new Set();     // mids of pictures that receive nothing
    this.looked = 0;             // when it was last asked what moves
    this.floor = this.main = null;
    this.present = new Set();
    this.sounds = byId("sounds");
    this.also = [];              // who else draws with these pictures (gallery.js)
    this.first = Infinity;       // so many pictures of a new session may be large before anybody says how large they are shown
    setInterval(() => this.#tick(), 1000);
  }

  /** Takes the receiver's sections of a new session. */
  attach(pc) {
    this.slots.clear();
    this.frozen.clear();
    this.names = null;
    this.sounds.replaceChildren();
    pc.ontrack = ({ track, transceiver }) => {
      const stream = new MediaStream([track]);
      this.slots.set(transceiver.mid, { kind: track.kind, stream, name: null });
      this.#give(transceiver.mid, this.names?.get(transceiver.mid) ?? null);
      // The first picture may be here before the word on whose it is, and a player shows only what comes after it was given a stream.
      if (!this.names && this.places[0] === transceiver.mid) give(byId("stage").querySelector("video"), stream);
      if (track.kind === "audio") {
        const player = make("audio", { autoplay: true });
        player.srcObject = stream;
        this.sounds.append(player);
        route(player);
        this.#play(player);
      }
      this.draw();
    };
  }

  /** The server's word on which slot carries whom. */
  name(slots) {
    this.names = new Map(slots.map(({ mid, name }) => [mid, name]));
    for (const mid of this.slots.keys()) this.#give(mid, this.names.get(mid) ?? null);
    this.draw();
  }

  /** A slot that carries another point shows nothing until that point's first picture is there. */
  #give(mid, name) {
    const slot = this.slots.get(mid);
    if (slot.name === name) return;
    Object.assign(slot, { name, since: Date.now(), fresh: true });
    if (slot.kind === "video" && name) this.frozen.add(mid);
  }

  /** {mid: rows in CSS pixels} of every picture that has a name; 0 where it is not shown. */
  sizes() {
    const rows = {};
    let number = 0;
    for (const [mid, slot] of this.slots) {
      if (slot.kind !== "video") continue;
      number += 1;
      if (!slot.name && number > this.first) rows[mid] = 0;
      if (!slot.name) continue;
      const shown = [...document.querySelectorAll("video")].filter((video) => video.srcObject === slot.stream);
      rows[mid] = Math.max(0, ...shown.map((video) => Math.min(video.clientHeight, Math.round((video.clientWidth * 9) / 16))));
    }
    return rows;
  }

  /** Pictures that have a place that is seen just now: mid → name. */
  get shown() {
    if (document.hidden) return new Map();
    return new Map(Object.entries(this.sizes()).filter(([, rows]) => rows).map(([mid]) => [mid, this.slots.get(mid).name]));
  }

  update(state) {
    this.floor = state.floor;
    this.main = state.main;
    this.spotlight = state.spotlight;
    this.screen = state.share && (this.own || state.share.code !== this.me) ? state.share.code + SCREEN : null;
    this.present = new Set(Object.keys(state.present));
    this.draw();
  }

  /** Asks for a click where the browser lets no sound play by itself. */
  async #play(player) {
    try {
      await player.play();
    } catch (error) {
      if (error.name === "NotAllowedError") show(byId("unmute"), true);
    }
  }

  async playAll() {
    show(byId("unmute"), false);
    for (const player of document.querySelectorAll("audio, video")) await this.#play(player);
  }

  draw() {
    const pictures = [...this.slots.values()].filter((slot) => slot.kind === "video" && slot.name);
    const seen = [...this.slots].filter(([mid, slot]) => pictures.includes(slot) && mid !== this.lent).map(([, slot]) => slot.name);
    const places = arrange({ screen: this.screen, beside: this.beside, spotlight: this.spotlight, floor: this.floor?.code, main: this.main, me: this.me, seen });
    this.place(byId("stage"), places.stage);
    show(byId("chair"), Boolean(places.chair));
    this.place(byId("chair"), places.chair);
    const strip = places.strip.slice(0, 3);
    const box = byId("strip");
    fill(box, strip, () => strip.map((name) => tile(name)));
    show(box, strip.length > 0);
    strip.forEach((name, index) => this.place(box.children[index], name));
    const speaking = this.floor?.code === this.me;
    byId("self").querySelector(".role").textContent = speaking ? `· ${word("speaking")}` : this.main === this.me ? `· ${word("chair")}` : "";
    byId("self").classList.toggle("floor", speaking);
    byId("stage").classList.toggle("floor", Boolean(this.floor) && !speaking && places.stage === this.floor?.code);
    this.#tick();
    for (const draw of this.also) draw();
    this.placed();
  }

  /** The mids of all places for pictures, and of those that nobody has lent for long (sign.js). */
  get places() {
    return [...this.slots].filter(([, slot]) => slot.kind === "video").map(([mid]) => mid);
  }

  get mids() {
    return this.places.filter((mid) => mid !== this.lent);
  }

  #slotOf(name) {
    return [...this.slots.entries()].find(([, slot]) => slot.kind === "video" && slot.name === name);
  }

  /** Puts the picture of this name into a tile, or says in it why there is none. */
  place(box, name) {
    const [mid, slot] = (name && this.#slotOf(name)) ?? [];
    const video = box.querySelector("video");
    // A screen on which nothing moves is no picture that broke off: it is shown from its first frame on.
    const live = Boolean(slot) && (isScreen(name) ? !slot.fresh : !this.frozen.has(mid) && !this.troubles().still.has(name));
    if (slot && !live) this.#await(mid, slot, video);
    if (slot) give(video, slot.stream);
    else if (this.names && video.srcObject) video.srcObject = null;
    box.classList.toggle("live", live);
    box.dataset.name = name ?? "";
    box.querySelector(".who").textContent = name ? pointName(name) : "";
    const alone = ![...this.present].some((code) => code !== this.me);
    box.querySelector(".blank b").textContent = name ? pointName(name) : word(alone ? "nobody_yet" : "picture_not_sent");
    box.querySelector(".blank span").textContent = name ? this.#absence(name, mid, slot) : alone ? word("nobody_yet_hint") : "";
    const mark = name && live ? this.troubles().mark(name) : null;
    const place = box.querySelector(".mark");
    show(place, Boolean(mark));
    place.dataset.tone = mark?.key ?? "";
    fill(place, mark, () => (mark ? [icon(mark.icon), make("span", { text: mark.text })] : []));
    show(box.querySelector(".name"), Boolean(name));
    const role = name === this.main ? word("chair") : name === this.floor?.code ? word("speaking") : "";
    box.querySelector(".role").textContent = role && `· ${role}`;
  }

  /** What is known of a picture that does not come: it may still come, it does not, or its point is not here. */
  #absence(name, mid, slot) {
    if (!this.present.has(pointOf(name))) return word("not_here");
    if (isScreen(name)) return word("screen_comes");
    const known = this.troubles().absence(name, mid);
    if (known) return known;
    return slot && Date.now() - slot.since >= HOPE ? word("no_picture") : word("picture_not_sent");
  }

  /** Shows the picture with its first frame rather than at the next look. */
  #await(mid, slot, video) {
    if (slot.awaited === video || !video.requestVideoFrameCallback) return;
    slot.awaited = video;
    video.requestVideoFrameCallback(() => {
      slot.awaited = null;
      slot.fresh = false;
      if (this.slots.get(mid) === slot && this.frozen.delete(mid)) this.draw();
    });
  }

  #tick() {
    const timer = byId("floor-timer");
    const mine = this.floor?.code === this.me;
    const now = turn(this.floor);
    timer.textContent = now && !mine && byId("stage").dataset.name === this.floor.code ? now.text : "";
    byId("self-timer").textContent = mine ? now.text : "";
    for (const clock of [timer, byId("self-timer")]) clock.classList.toggle("late", Boolean(now?.over));
  }

  /** Marks pictures that have stopped arriving; called with the mids of those that move and of those that grew since the last
   *  look.  A slot that changed hands since then has grown by the frames of the other point. */
  moving(mids, grown) {
    const pictures = [...this.slots].filter(([, slot]) => slot.kind === "video");
    for (const [mid, slot] of pictures) {
      if (!grown.has(mid) || slot.since > this.looked) continue;
      slot.fresh = false;
      this.troubles().moves(slot.name);
    }
    const frozen = pictures.filter(([mid, slot]) => !mids.has(mid) || slot.fresh).map(([mid]) => mid);
    const before = [...this.frozen].join();
    const hoped = this.hoped;
    this.frozen = new Set(frozen);
    this.looked = Date.now();
    this.hoped = pictures.some(([, slot]) => slot.name && this.looked - slot.since < HOPE);
    if (hoped || frozen.join() !== before) this.draw();
  }
}

function give(video, stream) {
  if (video.srcObject === stream) return;
  video.srcObject = stream;
  video.play().catch(() => {});     // pictures are muted: only a torn-down page refuses
}

export function tile(name) {
  const video = make("video", { playsinline: true, autoplay: true });
  video.muted = true;      // the attribute alone does nothing once the element exists
  return make("div", { class: "tile", "data-name": name },
    video,
    make("div", { class: "blank" }, icon("video-off"), make("b"), make("span")),
    make("div", { class: "mark", hidden: true }),
    make("div", { class: "name" }, make("span", { class: "who" }), " ", make("span", { class: "role quiet" })));
}
