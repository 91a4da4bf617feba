/* While no media come through, the page itself says every ten seconds that its point is there: it counts as present, can be given the
 * floor and votes.  Only the page that holds the seat says so. */

import { Refused } from "./link.js";
import { data, post } from "./page.js";

const EVERY = 10_000;        // milliseconds; three in vain and the point has left
const SOON = 3000;           // media are on their way at first

export class Here {
  /** `links` of the media; `device` names this tab; `lost(error)` hears that another device has the seat. */
  constructor({ links, device, lost }) {
    Object.assign(this, { links, device, lost });
    setTimeout(() => this.#say(), SOON);
    this.timer = setInterval(() => this.#say(), EVERY);
  }

  stop() {
    this.stopped = true;
    clearInterval(this.timer);
  }

  async #say() {
    if (this.stopped || this.links.some(({ state, deaf }) => deaf || state === "live")) return;
    try {
      await post(`${data.base}/here`, { device: this.device });
    } catch (error) {
      if (error instanceof Refused && error.code === "point.busy" && !this.stopped) this.lost(error);
    }
  }
}
