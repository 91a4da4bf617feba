/* Reads one paper page by page: turns pages, makes them larger, keeps one's notes.  In the room it is loaded when a paper is
 * first opened; `read.js` shows it on a page of its own.  It never shows a page to anybody else: that is room/follow.js. */

import { act, data, get, icon, make, post, show, tool, word } from "../room/page.js";
import { Notes } from "./notes.js";
import { addressOf, fetched, prefetch, textOf, widthFor } from "./pages.js";

const ZOOMS = [0, 1, 1.5, 2];      // of the width; 0: the whole page is seen
const WIDEST = 900;
const REST = 2500;       // milliseconds on a page after which the reader is taken to be there
const TOOLS = { text: "message-square", mark: "highlighter", pen: "pen-line" };

export class Viewer {
  /** `close()` where it can be closed; `open(paper)` opens another one; `turned(page)` hears of pages; `saving()` asks for smaller pictures. */
  constructor(box, { close, open, turned = () => {}, saving = () => false }) {
    Object.assign(this, { box, close, openOther: open, turned, saving });
    this.zoom = 1;
    this.turn = 0;
    this.#build();
    new ResizeObserver(() => this.#fit()).observe(this.scroll);
  }

  async open(paper, page) {
    this.paper = paper;
    const about = await act(null, () => get(`${addressOf(paper)}/about`));
    if (!about || this.paper !== paper) return;
    this.about = about;
    this.title.textContent = about.name;
    this.download.href = `${data.base}/documents/${encodeURIComponent(paper)}`;
    this.told.textContent = word(about.shared ? "pp_shared" : "pp_private");
    show(this.changed, about.changed);
    show(this.newer, Boolean(about.newer));
    show(this.none, !about.pages);
    show(this.body, Boolean(about.pages));
    if (!about.pages) return;
    this.number.max = about.pages;
    this.notes.begin(addressOf(paper), about.notes);
    await this.go(page ?? Math.min(about.at ?? 1, about.pages));
  }

  async go(page) {
    if (!this.about?.pages) return;
    this.page = Math.min(this.about.pages, Math.max(1, Math.round(page) || 1));
    this.number.value = this.page;
    this.of.textContent = `/ ${this.about.pages}`;
    this.before.disabled = this.page === 1;
    this.next.disabled = this.page === this.about.pages;
    this.notes.turn(this.page);
    this.turned(this.page);
    this.words.replaceChildren();
    this.wordsButton.setAttribute("aria-expanded", "false");
    this.scroll.scrollTop = 0;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.#rest(), REST);
    await this.#picture();
  }

  end() {
    clearTimeout(this.resting);
    this.paper = this.about = null;
  }

  #width() {
    const wide = this.scroll.clientWidth || 720;
    return widthFor(ZOOMS[this.zoom] ? Math.min(wide, WIDEST) * ZOOMS[this.zoom] : wide / 2, this.saving());
  }

  async #picture() {
    const mine = ++this.turn;
    const { paper, page } = this;
    const width = this.drawnWidth = this.#width();
    this.state.textContent = word("pp_loading", { page });
    show(this.again, false);
    try {
      const image = await fetched(paper, page, width);
      if (mine !== this.turn) return;
      image.alt = word("pp_alt", { page, name: this.about.name });
      image.className = "page-picture";
      this.figure.querySelector("img")?.remove();
      this.figure.prepend(image);
      this.figure.dataset.page = page;
      this.state.textContent = word("pp_page_of", { page, pages: this.about.pages });
      if (page < this.about.pages && !this.saving()) prefetch(paper, page + 1, width);
    } catch {
      if (mine !== this.turn) return;
      this.state.textContent = word("pp_failed", { page });
      show(this.again, true);
    }
  }

  async #rest() {
    if (!this.about) return;
    try {
      await post(`${addressOf(this.paper)}/read`, { page: this.page });
      show(this.changed, false);
    } catch {
      // the mark is a convenience: the next page sets it again
    }
  }

  #fit() {
    if (this.about && this.#width() !== this.drawnWidth && this.scroll.clientWidth) this.#picture();
  }

  #larger(step) {
    this.zoom = Math.min(ZOOMS.length - 1, Math.max(0, this.zoom + step));
    this.figure.dataset.zoom = this.zoom;
    this.smaller.disabled = this.zoom === 0;
    this.bigger.disabled = this.zoom === ZOOMS.length - 1;
    this.#fit();
  }

  async #read() {
    const open = this.wordsButton.getAttribute("aria-expanded") === "true";
    this.wordsButton.setAttribute("aria-expanded", String(!open));
    if (open) return this.words.replaceChildren();
    const { page } = this;
    const text = await textOf(this.paper, page);
    if (page === this.page) this.words.replaceChildren(make("p", { text: text || word("pp_no_words") }));
  }

  #use(name) {
    const chosen = this.notes.tool === name ? null : name;
    this.notes.use(chosen);
    for (const [key, button] of Object.entries(this.tools)) button.setAttribute("aria-pressed", String(key === chosen));
    if (chosen === "text") this.state.textContent = word("pp_pick");
  }

  #build() {
    const press = (name, label, onclick) => tool(name, word(label), onclick);
    const sheet = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    sheet.setAttribute("viewBox", "0 0 10000 10000");
    sheet.setAttribute("preserveAspectRatio", "none");
    sheet.setAttribute("class", "sheet");
    sheet.setAttribute("aria-hidden", "true");
    this.title = make("h2", { id: "reader-title", tabindex: "-1" });
    this.before = press("chevron-left", "pp_before", () => this.go(this.page - 1));
    this.next = press("chevron-right", "pp_next", () => this.go(this.page + 1));
    this.number = make("input", { type: "number", min: 1, inputmode: "numeric", "aria-label": word("pp_page"), onchange: () => this.go(Number(this.number.value)) });
    this.of = make("span", { class: "quiet" });
    this.smaller = press("zoom-out", "pp_smaller", () => this.#larger(-1));
    this.bigger = press("zoom-in", "pp_larger", () => this.#larger(1));
    this.tools = Object.fromEntries(Object.entries(TOOLS).map(([key, name]) => [key, press(name, `pp_${key}`, () => this.#use(key))]));
    for (const button of Object.values(this.tools)) button.setAttribute("aria-pressed", "false");
    this.download = make("a", { class: "tool", "aria-label": word("pp_download"), title: word("pp_download"), download: true }, icon("download"));
    this.state = make("p", { class: "quiet small", role: "status" });
    this.again = make("button", { class: "btn", hidden: true, onclick: () => this.#picture(), text: word("pp_again") });
    this.figure = make("figure", { class: "page-figure", "data-zoom": 1 }, sheet);
    this.scroll = make("div", { class: "page-scroll", tabindex: "0", role: "region", "aria-label": word("pp_page") }, this.figure);
    this.words = make("div", { class: "page-words" });
    this.wordsButton = make("button", { class: "btn", "aria-expanded": "false", onclick: () => this.#read(), text: word("pp_words") });
    this.changed = make("p", { class: "panel note", hidden: true, text: word("pp_changed") });
    this.newer = make("p", { class: "panel note", hidden: true }, make("span", { text: word("pp_newer") }), " ",
      make("button", { class: "link-btn", onclick: () => this.openOther?.(this.about.newer), text: word("pp_open_newer") }));
    this.none = make("p", { class: "panel note", hidden: true, text: word("pp_no_pages") });
    this.told = make("p", { class: "quiet small" });
    const list = make("ul", { class: "notes" });
    const bar = make("div", { class: "reader-bar", role: "toolbar", "aria-label": word("pp_page") }, this.before, this.number, this.of, this.next,
      this.smaller, this.bigger, ...Object.values(this.tools), this.download,
      this.close ? press("x", "pp_close", () => this.close()) : null);
    this.body = make("div", { class: "reader-body" },
      make("div", { class: "reader-main" }, this.scroll, make("div", { class: "reader-state" }, this.state, this.again, this.wordsButton), this.words),
      make("section", { class: "panel reader-notes", "aria-label": word("pp_notes") }, make("h3", { text: word("pp_notes") }), this.told,
        make("p", { id: "notes-none", class: "quiet small", text: word("pp_no_notes") }), list,
        make("button", { class: "btn wide", onclick: () => this.notes.write({}), text: word("pp_text") })));
    this.box.replaceChildren(make("div", { class: "reader-head" }, this.title, bar), this.changed, this.newer, this.none, this.body);
    this.notes = new Notes({ sheet, list, go: (page) => this.go(page) });
    this.box.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    if (event.key === "Escape" && this.close) return this.close();
    if (event.target.matches("input, textarea") || event.altKey || event.ctrlKey || event.metaKey) return;
    const step = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.go(this.page + step);
  }
}
