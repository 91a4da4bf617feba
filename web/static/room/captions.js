/* Captions that an assistant types: a strip at the foot of the pictures for whoever switched it on, remembered on the device, and all lines
 * to read again.  Neither is a live region: whoever listens hears the speaker. */

import * as devices from "./devices.js";
import { byId, data, fill, get, keep, make, pointName, serverNow, show, timeOf } from "./page.js";

const HOLD = 30_000;      // milliseconds after which what nobody goes on typing leaves the strip
const MOST = 400;         // lines that the log holds

export function start({ store }) {
  const captions = new Captions(store);
  store.on(["captions"], () => captions.follow());
  setInterval(() => captions.draw(), 5000);
  return captions;
}

class Captions {
  constructor(store) {
    this.store = store;
    this.on = Boolean(devices.remembered().captions);
    this.known = new Map();      // number → line, of the log once it was opened
    this.key = byId("captions-key");      // a television's button
    if (this.key) this.key.onclick = () => this.toggle();
    this.panel = byId("captions-panel");
    if (!this.panel) return;
    byId("captions-on").checked = this.on;
    byId("captions-on").onchange = () => this.toggle();
    byId("captions-log").addEventListener("toggle", () => byId("captions-log").open && this.load());
  }

  toggle() {
    this.on = !this.on;
    devices.remember({ captions: this.on });
    this.draw();
  }

  get lines() {
    return Object.entries(this.store.state.captions).map(([line, one]) => ({ line: Number(line), ...one })).sort((a, b) => a.line - b.line);
  }

  draw() {
    const lines = this.lines;
    const fresh = lines.length > 0 && serverNow() - Date.parse(lines.at(-1).at) < HOLD;
    show(byId("captions"), this.on && fresh);
    show(this.key, lines.length > 0);
    this.key?.setAttribute("aria-pressed", String(this.on));
    const code = lines.at(-1)?.code;
    const turn = lines.slice(lines.findLastIndex((one) => one.code !== code) + 1);      // what this speaker has said, as one text
    fill(byId("captions"), turn, () => [make("div", {}, code ? make("b", { text: pointName(code) }) : null,
      make("div", { class: "said" }, make("p", { text: turn.map(({ text }) => text).join(" ") })))]);
  }

  follow() {
    this.draw();
    if (!this.panel || !byId("captions-log").open) return;
    const lines = this.lines;
    const first = lines[0]?.line ?? 0;
    for (const line of this.known.keys()) if (line >= first) this.known.delete(line);      // what was taken back is among the newest; none: all is erased
    for (const one of lines) this.known.set(one.line, one);
    this.#list();
  }

  async load() {
    const told = await get(`${data.base}/captions`).catch(() => null);
    if (!told) return;               // whoever opens it again asks again
    this.known = new Map(told.lines.map((one) => [one.line, one]));
    this.follow();
    byId("captions-scroll").scrollTop = byId("captions-scroll").scrollHeight;
  }

  #list() {
    const scroll = byId("captions-scroll");
    const low = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
    for (const line of [...this.known.keys()].slice(0, -MOST)) this.known.delete(line);
    keep(byId("captions-lines"), [...this.known.keys()].map(String), (line) => {
      const { code, at } = this.known.get(Number(line));
      return make("li", {}, make("p", { class: "from" }, code ? make("b", { text: pointName(code) }) : null, " ",
        make("time", { class: "quiet", datetime: at, text: timeOf(at) })), make("p", { class: "text" }));
    });
    for (const row of byId("captions-lines").children) row.lastElementChild.textContent = this.known.get(Number(row.dataset.key)).text;
    show(byId("captions-none"), !this.known.size);
    if (low) scroll.scrollTop = scroll.scrollHeight;
  }
}
