/* Tells the server how large each picture is shown, so that it sends no more than can be seen: nothing to a hidden tab, small
 * layers to small places.  It asks; what comes is decided by the server and the line. */

const SETTLE = 150;          // milliseconds: a window being dragged is told when it rests
const LEAVE = 3000;          // a tab that is left for a moment keeps its pictures
const AGAIN = 2000;
const DENSEST = 1.5;         // rows a CSS pixel is worth at most: on a phone more is not seen, only paid for
export const SAVING = 180;   // rows asked for at most where data is dear

export class View {
  /** `link` receives; `sizes()` gives {mid: rows in CSS pixels}; `saving()` whether data is dear. */
  constructor({ link, sizes, saving }) {
    Object.assign(this, { link, sizes, saving });
    this.said = this.session = this.deaf = null;
    const resized = new ResizeObserver(() => this.changed());
    for (const place of document.querySelectorAll(".tile, .strip")) resized.observe(place);
    addEventListener("resize", () => this.changed());
    document.addEventListener("visibilitychange", () => this.changed(document.hidden ? LEAVE : 0));
  }

  /** Something may be shown in another size: it is told soon, and only if it is so. */
  changed(wait = SETTLE) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#tell(), wait);
  }

  #rows() {
    const most = this.saving() ? SAVING : Infinity;
    const density = Math.min(devicePixelRatio || 1, DENSEST);
    return Object.fromEntries(Object.entries(this.sizes()).map(([mid, rows]) =>
      [mid, document.hidden ? 0 : Math.min(most, Math.round(rows * density))]));
  }

  async #tell() {
    const { location, token, session } = this.link;
    if (!location || this.deaf === session) return;
    const rows = JSON.stringify(this.#rows());
    if (rows === "{}" || (session === this.session && rows === this.said)) return;
    Object.assign(this, { session, said: rows });
    try {
      const response = await fetch(`${location}/view`, {
        method: "PUT", headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" }, body: rows,
      });
      if (response.status === 404 || response.status === 405) this.deaf = session;     // it does not want to know
      else if (!response.ok) throw new Error(String(response.status));
    } catch {
      if (this.said === rows) this.said = null;
      this.changed(AGAIN);
    }
  }
}
