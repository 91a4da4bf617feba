/* Between chair and secretary: the news say that there is something, the text is fetched over the session that conducts. */

import { act, byId, data, fill, get, make, post, show, timeOf, word } from "./page.js";

export function start({ store, conducting }) {
  if (!conducting) return;
  const part = byId("private-part");
  const say = (text) => {
    byId("private-sum").textContent = text;
    byId("private-sum").classList.toggle("due", Boolean(text));
  };
  part.addEventListener("toggle", () => part.open && say(""));
  const load = async () => {
    const { messages } = await get(`${data.conduct}/private`);
    fill(byId("private"), messages, () => messages.map((one) => make("li", {},
      make("p", { class: "from" }, make("b", { text: one.author }), " ", make("time", { class: "quiet", datetime: one.at, text: timeOf(one.at) })),
      make("p", { class: "text", text: one.text ?? word("chat_is_erased") }))));
    show(byId("private-empty"), !messages.length);
    byId("private").lastElementChild?.scrollIntoView({ block: "nearest" });
  };
  byId("private-form").onsubmit = async (event) => {
    event.preventDefault();
    const field = byId("private-text");
    if (field.value.trim() && (await act(event.submitter, () => post(`${data.conduct}/private`, { text: field.value })))) field.value = "";
  };
  store.hear("private", async () => {
    await load();
    if (!part.open) say(word("chat_new"));
    byId("told").textContent = word("private_new");
  });
  load().catch(() => {});      // the next message brings it
}
