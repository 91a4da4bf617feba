/* The console's view of the points: who is heard and why, who never spoke, whose line is weak; mute, free, ask, make large. */

import { act, byId, data, fill, fold, icon, keep, make, pointName, post, show, word } from "./page.js";
import { openPart } from "./console_parts.js";
import { passes } from "./hearing.js";

const SHOWN = 8;      // rows at once; more are found by name

export function start(room) {
  if (room.conducting) new Voices(room);
}

class Voices {
  constructor({ store, openPanel }) {
    Object.assign(this, { store, openPanel });
    this.only = "all";
    this.weak = new Map();         // code → what is wrong with its line, in words
    this.order = new Intl.Collator(data.lang, { numeric: true }).compare;
    byId("voices").onclick = (event) => this.#press(event);
    byId("voices-search").oninput = () => this.draw();
    byId("voices-only").onchange = ({ target }) => {
      this.only = target.value;
      this.draw();
    };
    byId("mute-all").onclick = ({ currentTarget }) => this.#send(currentTarget, "voice/all", { muted: !this.store.state.hearing.all_muted });
    byId("stage-off").onclick = ({ currentTarget }) => this.#send(currentTarget, "stage", { code: null });
    byId("lobby-free").onchange = ({ target }) => this.#send(target, "setting", { lobby: target.checked ? "free" : "quiet" });
    byId("muted-above").onchange = ({ target }) => this.#send(target, "setting", { muted_above: target.value });
    byId("sign-point").onchange = ({ target }) => this.#send(target, "sign", { code: target.value || null });
    for (const jump of document.querySelectorAll("#glance button")) jump.onclick = () => this.#jump(jump.dataset.jump);
    document.addEventListener("weak", ({ detail }) => {
      this.weak = new Map(detail.map(({ name, text }) => [name, text]));
      this.draw();
    });
    document.addEventListener("held", ({ detail }) => {
      this.held = detail;
      this.#glance();
    });
    this.store.on(["hearing", "heard", "muted", "asked", "spotlight", "setting", "present", "points", "main", "floor", "queue", "spoken", "meeting", "share", "presenter", "sign"], () => this.draw());
  }

  #send(button, path, body) {
    return act(button, () => post(`${data.conduct}/${path}`, body));
  }

  draw() {
    const { state } = this.store;
    byId("hearing").textContent = word(`hearing_${state.hearing.why}`, { name: state.floor ? pointName(state.floor.code) : "" });
    byId("voices-sum").textContent = Object.keys(state.muted).length ? word("muted_n", { n: Object.keys(state.muted).length }) : word("points_n", { n: this.#here(state).length });
    byId("mute-all").textContent = word(state.hearing.all_muted ? "unmute_all" : "mute_all");
    byId("mute-all").setAttribute("aria-pressed", String(state.hearing.all_muted));
    show(byId("stage-off"), Boolean(state.spotlight));
    byId("stage-off").textContent = state.spotlight ? word("stage_off", { name: pointName(state.spotlight) }) : "";
    const waits = ["draft", "convened"].includes(state.meeting.state);
    show(byId("before-opening"), waits);
    byId("lobby-free").checked = state.setting.lobby === "free";
    if (document.activeElement !== byId("muted-above")) byId("muted-above").value = state.setting.muted_above;
    this.#rows(state);
    this.#glance();
    fill(byId("sign-point"), state.points, () => [make("option", { value: "", text: word("sign_nobody") }),
      ...Object.keys(state.points).sort((a, b) => this.order(pointName(a), pointName(b))).map((code) => make("option", { value: code, text: pointName(code) }))]);
    byId("sign-point").value = state.sign ?? "";
  }

  /** Points that are here, those first about whom something is to be known. */
  #here(state) {
    return Object.keys(state.present).filter((code) => code !== state.main);
  }

  #unheard(state) {
    return this.#here(state).filter((code) => !(code in state.spoken));
  }

  #rows(state) {
    const typed = fold(byId("voices-search").value);
    const here = this.#here(state);
    const wanted = { all: here, silent: this.#unheard(state), weak: here.filter((code) => this.weak.has(code)) }[this.only]
      .filter((code) => !typed || fold(pointName(code)).includes(typed) || code === typed);
    const first = (code) => (code in state.asked ? 3 : code === state.floor?.code || state.spotlight === code ? 2 : code in state.heard || code in state.muted ? 1 : 0);
    const order = wanted.sort((a, b) => first(b) - first(a) || this.order(pointName(a), pointName(b)));
    const shown = order.slice(0, SHOWN);
    keep(byId("voices"), shown, (code) => make("li", {}, make("span", { class: "who" }), make("span", { class: "acts" },
      make("button", { class: "small-btn", "data-voice": code }), make("button", { class: "small-btn", "data-ask": code, text: word("ask") }),
      make("button", { class: "small-btn", "data-large": code }), make("button", { class: "small-btn", "data-screen": code }))));
    for (const row of byId("voices").children) this.#row(row, row.dataset.key, state);
    byId("voices-rest").textContent = order.length > SHOWN ? word("voices_rest", { n: order.length - SHOWN }) : order.length ? "" : word("voices_none");
  }

  #row(row, code, state) {
    const heard = passes(state, code);
    const marks = [
      { icon: heard ? "mic" : "mic-off", text: word(heard ? "is_heard" : code in state.muted ? "is_muted" : "is_silent") },
      code in state.asked ? { icon: "clock", text: word("is_asked") } : null,
      state.spotlight === code ? { icon: "maximize", text: word("is_large") } : null,
      state.share?.code === code ? { icon: "monitor", text: word("share_shares") } : state.presenter === code ? { icon: "monitor", text: word("share_is_let") } : null,
      this.weak.has(code) ? { icon: "triangle-alert", text: this.weak.get(code) } : null,
      !(code in state.spoken) ? { icon: "circle", text: word("never_spoke") } : null,
    ].filter(Boolean);
    fill(row.querySelector(".who"), [pointName(code), marks], () => [make("b", { text: pointName(code) }),
      ...marks.map((mark) => make("small", { class: "quiet" }, icon(mark.icon), mark.text))]);
    const voice = row.querySelector("[data-voice]");
    const mute = heard || (state.hearing.why === "free" && !(code in state.muted));
    voice.dataset.muted = mute ? "1" : "";
    label(voice, word(mute ? "mute_one" : "free_one"), code);
    show(voice, !["lobby", "break"].includes(state.hearing.why));
    const ask = row.querySelector("[data-ask]");
    show(ask, state.meeting.state === "open" && !heard && !(code in state.asked));
    label(ask, word("ask"), code);
    const large = row.querySelector("[data-large]");
    large.dataset.on = state.spotlight === code ? "" : "1";
    label(large, word(state.spotlight === code ? "large_off" : "large"), code);
    const screen = row.querySelector("[data-screen]");
    screen.dataset.on = state.presenter === code ? "" : "1";
    label(screen, word(state.presenter === code ? "share_let_off" : "share_let"), code);
  }

  #press({ target }) {
    const button = target.closest("button");
    if (!button) return;
    const { voice, ask, large, screen } = button.dataset;
    if (voice) this.#send(button, "voice", { code: voice, muted: button.dataset.muted === "1" });
    else if (ask) this.#send(button, "voice/ask", { code: ask });
    else if (screen) this.#send(button, "share", { code: button.dataset.on ? screen : null });
    else if (large) this.#send(button, "stage", { code: button.dataset.on ? large : null });
  }

  /** What a chair needs without looking for it. */
  #glance() {
    const { state } = this.store;
    const told = {
      silent: word("glance_of", { n: this.#unheard(state).length, total: this.#here(state).length }),
      weak: String(this.weak.size), held: String(this.held ?? 0),
    };
    for (const [name, text] of Object.entries(told)) {
      const place = byId(`glance-${name}`);
      place.textContent = text;
      place.closest("button").classList.toggle("due", (name === "weak" || name === "held") && text !== "0");
    }
  }

  #jump(where) {
    if (where === "held") return this.openPanel("chat");
    if (where === "silent" || where === "weak") {
      byId("voices-only").value = this.only = where;
      this.draw();
    }
    const place = openPart("voices-panel");
    place.scrollIntoView({ block: "start" });
    place.firstElementChild.focus();
  }
}

function label(button, text, code) {
  if (button.textContent !== text) button.textContent = text;
  button.setAttribute("aria-label", `${text}: ${pointName(code)}`);
}
