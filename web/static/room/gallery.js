/* Pages of all who are here, as many at a time as there are places for pictures: only the page that is looked at is sent, so a large
 * meeting costs its receiver no more than a small one.  Sounds go on as they do beside the large picture. */

import { byId, data, keep, pointName, show, word } from "./page.js";
import { seat } from "./pins.js";
import { tile } from "./stage.js";

const few = matchMedia("(max-width: 900px)");
const order = new Intl.Collator(data.lang, { numeric: true }).compare;

export class Gallery {
  /** `pins` are the page's own; `always`: there is nothing but the gallery; `every`: milliseconds after which the next page comes by itself. */
  constructor({ stage, pins, store, me, always = false, every = 0 }) {
    Object.assign(this, { stage, store, me, always, on: always });
    this.pins = pins;
    this.box = byId("gallery");
    this.page = 0;
    this.seated = {};
    stage.also.push(() => this.draw());
    store.on(["present", "floor", "main", "share"], () => this.draw());
    if (every) setInterval(() => this.turn(1), every);
    if (always) return;
    byId("gallery-on").onclick = () => this.toggle();
    byId("gallery-before").onclick = () => this.turn(-1);
    byId("gallery-next").onclick = () => this.turn(1);
    few.addEventListener("change", () => this.draw());
  }

  toggle() {
    this.on = !this.on;
    this.page = 0;
    document.body.classList.toggle("in-gallery", this.on);
    byId("gallery-on").setAttribute("aria-pressed", String(this.on));
    this.stage.draw();
  }

  /** The pages follow each other in a circle. */
  turn(step) {
    this.page = (this.page + step + this.pages) % this.pages;
    this.stage.draw();
  }

  get size() {
    return Math.max(1, Math.min(this.stage.mids.length || 9, few.matches ? 4 : 9));
  }

  /** Who is here but oneself: the floor and the chair first, then by name. */
  get names() {
    const { present, floor, main } = this.store.state;
    const first = [floor?.code, main];
    const rank = (code) => (first.includes(code) ? first.indexOf(code) : first.length);
    const screen = this.always ? null : this.stage.screen;      // of two televisions the other one has it
    return [...(screen ? [screen] : []), ...Object.keys(present).filter((code) => code !== this.me)
      .sort((a, b) => rank(a) - rank(b) || order(pointName(a), pointName(b)))];
  }

  get pages() {
    return Math.max(1, Math.ceil(this.names.length / this.size));
  }

  draw() {
    show(this.box, this.on);
    if (!this.on) {
      show(byId("gallery-pages"), false);
      if (Object.keys(this.seated).length) this.pins.want((this.seated = {}));
      return;
    }
    this.page = Math.min(this.page, this.pages - 1);
    const names = this.names.slice(this.page * this.size, (this.page + 1) * this.size);
    this.box.dataset.n = names.length > 6 ? 9 : names.length > 4 ? 6 : names.length > 2 ? 4 : names.length;
    keep(this.box, names, tile);
    names.forEach((name, index) => this.stage.place(this.box.children[index], name));
    this.#pages();
    const { mids } = this.stage;
    if (!mids.length) return;
    this.seated = seat(mids, names, this.seated);
    this.pins.want(this.seated);
  }

  #pages() {
    show(byId("gallery-pages"), this.pages > 1);
    byId("gallery-page").textContent = word("page_of", { n: this.page + 1, total: this.pages });
  }
}
