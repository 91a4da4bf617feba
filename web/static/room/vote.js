/* The vote that is open, the ballots of this point and of the persons at it with their receipts, the latest result with its rule
 * and its reckoning.  How the count stands nobody is told while a vote is open. */

import { act, byId, data, fill, icon, make, notice, post, word } from "./page.js";
import { choiceName, quorumSaid, ruleSaid, sumSaid, verdictSaid } from "./votewords.js";

export function start(room) {
  new Vote(room);
}

class Vote {
  constructor({ store, me, openPanel, conducting }) {
    Object.assign(this, { store, me, openPanel, conducting });
    this.mine = data.ballots ?? {};          // motion → [{voter, name, title, open, choice, text, receipt}]
    this.last = store.state.motion?.id ?? null;
    store.on(["motion", "voted", "result"], () => this.#news());
  }

  #news() {
    const { motion, voted } = this.store.state;
    const [cast = 0, may = 0] = motion ? voted[this.me] ?? [] : [];
    if (may && motion.rule.over === "points" && !this.mine[motion.id]) {
      this.mine[motion.id] = [{ voter: null, name: null, title: motion.title, open: true, choice: null, receipt: null }];
    }
    const known = this.#rows(motion);
    const counted = known.filter((row) => row.choice).length;
    if (motion && (known.length !== may || counted < cast)) this.#ask(`${motion.id} ${cast} ${may}`);
    this.#draw();
    byId("open-vote")?.classList.toggle("on", Boolean(motion) && cast < may);
    if (motion && motion.id !== this.last && may && !this.conducting) this.openPanel("vote");    // who conducts closes it from the console
    this.last = motion?.id ?? null;
  }

  #rows = (motion) => (motion && this.mine[motion.id]) || [];

  /** Own ballots, once for what is new: another device of the point may have voted. */
  async #ask(why) {
    if (this.asked === why) return;
    this.asked = why;
    try {
      const response = await fetch(`${data.base}/ballots`, { headers: { Accept: "application/json" } });
      if (!response.ok) return;
      this.mine = await response.json();
      this.#draw();
    } catch {
      this.asked = undefined;    // the next news ask again
    }
  }

  #draw() {
    const { motion, voted, result } = this.store.state;
    const rows = this.#rows(motion);
    // The running count stands beside: a button that is made anew with each ballot of others loses the press under way.
    fill(byId("vote"), [motion?.id, motion?.count, motion && this.me in voted, rows, result?.id, !motion && this.mine], () => {
      if (motion) return this.#motion(motion, rows);
      return [...(result ? resultOf(result) : [make("p", { class: "quiet", text: word("no_motion") })]), this.#receipts()];
    });
    const cast = byId("vote").querySelector(".cast");
    const said = motion?.rule.over === "persons" ? "cast_of_persons" : "cast_of";
    if (motion && cast) cast.textContent = word(said, { n: motion.cast, total: motion.entitled });
  }

  #motion(motion, rows) {
    const parts = [make("p", { class: "motion", text: motion.title }), make("p", { class: "small", text: ruleSaid(motion.rule, motion.options) })];
    if (motion.method === "hands") return [...parts, ...byHands(motion)];
    parts.push(make("p", { class: "cast quiet small", "aria-live": "off" }));
    if (!(this.me in this.store.state.voted)) {
      parts.push(make("p", { class: "quiet small", text: word(motion.rule.over === "persons" ? "no_persons" : "not_entitled") }));
    }
    for (const row of rows) parts.push(row.choice ? voted(motion, row) : this.#choices(motion, row));
    parts.push(make("details", { class: "small" }, make("summary", { text: word("why_open_title") }), make("p", { class: "quiet", text: word("why_open") })));
    return parts;
  }

  #choices(motion, row) {
    const buttons = motion.options.map(([choice]) => make("button", {
      class: `choice ${choice}`, text: choiceName(motion.options, choice),
      onclick: (event) => this.#cast(event.currentTarget, motion, row, choice),
    }));
    return make("div", { class: "choices", role: "group", "aria-label": row.name ?? motion.title },
      row.name ? make("p", { class: "who", text: row.name }) : null, ...buttons);
  }

  async #cast(button, motion, row, choice) {
    const buttons = [...button.parentElement.querySelectorAll("button")];
    buttons.forEach((other) => (other.disabled = true));
    const answer = await act(null, () => post(`${data.base}/vote`, { motion: motion.id, choice, voter: row.voter }));
    if (!answer) return buttons.forEach((other) => (other.disabled = false));
    Object.assign(row, { choice, receipt: answer.receipt });
    notice(word(row.name ? "name_voted" : "you_voted", { name: row.name, choice: choiceName(motion.options, choice) }));
    this.#draw();
  }

  /** Every ballot of this point in this meeting: a receipt is found again after the closing and after loading anew. */
  #receipts() {
    const cast = Object.values(this.mine).flat().filter((row) => row.receipt);
    if (!cast.length) return "";
    return make("details", { class: "receipts small" }, make("summary", { text: word("own_receipts") }),
      make("ul", { class: "rows" }, ...cast.map((row) => make("li", {},
        make("span", {}, row.title, make("small", { class: "quiet", text: [row.name, row.text || word(row.choice)].filter(Boolean).join(": ") })),
        make("code", { text: row.receipt })))));
  }
}

function voted(motion, row) {
  const choice = choiceName(motion.options, row.choice);
  return make("div", {},
    make("p", { class: "voted" }, icon("check"), word(row.name ? "name_voted" : "you_voted", { name: row.name, choice })),
    make("p", { class: "quiet small" }, word("receipt"), " ", make("code", { text: row.receipt })));
}

function byHands(motion) {
  const count = motion.count && word(motion.count.witnessed ? "count_witnessed" : "count_waits");
  return [make("p", { class: "note", text: word("by_hands") }), count ? make("p", { class: "quiet small", text: count }) : ""];
}

function resultOf(result) {
  const counts = result.options.map(([choice]) => make("div", { class: "count" },
    make("b", { text: result.counts[choice] }), make("span", { class: "quiet small", text: choiceName(result.options, choice) })));
  return [make("p", { class: "quiet small", text: word("last_vote") }), make("p", { class: "motion", text: result.title }),
    make("div", { class: "counts" }, ...counts),
    make("p", { class: result.passed ? "passed" : "failed" }, icon(result.passed ? "check" : "x"), verdictSaid(result)),
    make("p", { class: "small", text: ruleSaid(result.rule, result.options) }),
    make("p", { class: "small", text: quorumSaid(result) }), make("p", { class: "small sum", text: sumSaid(result) })];
}
