/* Tells the server whom this page wants in which of its places for pictures: a name, "" for nobody, null for whoever comes first.
 * It asks; whose picture may be seen is decided by the server.  One word after the other; what a lost line swallowed is said again. */

import { ANSWER_TIME } from "./link.js";

const SETTLE = 60;      // milliseconds in which wishes wait for each other
const AGAIN = 1500;

export class Pins {
  /** `link` receives. */
  constructor(link) {
    this.link = link;
    this.wishes = {};        // by who wishes; a later one of these goes before an earlier
    this.said = {};
    this.session = this.deaf = null;
    this.telling = Promise.resolve();
  }

  /** {mid: name | "" | null}, all places that `who` wishes not to be automatic; those left out become automatic again. */
  want(names, who = "") {
    this.wishes[who] = names;
    this.changed();
  }

  get wanted() {
    return Object.assign({}, ...Object.values(this.wishes));
  }

  /** Something may not have been said yet: another wish, or another session. */
  changed(wait = SETTLE) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.telling = this.telling.then(() => this.#put())), wait);
  }

  async #put() {
    const { location, token, session } = this.link;
    if (!location || this.deaf === session) return;
    const said = this.session === session ? this.said : {};
    const wanted = { ...Object.fromEntries(Object.keys(said).map((mid) => [mid, null])), ...this.wanted };
    const news = Object.fromEntries(Object.entries(wanted).filter(([mid, name]) => (said[mid] ?? null) !== name));
    if (!Object.keys(news).length) return;
    try {
      const response = await fetch(`${location}/pins`, {
        method: "PUT", headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" }, body: JSON.stringify(news),
        signal: AbortSignal.timeout(ANSWER_TIME),
      });
      if (response.status >= 400 && response.status < 500) this.deaf = session;     // asking again would bring the same answer
      else if (!response.ok) throw new Error(String(response.status));
      else Object.assign(this, { session, said: { ...said, ...news } });
    } catch {
      this.said = {};      // what is not answered may have been heard or not
      this.changed(AGAIN);
    }
  }
}

/** Which name each of these places carries, so that nobody who has one moves: {mid: name | ""}. */
export function seat(mids, names, before = {}) {
  const free = [...names].filter((name) => !mids.some((mid) => before[mid] === name));
  const kept = new Set(names);
  return Object.fromEntries(mids.map((mid) => [mid, kept.has(before[mid]) ? before[mid] : free.shift() ?? ""]));
}
