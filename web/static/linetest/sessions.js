/* Sessions of a line test with the relay: one at a time, never mended, each over one kind of path where that is asked for.
 * What is sent is a drawing and a silence made here: nothing of the room is heard or seen by anybody. */

import { ANSWER_TIME, receive, refusal } from "../room/link.js";
import { data } from "../room/page.js";

const REACH = 8000;       // milliseconds in which a path must stand
const AGAIN = 3;          // times that a busy server is waited for
const LONGEST = 30_000;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** What the server answers, waiting where it says that it is busy; `waits(seconds)` hears so. */
export async function ask(request, waits = () => {}) {
  for (let left = AGAIN; ; left -= 1) {
    const response = await request();
    if (response.ok) return response;
    const refused = await refusal(response);
    if (!left || !refused.wait || (response.status !== 503 && response.status !== 429)) throw refused;
    const wait = Math.min(refused.wait, LONGEST) * (0.75 + Math.random() / 2);
    waits(Math.round(wait / 1000));
    await pause(wait);
  }
}

async function post(path, body, waits) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  const request = () => fetch(`${data.base}/${path}`, { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_TIME) });
  return (await ask(request, waits)).json();
}

export const report = (measured) => post("results", measured);

/** One session: {pc, end()}.  `what`: udp | tcp | relay | up | down; `path`: the one kind of path that it may take. */
export class Session {
  constructor(what, path, run, waits) {
    Object.assign(this, { what, path, run, waits });
    this.pc = null;
  }

  async open(prepare) {
    // A busy relay says so when it is offered a session; each offer needs a ticket of its own.
    const response = await ask(async () => {
      this.pc?.close();
      const ticket = await post("tickets", { for: this.what, run: this.run }, this.waits);
      const relay = this.path === "relay";
      this.token = ticket.token;
      this.pc = new RTCPeerConnection({ iceServers: relay ? ticket.ice : [], iceTransportPolicy: relay ? "relay" : "all", bundlePolicy: "max-bundle" });
      prepare(this.pc);
      await this.pc.setLocalDescription();
      const way = this.what === "up" ? "whip" : "whep";
      const from = this.what === "down" ? "?publishers=line" : "";
      return fetch(`/media/rooms/${ticket.room}/${way}${from}`, {
        method: "POST", headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/sdp" },
        body: this.pc.localDescription.sdp, signal: AbortSignal.timeout(ANSWER_TIME),
      });
    }, this.waits);
    this.location = response.headers.get("Location");
    const answer = await response.text();
    await this.pc.setRemoteDescription({ type: "answer", sdp: this.path === "relay" ? answer : only(this.path, answer) });
    return connected(this.pc);
  }

  end() {
    const { pc, location, token } = this;
    if (!location) return pc?.close();
    const headers = { Authorization: `Bearer ${token}` };
    return fetch(location, { method: "DELETE", headers, keepalive: true }).catch(() => {}).finally(() => pc?.close());
  }
}

/** The answer with the relay's candidates of one protocol alone. */
export function only(protocol, sdp) {
  const kept = (line) => !line.startsWith("a=candidate:") || line.split(" ")[2]?.toLowerCase() === protocol;
  return sdp.split(/\r?\n/).filter(kept).join("\r\n");
}

function connected(pc) {
  return new Promise((done) => {
    const timer = setTimeout(() => done(false), REACH);
    const look = () => {
      if (pc.connectionState === "connected" || pc.connectionState === "failed" || pc.connectionState === "closed") {
        clearTimeout(timer);
        done(pc.connectionState === "connected");
      }
    };
    pc.addEventListener("connectionstatechange", look);
    look();
  });
}

/** The pair of addresses that is in use, from a reading of getStats. */
export function pairOf(reports) {
  const all = [...reports.values()];
  const chosen = all.find((one) => one.type === "transport")?.selectedCandidatePairId;
  return all.find((one) => one.id === chosen) ?? all.find((one) => one.type === "candidate-pair" && one.nominated && one.state === "succeeded");
}

/** Whether this kind of path leads to the relay, and the round trip of a quiet line in milliseconds. */
export async function reach(what, run, waits) {
  const session = new Session(what, what, run, waits);
  try {
    const reached = await session.open((pc) => receive(pc, { audio: 1, video: 0 }));
    if (!reached) return { reached, rtt: null };
    const took = [];
    for (let n = 0; n < 4; n += 1) {
      const pair = pairOf(await session.pc.getStats());
      if (pair?.currentRoundTripTime) took.push(1000 * pair.currentRoundTripTime);
      await pause(250);
    }
    return { reached, rtt: took.length ? Math.min(...took) : null };
  } finally {
    session.end();
  }
}
