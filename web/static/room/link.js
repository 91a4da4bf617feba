/* One media session with the server: up by WHIP (RFC 9725) or down by WHEP.  It mends itself: when nothing comes any more it looks
 * for another path for the same session (ICE restart), then asks for a fresh ticket and makes a new session, with growing pauses,
 * longer ones where the server asks for them.  `probe.js` wakes it when a dead line is back.  It never calls itself live while
 * nothing is heard of the server, and knows nothing of meetings or pages. */

import * as fragment from "./fragment.js";
import * as layers from "./layers.js";
import { Pulse, octets } from "./pulse.js";
import { SOUND } from "./uplink.js";

const PAUSES = [300, 1000, 2000, 4000, 8000, 15000];   // milliseconds; the last one repeats
const DOUBT = 2000;                             // how long "disconnected" may last before another path is looked for ...
const PATIENCE = 8000;                          // ... and then before a new session is made: a full line answers late
const SETUP = 10_000;                            // from the answer to the first packet: afterwards a new session is made
const KEPT = 9000;                              // the server ends a session that was silent for ten seconds: no path mends it
const WAIT = 60_000;                             // the longest pause a server may ask for
const FEEL = 250;
const HASTE = [0, 1000, 2000, 4000, 8000];      // how old an attempt must be to be begun anew when the line is back; more each time
const FINAL = new Set([401, 403, 404, 409, 410]);
const PASSING = new Set([401, 408, 425, 429]);   // of an offer: the next ticket, or a moment, cures it
export const ANSWER_TIME = 15_000;              // a request that took longer has met a dead line

/** The server said no, with a reason the page can explain. */
export class Refused extends Error {
  constructor(response, problem) {
    super(problem?.message ?? problem?.title ?? "");
    this.status = response.status;
    this.code = problem?.error ?? problem?.code ?? "";
    this.wait = Math.min(WAIT, 1000 * (Number(response.headers.get("Retry-After")) || 0));
  }

  /** Asking again would bring the same answer. */
  get final() {
    return FINAL.has(this.status);
  }

  /** Offering again would bring the same answer. */
  get vain() {
    return this.status >= 400 && this.status < 500 && !PASSING.has(this.status);
  }
}

/** Milliseconds before the next attempt after so many in vain, never the same for all: the last of `pauses` repeats. */
export const pauseAfter = (failures, pauses) => pauses[Math.min(failures, pauses.length - 1)] * (0.75 + Math.random() / 2);

/** The answer as an error to be thrown. */
export async function refusal(response) {
  return new Refused(response, await response.json().catch(() => null));
}

export class MediaLink {
  /** `prepare(pc)` adds the sections; `ticket(signal)` resolves to {url, token, ice}; `changed(state, detail)` hears
   *  connecting | live | mending | lost | refused | closed; `relayed`: only paths through a TURN server. */
  constructor({ prepare, ticket, changed, relayed = false }) {
    Object.assign(this, { prepare, ticket, changed, relayed });
    this.pc = null;
    this.session = null;
    this.state = "closed";
    this.tracks = [];     // what is wanted of one's own, by the server's last word
    this.room = { picture: true, sound: SOUND.wide };    // what the line has room for
    this.turn = 0;        // each new session takes the next turn; late answers of an older turn are ignored
    this.failures = 0;
    this.woken = 0;       // attempts begun anew since it was last live
    this.begunAt = 0;     // when the present attempt began, or was last answered ...
    this.brokenAt = -Infinity;    // ... when one last failed for want of an answer ...
    this.notBefore = 0;   // ... and before when the server wants no other
    this.deaf = false;    // the server is known not to answer ...
    this.held = false;    // ... so that an attempt waits for `wake`
    this.owed = false;    // a new session was asked for, whatever becomes of this one
  }

  start() {
    clearInterval(this.feeling);
    this.notBefore = 0;
    this.feeling = setInterval(() => this.#feel(), FEEL);
    this.#connect();
  }

  /** Something is to be done about it. */
  get ailing() {
    return !["live", "closed", "refused"].includes(this.state);
  }

  /** Makes a new session, for instance because the server has started again: at once, or when it answers. */
  renew() {
    this.owed = true;
    this.#renew();
  }

  #renew() {
    if (this.state === "closed" || this.state === "refused" || this.#holds()) return;
    this.failures = 0;
    this.#forget();
    this.#connect();
  }

  /** The server does not answer.  Nothing is begun until `wake`: it would hang, and stand in the way of what is begun then. */
  doubt() {
    this.deaf = true;
  }

  #holds() {
    this.held ||= this.deaf;
    return this.deaf;
  }

  /** The server answers, and did not at `deafAt` (performance.now): what was begun before that hangs, and is begun anew. */
  wake(deafAt) {
    const now = performance.now(), { held } = this;
    this.deaf = this.held = false;
    if (this.owed) {
      this.#renew();
      return;
    }
    if (!this.ailing || now < this.notBefore) return;
    if (!held && this.begunAt > Math.max(deafAt, this.brokenAt)) return;
    if (!held && now - this.begunAt < HASTE[Math.min(this.woken, HASTE.length - 1)]) return;
    this.woken += 1;
    if (this.state === "mending" && now - this.pulse.heardAt < KEPT) this.#restart();
    else this.#renew();
  }

  /** The network may be another one: looks for another path for the session; a new session where that is not to be had. */
  mend() {
    if (this.etag && (this.state === "live" || !this.asking)) this.#restart();
    else if (!this.asking) this.#renew();
  }

  async #restart() {
    const { pc, turn, location, token, etag } = this;
    if (this.#holds()) {
      this.begunAt = performance.now();     // what is heard from now on makes it live again
      return this.#become("mending");
    }
    if (!pc || !etag) return this.#renew();
    const asking = this.#begin(PATIENCE);
    this.#become("mending");
    try {
      if (pc.signalingState !== "stable") await pc.setLocalDescription({ type: "rollback" });
      pc.restartIce();
      await pc.setLocalDescription();
      const response = await fetch(location, {
        method: "PATCH",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": fragment.TYPE, "If-Match": "*" },
        body: fragment.ofOffer(pc.localDescription.sdp),
        signal: asking.signal,
      });
      if (!response.ok) throw await refusal(response);
      const answer = fragment.intoAnswer(pc.currentRemoteDescription.sdp, await response.text());
      if (asking !== this.asking) return undefined;
      await pc.setRemoteDescription({ type: "answer", sdp: answer });
      this.etag = response.headers.get("ETag") ?? etag;
    } catch (error) {
      if (turn !== this.turn || asking !== this.asking) return undefined;
      this.#broke(error);
      // The server knows the session no more, or the path is gone as well: only a new session helps.
      if ((error instanceof Refused && error.final) || pc.connectionState !== "connected") return this.#renew();
      await pc.setLocalDescription({ type: "rollback" }).catch(() => {});
    } finally {
      if (asking === this.asking) this.asking = null;     // now only what is heard makes it live again
    }
    return undefined;
  }

  /** Ends the session here and at the server. */
  stop() {
    this.turn += 1;
    clearInterval(this.feeling);
    const { location, token } = this;
    this.#forget();
    this.#become("closed");
    if (location) {
      fetch(location, { method: "DELETE", headers: { Authorization: `Bearer ${token}` }, keepalive: true }).catch(() => {});
    }
  }

  #become(state, detail) {
    if (state === "live") this.failures = this.woken = 0;
    this.state = state;
    this.changed(state, detail);
  }

  #broke(error) {
    if (error && !(error instanceof Refused)) this.brokenAt = performance.now();
  }

  /** A new attempt takes the place of the one before; its requests end after `time` milliseconds. */
  #begin(time) {
    this.asking?.abort();
    clearTimeout(this.timer);
    const asking = (this.asking = new AbortController());
    this.begunAt = performance.now();
    setTimeout(() => asking.abort(), time);
    return asking;
  }

  #forget() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.pc?.close();
    this.pc = this.session = this.location = this.etag = this.asking = null;
    this.tracks = [];
  }

  async #connect() {
    if (this.#holds()) return this.#become("lost");
    this.owed = false;
    const turn = (this.turn += 1);
    const { signal } = this.#begin(ANSWER_TIME);
    this.pulse = new Pulse();
    this.#become("connecting");
    try {
      await this.#exchange(turn, signal);
    } catch (error) {
      if (turn !== this.turn) return undefined;
      this.#forget();
      // A used or expired ticket (401 of the media address) is cured by the next one; refused tickets and offers are not.
      if (error instanceof Refused && (error.ticket ? error.final : error.vain)) this.#become("refused", error);
      else this.#lost(error);
    }
    return undefined;
  }

  async #exchange(turn, signal) {
    let ticket;
    try {
      ticket = await this.ticket(signal);
    } catch (error) {
      error.ticket = true;
      throw error;
    }
    if (turn !== this.turn) return;
    this.begunAt = performance.now();
    // Each session passes coturn with credentials of its own: they end within minutes, like the ticket.
    const pc = (this.pc = new RTCPeerConnection({
      iceServers: ticket.ice ?? [], bundlePolicy: "max-bundle", iceTransportPolicy: this.relayed ? "relay" : "all",
    }));
    pc.onconnectionstatechange = () => turn === this.turn && this.#watch(pc.connectionState);
    this.prepare(pc);
    await pc.setLocalDescription();
    if (turn !== this.turn) return;
    // The server is ICE-lite and answers checks: it needs none of our candidates, so nothing is gathered first.
    const response = await fetch(ticket.url, {
      method: "POST",
      headers: { Authorization: `Bearer ${ticket.token}`, "Content-Type": "application/sdp" },
      body: pc.localDescription.sdp,
      signal,
    });
    if (!response.ok) throw await refusal(response);
    const location = response.headers.get("Location");
    const answer = await response.text();
    if (turn !== this.turn) {      // stopped or renewed meanwhile: do not leave a session behind
      fetch(location, { method: "DELETE", headers: { Authorization: `Bearer ${ticket.token}` } }).catch(() => {});
      return;
    }
    Object.assign(this, { location, token: ticket.token, session: location.split("/").pop(), etag: response.headers.get("ETag") });
    this.asking = null;
    this.begunAt = performance.now();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => turn === this.turn && this.#watch("failed"), SETUP);
    this.#become("connecting");     // now the session has a name
    await pc.setRemoteDescription({ type: "answer", sdp: answer });
    await layers.settle(pc);
    if (turn === this.turn) await this.send(this.tracks);
  }

  /** Sends these layers of one's tracks from now on. */
  send(tracks) {
    this.tracks = tracks;
    return this.#adjust();
  }

  /** The line has room, or its person leaves it room, for this much: {picture, small, sound}. */
  limit(room) {
    if (["picture", "small", "sound"].every((name) => room[name] === this.room[name])) return;
    this.room = room;
    this.#adjust();
  }

  /** One change after the other; each brings what holds when its turn comes. */
  #adjust() {
    this.sending = (this.sending ?? Promise.resolve())
      .then(() => this.pc?.currentRemoteDescription && layers.send(this.pc, this.tracks, this.room))
      .catch(() => {});     // a connection that was closed meanwhile sends nothing anyway
    return this.sending;
  }

  /** Whether the server is still heard: a second of silence means that the path is gone, whatever the browser still believes. */
  async #feel() {
    const { pc, pulse, state } = this;
    if (state !== "live" && state !== "mending") return;
    const silent = pulse.note(await octets(pc), performance.now(), pc);
    if (pc !== this.pc || state !== this.state) return;
    if (state === "live" && silent && pulse.speaks(pc)) this.#restart();
    else if (state === "mending" && pulse.heardAt > this.begunAt && pc.connectionState === "connected") this.#become("live");
    else if (state === "mending" && !this.asking && silent && pulse.again(performance.now())) this.#restart();
  }

  #watch(connection) {
    if (connection === "connected") {
      clearTimeout(this.timer);
      this.#become("live");
    } else if (connection === "failed" || connection === "closed") {
      this.#forget();
      this.#lost();
    } else if (connection === "disconnected" && this.state !== "mending") {
      this.#become("mending");
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.mend(), DOUBT);
    }
  }

  #lost(error) {
    this.#broke(error);
    const wait = error?.wait ?? 0;
    const pause = pauseAfter(this.failures, PAUSES) + wait;    // never all of a province at the instant the server named
    this.notBefore = performance.now() + (wait ? pause : 0);
    this.failures += 1;
    this.turn += 1;
    this.#become("lost", error);
    this.timer = setTimeout(() => this.#connect(), pause);
  }
}

/** What nearly every camera of a meeting sends: an offer with few formats is short, and many places fit in one. */
const usual = ({ mimeType, sdpFmtpLine = "" }) => {
  const kind = mimeType.toLowerCase();
  return kind === "video/vp8" || kind === "video/rtx" || (kind === "video/h264" && /packetization-mode=1/.test(sdpFmtpLine) && /42[ce0-9]0/i.test(sdpFmtpLine));
};

function preferVp8(transceiver, capabilities, few = false) {
  const codecs = (capabilities?.codecs ?? []).filter((codec) => !few || usual(codec));
  const first = (codec) => (codec.mimeType.toLowerCase() === "video/vp8" ? 0 : 1);
  if (codecs.length) transceiver.setCodecPreferences([...codecs].sort((a, b) => first(a) - first(b)));
}

/** Sections of a publisher: whatever tracks `stream` has; video VP8 first, in layers. */
export function publish(pc, stream, encodings = layers.encodings, sound = SOUND.wide) {
  for (const track of stream.getTracks()) {
    const sendEncodings = track.kind === "video" ? encodings(track) : [{ maxBitrate: sound }];
    const transceiver = pc.addTransceiver(track, { direction: "sendonly", streams: [stream], sendEncodings });
    if (track.kind === "video") preferVp8(transceiver, RTCRtpSender.getCapabilities("video"));
  }
}

/** Sections of a receiver: a fixed number of slots, which the server fills with whoever should be seen and heard.  `more` are for
 *  small pictures beside them. */
export function receive(pc, { audio, video, more = 0 }) {
  for (let n = 0; n < audio; n += 1) pc.addTransceiver("audio", { direction: "recvonly" });
  for (let n = 0; n < video + more; n += 1) {
    preferVp8(pc.addTransceiver("video", { direction: "recvonly" }), RTCRtpReceiver.getCapabilities("video"), n >= video);
  }
}
