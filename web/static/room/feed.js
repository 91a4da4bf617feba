/* The meeting's news by server-sent events.  Retries by itself, also where the browser's own retry gives up
 * (an HTTP error ends an EventSource for good) and where a line dies without a word (no heartbeat). */

import { ANSWER_TIME, pauseAfter, refusal } from "./link.js";

const SILENCE = 40_000;                        // the server beats every 15 s
const PAUSES = [1000, 2000, 4000, 8000, 15000];   // milliseconds; the last one repeats

export class Feed {
  /** `handlers` maps event names to functions of the parsed data; `changed(connected)` hears the line's state;
   *  `refused(error)` hears that the server will have this page no more: then the feed is closed. */
  constructor(url, handlers, { changed, refused }) {
    Object.assign(this, { url, handlers, changed, refused });
    this.failures = 0;
    this.#open();
    this.watch = setInterval(() => Date.now() - this.heard > SILENCE && this.#again(), 5000);
  }

  close() {
    this.closed = true;
    clearInterval(this.watch);
    clearTimeout(this.timer);
    this.source?.close();
  }

  #open() {
    this.heard = Date.now();
    const source = (this.source = new EventSource(this.url));
    source.onopen = () => {
      this.heard = Date.now();
      this.failures = 0;
      this.changed(true);
    };
    source.onerror = () => {
      this.changed(false);
      if (source.readyState === EventSource.CLOSED) this.#ask();
    };
    source.addEventListener("beat", () => (this.heard = Date.now()));
    for (const [name, handle] of Object.entries(this.handlers)) {
      source.addEventListener(name, (event) => {
        this.heard = Date.now();
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
    this.heard = Date.now();
    clearTimeout(this.timer);
    if (this.closed) return;
    this.timer = setTimeout(() => this.#open(), pauseAfter(this.failures, PAUSES) + wait);
    this.failures += 1;
  }
}
