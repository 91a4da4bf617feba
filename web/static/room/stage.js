/* Who is seen where.  `arrange` decides from names alone; Stage puts the slots' pictures and sounds into the page. */

import { byId, fill, icon, make, pointName, show, since, word } from "./page.js";

/** Which point is large, which is the chair's tile, which are thumbnails.
 *  The floor is large, except on the speaker's own screen: a speaker looks at the chair.  Without a floor the chair is
 *  large, unless the chair has no picture and somebody else has. */
export function arrange({ floor, main, me, seen }) {
  const others = seen.filter((name) => name && name !== me);
  const given = floor && floor !== me ? floor : null;
  const chaired = main && main !== me && (others.includes(main) || others.length === 0) ? main : null;
  const stage = given ?? chaired ?? others[0] ?? null;
  const chair = main && main !== me && main !== stage ? main : null;
  return { stage, chair, strip: [...new Set(others)].filter((name) => name !== stage && name !== chair) };
}

export class Stage {
  constructor(me) {
    this.me = me;
    this.slots = new Map();      // mid → {kind, stream, name}
    this.frozen = new Set();     // mids of pictures that receive nothing
    this.floor = this.main = null;
    this.present = new Set();
    this.sounds = byId("sounds");
    setInterval(() => this.#tick(), 1000);
  }

  /** Takes the receiver's sections of a new session. */
  attach(pc) {
    this.slots.clear();
    this.names = null;
    this.sounds.replaceChildren();
    pc.ontrack = ({ track, transceiver }) => {
      const stream = new MediaStream([track]);
      this.slots.set(transceiver.mid, { kind: track.kind, stream, name: this.names?.get(transceiver.mid) ?? null });
      if (track.kind === "audio") {
        const player = make("audio", { autoplay: true });
        player.srcObject = stream;
        this.sounds.append(player);
        this.#play(player);
      }
      this.draw();
    };
  }

  /** The server's word on which slot carries whom. */
  name(slots) {
    this.names = new Map(slots.map(({ mid, name }) => [mid, name]));
    for (const [mid, slot] of this.slots) slot.name = this.names.get(mid) ?? null;
    this.draw();
  }

  update(state) {
    this.floor = state.floor;
    this.main = state.main;
    this.present = new Set(state.present);
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
    const seen = pictures.map((slot) => slot.name);
    const places = arrange({ floor: this.floor?.code, main: this.main, me: this.me, seen });
    this.#place(byId("stage"), places.stage);
    show(byId("chair"), Boolean(places.chair));
    this.#place(byId("chair"), places.chair);
    const strip = places.strip.slice(0, 3);
    const box = byId("strip");
    fill(box, strip, () => strip.map((name) => tile(name)));
    show(box, strip.length > 0);
    strip.forEach((name, index) => this.#place(box.children[index], name));
    const speaking = this.floor?.code === this.me;
    byId("self").querySelector(".role").textContent = speaking ? `· ${word("speaking")}` : this.main === this.me ? `· ${word("chair")}` : "";
    byId("self").classList.toggle("floor", speaking);
    byId("stage").classList.toggle("floor", Boolean(this.floor) && !speaking && places.stage === this.floor?.code);
    this.#tick();
  }

  #slotOf(name) {
    return [...this.slots.entries()].find(([, slot]) => slot.kind === "video" && slot.name === name);
  }

  #place(box, name) {
    const [mid, slot] = (name && this.#slotOf(name)) ?? [];
    const video = box.querySelector("video");
    const live = Boolean(slot) && !this.frozen.has(mid);
    if (slot && video.srcObject !== slot.stream) {
      video.srcObject = slot.stream;
      video.play().catch(() => {});     // pictures are muted: only a torn-down page refuses
    } else if (!slot && video.srcObject) {
      video.srcObject = null;
    }
    box.classList.toggle("live", live);
    box.dataset.name = name ?? "";
    box.querySelector(".who").textContent = name ? pointName(name) : "";
    box.querySelector(".blank b").textContent = name ? pointName(name) : word("nobody_yet");
    box.querySelector(".blank span").textContent = name ? this.#absence(name, Boolean(slot)) : word("nobody_yet_hint");
    show(box.querySelector(".name"), Boolean(name));
    const role = name === this.main ? word("chair") : name === this.floor?.code ? word("speaking") : "";
    box.querySelector(".role").textContent = role && `· ${role}`;
  }

  #absence(name, hasSlot) {
    if (this.present.has(name)) return hasSlot ? word("no_picture") : word("picture_not_sent");
    return word("not_here");
  }

  #tick() {
    const timer = byId("floor-timer");
    const mine = this.floor?.code === this.me;
    timer.textContent = this.floor && !mine && byId("stage").dataset.name === this.floor.code ? since(this.floor.since) : "";
    byId("self-timer").textContent = mine ? since(this.floor.since) : "";
  }

  /** Marks pictures that have stopped arriving; called with the mids whose frames grew since the last look. */
  moving(mids) {
    const before = [...this.frozen].join();
    this.frozen = new Set([...this.slots].filter(([mid, slot]) => slot.kind === "video" && !mids.has(mid)).map(([mid]) => mid));
    if ([...this.frozen].join() !== before) this.draw();
  }
}

function tile(name) {
  const video = make("video", { playsinline: true, autoplay: true });
  video.muted = true;      // the attribute alone does nothing once the element exists
  return make("div", { class: "tile", "data-name": name },
    video,
    make("div", { class: "blank" }, icon("video-off"), make("b"), make("span")),
    make("div", { class: "name" }, make("span", { class: "who" }), " ", make("span", { class: "role quiet" })));
}
