/* The interpreter into sign language, kept in view beside whatever else is seen: a switch of each reader, remembered on the device.  The
 * server sends that picture to those alone who ask for it, in a small layer; it is moved to another corner by nothing and hidden by nothing. */

import * as devices from "./devices.js";
import { byId, show } from "./page.js";

export class Sign {
  constructor({ stage, pins, store, me }) {
    Object.assign(this, { stage, pins, store, me });
    this.on = Boolean(devices.remembered().sign);
    this.box = byId("sign");
    this.button = byId("sign-on");
    if (this.button) this.button.onclick = () => this.toggle();
    stage.also.push(() => this.draw());
    store.on(["sign", "present"], () => stage.draw());
  }

  toggle() {
    this.on = !this.on;
    devices.remember({ sign: this.on });
    this.stage.draw();
  }

  draw() {
    const { sign } = this.store.state;
    const given = Boolean(sign) && sign !== this.me;
    const on = given && this.on;
    show(this.button, given);
    this.button?.setAttribute("aria-pressed", String(on));
    show(this.box, on);
    const mid = on ? this.stage.places.at(-1) : undefined;
    this.stage.lent = mid;      // no page of the gallery takes this place
    this.stage.place(this.box, on ? sign : null);
    this.pins.want(mid === undefined ? {} : { [mid]: sign }, "sign");
  }
}
