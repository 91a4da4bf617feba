/* What everybody reads and does beside the pictures: header, queue of speakers, agenda, vote, documents. */

import { act, byId, data, fill, icon, keep, make, notice, pointName, post, show, word } from "./page.js";

const CHOICES = ["for", "against", "abstain"];

export class Panels {
  constructor(me) {
    this.me = me;
    this.mine = new Map(Object.entries(data.ballots ?? {}));   // motion → {choice, receipt}
    this.lastMotion = undefined;
  }

  update(state) {
    this.state = state;
    this.#header();
    this.#queue();
    this.#agenda();
    this.#vote();
    this.#documents();
    this.#conclusions();
  }

  #header() {
    const { agenda, running, present, total, meeting } = this.state;
    const index = agenda.findIndex((line) => line.item === running);
    const lobby = { draft: "lobby", convened: "lobby", suspended: "suspended" }[meeting.state];
    byId("item").textContent = lobby ? word(lobby)
      : index >= 0 ? word("item_of", { n: index + 1, total: agenda.length, title: agenda[index].title }) : "";
    byId("count").textContent = word("present_of", { n: present.length, total });
    show(byId("lobby"), Boolean(lobby));
    byId("lobby").textContent = lobby ? word(`${lobby}_hint`) : "";
  }

  get handUp() {
    return this.state.hands.some((hand) => hand.code === this.me);
  }

  #queue() {
    const rows = this.state.hands.map((hand) => hand.code);
    keep(byId("queue"), rows, (code) => {
      const own = code === this.me;
      const side = data.conduct
        ? make("button", { class: "small-btn", "data-give": code, text: word("invite") })
        : own ? make("button", { class: "link-btn", text: word("withdraw"), onclick: (event) => this.toggleHand(event.currentTarget) }) : null;
      return make("li", {}, make("span", { class: "n" }),
        make("span", { class: own ? "own" : "", text: own ? word("you", { name: pointName(code) }) : pointName(code) }), side);
    });
    byId("queue").querySelectorAll(".n").forEach((place, index) => (place.textContent = index + 1));
    show(byId("queue-empty"), !rows.length);
    const control = byId("hand");
    if (!control) return;
    control.classList.toggle("on", this.handUp);
    control.setAttribute("aria-pressed", String(this.handUp));
    const said = this.handUp ? word("hand_up") : word("hand");
    control.setAttribute("aria-label", said);
    control.querySelector("span").textContent = this.handUp || !matchMedia("(max-width: 900px)").matches ? said : word("hand_short");
    show(control, this.me !== this.state.main);      // the chair gives the floor and need not ask for it
  }

  toggleHand(button) {
    return act(button, () => post(`${data.base}/hand`, { up: !this.handUp }));
  }

  #agenda() {
    const { agenda, running } = this.state;
    fill(byId("agenda"), [agenda, running], () => agenda.map((line) =>
      make("li", { class: line.item === running ? "now" : line.ended ? "done" : "", "aria-current": line.item === running ? "step" : null },
        make("span", { class: "n", text: line.item }),
        make("span", {}, line.title, line.presenter ? make("small", { class: "quiet", text: line.presenter }) : null),
        line.item === running ? make("span", { class: "tag", text: word("now") }) : line.ended ? make("span", { class: "quiet", text: word("done") }) : null)));
  }

  #vote() {
    const { motion, result } = this.state;
    const mine = motion && this.mine.get(motion.id);
    const counted = motion?.voted.includes(this.me);
    // The running count stands beside: a button that is made anew with each ballot of others loses the press under way.
    fill(byId("vote"), [motion?.id, result, mine, counted], () => {
      if (motion) return this.#ballot(motion, mine, counted);
      if (result) return resultOf(result);
      return [make("p", { class: "quiet", text: word("no_motion") })];
    });
    const cast = byId("vote").querySelector(".cast");
    if (motion && cast) cast.textContent = word("cast_of", { n: motion.cast, total: motion.entitled });
    const control = byId("open-vote");
    control?.classList.toggle("on", Boolean(motion) && !counted && data.entitled);
    if (motion && motion.id !== this.lastMotion && this.lastMotion !== undefined) this.onmotion?.(motion);
    this.lastMotion = motion?.id ?? null;
  }

  #ballot(motion, mine, counted) {
    const parts = [make("p", { class: "motion", text: motion.title }), make("p", { class: "cast quiet small", "aria-live": "off" })];
    if (counted || mine) {
      parts.push(make("p", { class: "voted" }, icon("check"), mine ? word("you_voted", { choice: word(mine.choice) }) : word("your_point_voted")));
      if (mine) parts.push(make("p", { class: "quiet small" }, word("receipt"), " ", make("code", { text: mine.receipt })));
    } else if (data.entitled) {
      parts.push(make("div", { class: "choices" }, ...CHOICES.map((choice) =>
        make("button", { class: `choice ${choice}`, text: word(choice), onclick: (event) => this.#cast(event.currentTarget, motion, choice) }))));
    } else {
      parts.push(make("p", { class: "quiet small", text: word("not_entitled") }));
    }
    return parts;
  }

  async #cast(button, motion, choice) {
    const buttons = [...button.parentElement.children];
    buttons.forEach((other) => (other.disabled = true));
    const answer = await act(null, () => post(`${data.base}/vote`, { motion: motion.id, choice }));
    if (!answer) return buttons.forEach((other) => (other.disabled = false));
    this.mine.set(motion.id, { choice, receipt: answer.receipt });
    notice(word("you_voted", { choice: word(choice) }));
    this.#vote();
  }

  #documents() {
    const { documents } = this.state;
    fill(byId("documents"), documents, () => documents.map((file) => make("li", {},
      make("a", { href: `${data.base}/documents/${encodeURIComponent(file.id)}`, target: "_blank", rel: "noopener" },
        icon("file-text"), make("span", { text: file.name }), make("small", { class: "quiet", text: size(file.size) })))));
    show(byId("documents-empty"), !documents.length);
  }

  #conclusions() {
    const { conclusions } = this.state;
    fill(byId("conclusions"), [conclusions, Boolean(data.conduct)], () => conclusions.map((line) => make("li", {},
      make("span", { class: "n", text: line.ord }), make("span", { text: line.text }),
      data.conduct ? make("button", { class: "link-btn", "data-remove": line.ord, text: word("remove") }) : null)));
    show(byId("conclusions-panel"), conclusions.length > 0);
  }
}

function resultOf(result) {
  const counts = CHOICES.map((choice) => make("div", { class: "count" },
    make("b", { text: result.counts[choice] }), make("span", { class: "quiet small", text: word(choice) })));
  return [make("p", { class: "quiet small", text: word("last_vote") }), make("p", { class: "motion", text: result.title }),
    make("div", { class: "counts" }, ...counts),
    make("p", { class: result.passed ? "passed" : "failed" }, icon(result.passed ? "check" : "x"), word(result.passed ? "passed" : "not_passed"))];
}

function size(bytes) {
  const style = { maximumFractionDigits: 1 };
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024)).toLocaleString(data.lang)} KB`;
  return `${(bytes / 1024 / 1024).toLocaleString(data.lang, style)} MB`;
}
