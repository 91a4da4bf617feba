/* A vote in words: options, rule, quorum, the reckoning.  web/voting_words.py says the same on pages. */

import { data, word } from "./page.js";

export const choiceName = (options, choice) => options.find(([key]) => key === choice)?.[1] || word(choice);

const own = (options) => options.some(([, text]) => text);

export function ruleSaid(rule, options) {
  const base = word(`base_${rule.base}_${rule.over}`);
  const key = rule.majority === "1" ? "rule_all" : `rule_${rule.strict ? "more" : "least"}${own(options) ? "_own" : ""}`;
  const said = word(key, { share: rule.majority, base });
  return rule.tie === "chair" ? `${said} ${word("rule_tie")}` : said;
}

export function quorumSaid({ rule, present, entitled, quorum_needed: needed, whole }) {
  return rule.quorum === "0" ? word("quorum_none", { present, entitled })
    : word("quorum_was", { present, needed, share: rule.quorum, whole });
}

export function sumSaid({ arithmetic, options }) {
  const { reached, share, base, threshold, votes, choice } = arithmetic;
  return word(reached ? "sum_enough" : "sum_short", { share, base, threshold: number(threshold), votes, choice: choiceName(options, choice) });
}

export function verdictSaid({ passed, won, tie, options }) {
  const said = !passed ? word(own(options) ? "none_passed" : "not_passed")
    : own(options) ? word("passed_option", { option: choiceName(options, won) }) : word("passed");
  return tie ? `${said} (${word(`tie_${tie}`)})` : said;
}

/** "239/2" as 119,5; a share whose decimal does not end stays a fraction: 159 1/3. */
function number(text) {
  const [top, bottom = 1] = text.split("/").map(Number);
  if (Number.isInteger((100 * top) / bottom)) return (top / bottom).toLocaleString(data.lang, { useGrouping: false, maximumFractionDigits: 2 });
  const whole = Math.floor(top / bottom);
  return `${whole ? `${whole} ` : ""}${top - whole * bottom}/${bottom}`;
}
