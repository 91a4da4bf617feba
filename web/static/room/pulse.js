/* Whether the server is still heard: it says something to every receiver at least each half second, and to who sends sound four
 * times a second how it arrives.  A second of silence means that the path is gone, seconds before the browser's own checks notice. */

const SILENCE = { recvonly: 1000, sendonly: 1250 };     // milliseconds
const AGAIN = 5000;         // until another path is looked for again; twice as long each time
const LONGEST = 60_000;

export class Pulse {
  #received = 0;
  #pause = AGAIN;
  #againAt = 0;
  heardAt = 0;         // when something came, by performance.now

  /** `received` octets came so far, at `now` (null: the browser does not say, or has no path left); true when the last came too long ago. */
  note(received, now, pc) {
    const heard = !this.heardAt || (received === null ? !this.#received : received > this.#received);
    this.#received = received ?? this.#received;     // fewer than before: a path was given up with what it had counted
    if (heard) {
      [this.heardAt, this.#pause, this.#againAt] = [now, AGAIN, now + AGAIN];
      return false;
    }
    return now - this.heardAt >= SILENCE[direction(pc)];
  }

  /** Whether the server has reason to speak over this connection all the time: to who sends no sound it need not. */
  speaks(pc) {
    return direction(pc) === "recvonly" || pc.getSenders().some(({ track }) => track?.kind === "audio");
  }

  /** True when it is time to look for another path once more. */
  again(now) {
    if (now < this.#againAt) return false;
    this.#againAt = now + this.#pause;
    this.#pause = Math.min(2 * this.#pause, LONGEST);
    return true;
  }
}

const direction = (pc) => (pc.getTransceivers()[0]?.direction === "recvonly" ? "recvonly" : "sendonly");

/** How many octets came over this connection, checks of its path included; null where the browser does not say. */
export async function octets(pc) {
  const [one] = pc.getTransceivers();
  const reports = one ? [...(await (one.direction === "recvonly" ? one.receiver : one.sender).getStats()).values()] : [];
  const pairs = reports.filter((report) => report.type === "candidate-pair" && report.bytesReceived !== undefined);
  return pairs.length ? pairs.reduce((sum, pair) => sum + pair.bytesReceived, 0) : null;
}
