/* The page of a line test: shows one's own picture and sound, runs the test, sends what it found, says the verdict in words. */

import * as devices from "../room/devices.js";
import { Refused } from "../room/link.js";
import { byId, data, icon, make, show, word } from "../room/page.js";
import { download, loop } from "./measure.js";
import { reach, report } from "./sessions.js";

const LISTEN = 5000;       // milliseconds for which the microphone is listened to at least
const UNANSWERED = 8000;
const SHARES = { paths: [2, 35], down: [35, 50], up: [50, 97] };

let stream = new MediaStream();
let problems = { audio: "denied", video: "denied" };
let stopMeter = () => {};
let turn = 0;
let loudest = 0;           // of this test, in 0…1 as the meter has it
let running = false;

async function openDevices() {
  const mine = (turn += 1);
  stream.getTracks().forEach((track) => track.stop());
  stopMeter();
  const opened = await devices.open();
  if (mine !== turn) {
    opened.stream.getTracks().forEach((track) => track.stop());
    return;
  }
  ({ stream, problems } = opened);
  const hasVideo = stream.getVideoTracks().length > 0;
  byId("preview").srcObject = hasVideo ? stream : null;
  byId("picture").classList.toggle("live", hasVideo);
  if (problems.video) byId("blank-text").textContent = word(`video_${problems.video}`);
  stopMeter = devices.meter(stream, (level) => {
    loudest = Math.max(loudest, level);
    byId("level").style.setProperty("--level", level);
  });
  for (const kind of ["audio", "video"]) {
    const line = byId(`${kind}-said`);
    const name = kind === "audio" ? "mic" : "video";
    line.classList.toggle("good", !problems[kind]);
    line.replaceChildren(icon(problems[kind] ? `${name}-off` : "check"), make("span", { text: word(`${kind}_${problems[kind] ?? "ok"}`) }));
    show(line, true);
  }
}

/** Pictures a second that the camera really gives. */
async function framesOf(video, ms) {
  const settings = stream.getVideoTracks()[0]?.getSettings() ?? {};
  if (!video.requestVideoFrameCallback) return Math.round(settings.frameRate ?? 0);
  let frames = 0;
  let on = true;
  const next = () => {
    frames += 1;
    if (on) video.requestVideoFrameCallback(next);
  };
  video.requestVideoFrameCallback(next);
  await new Promise((done) => setTimeout(done, ms));
  on = false;
  return Math.round((1000 * frames) / ms);
}

async function camera() {
  if (problems.video) return { camera: problems.video };
  const settings = stream.getVideoTracks()[0]?.getSettings() ?? {};
  const fps = await framesOf(byId("preview"), 2000);
  return { camera: "ok", width: Math.round(settings.width ?? 0), height: Math.round(settings.height ?? 0), fps: Math.min(240, fps) };
}

function microphone() {
  if (problems.audio) return { mic: problems.audio };
  return { mic: "ok", mic_dbfs: Math.round(60 * loudest - 60) };
}

function browser() {
  const found = /(Firefox|Edg|OPR|coc_coc_browser|SamsungBrowser|CriOS|Chrome|Version)\/(\d+)/.exec(navigator.userAgent);
  return found ? `${found[1]} ${found[2]}${/Mobile|Android/.test(navigator.userAgent) ? " mobile" : ""}` : "";
}

function step(name, part = 0) {
  const [from, to] = SHARES[name] ?? [98, 99];
  byId("progress").value = from + (to - from) * part;
  byId("step").textContent = word(name);
}

const waits = (seconds) => (byId("step").textContent = word("wait", { n: seconds }));

async function paths(run) {
  step("paths");
  let done = 0;
  const kinds = data.relay ? ["udp", "tcp", "relay"] : ["udp", "tcp"];
  const tried = await Promise.all(kinds.map(async (kind) => {
    const found = await reach(kind, run, waits);
    step("paths", (done += 1) / kinds.length);
    return [kind, found];
  }));
  const found = Object.fromEntries(tried);
  const quiet = [found.udp, found.tcp, found.relay].map((one) => one?.rtt).find((rtt) => rtt !== null && rtt !== undefined);
  return {
    udp: found.udp.reached, tcp: found.tcp.reached, relay: found.relay?.reached ?? null,
    rtt_ms: quiet === undefined ? null : Math.max(0, Math.round(quiet)),
  };
}

async function measure() {
  const run = Math.random().toString(36).slice(2, 12);
  const begun = performance.now();
  loudest = 0;
  const seen = camera();
  const measured = { browser: browser(), ...(await paths(run)) };
  step("down");
  measured.down_kbps = await download(waits).catch(() => null);
  const path = ["udp", "tcp", "relay"].find((kind) => measured[kind]);
  if (path) {
    step("up");
    const looped = await loop(path, run, waits, (part) => step("up", part)).catch(() => null);
    if (looped) {
      const { received, rtt_ms, ...line } = looped;
      const trips = [rtt_ms, measured.rtt_ms].filter((ms) => ms !== null);
      Object.assign(measured, line, {
        down_kbps: Math.max(received, measured.down_kbps ?? 0), rtt_ms: trips.length ? Math.min(...trips) : null,
      });
    }
  }
  await new Promise((done) => setTimeout(done, Math.max(0, LISTEN - (performance.now() - begun))));
  return { ...measured, ...(await seen), ...microphone() };
}

function say(answer, measured) {
  const box = byId("verdict");
  box.className = `verdict ${answer.look}`;
  box.dataset.verdict = answer.verdict;
  box.dataset.reasons = answer.reasons.map((reason) => reason.code).join(" ");
  byId("verdict-icon").replaceChildren(icon(answer.icon));
  byId("verdict-word").textContent = answer.word;
  byId("verdict-head").textContent = answer.head;
  byId("reasons").replaceChildren(...answer.reasons.map((reason) =>
    make("li", {}, make("b", { text: reason.text }), make("span", { text: reason.advice }))));
  byId("sent").textContent = word("sent", { at: answer.at });
  byId("figures").replaceChildren(...answer.figures.flatMap(([name, value]) => [make("dt", { text: name }), make("dd", { text: value })]));
  window.measured = measured;
  show(byId("details"), true);
  show(box, true);
  box.focus();
  box.scrollIntoView({ block: "start" });
}

async function start() {
  if (running) return;
  running = true;
  show(byId("start"), false);
  show(byId("running"), true);
  show(byId("failed"), false);
  show(byId("verdict"), false);
  show(byId("details"), false);
  show(byId("speak"), !problems.audio);
  byId("speak").querySelector("span").textContent = word("speak");
  try {
    const measured = await measure();
    step("send");
    say(await report(measured), measured);
  } catch (error) {
    byId("failed").querySelector("div").textContent = (error instanceof Refused && error.message) || word("unsent");
    show(byId("failed"), true);
  } finally {
    running = false;
    show(byId("running"), false);
    show(byId("start"), true);
    byId("start").querySelector("span").textContent = word("again");
  }
}

if (!window.RTCPeerConnection) {
  byId("failed").querySelector("div").textContent = word("old");
  show(byId("failed"), true);
} else {
  byId("start").addEventListener("click", start);
  navigator.mediaDevices?.addEventListener?.("devicechange", () => running || openDevices());
  addEventListener("pagehide", () => stream.getTracks().forEach((track) => track.stop()));
  // Who never answers the browser's question tests the line without camera and microphone.
  const unanswered = setTimeout(() => (byId("start").disabled = false), UNANSWERED);
  await openDevices();
  clearTimeout(unanswered);
  byId("start").disabled = false;
}
