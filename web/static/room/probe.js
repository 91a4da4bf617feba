/* Finds out that a dead line is back, sooner than anything that hangs on it would: while something is unwell the server is asked
 * once a second whether it is there, each time anew and for three seconds at most.  Once it answers, whatever was begun before is
 * begun again.  Pages of a province ask at moments of their own, so they do not come back at one instant. */

const EVERY = 1000;          // milliseconds
const DEADLINE = 3000;

export class Probe {
  #deafAt = -Infinity;       // until when it is known not to have answered

  /** `patients`: {ailing, wake(deafAt), doubt?(since)}; `changed(answers)` hears whether the server answers, when that changes. */
  constructor(patients, { url = "/healthz", changed = () => {} } = {}) {
    Object.assign(this, { patients, url, changed });
    this.answers = true;
    setTimeout(() => (this.timer = setInterval(() => this.#look(), EVERY)), Math.random() * EVERY);
    addEventListener("online", () => this.#ask());
  }

  #look() {
    if (!this.answers || this.patients.some(({ ailing }) => ailing)) this.#ask();
  }

  async #ask() {
    const asked = new AbortController();
    const deadline = setTimeout(() => asked.abort(), DEADLINE);
    const begun = performance.now();
    let answered = false;
    try {
      answered = (await fetch(this.url, { cache: "no-store", credentials: "omit", signal: asked.signal })).ok;
    } catch { /* no answer */ }
    clearTimeout(deadline);
    if (answered) this.#hear();
    else if (begun > (this.heardAt ?? 0)) this.#miss(begun);     // or a later one was answered meanwhile
  }

  #hear() {
    this.heardAt = performance.now();
    this.#become(true);
    for (const one of this.patients) one.wake(this.#deafAt);
  }

  #miss(begun) {
    this.#deafAt = performance.now();
    this.#become(false);
    for (const one of this.patients) one.doubt?.(begun);
  }

  #become(answers) {
    if (answers === this.answers) return;
    this.answers = answers;
    this.changed(answers);
  }
}
