/* What this page knows of the room: sections, told whole once and afterwards by their differences (web/roomdelta.py does the
 * same).  Modules say which sections they draw and which direct news they hear; nobody else keeps a copy of the state. */

import { data, setServerTime } from "./page.js";

/** The state once these parts have changed. */
export function after(state, parts) {
  const made = { ...state };
  for (const [section, change] of Object.entries(parts)) {
    if ("is" in change) {
      made[section] = change.is;
      continue;
    }
    const gone = new Set(change.gone);
    made[section] = Object.fromEntries([...Object.entries(made[section]).filter(([key]) => !gone.has(key)), ...Object.entries(change.set)]);
  }
  return made;
}

export class Store {
  /** `missed()` fetches the whole state when a change does not follow on what is known. */
  constructor(first, missed) {
    this.state = { points: data.points, ...first };
    this.version = null;       // of the page's own first state nobody knows
    this.missed = missed;
    this.watchers = [];
    this.handlers = new Map();
    setServerTime(first.at);
  }

  /** `draw(state, before)` now, and whenever one of these sections is another one. */
  on(sections, draw) {
    this.watchers.push({ sections, draw });
    draw(this.state, {});
  }

  /** `handle(data)` for each direct news of this name; to be asked for before the news begin. */
  hear(name, handle) {
    const known = this.handlers.get(name);
    this.handlers.set(name, known ? (news) => { known(news); handle(news); } : handle);
  }

  /** What a Feed calls. */
  get news() {
    return { state: (told) => this.begin(told), change: (told) => this.change(told), ...Object.fromEntries(this.handlers) };
  }

  /** The whole state, as a connection begins. */
  begin({ version, at, ...sections }) {
    this.version = version;
    this.#become({ ...this.state, ...sections }, at);
    if (Object.keys(this.state.points).length !== this.state.total) this.#ask();
  }

  change({ from, to, at, parts }) {
    if (this.version !== null && to <= this.version) return;     // told twice
    if (from !== this.version) return this.#ask();
    this.version = to;
    this.#become(after(this.state, parts), at);
  }

  #become(next, at) {
    setServerTime(at);
    const before = this.state;
    this.state = next;
    data.points = next.points;
    const changed = new Set(Object.keys(next).filter((name) => !same(before[name], next[name])));
    for (const { sections, draw } of this.watchers) if (sections.some((name) => changed.has(name))) draw(next, before);
  }

  async #ask() {
    if (this.asking) return;
    this.asking = true;
    try {
      const { version, at, ...sections } = await this.missed();
      this.version = version;
      this.#become(sections, at);
    } catch {
      // the next connection begins with the whole state
    } finally {
      this.asking = false;
    }
  }
}

const same = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other);

/** Rows of a keyed section in the server's order. */
export const inOrder = (section) => Object.entries(section).map(([id, row]) => ({ id, ...row })).sort((a, b) => (a.ord < b.ord ? -1 : a.ord > b.ord ? 1 : 0));
