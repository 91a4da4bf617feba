/* Messages to everybody: the list, what is new, the own line; for chair and secretary also what waits, and what they took away.
 * Messages of all come with the news; what waits or is taken away only conductors fetch, over their own session. */

import { act, byId, data, fill, get, icon, make, pointName, post, show, timeOf, word } from "./page.js";

const LATE = 1500;      // milliseconds that the news of a message may come after the count of messages

export function start({ store, me, conducting }) {
  const chat = new Chat({ me, conducting, store });
  store.hear("chat", (message) => chat.add(message));
  store.hear("chat_gone", ({ message }) => chat.take(message));
  store.hear("held", () => chat.load());
  store.on(["chat"], () => chat.follow());
  if (conducting) chat.load();
}

class Chat {
  constructor({ me, conducting, store }) {
    Object.assign(this, { me, conducting, store });
    this.url = conducting ? `${data.conduct}/chat` : `${data.base}/chat`;
    this.known = new Map();          // number → message
    this.count = null;               // of those that all may read, as far as this page knows; null: not fetched
    this.read = store.state.chat.last;
    byId("chat-form").onsubmit = (event) => this.#say(event);
    byId("chat").onclick = (event) => this.#moderate(event);
    byId("chat-mode")?.addEventListener("change", ({ target }) => act(target, () => post(`${data.conduct}/setting`, { chat: target.value })));
    new MutationObserver(() => this.#opened()).observe(byId("chat-panel"), { attributeFilter: ["hidden"] });
  }

  get open() {
    return !byId("chat-panel").hidden;
  }

  #opened() {
    if (!this.open) return;
    if (this.count === null) this.load();
    this.#seen();
    byId("chat-list").scrollTop = byId("chat-list").scrollHeight;
  }

  /** Everything the server still has, the newest 200; also after a cut, when nobody knows what was missed. */
  async load() {
    const n = this.store.state.chat.n;
    const told = await get(this.url).catch(() => null);
    if (!told) return;               // the next count asks again, and whoever opens the panel
    this.known = new Map(told.messages.map((one) => [one.message, one]));
    this.count = n;
    this.draw();
  }

  add(message) {
    if (this.known.get(message.message)?.state !== "said") this.count = this.count === null ? null : this.count + 1;
    this.known.set(message.message, message);
    this.draw();
  }

  take(number) {
    if (this.conducting) return this.load();
    if (this.known.delete(number) && this.count !== null) this.count -= 1;
    this.draw();
  }

  /** The section changed: another mode, or a message whose news were missed. */
  follow() {
    const { mode } = this.store.state.chat;
    const closed = mode === "closed" && !this.conducting;
    byId("chat-form").querySelectorAll("textarea, button").forEach((field) => (field.disabled = closed));
    byId("chat-hint").textContent = closed ? word("chat_closed") : mode === "held" && !this.conducting ? word("chat_held") : "";
    show(byId("chat-hint"), Boolean(byId("chat-hint").textContent));
    if (byId("chat-mode")) byId("chat-mode").value = mode;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.count !== null && this.count !== this.store.state.chat.n && this.load(), LATE);
    this.#seen();
  }

  #seen() {
    if (this.open) this.read = Math.max(this.read, this.store.state.chat.last);
    const fresh = this.store.state.chat.last > this.read;
    const waiting = this.conducting ? [...this.known.values()].filter((one) => one.state === "held").length : 0;
    for (const button of document.querySelectorAll("button[data-panel=chat]")) {
      button.classList.toggle("on", fresh || waiting > 0);
      button.querySelector("span").textContent = waiting ? word("chat_waiting", { n: waiting }) : word(fresh ? "chat_new" : "chat");
    }
    document.dispatchEvent(new CustomEvent("held", { detail: waiting }));
  }

  draw() {
    const list = byId("chat-list");
    const low = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    const rows = [...this.known.values()].sort((a, b) => a.message - b.message);
    fill(byId("chat"), rows, () => rows.map((one) => this.#row(one)));
    show(byId("chat-empty"), !rows.length);
    if (low) list.scrollTop = list.scrollHeight;
    this.#seen();
  }

  #row(one) {
    const from = one.code && one.author !== pointName(one.code) ? `${one.author} · ${pointName(one.code)}` : one.author;
    const acts = this.conducting && one.state !== "erased" ? [
      one.state === "held" ? button("pass", one, "chat_pass") : null,
      one.state === "hidden" ? null : button("hide", one, "chat_hide"),
      button("erase", one, "chat_erase"),
    ] : [];
    return make("li", { class: one.state, "data-message": one.message },
      make("p", { class: "from" }, make("b", { class: one.code === this.me ? "own" : "", text: from }), " ",
        make("time", { class: "quiet", datetime: one.at, text: timeOf(one.at) }),
        one.state === "said" ? null : make("span", { class: "tag" }, icon(one.state === "held" ? "clock" : "ban"), word(`chat_is_${one.state}`))),
      one.text === null ? null : make("p", { class: "text", text: one.text }),
      one.reason && one.reason !== "expired" ? make("p", { class: "quiet small", text: word("chat_reason", { reason: one.reason }) }) : null,
      acts.length ? make("p", { class: "acts" }, ...acts) : null);
  }

  async #say(event) {
    event.preventDefault();
    const field = byId("chat-text");
    if (!field.value.trim()) return;
    const said = await act(event.submitter, () => post(this.url, { text: field.value }));
    if (!said) return;
    field.value = "";
    if (said.state === "held" && !this.conducting) byId("chat-hint").textContent = word("chat_sent_held");
    else if (!this.known.has(said.message)) this.add(said);
  }

  /** A message is passed at once; for taking one away the reason is asked in its own row. */
  async #moderate({ target }) {
    const pressed = target.closest("button[data-chat]");
    if (!pressed) return;
    const row = pressed.closest("li");
    const [what, message] = [pressed.dataset.chat, Number(row.dataset.message)];
    if (what === "pass") {
      await act(pressed, () => post(`${data.conduct}/chat/pass`, { message }));
      return this.load();
    }
    row.querySelector("form")?.remove();
    const field = make("input", { required: true, maxlength: 500, "aria-label": word("chat_why") , placeholder: word("chat_why") });
    const form = make("form", { class: "inline" }, field, make("button", { class: "btn", text: word(`chat_${what}`) }));
    form.onsubmit = async (event) => {
      event.preventDefault();
      if (await act(event.submitter, () => post(`${data.conduct}/chat/${what}`, { message, reason: field.value }))) this.load();
    };
    row.append(form);
    field.focus();
  }
}

const button = (what, one, key) => make("button", { class: "link-btn", "data-chat": what, text: word(key), "aria-label": `${word(key)}: ${one.author}` });
