/* One media session with the server: up by WHIP (RFC 9725) or down by WHEP.  It mends itself: when the path is lost it tries
 * another path for the same session (ICE restart), then asks for a fresh ticket and makes a new session, with growing pauses,
 * longer ones where the server asks for them.  It knows nothing of meetings or pages. */

import * as fragment from "./fragment.js";
import * as layers from "./layers.js";
import { SOUND } from "./uplink.js";

const PAUSES = [300, 1000, 2000, 4000, 8000, 15000];   // milliseconds; the last one repeats
const DOUBT = 2000;                             // how long "disconnected" may last before another path is looked for ...
const PATIENCE = 8000;                          // ... and then before a new session is made: a full line answers late
const WAIT = 60_000;                             // the longest pause a server may ask for
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
  /** `prepare(pc)` adds the sections; `ticket()` resolves to {url, token, ice}; `changed(state, detail)` hears
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
  }

  start() {
    this.#connect();
  }

  /** Makes a new session at once, for instance because the server has started again. */
  renew() {
    if (this.state === "closed" || this.state === "refused") return;
    this.failures = 0;
    this.#forget();
    this.#connect();
  }

  /** The network may be another one: looks for another path for the session; a new session where that is not to be had. */
  async mend() {
    const { pc, turn, location, token, etag } = this;
    if (this.mending) return undefined;
    if (!pc || !etag || pc.signalingState !== "stable") return this.renew();
    this.mending = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#watch(pc.connectionState === "connected" ? "connected" : "failed"), PATIENCE);
    try {
      pc.restartIce();
      await pc.setLocalDescription();
      const response = await fetch(location, {
        method: "PATCH",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": fragment.TYPE, "If-Match": "*" },
        body: fragment.ofOffer(pc.localDescription.sdp),
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (!response.ok) throw await refusal(response);
      const answer = fragment.intoAnswer(pc.currentRemoteDescription.sdp, await response.text());
      if (turn !== this.turn) return undefined;
      await pc.setRemoteDescription({ type: "answer", sdp: answer });
      this.etag = response.headers.get("ETag") ?? etag;
      if (pc.connectionState === "connected") this.mending = false;
    } catch {
      if (turn !== this.turn) return undefined;
      if (pc.connectionState !== "connected") return this.renew();
      this.mending = false;      // the old path is good after all: a line so full is not helped by a new session
      await pc.setLocalDescription({ type: "rollback" }).catch(() => {});
    }
    return undefined;
  }

  /** Ends the session here and at the server. */
  stop() {
    this.turn += 1;
    clearTimeout(this.timer);
    const { location, token } = this;
    this.#forget();
    this.#become("closed");
    if (location) {
      fetch(location, { method: "DELETE", headers: { Authorization: `Bearer ${token}` }, keepalive: true }).catch(() => {});
    }
  }

  #become(state, detail) {
    this.state = state;
    this.changed(state, detail);
  }

  #forget() {
    clearTimeout(this.timer);
    this.pc?.close();
    this.pc = this.session = this.location = this.etag = null;
    this.mending = false;
    this.tracks = [];
  }

  async #connect() {
    const turn = (this.turn += 1);
    this.#become("connecting");
    try {
      await this.#exchange(turn);
    } catch (error) {
      if (turn !== this.turn) return;
      this.#forget();
      // A used or expired ticket (401 of the media address) is cured by the next one; refused tickets and offers are not.
      if (error instanceof Refused && (error.ticket ? error.final : error.vain)) this.#become("refused", error);
      else this.#lost(error);
    }
  }

  async #exchange(turn) {
    let ticket;
    try {
      ticket = await this.ticket();
    } catch (error) {
      error.ticket = true;
      throw error;
    }
    if (turn !== this.turn) return;
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
      signal: AbortSignal.timeout(ANSWER_TIME),
    });
    if (!response.ok) throw await refusal(response);
    const location = response.headers.get("Location");
    const answer = await response.text();
    if (turn !== this.turn) {      // stopped or renewed meanwhile: do not leave a session behind
      fetch(location, { method: "DELETE", headers: { Authorization: `Bearer ${ticket.token}` } }).catch(() => {});
      return;
    }
    Object.assign(this, { location, token: ticket.token, session: location.split("/").pop(), etag: response.headers.get("ETag") });
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

  /** The line has room for this much: {picture, sound}. */
  limit(room) {
    if (room.picture === this.room.picture && room.sound === this.room.sound) return;
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

  #watch(connection) {
    if (connection === "connected") {
      clearTimeout(this.timer);
      this.mending = false;
      this.failures = 0;
      this.#become("live");
    } else if (connection === "failed" || connection === "closed") {
      this.#forget();
      this.#lost();
    } else if (connection === "disconnected" && !this.mending) {
      this.#become("mending");
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.mend(), DOUBT);
    }
  }

  #lost(error) {
    const pause = pauseAfter(this.failures, PAUSES) + (error?.wait ?? 0);    // never all of a province at the instant the server named
    this.failures += 1;
    this.turn += 1;
    this.#become("lost", error);
    this.timer = setTimeout(() => this.#connect(), pause);
  }
}

function preferVp8(transceiver, capabilities) {
  const codecs = capabilities?.codecs ?? [];
  const first = (codec) => (codec.mimeType.toLowerCase() === "video/vp8" ? 0 : 1);
  if (codecs.length) transceiver.setCodecPreferences([...codecs].sort((a, b) => first(a) - first(b)));
}

/** Sections of a publisher: whatever tracks `stream` has; video VP8 first, in layers. */
export function publish(pc, stream) {
  for (const track of stream.getTracks()) {
    const sendEncodings = track.kind === "video" ? layers.encodings(track) : [{ maxBitrate: SOUND.wide }];
    const transceiver = pc.addTransceiver(track, { direction: "sendonly", streams: [stream], sendEncodings });
    if (track.kind === "video") preferVp8(transceiver, RTCRtpSender.getCapabilities("video"));
  }
}

/** Sections of a receiver: a fixed number of slots, which the server fills with whoever should be seen and heard. */
export function receive(pc, { audio, video }) {
  for (let n = 0; n < audio; n += 1) pc.addTransceiver("audio", { direction: "recvonly" });
  for (let n = 0; n < video; n += 1) {
    preferVp8(pc.addTransceiver("video", { direction: "recvonly" }), RTCRtpReceiver.getCapabilities("video"));
  }
}
