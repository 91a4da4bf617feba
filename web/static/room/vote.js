/* The vote that is open, this point's own ballot with its receipt, the latest result. */

import { act, byId, data, fill, icon, make, notice, post, word } from "./page.js";

const CHOICES = ["for", "against", "abstain"];

export function start(room) {
  new Vote(room);
}

class Vote {
  constructor({ store, me, openPanel }) {
    Object.assign(this, { store, me, openPanel });
    this.mine = new Map(Object.entries(data.ballots ?? {}));   // motion → {choice, receipt}
    this.last = store.state.motion?.id ?? null;
    store.on(["motion", "voted", "result"], () => this.#draw());
  }

  #draw() {
    const { motion, voted, result } = this.store.state;
    const mine = motion && this.mine.get(motion.id);
    const counted = Boolean(motion) && this.me in voted;
    // The running count stands beside: a button that is made anew with each ballot of others loses the press under way.
    fill(byId("vote"), [motion?.id, result, mine, counted], () => {
      if (motion) return this.#ballot(motion, mine, counted);
      if (result) return resultOf(result);
      return [make("p", { class: "quiet", text: word("no_motion") })];
    });
    const cast = byId("vote").querySelector(".cast");
    if (motion && cast) cast.textContent = word("cast_of", { n: motion.cast, total: motion.entitled });
    byId("open-vote")?.classList.toggle("on", Boolean(motion) && !counted && data.entitled);
    if (motion && motion.id !== this.last && data.entitled) this.openPanel("vote");
    this.last = motion?.id ?? null;
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
    this.#draw();
  }
}

function resultOf(result) {
  const counts = CHOICES.map((choice) => make("div", { class: "count" },
    make("b", { text: result.counts[choice] }), make("span", { class: "quiet small", text: word(choice) })));
  return [make("p", { class: "quiet small", text: word("last_vote") }), make("p", { class: "motion", text: result.title }),
    make("div", { class: "counts" }, ...counts),
    make("p", { class: result.passed ? "passed" : "failed" }, icon(result.passed ? "check" : "x"), word(result.passed ? "passed" : "not_passed"))];
}
