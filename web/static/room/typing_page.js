/* The page of whoever types captions and is not at the console: who speaks, the field, the last lines. */

import { Feed } from "./feed.js";
import { byId, data, get, show, word } from "./page.js";
import { Probe } from "./probe.js";
import { Store } from "./store.js";
import * as typing from "./typing.js";

const store = new Store(data.state, () => get(`${data.base}/state`));
const line = (state) => {
  byId("line").dataset.state = state;
  byId("line").querySelector("span").textContent = state === "good" ? "" : word(`line_${state}`);
};
let feed;

function end() {
  feed?.close();
  byId("over-title").textContent = word("over");
  show(byId("over"), true);
}

typing.start({ store });
store.on(["meeting"], ({ meeting }) => ["concluded", "cancelled"].includes(meeting.state) && end());
feed = new Feed(`${data.base}/events`, store.news, { changed: (up) => line(up ? "good" : "lost"), refused: end });
new Probe([feed]);
byId("typing-text").focus();
