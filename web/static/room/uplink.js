/* What one's own line carries upward: where it carries little, the camera rests and the sound takes less room, so that one is heard.
 * Where a screen is sent beside the camera, each with an estimate of its own, the camera gives way before the screen does.
 * It only decides; the reports are the browser's own, the loss in them that of the listener who has most of it. */

const NARROW = 100_000;      // bit/s: below this a picture would take the room that the sound needs
const LITTLE = 250_000;      // … and below this a screen that is read and a film's sound have none for anything else
const TIGHT = 2;             // looks that must agree until the camera gives way by a step …
const WAIT = 20_000;         // … and milliseconds without such a look until it takes one back; twice as long each time in vain …
const LONGEST_WAIT = 160_000;
const VAIN = 10_000;         // … that is, where it has to give way again within so many
const LOOKS = 3;             // that must agree, two seconds apart
const REST = 30_000;         // milliseconds until the camera is tried again; twice as long each time in vain ...
const LONGEST_REST = 120_000;
const QUEUE = 0.3;           // seconds of round trip: a full line has a queue, a busy computer only looks like one
const LOSSY = 0.05;          // share of the sound that a listener lost
const CALM = 20_000;         // milliseconds without such loss, and the sound may take more room again
export const SOUND = { wide: 24_000, narrow: 12_000 };    // bit/s; headers of 50 packets a second come on top: 34,000

/** Of one sending connection: its `estimate` (bit/s, undefined: not said), whether a `picture` is sent, whether that is `held` back
 *  by the line, whether packets wait in a `queue`. */
function facts(reports) {
  const all = [...reports];
  const pictures = all.filter((one) => one.type === "outbound-rtp" && one.kind === "video" && one.active);
  const pair = all.find((one) => one.type === "candidate-pair" && one.nominated && one.availableOutgoingBitrate);
  return {
    estimate: pair?.availableOutgoingBitrate,
    picture: pictures.length > 0,
    held: pictures.some((one) => one.qualityLimitationReason === "bandwidth"),
    queue: all.some((one) => one.type === "remote-inbound-rtp" && one.roundTripTime > QUEUE),
  };
}

/** A camera beside the screen of the same page: all of it, its smallest layer, nothing. */
export class Beside {
  constructor() {
    this.step = 0;
    this.looks = 0;
    this.wait = WAIT;
    this.since = 0;          // when the line was last tight for this step …
    this.raised = -VAIN;     // … and when a step was last taken back
  }

  /** `reports` of the camera's and the screen's connection at `now` milliseconds: {picture, small} of the camera. */
  look(camera, screen, now) {
    const [own, shown] = [facts(camera), facts(screen)];
    const less = (one, limit) => one.estimate !== undefined && one.estimate < limit;
    // Who sends no picture is not believed to have no room for one: nothing has tried it.
    const tight = shown.held || less(shown, LITTLE) || (own.picture && less(own, NARROW));
    const dire = tight && (less(shown, NARROW) || ((own.queue || shown.queue) && less(shown, LITTLE)));
    const [further, stays] = [[tight, tight], [dire, tight], [false, dire]][this.step];
    this.looks = further ? this.looks + 1 : 0;
    if (stays) this.since = now;
    if (this.looks >= TIGHT) this.#down(now);
    if (this.step && now - this.since >= this.wait) {
      this.step -= 1;
      this.since = this.raised = now;
    }
    return this.camera;
  }

  /** What the last look left to the camera. */
  get camera() {
    return { picture: this.step < 2, small: this.step > 0 };
  }

  #down(now) {
    this.wait = now - this.raised < VAIN ? Math.min(2 * this.wait, LONGEST_WAIT) : WAIT;
    Object.assign(this, { step: this.step + 1, looks: 0, since: now });
  }
}

export class Uplink {
  constructor() {
    this.looks = 0;
    this.rest = REST;
    this.resting = 0;        // until when, on the clock of `look`
    this.lossy = -CALM;      // when there was last much loss
  }

  /** `reports` of the sending connection at `now` milliseconds: {picture: whether to send it, sound: bit/s}. */
  look(reports, now) {
    const all = [...reports];
    const pair = all.find((one) => one.type === "candidate-pair" && one.nominated && one.availableOutgoingBitrate);
    const sound = all.find((one) => one.type === "remote-inbound-rtp" && one.kind === "audio");
    if ((sound?.fractionLost ?? 0) > LOSSY) this.lossy = now;
    // Who sends no picture is not believed to have room for one: nothing has tried it.
    const tried = all.some((one) => one.type === "outbound-rtp" && one.kind === "video" && one.active);
    const queue = (sound?.roundTripTime ?? 0) > QUEUE;
    const narrow = tried && queue && pair !== undefined && pair.availableOutgoingBitrate < NARROW;
    if (now >= this.resting) {
      this.looks = narrow ? this.looks + 1 : 0;
      if (this.looks >= LOOKS) {
        this.resting = now + this.rest;
        this.rest = Math.min(2 * this.rest, LONGEST_REST);
        this.looks = 0;
      } else if (!narrow && now > this.resting + REST) {
        this.rest = REST;
      }
    }
    return { picture: now >= this.resting, sound: now - this.lossy < CALM ? SOUND.narrow : SOUND.wide };
  }
}
