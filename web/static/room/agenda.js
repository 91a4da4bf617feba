/* The programme and what was concluded. */

import { byId, data, fill, make, show, timeOf, word } from "./page.js";

/** When it is its turn, and for how long, as far as that was planned. */
const planned = (line) => [line.starts && timeOf(line.starts), line.minutes && word("minutes", { n: line.minutes })].filter(Boolean).join(" · ");

export function start({ store }) {
  store.on(["agenda", "running"], ({ agenda, running }) => {
    fill(byId("agenda"), [agenda, running], () => agenda.map((line) =>
      make("li", { class: line.item === running ? "now" : line.ended ? "done" : "", "aria-current": line.item === running ? "step" : null },
        make("span", { class: "n", text: line.item }),
        make("span", {}, line.title, line.presenter ? make("small", { class: "quiet", text: line.presenter }) : null,
          planned(line) ? make("small", { class: "quiet", text: planned(line) }) : null),
        line.item === running ? make("span", { class: "tag" }, word("now"), line.due ? make("small", { id: "agenda-due" }) : null) : line.ended ? make("span", { class: "quiet", text: word("done") }) : null)));
  });
  store.on(["conclusions"], ({ conclusions }) => {
    fill(byId("conclusions"), conclusions, () => conclusions.map((line) => make("li", {},
      make("span", { class: "n", text: line.ord }), make("span", { text: line.text }),
      data.conduct ? make("button", { class: "link-btn", "data-remove": line.ord, text: word("remove") }) : null)));
    show(byId("conclusions-panel"), conclusions.length > 0);
  });
}
