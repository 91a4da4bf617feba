/* One media session with the server: up by WHIP (RFC 9725) or down by WHEP.  It mends itself: when the path is lost
 * it asks for a fresh ticket and makes a new session, with growing pauses, longer ones where the server asks for them.  It knows nothing of meetings or pages. */

const PAUSES = [300, 1000, 2000, 4000, 8000, 15000];   // milliseconds; the last one repeats
const PATIENCE = 4000;                          // how long "disconnected" may last before a new session is made
const WAIT = 60_000;                             // the longest pause a server may ask for
const FINAL = new Set([401, 403, 404, 409, 410]);
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
}

/** The answer as an error to be thrown. */
export async function refusal(response) {
  return new Refused(response, await response.json().catch(() => null));
}

export class MediaLink {
  /** `prepare(pc)` adds the sections; `ticket()` resolves to {url, token, ice}; `changed(state, detail)` hears
   *  connecting | live | lost | refused | closed. */
  constructor({ prepare, ticket, changed }) {
    Object.assign(this, { prepare, ticket, changed });
    this.pc = null;
    this.session = null;
    this.state = "closed";
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
    this.pc = this.session = this.location = null;
  }

  async #connect() {
    const turn = (this.turn += 1);
    this.#become("connecting");
    try {
      await this.#exchange(turn);
    } catch (error) {
      if (turn !== this.turn) return;
      this.#forget();
      // A used or expired ticket (401 of the media address) is cured by the next one; refused tickets are not.
      if (error instanceof Refused && error.final && error.ticket) this.#become("refused", error);
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
    const pc = (this.pc = new RTCPeerConnection({ iceServers: ticket.ice ?? [], bundlePolicy: "max-bundle" }));
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
    Object.assign(this, { location, token: ticket.token, session: location.split("/").pop() });
    this.#become("connecting");     // now the session has a name
    await pc.setRemoteDescription({ type: "answer", sdp: answer });
  }

  #watch(connection) {
    clearTimeout(this.timer);
    if (connection === "connected") {
      this.failures = 0;
      this.#become("live");
    } else if (connection === "failed" || connection === "closed") {
      this.#forget();
      this.#lost();
    } else if (connection === "disconnected") {
      this.timer = setTimeout(() => this.#watch("failed"), PATIENCE);
    }
  }

  #lost(error) {
    const own = PAUSES[Math.min(this.failures, PAUSES.length - 1)] * (0.75 + Math.random() / 2);
    const pause = own + (error?.wait ?? 0);    // never all of a province at the instant the server named
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

/** Sections of a publisher: whatever tracks `stream` has; video VP8 first, at most 600 kbit/s. */
export function publish(pc, stream) {
  for (const track of stream.getTracks()) {
    const encoding = track.kind === "video" ? { maxBitrate: 600_000, maxFramerate: 20 } : { maxBitrate: 32_000 };
    const transceiver = pc.addTransceiver(track, { direction: "sendonly", streams: [stream], sendEncodings: [encoding] });
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
