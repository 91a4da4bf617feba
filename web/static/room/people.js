/* The people behind a point: counts come with the news, names are asked for by whoever may see them.
 * A point sees its own list; whoever conducts sees the counts of all and unfolds one. */

import { act, byId, data, fill, fold, get, icon, make, notice, pointName, post, show, timeOf, word } from "./page.js";

const HERE = ["present", "late"];
const ICONS = { expected: "clock", present: "check", late: "clock", left: "log-out", excused: "circle", absent: "circle" };
const time = (iso) => (iso ? timeOf(iso) : "");

export function start({ store, me, conducting }) {
  if (conducting) return byId("people-console") && overview(store);
  if (!byId("people")) return undefined;
  const list = new PointList(byId("people"), me, `${data.base}/people`, {});
  store.on(["people"], ({ people }) => {
    const [of, here, heads] = people[me] ?? [0, 0, null];
    byId("people-count").textContent = of || heads !== null ? summary(of, here, heads) : "";
  });
  store.on(["meeting"], () => list.load());       // the roll opens and closes with it
  store.hear("people", () => list.load());
  return undefined;
}

const summary = (of, here, heads) => [of ? word("people_count", { here, of }) : "", heads !== null ? word("people_heads", { n: heads }) : ""].filter(Boolean).join(" · ");

/** The names of one point, in `place`. */
class PointList {
  constructor(place, code, address, extra) {
    Object.assign(this, { place, code, address, extra, open: new Set() });
    this.rows = make("ul", { class: "rows" });
    this.none = make("p", { class: "quiet small", text: word("people_none") });
    this.forms = make("div", {});
    this.forms.append(byId("people-forms").content.cloneNode(true));
    this.forms.querySelector("[data-come]").addEventListener("submit", (event) => this.#form(event, ({ name, post: title }) => ({ name, post: title })));
    this.forms.querySelector("[data-heads]").addEventListener("submit", (event) => this.#form(event, ({ heads }) => ({ heads: Number(heads) })));
    place.replaceChildren(this.none, this.rows, this.forms);
  }

  async load() {
    if (this.loading) return (this.again = true);
    this.loading = true;
    try {
      const query = this.extra.point ? `?point=${encodeURIComponent(this.code)}` : "";
      this.#draw(await get(`${this.address}${query}`));
    } catch {
      // the next news ask again
    } finally {
      this.loading = false;
      if (this.again) {
        this.again = false;
        this.load();
      }
    }
  }

  #draw(found) {
    this.found = found;
    show(this.none, !found.people.length);
    show(this.forms, found.open);
    const focused = document.activeElement?.dataset?.focus;
    fill(this.rows, [found.people, found.open, [...this.open]], () => found.people.map((one) => this.#row(one, found.open)));
    if (focused) this.rows.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  #row(one, open) {
    const said = word(`person_${one.state}`, { time: time(one.state === "left" ? one.left : one.came) });
    const details = [one.post, one.reason, one.how === "phone" && HERE.includes(one.state) ? word("person_phone") : "",
      one.instead_of ? word("person_instead", { name: one.instead_of, reason: one.instead_why }) : ""].filter(Boolean);
    const row = make("li", {},
      make("span", { class: "who" }, make("b", { text: one.name }), ...details.map((text) => make("small", { text })),
        make("span", { class: "stands", "data-state": one.state }, icon(ICONS[one.state]), document.createTextNode(said))));
    if (!open) return row;
    const main = HERE.includes(one.state) ? "left" : "present";
    row.append(this.#button(one, main, "small-btn tap"),
      make("button", { class: "link-btn tap", type: "button", "aria-expanded": String(this.open.has(one.id)), "aria-label": word("do_more_of", { name: one.name }),
        "data-focus": `more ${one.id}`, text: word("do_more"), onclick: () => this.#toggle(one.id) }));
    if (this.open.has(one.id)) row.append(this.#more(one));
    return row;
  }

  #button(one, what, classes) {
    return make("button", { class: classes, type: "button", "data-focus": `${what} ${one.id}`, "aria-label": word("do_of", { what: word(`do_${what}`), name: one.name }),
      text: word(`do_${what}`), onclick: (event) => this.#send(event.currentTarget, { person: one.id, state: what }) });
  }

  #more(one) {
    const reason = make("form", { onsubmit: (event) => this.#form(event, (said) => ({ person: one.id, state: "absent", reason: said.reason })) },
      make("input", { name: "reason", required: true, maxlength: 500, placeholder: word("do_reason", { name: one.name }), "aria-label": word("do_reason", { name: one.name }), autocomplete: "off" }),
      make("button", { class: "small-btn", text: word("do_excused") }));
    return make("div", { class: "more" },
      one.state === "present" ? null : this.#button(one, "on_time", "small-btn"),
      one.state === "absent" ? null : this.#button(one, "absent", "small-btn"),
      one.state === "expected" ? null : this.#button(one, "expected", "small-btn"),
      one.link ? make("button", { class: "small-btn", type: "button", text: word("do_link"), onclick: (event) => this.#revoke(event.currentTarget, one) }) : null,
      reason);
  }

  #toggle(id) {
    if (!this.open.delete(id)) this.open.add(id);
    this.#draw(this.found);
  }

  #send(button, said) {
    return act(button, async () => {
      await post(this.address, { ...this.extra, ...said });
      this.open.delete(said.person);
      await this.load();
    });
  }

  #revoke(button, one) {
    return act(button, async () => {
      await post(`${this.address}/link`, { ...this.extra, person: one.id, do: "revoke" });
      notice(word("link_gone", { name: one.name }));
      await this.load();
    });
  }

  async #form(event, said) {
    event.preventDefault();
    const form = event.currentTarget;
    await this.#send(form.querySelector("button"), said(Object.fromEntries(new FormData(form))));
    form.reset();
  }
}

// --- for whoever conducts ---------------------------------------------------------------------------------------------

function overview(store) {
  const address = `/meetings/${data.room}/people`;
  const lists = new Map();
  const search = byId("people-search");
  let known = {};

  const toggle = (code, row) => {
    const open = lists.get(code);
    if (open) {
      open.place.remove();
      lists.delete(code);
    } else {
      const place = row.appendChild(make("div", { class: "people-point" }));
      const list = new PointList(place, code, address, { point: code });
      lists.set(code, list);
      list.load();
    }
    row.querySelector(".open").setAttribute("aria-expanded", String(!open));
  };

  const rows = new Map();
  const draw = () => {
    const wanted = fold(search.value);
    const order = new Intl.Collator(data.lang).compare;
    const missing = ([of, here]) => of - here;
    const codes = Object.keys(known).filter((code) => (known[code][0] || known[code][2] !== null || wanted || lists.has(code)) && fold(pointName(code)).includes(wanted))
      .sort((a, b) => missing(known[b]) - missing(known[a]) || order(pointName(a), pointName(b)));
    const list = byId("people-points");
    for (const [code, row] of rows) if (!codes.includes(code)) { row.remove(); rows.delete(code); }
    codes.forEach((code, index) => {
      let row = rows.get(code);
      if (!row) {
        row = make("li", {}, make("button", { class: "open", type: "button", "aria-expanded": "false", onclick: () => toggle(code, row) }, make("b", { text: pointName(code) }), make("span", {})));
        rows.set(code, row);
      }
      const [of, here, heads] = known[code];
      row.querySelector(".open span").textContent = summary(of, here, heads) || "–";
      row.querySelector(".open").toggleAttribute("data-short", here < of);
      if (list.children[index] !== row && !row.contains(document.activeElement)) list.insertBefore(row, list.children[index] ?? null);
      else if (!row.isConnected) list.append(row);
    });
  };

  search.addEventListener("input", draw);
  store.on(["people"], ({ people }) => {
    known = people;
    const all = Object.values(people);
    const sum = (index) => all.reduce((total, row) => total + (row[index] ?? 0), 0);
    byId("people-sum").textContent = word("people_here", { here: sum(1), of: sum(0) });
    const said = word("people_points", { points: all.filter((row) => row[1] || row[2]).length, all: all.length });
    byId("people-all").textContent = [said, sum(2) ? word("people_heads", { n: sum(2) }) : ""].filter(Boolean).join(" · ");
    draw();
  });
  store.hear("people", ({ point }) => lists.get(point)?.load());
  const asked = byId("roll-call");
  const calls = async () => {
    const { rolls } = await get(`${address}/rolls`);
    byId("roll-calls").replaceChildren(...rolls.map((roll) => make("li", { text: word("roll_said", {
      n: roll.roll, time: time(roll.at), here: roll.persons[1], of: roll.persons[0], points: roll.points[1], all: roll.points[0] }) })));
  };
  asked.onclick = () => act(asked, async () => {
    const { roll } = await post(`${address}/roll`);
    notice(word("roll_done", { n: roll }));
    await calls();
  });
  store.on(["meeting"], () => calls().catch(() => {}));
}
