/* What is wrong with lines and pictures, in words: one's own in one sign, others' on their tiles; what began and what is over is
 * said once, politely.  The server finds it out (`line`, `frozen`, `thawed`, `away`, `back`); this decides only what is worth a word here. */

import { level } from "./saving.js";
import { byId, data, fill, icon, make, pointName, show, word } from "./page.js";

const PAUSE = 6000;      // milliseconds between two sentences that are read aloud
const AT_ONCE = 2;       // names in one sentence; of more pictures only that it happened
const BACK = 5000;       // how long a tile says that its picture is back
const BEGINS = new Set(["away", "frozen"]);     // troubles of others; `here` and `thawed` end them
const LOWERED = new Set(["loss", "delay", "remb", "silent"]);     // why a receiver is sent less than it asks for
const MUCH = 5;          // percent of loss that is told even where no picture suffers
const ENOUGH = 0.85;     // of the rows asked for, as the server sees it (media/choice.py)

export class Troubles {
  /** `mine()` gives {up, down, resting, shown, still, rows, heeded}: one's own sessions, whether the camera rests for want of room, which
   *  slots are shown (mid → name), in which nothing moves, with how many rows each is asked for ({mid: rows}), and who matters also
   *  where no picture of it is shown; `changed()` hears that tiles may say something else. */
  constructor({ me, mine, changed }) {
    Object.assign(this, { me, mine, changed });
    this.lines = new Map();      // session → the server's last word on its line
    this.still = new Map();      // name → session whose picture stands still
    this.back = new Map();       // name → until when its tile says that it is back
    this.gone = new Set();       // names of points whose line fell silent: they are looking for another path
    this.own = "";               // what the own sign says, without its numbers
    this.unsaid = new Map();     // what is still to be read aloud, by what it is about
    this.heard = new Set();      // names of which it was said that they stand still, or that one's own line is in trouble
    this.spokeAt = -PAUSE;
  }

  /** The news begin anew: the server tells what is wrong now, not what was over meanwhile.  Drawn when it has told, or with the next
   *  look: nothing is over merely because the news broke off. */
  begin() {
    this.lines.clear();
    this.still.clear();
    this.gone.clear();
  }

  /** A point's line fell silent, or is heard again. */
  away({ name }) {
    this.gone.add(name);
    this.#say(name, "away");
    this.draw();
  }

  here({ name }) {
    if (!this.gone.delete(name)) return;
    this.#say(name, "here");
    this.draw();
  }

  /** Of those it has no picture of, a page that does not conduct is told nothing more: what was known of them is forgotten. */
  sees(names) {
    for (const [session, { name, role }] of this.lines) if (role === "publish" && name !== this.me && !names.includes(name)) this.lines.delete(session);
  }

  /** Who has left is not on the way back. */
  present(codes) {
    for (const name of [...this.gone]) if (!(name in codes)) this.gone.delete(name);
  }

  line(news) {
    if (news.role === "publish") {      // one at a time sends for a point
      for (const [session, one] of this.lines) if (one.name === news.name && one.role === news.role) this.lines.delete(session);
      if (news.reason === "frozen") this.still.set(news.name, news.session);
      else this.still.delete(news.name);
    }
    if (news.level !== "good") this.lines.set(news.session, news);
    else this.lines.delete(news.session);
    this.draw();
  }

  frozen({ name, session }) {
    this.still.set(name, session);
    this.back.delete(name);
    this.#say(name, "frozen");
    this.draw();
  }

  thawed({ name, session }) {
    if (this.still.get(name) === session) this.still.delete(name);
    this.back.set(name, Date.now() + BACK);
    setTimeout(() => this.draw(), BACK);
    this.#say(name, "thawed");
    this.draw();
  }

  /** A picture that moves does not stand still, whatever news of it was lost. */
  moves(name) {
    if (this.still.delete(name)) this.draw();
  }

  draw() {
    this.drawOwn();
    this.#list();
    this.changed();
  }

  /** Why there is no picture of this point in this slot, as a sentence; empty where nothing is known. */
  absence(name, mid) {
    if (this.gone.has(name)) return word("reconnecting");
    if (level() === "sound") return word("saving_sound");
    if (this.still.has(name)) return word("picture_frozen");
    return this.#paused().includes(mid) ? word("picture_paused") : "";
  }

  /** What a tile says beside a picture that is there: {key, name of an icon, text}, or nothing. */
  mark(name) {
    if (this.gone.has(name)) return { key: "away", icon: "refresh-cw", text: word("reconnecting") };
    if (this.back.get(name) > Date.now()) return { key: "back", icon: "circle-check", text: word("picture_back") };
    const text = this.#sends(name);
    return text ? { key: "weak", icon: "triangle-alert", text } : null;
  }

  #sends(name) {
    const line = [...this.lines.values()].find((one) => one.name === name && one.role === "publish");
    return line?.reason === "uplink_loss" ? word("sends_little", line) : "";
  }

  /** Whether one's own line is weak by the server's word. */
  get weak() {
    return this.#reasons().some(({ key }) => key !== "own_tcp");
  }

  /** Slots that are seen, for which the line has no room, and in which nothing moves: news are older than pictures. */
  #paused() {
    const { down, shown, still } = this.mine();
    return (this.lines.get(down)?.paused ?? []).filter((mid) => shown.has(mid) && still.has(mid));
  }

  /** Whether a picture that is shown has fewer rows than it is asked for with, and there are larger ones of it. */
  #lowered({ layers }) {
    const { shown, rows } = this.mine();
    return Object.entries(layers).some(([mid, [place, count, height]]) => shown.has(mid) && place + 1 < count && height < ENOUGH * rows[mid]);
  }

  /** One's own troubles, the worst first: [{key, text}]. */
  #reasons() {
    const { up, down, resting } = this.mine();
    const [sends, receives] = [this.lines.get(up), this.lines.get(down)];
    const found = [];
    const add = (key, values) => found.push({ key, text: word(key, values) });
    if (resting) add("own_resting");
    else if (this.still.get(this.me) === up && up) add("own_frozen");
    const lost = receives?.reason === "loss" ? Number(receives.loss) : 0;
    if (this.#paused().length) add("own_paused");
    else if (LOWERED.has(receives?.reason) && this.#lowered(receives)) {
      add(`own_${receives.reason === "loss" && !lost ? "delay" : receives.reason}`, receives);      // lost once, slow since
    }
    else if (lost >= MUCH) add("own_lossy", receives);
    if (!resting && sends?.reason === "uplink_loss") add("own_uplink_loss", sends);
    if ([sends, receives].some((line) => line?.transport === "tcp")) add("own_tcp");
    return found;
  }

  /** For whoever conducts: which of the points that send are in trouble, on this page or not. */
  #list() {
    const names = new Set([...this.gone, ...this.still.keys(), ...[...this.lines.values()].filter((one) => one.role === "publish").map(({ name }) => name)]);
    const trouble = (name) => (this.gone.has(name) ? word("reconnecting") : this.still.has(name) ? word("picture_frozen") : this.#sends(name));
    const rows = [...names].map((name) => ({ name, text: trouble(name) }))
      .filter(({ text }) => text).sort((a, b) => pointName(a.name).localeCompare(pointName(b.name), data.lang));
    const listed = JSON.stringify(rows);
    if (listed !== this.listed) {       // whoever conducts also sees it beside the point's name
      this.listed = listed;
      document.dispatchEvent(new CustomEvent("weak", { detail: rows }));
    }
    show(byId("weak-panel"), rows.length > 0);
    if (byId("weak-sum")) byId("weak-sum").textContent = word("points_n", { n: rows.length });
    fill(byId("weak"), rows, () => rows.map(({ name, text }) =>
      make("li", {}, icon("triangle-alert"), make("span", {}, pointName(name), make("small", { class: "quiet", text })))));
  }

  drawOwn() {
    const reasons = this.#reasons();
    const sign = byId("trouble");
    show(sign, reasons.length > 0);
    sign.dataset.tone = this.weak ? "wait" : "off";
    fill(sign, reasons, () => [
      icon(this.weak ? "triangle-alert" : "info"), make("span", {}, ...reasons.map(({ text }) => make("span", { text }))),
    ]);
    const keys = reasons.map(({ key }) => key).join();
    if (keys === this.own) return;
    this.own = keys;
    if (reasons.length) this.unsaid.set(this.me, `${reasons.map(({ text }) => text).join(". ")}.`);
    else if (this.heard.has(this.me)) this.unsaid.set(this.me, word("own_good"));
    else this.unsaid.delete(this.me);      // unheard: it is nothing
    this.#speak();
  }

  /** Of others: that one is away, or its picture stands still, where it is shown; and that this is over where it was said. */
  #say(name, what) {
    if (name === this.me) return;
    if (BEGINS.has(what)) {
      const { shown, heeded } = this.mine();
      if ([...shown.values()].includes(name) || heeded.includes(name)) this.unsaid.set(name, what);
    } else if (BEGINS.has(this.unsaid.get(name))) {
      this.unsaid.delete(name);
    } else if (this.heard.delete(name)) {
      this.unsaid.set(name, what);
    }
    this.#speak();
  }

  /** All that waits, in one go, with a pause between two. */
  #speak() {
    clearTimeout(this.timer);
    const wait = this.spokeAt + PAUSE - Date.now();
    if (wait > 0) {
      this.timer = setTimeout(() => this.#speak(), wait);
      return;
    }
    if (!this.unsaid.size) return;
    const said = [this.unsaid.get(this.me)];
    for (const what of ["away", "here", "frozen", "thawed"]) {
      const names = [...this.unsaid].filter(([name, one]) => name !== this.me && one === what).map(([name]) => name);
      if (names.length > AT_ONCE) said.push(word(`${what}_many`, { n: names.length }));
      else said.push(...names.map((name) => word(`${what}_one`, { name: pointName(name) })));
    }
    for (const [name, what] of this.unsaid) if (BEGINS.has(what)) this.heard.add(name);
    if (this.unsaid.has(this.me)) this.heard[this.own ? "add" : "delete"](this.me);
    this.unsaid.clear();
    this.spokeAt = Date.now();
    byId("told").textContent = said.filter(Boolean).join(" ");
  }
}
