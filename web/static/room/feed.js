/* The meeting's news by server-sent events.  Retries by itself, also where the browser's own retry gives up
 * (an HTTP error ends an EventSource for good) and where a line dies without a word (no heartbeat). */

const SILENCE = 40_000;   // the server beats every 15 s
const RETRY = 3000;

export class Feed {
  /** `handlers` maps event names to functions of the parsed data; `changed(connected)` hears the line's state. */
  constructor(url, handlers, changed) {
    Object.assign(this, { url, handlers, changed });
    this.heard = Date.now();
    this.#open();
    this.watch = setInterval(() => Date.now() - this.heard > SILENCE && this.#again(0), 5000);
  }

  close() {
    clearInterval(this.watch);
    clearTimeout(this.timer);
    this.source?.close();
  }

  #open() {
    this.heard = Date.now();
    const source = (this.source = new EventSource(this.url));
    source.onopen = () => {
      this.heard = Date.now();
      this.changed(true);
    };
    source.onerror = () => {
      this.changed(false);
      if (source.readyState === EventSource.CLOSED) this.#again(RETRY);
    };
    source.addEventListener("beat", () => (this.heard = Date.now()));
    for (const [name, handle] of Object.entries(this.handlers)) {
      source.addEventListener(name, (event) => {
        this.heard = Date.now();
        handle(JSON.parse(event.data));
      });
    }
  }

  #again(pause) {
    this.source?.close();
    this.heard = Date.now();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#open(), pause);
  }
}
