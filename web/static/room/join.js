/* The page before the room: own picture, own sound, choice of devices, and plain words when one is missing. */

import { list } from "./choices.js";
import * as devices from "./devices.js";
import * as doorline from "./doorline.js";
import { byId, show, word } from "./page.js";
import * as speaker from "./speaker.js";

const DUMB = 6000;   // milliseconds without the least sound, as in micwatch.js

let stopMeter = () => {};
let stream = new MediaStream();
let dumb = false;    // the microphone is there and gives nothing
let problems = {};
let turn = 0;        // one cable makes several events: only the last opening counts, and no other keeps a camera

async function open() {
  const mine = (turn += 1);
  stream.getTracks().forEach((track) => track.stop());
  stopMeter();
  const opened = await devices.open();
  if (mine !== turn) {
    opened.stream.getTracks().forEach((track) => track.stop());
    return;
  }
  stream = opened.stream;
  const preview = byId("preview");
  const hasVideo = stream.getVideoTracks().length > 0;
  preview.srcObject = hasVideo ? stream : null;
  byId("picture").classList.toggle("live", hasVideo);
  [problems, dumb] = [opened.problems, false];
  const heard = silence();
  stopMeter = devices.meter(stream, (level, gives) => {
    byId("level").style.setProperty("--level", level);
    if (heard(gives) !== dumb) {
      dumb = !dumb;
      explain();
    }
  });
  explain();
  await list(stream, 2);
}

/** Tells of each look whether the microphone has given nothing for too long: switched off at itself, it is there and exactly still. */
function silence() {
  let since = null;
  return (gives) => {
    if (gives !== false) since = null;
    else since ??= performance.now();
    return since !== null && performance.now() - since > DUMB;
  };
}

function explain() {
  for (const kind of ["audio", "video"]) {
    const box = byId(`${kind}-problem`);
    const problem = problems[kind] ?? (kind === "audio" && dumb ? "dumb" : null);
    show(box, Boolean(problem));
    if (problem) box.querySelector("span").textContent = word(`${kind}_${problem}`);
    show(byId(`${kind}-ok`), !problem);
  }
  const both = problems.audio && problems.video;
  byId("blank-text").textContent = problems.video ? word(`video_${problems.video}`) : "";
  show(byId("again"), Boolean(problems.audio || problems.video));
  show(byId("still-join"), Boolean(problems.audio || problems.video));
  byId("still-join").textContent = word(both ? "still_join_none" : problems.audio ? "still_join_no_mic" : "still_join_no_cam");
}

for (const kind of ["audio", "video"]) {
  byId(`${kind}-choice`).addEventListener("change", (event) => {
    devices.remember({ [kind]: event.target.value });
    open();
  });
}
byId("output-choice").addEventListener("change", (event) => devices.remember({ output: event.target.value }));
byId("echo").checked = devices.remembered().echo;
byId("echo").addEventListener("change", (event) => {
  devices.remember({ echo: event.target.checked });
  open();
});
byId("beep").addEventListener("click", async (event) => {
  const [button, heard] = [event.currentTarget, byId("heard")];
  button.disabled = true;
  heard.textContent = word("listen_now");
  show(heard, true);
  await speaker.beep().catch(() => (heard.textContent = word("no_sound")));
  button.disabled = false;
});
show(byId("tries"), true);
byId("again").addEventListener("click", open);
navigator.mediaDevices?.addEventListener?.("devicechange", open);
// The room opens the devices itself; some systems let only one page hold a camera.
addEventListener("pagehide", () => stream.getTracks().forEach((track) => track.stop()));

/** Into the browser's cache, a few at a time and after whatever else is asked for.  No prefetch: Firefox lets the page's policy forbid it. */
async function fetchAhead(addresses) {
  const lane = async () => {
    for (let one; (one = addresses.shift());) await fetch(one, { priority: "low" }).then((answer) => answer.blob()).catch(() => {});
  };
  await Promise.all(Array.from({ length: 4 }, lane));
  document.body.dataset.ahead = "fetched";
}

show(byId("check"), true);
const opened = open();
await doorline.start(opened);
await opened;
fetchAhead([...byId("later").content.children].map((one) => one.href));
