/* Whether the own sound really leaves: does the server report that it arrives, does the device or the system keep it back, does the
 * microphone give anything at all.  It looks once a second and only tells; what is said of it is line.js. */

const STALE = 3000;        // milliseconds without a report of the server, which sends one each second
const DUMB = 6000;         // without the least sound: even a quiet room is not silent
const HEARD = 20_000;      // … of one that gave sound before: some systems give exactly nothing while nobody speaks
const LEAST = 1e-9;        // energy of a second; a switched-off microphone gives exactly nothing

export class MicWatch {
  /** `link` sends; `changed()` hears that something is another way now. */
  constructor({ link, changed }) {
    Object.assign(this, { link, changed, reported: true, muted: false, dumb: false });
    this.#begin(0);
    this.timer = setInterval(() => this.look(), 1000);
  }

  stop() {
    clearInterval(this.timer);
  }

  async look(now = performance.now()) {
    const sender = this.link.state === "live" ? this.link.pc.getSenders().find(({ track }) => track?.kind === "audio") : null;
    if (sender !== this.sender) {
      [this.sender, this.since] = [sender, now];
      this.#begin(now);
    }
    const reports = sender ? [...(await sender.getStats()).values()] : [];
    if (sender !== this.sender) return;
    const before = [this.reported, this.muted, this.dumb].join();
    const report = reports.find(({ type }) => type === "remote-inbound-rtp");
    const own = reports.find(({ type }) => type === "outbound-rtp");
    const age = report && own ? own.timestamp - report.timestamp : Infinity;
    this.reported = Math.min(age, now - (this.since ?? now)) < STALE;
    this.muted = Boolean(sender?.track.muted);
    this.#listen(reports, sender?.track, now);
    if (before !== [this.reported, this.muted, this.dumb].join()) this.changed();
  }

  /** Firefox does not say how loud a source is: then nothing is claimed. */
  #listen(reports, track, now) {
    const energy = reports.find(({ type }) => type === "media-source")?.totalAudioEnergy;
    if (track !== this.track) this.#begin(now, track);      // another microphone
    const sounds = this.energy >= 0 && energy - this.energy > LEAST;
    if (energy === undefined || !track?.enabled || track.muted || sounds) this.soundAt = now;
    this.heard ||= sounds;
    this.energy = energy ?? this.energy;
    this.dumb = now - this.soundAt > (this.heard ? HEARD : DUMB);
  }

  #begin(now, track) {
    Object.assign(this, { track, soundAt: now, energy: -1, heard: false });
  }
}
