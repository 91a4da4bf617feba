/* Whoever may type captions types here: Enter sends, what grows longer than a line goes by itself, the last line is corrected or taken back.
 * Lines go one after the other, in their order; what could not be sent comes back into the field. */

import { act, byId, data, fill, get, make, pointName, post, serverNow, show, word } from "./page.js";
import { pieces } from "./pieces.js";

const LAST = 6;      // lines under the field

export function start({ store }) {
  if (byId("typing")) new Typing(store);
}

class Typing {
  constructor(store) {
    this.store = store;
    this.url = `/meetings/${data.room}/captions`;
    this.field = byId("typing-text");
    this.limit = Number(this.field.dataset.limit);
    this.waiting = [];           // lines on their way
    this.correcting = null;      // number of the line that the field holds
    this.lines = [];
    this.field.onkeydown = (event) => this.#key(event);
    this.field.oninput = (event) => !event.isComposing && this.#long();
    byId("typing-form").onsubmit = (event) => {
      event.preventDefault();
      this.send();
    };
    byId("typing-lines").onclick = ({ target }) => this.#press(target.closest("button"));
    this.folded = this.field.closest("details");
    this.folded?.addEventListener("toggle", () => this.load());
    store.on(["floor", "points", "meeting"], ({ floor, meeting }) => {
      const on = ["open", "suspended"].includes(meeting.state);
      byId("typing-speaks").textContent = !on ? word("typing_off") : floor ? word("typing_speaks", { name: pointName(floor.code) }) : word("floor_open");
      for (const one of byId("typing-form").elements) one.disabled = !on;
      this.draw();
    });
    store.on(["captions"], () => this.load());
  }

  async load() {
    if (this.folded && !this.folded.open) return;
    const newest = Math.max(0, ...Object.keys(this.store.state.captions).map(Number));
    const told = await get(`${this.url}?after=${Math.max(0, newest - LAST)}`).catch(() => null);
    if (!told) return;           // the next line asks again
    this.lines = told.lines;
    this.draw();
  }

  get open() {
    return this.lines.filter(({ until }) => until && Date.parse(until) > serverNow());
  }

  draw() {
    clearTimeout(this.timer);
    const open = this.open;
    if (this.correcting !== null && !open.some(({ line }) => line === this.correcting)) this.#correct(null);
    fill(byId("typing-lines"), [this.lines, open.map(({ line }) => line), this.correcting], () => this.lines.map((one) => make("li", { class: one.line === this.correcting ? "now" : "" },
      make("span", {}, one.code ? make("b", { text: `${pointName(one.code)}: ` }) : null, one.text),
      open.includes(one) ? make("span", { class: "acts" }, ...["correct", "withdraw"].map((what) => make("button", {
        type: "button", class: "link-btn", "data-do": what, "data-line": one.line, text: word(`typing_${what}`), "aria-label": `${word(`typing_${what}`)}: ${one.text}` }))) : null)));
    if (open.length) this.timer = setTimeout(() => this.draw(), Math.min(...open.map(({ until }) => Date.parse(until))) - serverNow() + 100);
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.send();
    } else if (event.key === "Escape" && this.correcting !== null) {
      event.stopPropagation();
      this.#correct(null);
    } else if (event.key === "ArrowUp" && !this.field.value && this.open.length) {
      event.preventDefault();
      this.#correct(this.open.at(-1));
    }
  }

  #long() {
    if (this.correcting !== null || this.field.value.trimEnd().length <= this.limit) return;      // the space after a word that just fits parts it from the next
    const made = pieces(this.field.value, this.limit);
    this.field.value = made.pop() ?? "";
    this.waiting.push(...made);
    this.#go();
  }

  #correct(one) {
    this.correcting = one?.line ?? null;
    this.field.value = one?.text ?? "";
    this.field.toggleAttribute("maxlength", false);
    if (one) {
      this.field.maxLength = this.limit;
      this.field.focus();
    }
    byId("typing-hint").textContent = one ? word("typing_correcting") : "";
    show(byId("typing-hint"), Boolean(one));
    this.draw();
  }

  async #press(button) {
    if (!button) return;
    const one = this.lines.find(({ line }) => line === Number(button.dataset.line));
    if (button.dataset.do === "correct") return this.#correct(one);
    if (await act(button, () => post(`${this.url}/${one.line}/withdraw`))) this.field.focus();
    this.load();
  }

  async send() {
    const text = this.field.value;
    if (!text.trim()) return;
    if (this.correcting === null) {
      this.field.value = "";
      this.waiting.push(...pieces(text, this.limit));
      return this.#go();
    }
    const line = this.correcting;
    this.#correct(null);      // what is typed meanwhile is the next line
    if (!await act(null, () => post(`${this.url}/${line}`, { text })) && !this.field.value) this.#correct({ line, text });
    this.load();
  }

  async #go() {
    if (this.going) return;
    this.going = true;
    while (this.waiting.length) {
      if ((await act(null, () => post(this.url, { text: this.waiting[0] }))) === undefined) {
        if (this.correcting !== null) this.#correct(null);      // or they would become part of that line
        this.field.value = [...this.waiting, this.field.value].filter(Boolean).join(" ");
        this.waiting = [];
      } else this.waiting.shift();
    }
    this.going = false;
  }
}
