/* Tells the server how large each picture is shown, so that it sends no more than can be seen: nothing to a hidden tab, small
 * layers to small places.  It asks; what comes is decided by the server and the line. */

import { ANSWER_TIME } from "./link.js";

const SETTLE = 150;          // milliseconds: a window being dragged is told when it rests
const LEAVE = 3000;          // a tab that is left for a moment keeps its pictures
const AGAIN = 2000;
const DENSEST = 1.5;         // rows a CSS pixel is worth at most: on a phone more is not seen, only paid for

export class View {
  /** `link` receives; `sizes()` gives {mid: rows in CSS pixels}; `most(mid)` how many are asked for at most. */
  constructor({ link, sizes, most = () => Infinity }) {
    Object.assign(this, { link, sizes, most });
    this.said = this.session = this.deaf = null;
    this.leaving = false;
    this.telling = Promise.resolve();
    const resized = new ResizeObserver(() => this.changed());
    for (const place of document.querySelectorAll(".tile, .strip")) resized.observe(place);
    addEventListener("resize", () => this.changed());
    document.addEventListener("visibilitychange", () => this.changed(document.hidden ? LEAVE : 0));
  }

  /** Something may be shown in another size: it is told soon, and only if it is so. */
  changed(wait = SETTLE) {
    if (document.hidden && this.leaving) return;     // whatever happens meanwhile, its moment is not cut short
    clearTimeout(this.timer);
    this.leaving = document.hidden && wait === LEAVE;
    this.timer = setTimeout(() => this.#tell(), wait);
  }

  /** {mid: rows} as they are asked for. */
  get rows() {
    const density = Math.min(devicePixelRatio || 1, DENSEST);
    return Object.fromEntries(Object.entries(this.sizes()).map(([mid, rows]) =>
      [mid, document.hidden ? 0 : Math.min(this.most(mid), Math.round(rows * density))]));
  }

  /** One word after the other; each says what holds when its turn comes. */
  #tell() {
    this.leaving = false;
    this.telling = this.telling.then(() => this.#put());
  }

  async #put() {
    const { location, token, session } = this.link;
    if (!location || this.deaf === session) return;
    const rows = JSON.stringify(this.rows);
    if (rows === "{}" || (session === this.session && rows === this.said)) return;
    this.said = null;      // what is not answered may have been heard or not
    try {
      const response = await fetch(`${location}/view`, {
        method: "PUT", headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" }, body: rows,
        signal: AbortSignal.timeout(ANSWER_TIME),
      });
      if (response.status >= 400 && response.status < 500) this.deaf = session;     // asking again would bring the same answer
      else if (!response.ok) throw new Error(String(response.status));
      else Object.assign(this, { session, said: rows });
    } catch {
      this.changed(AGAIN);
    }
  }
}
