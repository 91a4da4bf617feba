/* Measures a line in numbers: bytes that come down, and a drawing sent up through the relay and back.  No page, no words. */

import { receive } from "../room/link.js";
import { data } from "../room/page.js";
import { Session, ask, pairOf } from "./sessions.js";

const DOWN = 3000;            // milliseconds of bytes
const DOWN_NARROW = 8000;     // ... where fewer than these came:
const NARROW = 64_000;
const PATIENCE = 20_000;      // until the first of them
const LOOP = 9000;            // milliseconds of the drawing ...
const LONGEST = 26_000;       // ... and at most where packets are lost and too few were seen to say how many
const CLEAN = 150;            // packets of which none is lost are enough
const SETTLING = 4000;        // of them are the estimate's to find the line
const LOOK = 500;
const PROVEN = 4;             // looks: what came back over so long a time passed the line
const QUIET = 1000;
const MOST_UP = 1_500_000;    // bit/s of the drawing
const BELIEVED = 4000;        // kbit/s of an estimate that was not tried to its end
const FASTEST = 1_000_000;    // kbit/s: faster than that only clocks that do not tell milliseconds apart
const SIZE = [640, 360];

const rateOf = (kbps) => Math.round(Math.min(FASTEST, kbps));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** kbit/s that the server's bytes come down with.  What came first is not counted: it says when the clock starts. */
export async function download(waits) {
  const stop = new AbortController();
  let timer = setTimeout(() => stop.abort(), PATIENCE);
  let [first, last, bytes] = [0, 0, 0];
  try {
    const response = await ask(() => fetch(`${data.base}/bytes`, { signal: stop.signal, cache: "no-store" }), waits);
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      last = performance.now();
      if (first) {
        bytes += part.value.length;
        continue;
      }
      first = last;
      clearTimeout(timer);
      // A narrow line needs longer to show what it carries.
      timer = setTimeout(() => (bytes > NARROW ? stop.abort() : (timer = setTimeout(() => stop.abort(), DOWN_NARROW - DOWN))), DOWN);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;      // otherwise it was stopped: what came until then counts
  }
  clearTimeout(timer);
  return last > first ? rateOf((8 * bytes) / (last - first)) : null;
}

/** A restless drawing and a silence, as tracks; `end()` stops them. */
function drawing() {
  const canvas = Object.assign(document.createElement("canvas"), { width: SIZE[0], height: SIZE[1] });
  const draw = canvas.getContext("2d");
  const timer = setInterval(() => {
    for (let n = 0; n < 120; n += 1) {
      draw.fillStyle = `hsl(${Math.random() * 360} 80% ${20 + Math.random() * 60}%)`;
      draw.fillRect(Math.random() * SIZE[0], Math.random() * SIZE[1], 30, 30);
    }
  }, 66);
  const context = new AudioContext();
  const tone = new OscillatorNode(context, { frequency: 220 });
  const sound = context.createMediaStreamDestination();
  tone.connect(new GainNode(context, { gain: 0.01 })).connect(sound);
  tone.start();
  context.resume();
  const video = canvas.captureStream(15).getVideoTracks()[0];
  return {
    audio: sound.stream.getAudioTracks()[0], video,
    end() {
      clearInterval(timer);
      video.stop();
      context.close();
    },
  };
}

function totals(reports, type, kind) {
  const sums = { bytes: 0, packets: 0, lost: 0, found: false };
  for (const one of reports.values()) {
    if (one.type !== type || one.kind !== kind) continue;
    sums.found = true;
    sums.bytes += (one.bytesSent ?? 0) + (one.headerBytesSent ?? 0) + (one.bytesReceived ?? 0) + (one.headerBytesReceived ?? 0);
    sums.packets += (one.packetsSent ?? 0) + (one.packetsReceived ?? 0);
    sums.lost += Math.max(0, one.packetsLost ?? 0);
  }
  return sums;
}

const KINDS = ["video", "audio"];

async function look(up, down) {
  const [sent, got] = await Promise.all([up.getStats(), down.getStats()]);
  const rows = { at: performance.now(), estimate: pairOf(sent)?.availableOutgoingBitrate };
  for (const kind of KINDS) {
    rows[kind] = { sent: totals(sent, "outbound-rtp", kind), told: totals(sent, "remote-inbound-rtp", kind), got: totals(got, "inbound-rtp", kind) };
  }
  return rows;
}

/** Lost of all packets in thousandths between two readings; null where too few came to tell. */
function share(lost, all) {
  return all < 40 ? null : Math.round(1000 * Math.min(1, Math.max(0, lost) / all));
}

const bitsOf = (rows, what) => KINDS.reduce((sum, kind) => sum + 8 * rows[kind][what].bytes, 0);

/** The most that came back in any two seconds, in kbit/s: the line carried that, however little was sent at other times. */
function proven(readings) {
  let most = 0;
  for (let n = PROVEN; n < readings.length; n += 1) {
    const [from, to] = [readings[n - PROVEN], readings[n]];
    most = Math.max(most, (bitsOf(to, "got") - bitsOf(from, "got")) / (to.at - from.at));
  }
  return most;
}

/** Whether more packets are wanted: some are lost, and fewer were seen than tell a weak line from a good one. */
export function unsure(ways) {
  return ways.some(({ lost, all }) => all > 0 && all < data.packets && (lost > 0 || all < CLEAN));
}

/** What the readings and the estimates between them say of the line. */
export function weigh(readings, estimates) {
  const [first, last] = [readings[0], readings[readings.length - 1]];
  const took = last.at - first.at;
  const grown = (kind, what, name) => last[kind][what][name] - first[kind][what][name];
  const bits = (what) => bitsOf(last, what) - bitsOf(first, what);
  const sentOf = KINDS.map((kind) => ({ lost: grown(kind, "told", "lost"), all: grown(kind, "sent", "packets") }));
  const gotOf = KINDS.map((kind) => ({ lost: grown(kind, "got", "lost"), all: grown(kind, "got", "lost") + grown(kind, "got", "packets") }));
  const lossUp = sentOf.map(({ lost, all }) => share(lost, all));
  const lossDown = gotOf.map(({ lost, all }) => share(lost, all));
  // Of sound the reports upward tell what its listener lost too: they count only where no picture got through.  Downward it is
  // the other way round: what is sent again of a picture counts as not lost, and sound comes fifty times a second on any machine.
  const up = lossUp[0] ?? lossUp[1];
  const sent = (bits("sent") / took) * (1 - (up ?? 0) / 1000);
  const estimate = estimates.length ? Math.min(BELIEVED, estimates.reduce((sum, one) => sum + one, 0) / estimates.length / 1000) : 0;
  return {
    up_kbps: rateOf(Math.max(sent, estimate, proven(readings))), loss_up: up, loss_down: lossDown[1] ?? lossDown[0],
    received: rateOf(bits("got") / took), unsure: unsure([sentOf[0], gotOf[1]]),
  };
}

/** The shortest round trip while little is sent, in milliseconds. */
async function quietTrip(pc) {
  const took = [];
  for (let n = 0; n < QUIET / 250; n += 1) {
    await pause(250);
    const pair = pairOf(await pc.getStats());
    if (pair?.currentRoundTripTime) took.push(1000 * pair.currentRoundTripTime);
  }
  return took.length ? Math.round(Math.min(...took)) : null;
}

/** The drawing goes up and comes back over this kind of path for some seconds; `progress(share)` hears how far it is.  null where no path stands. */
export async function loop(path, run, waits, progress) {
  const [up, down] = ["up", "down"].map((way) => new Session(way, path, run, waits));
  const made = drawing();
  try {
    // The picture waits until both sessions stand: it would fill a narrow line, and what asks for the second would not pass.
    const sends = await up.open((pc) => {
      pc.addTransceiver(made.audio, { direction: "sendonly" });
      pc.addTransceiver(made.video, { direction: "sendonly", sendEncodings: [{ maxBitrate: MOST_UP, active: false }] });
    });
    if (!sends || !(await down.open((pc) => receive(pc, { audio: 1, video: 1 })))) return null;
    const rtt_ms = await quietTrip(up.pc);
    const sender = up.pc.getSenders().find((one) => one.track === made.video);
    const chosen = sender.getParameters();
    chosen.encodings[0].active = true;
    await sender.setParameters(chosen);
    return { rtt_ms, ...(await watched(up.pc, down.pc, progress)) };
  } finally {
    up.end();
    down.end();
    made.end();
  }
}

async function watched(up, down, progress) {
  const begun = performance.now();
  const estimates = [];
  const readings = [];
  for (;;) {
    await pause(LOOK);
    const now = performance.now() - begun;
    progress(now < LOOP ? (0.8 * now) / LOOP : 0.8 + (0.2 * (now - LOOP)) / (LONGEST - LOOP));
    const rows = await look(up, down);
    if (now >= SETTLING) {
      readings.push(rows);
      if (rows.estimate) estimates.push(rows.estimate);
    }
    if (now < LOOP) continue;
    const { unsure: more, ...line } = weigh(readings, estimates);
    if (!more || now >= LONGEST) return line;
  }
}
