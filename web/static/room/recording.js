/* That the meeting is recorded: a line that stays (a status, so it is read aloud once), with a short tone when it begins, and at
 * once to whoever comes later; this point's page tells the server that it shows it.  For chair and secretary also the start and the stop. */

import { act, byId, data, notice, post, show, word } from "./page.js";
import { size } from "./papers.js";
import { play } from "./tones.js";

const SPREAD = 4000;                            // milliseconds over which the pages of a province answer
const AGAIN = [3000, 10_000, 30_000];           // until an answer that was lost is sent again
const LOOK = 5000;                              // between two looks at how the recorder goes
const BROKEN = ["disk_full", "disk_error", "failed"];
const NOTES = [880, 1175];                      // Hz of the tone, a fifth of a second each

const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));

/** `television`: on which nobody can press that they know. */
export function start({ store, conducting, companion, television = false }) {
  let known = null;                             // the recording that was said already
  let first = true;

  const begins = (recording, late) => {
    if (!companion) tone();                     // two devices of one room would sound twice
    shown(recording, late ? 0 : Math.random() * SPREAD);
  };

  /** Says to the server that this page shows it; where few meet, asks whoever sits here. */
  async function shown(recording, after) {
    for (const pause of [after, ...AGAIN]) {
      await wait(pause);
      if (store.state.recording?.id !== recording.id) return;
      try {
        const { agreed } = await post(`${data.base}/recording`, { agreed: false });
        if (recording.asks && !agreed && !television) ask(recording);
        return;
      } catch {
        // lost, or too many at once: again
      }
    }
  }

  function ask(recording) {
    byId("recording-notice").textContent = recording.notice;
    const dialog = byId("recording-ask");
    if (!dialog.open) dialog.showModal();
  }

  byId("recording-ask").addEventListener("cancel", (event) => event.preventDefault());     // Escape is no answer
  byId("recording-know").onclick = (event) => act(event.currentTarget, async () => {
    await post(`${data.base}/recording`, { agreed: true });
    byId("recording-ask").close();
  });

  store.on(["recording"], ({ recording }) => {
    draw(recording);
    if (recording && recording.id !== known) begins(recording, first);
    if (!recording && known) {
      notice(word("recorded_over"));
      byId("recording-ask").close();
    }
    known = recording?.id ?? null;
    first = false;
  });
  if (conducting) console_(store);
}

function draw(recording) {
  const line = byId("recording");
  if (recording) {
    line.toggleAttribute("data-paused", recording.paused);
    line.querySelector("b").textContent = word(recording.paused ? "recorded_paused" : "recorded");
    const day = new Intl.DateTimeFormat(data.lang, { day: "2-digit", month: "2-digit", year: "numeric", timeZone: data.zone }).format(Date.parse(recording.until));
    line.querySelector("span").textContent = word("recorded_for", { purpose: recording.purpose, day });
  }
  show(line, Boolean(recording));
}

/** Two short notes; where the browser plays nothing yet, the line and the sentence have to do. */
function tone() {
  try {
    const context = new AudioContext();
    play(context, NOTES.map((pitch, number) => ({ pitch, loud: 0.15, at: number / 5, lasts: 0.2 })));
    setTimeout(() => context.close(), 1500);
  } catch {
    // no sound here
  }
}

// --- the console ---------------------------------------------------------------------------------------------------

function console_(store) {
  const address = `${data.conduct}/recording`;
  const form = byId("recorder-form");
  let looking = 0;

  const status = async () => {
    const response = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    return response.ok ? response.json() : {};
  };
  const look = async () => {
    clearTimeout(looking);
    if (!store.state.recording) return;
    try {
      says(await status());
    } catch {
      // asked again below
    }
    looking = setTimeout(look, LOOK);
  };
  /** Whoever believes that the meeting is recorded is told that it no longer is, and not by choice. */
  const over = async () => {
    const { ended } = await status().catch(() => ({}));
    if (BROKEN.includes(ended)) notice(word("recorder_broke", { reason: word(`recorder_${ended}`) }), true);
  };

  let going = false;
  store.on(["recording", "meeting"], ({ recording, meeting }) => {
    if (going && !recording) over();
    going = Boolean(recording);
    byId("recording-sum").textContent = !recording ? "" : word(recording.paused ? "recorded_paused" : "recorded");
    show(byId("recorder"), Boolean(recording));
    show(byId("recorder-begin"), !recording && meeting.state === "open");
    if (recording) byId("recorder-begin").open = false;
    look();
  });
  byId("recorder-stop").onclick = (event) => act(event.currentTarget, () => post(address, { do: "stop" }));
  byId("recorder-begin").addEventListener("toggle", async ({ target }) => {
    if (target.open) form.scrollIntoView({ block: "nearest" });
    if (!target.open || form.dataset.asked) return;
    form.dataset.asked = "";
    const { asks } = await status().catch(() => ({}));
    if (form.dataset.asked === "") form.elements.asks.checked = Boolean(asks);     // who has chosen meanwhile has chosen
  });
  form.elements.asks.addEventListener("change", () => { form.dataset.asked = "chosen"; });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { purpose, keep, notice: words, asks } = form.elements;
    act(event.submitter, () => post(address, { do: "start", purpose: purpose.value, keep: keep.value, notice: words.value, asks: asks.checked }));
  });
}

/** Never more than is true: while no recorder is in the room nothing is written. */
function says({ stand, bytes, gaps, full, told, aware }) {
  const going = stand === "paused" ? word("recorded_paused") : bytes === undefined ? word("recorder_waits")
    : full ? word("recorder_full") : word("recorder_going", { size: size(bytes), gaps });
  const text = told === undefined ? going : `${going} · ${word("recorder_told", { aware, told })}`;
  const line = byId("recorder-says");
  line.classList.toggle("bad", Boolean(full));
  if (line.textContent !== text) line.textContent = text;
}
