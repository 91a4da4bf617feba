/* Whether the server is still heard: it says something to every receiver at least each half second, so a second of silence
 * means that the path is gone, seconds before the browser's own checks notice. */

const SILENCE = 1000;       // milliseconds
const AGAIN = 5000;         // until it is told again; twice as long each time
const LONGEST = 60_000;

export class Pulse {
  #pc = null;
  #received = 0;
  #heardAt = 0;
  #tellAt = 0;
  #pause = AGAIN;

  /** True when nothing has come over `pc` for a second; again only after a pause.  Ask a few times a second. */
  async stopped(pc) {
    const received = await octets(pc);
    const now = performance.now();
    if (pc !== this.#pc || received !== this.#received) {
      [this.#pc, this.#received, this.#heardAt, this.#tellAt, this.#pause] = [pc, received, now, 0, AGAIN];
      return false;
    }
    if (now - this.#heardAt < SILENCE || now < this.#tellAt) return false;
    this.#tellAt = now + this.#pause;
    this.#pause = Math.min(2 * this.#pause, LONGEST);
    return true;
  }
}

async function octets(pc) {
  const [receiver] = pc.getReceivers();
  const reports = receiver ? [...(await receiver.getStats()).values()] : [];
  return reports.reduce((sum, report) => sum + (report.type === "candidate-pair" ? report.bytesReceived ?? 0 : 0), 0);
}
