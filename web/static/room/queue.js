/* Who waits to speak, in the order of the server, and this point's own hand. */

import { act, byId, data, keep, make, pointName, post, show, word } from "./page.js";
import { inOrder } from "./store.js";

export function start({ store, me }) {
  const up = () => Object.values(store.state.queue).some((row) => row.code === me);
  const toggle = (button) => act(button, () => post(`${data.base}/hand`, { up: !up() }));

  const row = (code) => {
    const own = code === me;
    const side = data.conduct
      ? make("button", { class: "small-btn", "data-give": code, text: word("invite") })
      : own ? make("button", { class: "link-btn", text: word("withdraw"), onclick: (event) => toggle(event.currentTarget) }) : null;
    return make("li", {}, make("span", { class: "n" }),
      make("span", { class: own ? "own" : "", text: own ? word("you", { name: pointName(code) }) : pointName(code) }), side);
  };

  byId("hand").onclick = (event) => toggle(event.currentTarget);
  store.on(["queue", "main"], ({ queue, main }) => {
    const rows = inOrder(queue).map((one) => one.code);
    keep(byId("queue"), rows, row);
    byId("queue").querySelectorAll(".n").forEach((place, index) => (place.textContent = index + 1));
    show(byId("queue-empty"), !rows.length);
    const control = byId("hand");
    control.classList.toggle("on", up());
    control.setAttribute("aria-pressed", String(up()));
    const said = up() ? word("hand_up") : word("hand");
    control.setAttribute("aria-label", said);
    control.querySelector("span").textContent = up() || !matchMedia("(max-width: 900px)").matches ? said : word("hand_short");
    show(control, Boolean(me) && me !== main);      // the chair gives the floor and need not ask for it
  });
}
