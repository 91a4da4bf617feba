/* The console's lengths of turns: the rule of the meeting, a minute more for who speaks. */

import { act, byId, data, length, notice, post, word } from "./page.js";
import { turn } from "./timers.js";

const MINUTES = ["speech_s", "aside_s", "unit_s"];

export function start({ store, conducting }) {
  if (!conducting) return;
  const form = byId("times-form");
  form.onsubmit = async (event) => {
    event.preventDefault();
    const said = { bell_s: form.elements.bell_s.value };
    for (const name of MINUTES) said[name] = form.elements[name].value ? Math.round(form.elements[name].valueAsNumber * 60) : "";
    if (await act(event.submitter, () => post(`${data.conduct}/times`, said))) notice(word("times_set"));
  };
  byId("more-time").onclick = (event) => {
    const { floor } = store.state;
    if (!floor) return;
    // without a limit, or over it, the minute counts from now
    const from = floor.limit === null ? turn(floor).spent / 1000 : Math.max(floor.limit, turn(floor).spent / 1000);
    act(event.currentTarget, () => post(`${data.conduct}/floor/limit`, { seconds: Math.round(from + 60) }));
  };
  store.on(["times"], ({ times }) => {
    for (const name of MINUTES) form.elements[name].value = times[name] ? times[name] / 60 : "";
    form.elements.bell_s.value = times.bell_s ?? "";
    byId("times-now").textContent = times.speech_s ? length(times.speech_s * 1000) : word("no_limit");
  });
}
