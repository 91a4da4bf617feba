/* Who waits to speak, in the order of the server, and what this point has asked; who conducts puts in order here as well. */

import { act, byId, data, fill, get, keep, make, notice, pointName, post, show, word } from "./page.js";
import { inOrder } from "./store.js";

export function start({ store, me, conducting }) {
  const rows = () => inOrder(store.state.queue);
  const own = (row) => Boolean(me) && row.code === me && !row.person;
  const hand = () => rows().find((row) => own(row) && !row.kind);
  const conduct = (button, path, body) => act(button, () => post(`${data.conduct}/${path}`, body));

  /** The row before which this one goes when it steps up or down; undefined: it cannot. */
  function step(id, by) {
    const ids = rows().map((row) => row.id);
    const at = ids.indexOf(id);
    if (by < 0) return at > 0 ? Number(ids[at - 1]) : undefined;
    return at < ids.length - 1 ? Number(ids[at + 2] ?? 0) || null : undefined;
  }

  function moves(id, name) {
    const go = (by) => (event) => {
      const before = step(id, by);
      if (before !== undefined) conduct(event.currentTarget, "queue/order", { entry: Number(id), before });
    };
    const reason = make("input", { name: "reason", required: true, maxlength: 200, placeholder: word("decline_reason"), "aria-label": word("decline_reason") });
    return make("details", { class: "moves" },
      make("summary", { "aria-label": word("more_about", { name }) }, "⋯"),
      make("div", { class: "buttons" },
        make("button", { class: "small-btn", text: word("move_up"), onclick: go(-1) }),
        make("button", { class: "small-btn", text: word("move_down"), onclick: go(1) })),
      make("form", { class: "inline", onsubmit: (event) => {
        event.preventDefault();
        conduct(event.submitter, "queue/decline", { entry: Number(id), reason: reason.value });
      } }, reason, make("button", { class: "btn", text: word("decline") })));
  }

  function row(id) {
    const one = store.state.queue[id];
    const name = pointName(one.code);
    const said = [one.kind && word(`kind_${one.kind}`), one.item && word("about_item", { n: one.item })].filter(Boolean).join(" · ");
    const text = make("span", {}, own(one) ? word("you", { name }) : name,
      said ? make("small", { class: one.kind ? "kind" : "quiet", text: said }) : null, make("small", { class: "said quiet", hidden: true }));
    if (own(one)) text.classList.add("own");
    const back = (event) => act(event.currentTarget, () => post(`${data.base}/hand`, { up: false, entry: Number(id) }));
    return make("li", {}, make("span", { class: "n" }), text,
      conducting ? make("button", { class: "small-btn", "data-give": one.code, "data-entry": id, text: word("invite") })
        : own(one) ? make("button", { class: "link-btn", text: word("withdraw"), onclick: back }) : null,
      conducting ? moves(id, name) : null);
  }

  /** Names and notes of those who wait are asked for: the news to everybody do not carry them. */
  async function words() {
    const known = await get(`${data.conduct}/queue`).catch(() => ({}));
    for (const [id, { person, note }] of Object.entries(known)) {
      const place = byId("queue").querySelector(`[data-key="${id}"] .said`);
      if (place) place.textContent = [person, note].filter(Boolean).join(": ");
      show(place, Boolean(place?.textContent));
    }
  }

  byId("hand").onclick = (event) => act(event.currentTarget, () => post(`${data.base}/hand`, { up: !hand() }));
  if (conducting) wire(conduct, rows);
  else ask(store);

  store.hear("declined", async ({ entry }) => {
    const answer = await get(`${data.base}/hand/${entry}`).catch(() => null);
    if (answer) notice(word("declined", { reason: answer.reason }));
  });
  let first = null;
  store.on(["queue", "main", "points"], ({ queue, main, floor }) => {
    const waiting = rows();
    keep(byId("queue"), waiting.map((one) => one.id), row);
    byId("queue").querySelectorAll(".n").forEach((place, index) => (place.textContent = index + 1));
    show(byId("queue-empty"), !waiting.length);
    if (conducting && waiting.some((one) => one.note || one.person)) words();
    show(byId("lower-all"), waiting.length > 1);
    const next = waiting[0];
    if (first !== null && next?.id !== first && next && own(next) && floor) notice(word("you_are_next"));
    first = next?.id ?? "";
    const up = Boolean(hand());
    const control = byId("hand");
    control.classList.toggle("on", up);
    control.setAttribute("aria-pressed", String(up));
    const said = up ? word("hand_up") : word("hand");
    control.setAttribute("aria-label", said);
    control.querySelector(".long").textContent = said;
    control.querySelector(".short").textContent = up ? said : word("hand_short");
    show(control, Boolean(me) && me !== main);      // the chair gives the floor and need not ask for it
  });
}

/** A point asks with words: what it is, about which item. */
function ask(store) {
  const form = byId("ask-form");
  const item = form.querySelector("[name=item]");     // form.elements.item is a function
  form.onsubmit = async (event) => {
    event.preventDefault();
    const { kind, note } = form.elements;
    const asked = { up: true, kind: kind.value, item: item.value, note: note.value };
    if (await act(event.submitter, () => post(`${data.base}/hand`, asked))) {
      form.reset();
      notice(word("queue_asked"));
    }
  };
  store.on(["agenda"], ({ agenda }) => fill(item, agenda, () => [make("option", { value: "", text: word("no_item") }),
    ...agenda.map((line) => make("option", { value: line.item, text: `${line.item}. ${line.title}` }))]));
}

/** What the console does with the whole queue and with times. */
function wire(conduct, rows) {
  const all = byId("lower-all");
  all.onclick = () => {      // twice, for it is not taken back
    if (all.dataset.sure) conduct(all, "queue/clear", {});
    all.textContent = word(all.dataset.sure ? "lower_all" : "lower_all_sure", { n: rows().length });
    if (all.dataset.sure) delete all.dataset.sure;
    else all.dataset.sure = "1";
  };
  all.onblur = () => {
    delete all.dataset.sure;
    all.textContent = word("lower_all");
  };
}
