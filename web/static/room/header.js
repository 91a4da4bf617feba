/* The line above the pictures: which item, how many points, whether the meeting waits; and who has the floor, said once. */

import { byId, notice, pointName, word } from "./page.js";

export function start({ store, me, end }) {
  store.on(["meeting", "agenda", "running", "present", "total"], ({ agenda, running, present, total, meeting }) => {
    const index = agenda.findIndex((line) => line.item === running);
    const lobby = { draft: "lobby", convened: "lobby", suspended: "suspended" }[meeting.state];
    byId("item").textContent = lobby ? word(lobby)
      : index >= 0 ? word("item_of", { n: index + 1, total: agenda.length, title: agenda[index].title }) : "";
    byId("count").textContent = word("present_of", { n: Object.keys(present).length, total });
    if (["concluded", "cancelled"].includes(meeting.state)) end("closed");
  });
  let floor = store.state.floor?.code;
  store.on(["floor"], (state) => {
    const now = state.floor?.code;
    if (now === floor) return;
    floor = now;
    byId("announce").textContent = !now ? word("floor_open") : now === me ? word("floor_yours") : word("has_floor", { name: pointName(now) });
    if (now === me) notice(word("floor_yours"));
  });
}
