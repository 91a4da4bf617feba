/* One reader's own notes on the pages of one paper: drawn over the page, listed beside it.  They go to the server and to nobody else. */

import { act, byId, make, post, show, tool, word } from "../room/page.js";

const SCALE = 10000;       // places on a page, in ten-thousandths of its width and height
const MOST = 400;          // places of one line of the pen
const SVG = "http://www.w3.org/2000/svg";

export class Notes {
  /** `sheet`: element that lies over the page; `list`: where the notes are told; `go(page)` turns to one. */
  constructor({ sheet, list, go }) {
    Object.assign(this, { sheet, list, go });
    this.notes = [];
    this.page = 1;
    this.tool = null;
    this.line = null;
    sheet.addEventListener("pointerdown", (event) => this.#down(event));
    sheet.addEventListener("pointermove", (event) => this.#move(event));
    sheet.addEventListener("pointerup", () => this.#up());
    sheet.addEventListener("pointercancel", () => { this.line = null; this.draw(); });
  }

  begin(address, notes) {
    this.address = address;
    this.notes = notes.map(({ note_id, page, body }) => ({ id: note_id, page, ...body }));
    this.draw();
  }

  turn(page) {
    this.page = page;
    this.line = null;
    this.draw();
  }

  use(tool) {
    this.tool = tool;
    this.sheet.classList.toggle("writing", Boolean(tool));
  }

  #place(event) {
    const box = this.sheet.getBoundingClientRect();
    const part = (value, start, size) => Math.min(SCALE, Math.max(0, Math.round(((value - start) / size) * SCALE)));
    return [part(event.clientX, box.left, box.width), part(event.clientY, box.top, box.height)];
  }

  #down(event) {
    if (!this.tool || event.button) return;
    event.preventDefault();
    const at = this.#place(event);
    if (this.tool === "text") return this.write({ kind: "text", at, text: "" });
    this.sheet.setPointerCapture(event.pointerId);
    this.line = { kind: this.tool, at: this.tool === "mark" ? [...at, ...at] : at };
  }

  #move(event) {
    if (!this.line) return;
    const at = this.#place(event);
    if (this.line.kind === "mark") this.line.at.splice(2, 2, ...at);
    else if (this.line.at.length < 2 * MOST) this.line.at.push(...at);
    this.draw();
  }

  #up() {
    const { line } = this;
    this.line = null;
    if (!line || line.at.length < 4) return this.draw();
    if (line.kind === "mark") {
      const [a, b, c, d] = line.at;
      line.at = [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
      if (line.at[2] - line.at[0] < 60 || line.at[3] - line.at[1] < 30) return this.draw();
    }
    this.#keep({ ...line, page: this.page });
  }

  /** A note with words: asked for in the list, where keys reach it as well. */
  write(note) {
    this.writing = { page: this.page, at: [SCALE / 2, SCALE / 20], kind: "text", ...note };
    this.draw();
    byId("note-words")?.focus();
  }

  async #keep(note) {
    const body = { page: note.page, kind: note.kind, at: note.at, text: note.text ?? "", ...(note.id ? { note: note.id } : {}) };
    const kept = await act(null, () => post(`${this.address}/notes`, body));
    if (kept) {
      this.notes = [...this.notes.filter((one) => one.id !== kept.id), { ...note, id: kept.id }];
      this.writing = null;
    }
    this.draw();
  }

  async #remove(note) {
    const gone = await act(null, () => post(`${this.address}/notes/${encodeURIComponent(note.id)}/remove`));
    if (gone) this.notes = this.notes.filter((one) => one !== note);
    this.draw();
  }

  draw() {
    this.sheet.replaceChildren(...[...this.notes, ...(this.line ? [{ ...this.line, page: this.page }] : []), ...(this.writing ? [this.writing] : [])]
      .filter((note) => note.page === this.page).map(shape));
    const rows = [...this.notes].sort((a, b) => a.page - b.page || (a.id < b.id ? -1 : 1));
    this.list.replaceChildren(...rows.map((note) => this.#row(note)), ...(this.writing ? [this.#form()] : []));
    show(byId("notes-none"), !rows.length && !this.writing);
  }

  #row(note) {
    const text = note.text || word(note.kind === "mark" ? "pp_marked" : "pp_drawn");
    const said = word("pp_note_at", { page: note.page, text });
    return make("li", { class: note.page === this.page ? "here" : null },
      make("button", { class: "note-go", onclick: () => this.go(note.page), text: said }),
      note.kind === "text" ? tool("pen-line", `${word("pp_edit")}: ${said}`, () => this.write(note)) : null,
      tool("trash-2", `${word("pp_remove")}: ${said}`, () => this.#remove(note)));
  }

  #form() {
    const words = make("textarea", { id: "note-words", rows: 3, maxlength: 1000, "aria-label": word("pp_write") });
    words.value = this.writing.text ?? "";
    const keep = () => words.value.trim() ? this.#keep({ ...this.writing, text: words.value.trim() }) : words.focus();
    const drop = () => { this.writing = null; this.draw(); };
    words.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { event.stopPropagation(); drop(); }
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) keep();
    });
    return make("li", { class: "note-form" }, words, make("div", { class: "buttons" },
      make("button", { class: "btn primary", onclick: keep, text: word("pp_keep") }), make("button", { class: "btn", onclick: drop, text: word("pp_cancel") })));
  }
}

function shape(note) {
  const element = (name, attributes) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const [x, y] = note.at;
  if (note.kind === "mark") return element("rect", { class: "mark-on", x, y, width: Math.max(1, note.at[2] - x), height: Math.max(1, note.at[3] - y) });
  if (note.kind === "pen") return element("polyline", { class: "pen-on", points: note.at.join(" ") });
  const pin = element("g", { class: "text-on" });
  const title = element("title", {});
  title.textContent = note.text ?? "";
  pin.append(element("ellipse", { cx: x, cy: y, rx: 180, ry: 130 }), title);
  return pin;
}
