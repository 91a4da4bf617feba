/* The meeting's news by server-sent events.  Retries by itself, also where the browser's own retry gives up
 * (an HTTP error ends an EventSource for good) and where a line dies without a word (no heartbeat); `probe.js` tells it when the
 * line is dead and when it is back.  It never calls itself connected while the server is known not to answer. */

import { ANSWER_TIME, pauseAfter, refusal } from "./link.js";

const SILENCE = 40_000;                        // the server beats every 15 s
const PAUSES = [1000, 2000, 4000, 8000, 15000];   // milliseconds; the last one repeats

export class Feed {
  /** `handlers` maps event names to functions of the parsed data; `changed(connected)` hears the line's state;
   *  `refused(error)` hears that the server will have this page no more: then the feed is closed. */
  constructor(url, handlers, { changed, refused }) {
    Object.assign(this, { url, handlers, changed, refused });
    this.failures = 0;
    this.connected = false;
    this.notBefore = 0;
    this.brokenAt = -Infinity;
    this.#open();
    this.watch = setInterval(() => performance.now() - this.heardAt > SILENCE && this.#again(), 5000);
  }

  close() {
    this.closed = true;
    clearInterval(this.watch);
    clearTimeout(this.timer);
    this.source?.close();
  }

  /** Something is to be done about it. */
  get ailing() {
    return !this.closed && !this.connected;
  }

  /** The server did not answer what it was asked at `since` (performance.now): news may be missing, unless some came meanwhile. */
  doubt(since) {
    if (!this.closed && this.heardAt < since) this.#become(false);
  }

  /** The server answers, and did not at `deafAt`: news are asked for anew unless some came since. */
  wake(deafAt) {
    if (!this.ailing || this.openedAt > Math.max(deafAt, this.brokenAt) || performance.now() < this.notBefore) return;
    this.source.close();
    clearTimeout(this.timer);
    this.#open();
  }

  #become(connected) {
    if (connected === this.connected) return;
    this.connected = connected;
    this.changed(connected);
  }

  #hear() {
    this.heardAt = performance.now();
    this.failures = 0;
    this.#become(true);
  }

  #open() {
    this.heardAt = this.openedAt = performance.now();
    const source = (this.source = new EventSource(this.url));
    source.onopen = () => this.#hear();
    source.onerror = () => {
      this.brokenAt = performance.now();
      this.#become(false);
      if (source.readyState === EventSource.CLOSED) this.#ask();
    };
    source.addEventListener("beat", () => this.#hear());
    for (const [name, handle] of Object.entries(this.handlers)) {
      source.addEventListener(name, (event) => {
        this.#hear();
        handle(JSON.parse(event.data));
      });
    }
  }

  /** An EventSource does not tell why it was turned away: a plain request does. */
  async #ask() {
    const asked = new AbortController();
    const deadline = setTimeout(() => asked.abort(), ANSWER_TIME);
    try {
      const response = await fetch(this.url, { headers: { Accept: "application/json" }, signal: asked.signal });
      const error = response.ok ? null : await refusal(response);
      if (this.closed) return;
      if (error?.final) {
        this.close();
        this.refused(error);
        return;
      }
      this.#again(error?.wait);
    } catch {
      this.#again();
    } finally {
      clearTimeout(deadline);
      asked.abort();      // a stream of news is not what was asked for
    }
  }

  #again(wait = 0) {
    this.source?.close();
    this.heardAt = performance.now();
    clearTimeout(this.timer);
    if (this.closed) return;
    this.#become(false);
    const pause = pauseAfter(this.failures, PAUSES) + wait;
    this.notBefore = performance.now() + (wait ? pause : 0);
    this.timer = setTimeout(() => this.#open(), pause);
    this.failures += 1;
  }
}
