/* Finds out that a dead line is back, sooner than anything that hangs on it would: while something is unwell the server is asked
 * once a second whether it is there, each time anew and for three seconds at most.  Once it answers, whatever was begun before is
 * begun again.  Pages of a province ask at moments of their own, so they do not come back at one instant.
 *
 * A browser keeps the connections that are being made for requests given up, six to a server, and gives them to later requests:
 * after a long cut those wait for the system's next try, up to 16 s.  So a server that does not answer is also knocked at by a
 * WebSocket, the one request whose connection is given up with it, and meanwhile the patients begin nothing (`doubt`). */

const EVERY = 1000;          // milliseconds
const DEADLINE = 3000;
const KNOCK = 6000;          // for so long a browser may hold a WebSocket back that follows many in vain

export class Probe {
  #deafAt = -Infinity;       // until when it is known not to have answered

  /** `patients`: {ailing, wake(deafAt), doubt(since)}; `changed(answers)` hears whether the server answers, when that changes. */
  constructor(patients, { url = "/healthz", changed = () => {} } = {}) {
    Object.assign(this, { patients, url, changed });
    this.answers = true;
    setTimeout(() => (this.timer = setInterval(() => this.#look(), EVERY)), Math.random() * EVERY);
    addEventListener("online", () => this.#ask());
  }

  #look() {
    if (!this.answers || this.patients.some(({ ailing }) => ailing)) this.#ask();
    if (!this.answers) this.#knock();
  }

  async #ask() {
    const begun = performance.now();
    if (await this.#answered("omit")) this.#hear();
    else if (begun > (this.heardAt ?? 0)) this.#miss(begun);     // or a later one was answered meanwhile
  }

  /** Whether a plain request is answered in time.  Requests with and without credentials use connections of their own. */
  async #answered(credentials) {
    const asked = new AbortController();
    const deadline = setTimeout(() => asked.abort(), DEADLINE);
    try {
      return (await fetch(this.url, { cache: "no-store", credentials, signal: asked.signal })).ok;
    } catch {
      return false;
    } finally {
      clearTimeout(deadline);
    }
  }

  /** The server speaks no WebSocket: that it refuses one tells that it is there, or that there is no network at all, which a request finds out. */
  #knock() {
    const address = new URL(this.url, globalThis.location?.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    const over = setTimeout(() => {
      socket.onerror = null;
      socket.close();
    }, KNOCK);
    socket.onerror = async () => {
      clearTimeout(over);
      if (await this.#answered("same-origin")) this.#hear();
    };
  }

  #hear() {
    this.heardAt = performance.now();
    this.#become(true);
    for (const one of this.patients) one.wake(this.#deafAt);
  }

  #miss(begun) {
    this.#deafAt = performance.now();
    this.#become(false);
    for (const one of this.patients) one.doubt(begun);
  }

  #become(answers) {
    if (answers === this.answers) return;
    this.answers = answers;
    this.changed(answers);
  }
}
