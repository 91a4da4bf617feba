/* The console's part of votes: opening one that was prepared or a new one, the count of hands and its witness, closing. */

import { openPart } from "./console_parts.js";
import { act, byId, data, fill, get, make, notice, post, show, word } from "./page.js";
import { choiceName } from "./votewords.js";

export function start({ store, conducting }) {
  if (conducting) new Motion(store);
}

class Motion {
  constructor(store) {
    this.store = store;
    this.prepared = [];
    this.count = null;
    byId("motion-form").addEventListener("submit", (event) => this.#open(event));
    byId("motion-close").onclick = (event) => this.#send(event.currentTarget, "motion/close", {});
    store.on(["motion", "result", "meeting"], (state, before) => this.#news(state, before));
  }

  #news({ motion, meeting }, before) {
    show(byId("motion-new"), !motion);
    show(byId("motion-running"), Boolean(motion));
    const open = meeting.state === "open";
    if (open !== this.open) {       // only then: a button that waits for its answer is not set free by somebody's news
      this.open = open;
      byId("motion-new").querySelectorAll("button, input, select, textarea").forEach((field) => (field.disabled = !open));
    }
    if (motion && before.motion?.id !== motion.id) openPart("motion-panel");
    if (motion) {
      const said = motion.rule.over === "persons" ? "cast_of_persons" : "cast_of";
      byId("motion-count").textContent = motion.method === "hands" ? motion.title : word(said, { n: motion.cast, total: motion.entitled });
    }
    if (before.motion?.id !== motion?.id || JSON.stringify(before.motion?.count) !== JSON.stringify(motion?.count)) this.#fetch();
    this.#draw();
  }

  /** What only the console knows: motions that wait, and what was counted by hands. */
  async #fetch() {
    try {
      const { prepared, count } = await get(`${data.conduct}/motions`);
      Object.assign(this, { prepared, count });
      this.#draw();
    } catch {
      // the next news ask again
    }
  }

  #draw() {
    const going = this.store.state.motion;
    byId("motion-sum").textContent = going ? word("motion_goes", { n: going.cast ?? 0, total: going.entitled ?? 0 }) : this.prepared.length ? word("motions_wait", { n: this.prepared.length }) : "";
    byId("motion-sum").classList.toggle("due", Boolean(going));
    fill(byId("prepared"), [this.prepared, this.open], () => this.prepared.map((one) => make("li", {},
      make("span", {}, one.title, make("small", { class: "quiet", text: one.rule })),
      make("button", { class: "small-btn", type: "button", disabled: !this.open, text: word("start_motion"), "aria-label": `${word("start_motion")}: ${one.title}`,
        onclick: (event) => this.#send(event.currentTarget, "motion", { motion: one.id }) }))));
    const { motion } = this.store.state;
    const by = motion?.method === "hands" ? motion : null;
    fill(byId("hand-count"), [by?.id, this.count], () => by ? this.#hands(by) : []);
    byId("motion-close").disabled = Boolean(by) && !this.count?.witness;
  }

  #hands(motion) {
    const { count } = this;
    const parts = [];
    if (count) {
      const counts = motion.options.map(([choice]) => `${choiceName(motion.options, choice)} ${count.counts[choice]}`).join("; ");
      parts.push(make("p", { text: word("count_entered", { name: count.by, n: count.n, counts }) }));
      if (count.witness) parts.push(make("p", { class: "voted", text: word("count_done", { name: count.witness }) }));
      else if (count.own) parts.push(make("p", { class: "quiet small", text: word("count_own") }));
      else parts.push(make("button", { class: "btn primary wide", type: "button", text: word("count_confirm"), onclick: (event) => this.#witness(event, motion, count.n) }));
    }
    const fields = motion.options.map(([choice]) => make("label", {}, choiceName(motion.options, choice),
      make("input", { name: `count-${choice}`, required: true, inputmode: "numeric", pattern: "[0-9]+", autocomplete: "off" })));
    const chair = motion.rule.tie !== "chair" ? "" : make("label", {}, word("chair_side"), make("select", { name: "chair" }, make("option", { value: "" }),
      ...motion.options.map(([choice]) => make("option", { value: choice, text: choiceName(motion.options, choice) }))));
    parts.push(make("form", { class: "fields", onsubmit: (event) => this.#enter(event) }, ...fields, chair,
      make("button", { class: "btn wide", text: word("count_enter") })));
    return parts;
  }

  #send(button, path, body) {
    return act(button, () => post(`${data.conduct}/${path}`, body));
  }

  async #open(event) {
    event.preventDefault();
    const form = event.target;
    if (await this.#send(event.submitter, "motion", Object.fromEntries(new FormData(form)))) form.reset();
  }

  async #enter(event) {
    event.preventDefault();
    if (await this.#send(event.submitter, "motion/count", Object.fromEntries(new FormData(event.target)))) this.#fetch();
  }

  async #witness(event, motion, n) {
    const path = `${data.conduct.replace(/\/conduct$/, "")}/votes/${motion.id}/witness`;
    if (await act(event.currentTarget, () => post(path, { n: String(n) }))) {
      notice(word("count_witnessed"));
      this.#fetch();
    }
  }
}
