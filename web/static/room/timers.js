/* Clocks of turns and items.  The server sends instants; what is left follows from its time, on every page alike.  The bell rings
 * on the speaker's page and on those that conduct, when such an instant is seen to pass. */

import { byId, length, pointName, serverNow, show, word } from "./page.js";
import { play } from "./tones.js";

const BELL = [[1318.5, 0.25], [2637, 0.08]];     // Hz, how loud

/** {text, left, over} of who has the floor; left is null where there is no limit. */
export function turn(floor) {
  if (!floor) return null;
  const spent = floor.spent + (floor.began ? Math.max(0, serverNow() - Date.parse(floor.began)) : 0);
  if (floor.limit === null) return { text: length(spent), left: null, spent, over: false };
  const left = floor.limit * 1000 - spent;
  return left >= 0 ? { text: word("time_left", { time: length(left + 999) }), left, spent, over: false }
    : { text: word("time_over", { time: length(-left) }), left, spent, over: true };
}

/** How many strokes between two looks: one when `bell` milliseconds are left, two at the end. */
export function strokes(before, now, bell) {
  if (before > 0 && now <= 0) return 2;
  return bell && before > bell && now <= bell ? 1 : 0;
}

export function start({ store, me, conducting }) {
  let last = null;
  setInterval(() => {
    const { floor, times } = store.state;
    const now = turn(floor);
    if (conducting) draw(floor, now, store.state);
    const timed = floor?.began && now.left !== null;
    if (timed && last?.entry === floor.entry && (conducting || floor.code === me)) {
      const count = strokes(last.left, now.left, (times.bell_s ?? 0) * 1000);
      if (count) ring(count, floor.code === me);
    }
    last = timed ? { entry: floor.entry, left: now.left } : null;
  }, 500);
  store.on(["agenda", "running"], () => items(store.state));
  setInterval(() => items(store.state), 5000);
}

/** The line of the console: time, budget of the unit, who waits to go on. */
function draw(floor, now, { spent, times }) {
  show(byId("turn"), Boolean(floor));
  show(byId("turn-paused"), Boolean(floor?.paused));
  if (!floor) return;
  const clock = byId("turn-clock");
  clock.textContent = floor.began ? now.text : `${now.text} · ${word("clock_stands")}`;
  clock.classList.toggle("late", now.over);
  if (floor.paused) byId("turn-paused").textContent = word("waits_to_go_on", { name: pointName(floor.paused) });
  const used = (spent[floor.code] ?? 0) + (floor.kind === "contribution" ? now.spent : 0);
  byId("turn-budget").textContent = times.unit_s ? word("unit_used", { used: length(used), total: length(times.unit_s * 1000) }) : "";
}

function items({ agenda, running }) {
  const line = agenda.find((one) => one.item === running);
  const place = byId("agenda-due");
  if (!place || !line?.due) return;
  const left = Math.round((Date.parse(line.due) - serverNow()) / 60000);
  place.textContent = left >= 0 ? word("minutes_left", { n: left }) : word("minutes_over", { n: -left });
  place.classList.toggle("late", left < 0);
}

let sound;
/** A bell as it stands on a table, once or twice; and the words of it for those who do not hear. */
function ring(count, mine) {
  byId("told").textContent = word(count === 1 ? "bell_soon" : mine ? "bell_end_mine" : "bell_end");
  sound ??= new AudioContext();
  sound.resume().catch(() => {});       // not allowed before a press: the words stand
  for (let stroke = 0; stroke < count; stroke += 1) {
    play(sound, BELL.map(([pitch, loud]) => ({ pitch, loud, at: 0.05 + stroke * 0.7, lasts: 1.2 })));
  }
}
