/* What one's own line carries upward: where it carries little, the camera rests and the sound takes less room, so that one is heard.
 * It only decides; the reports are the browser's own, the loss in them that of the listener who has most of it. */

const NARROW = 100_000;      // bit/s: below this a picture would take the room that the sound needs
const LOOKS = 3;             // that must agree, two seconds apart
const REST = 30_000;         // milliseconds until the camera is tried again; twice as long each time in vain ...
const LONGEST_REST = 120_000;
const QUEUE = 0.3;           // seconds of round trip: a full line has a queue, a busy computer only looks like one
const LOSSY = 0.05;          // share of the sound that a listener lost
const CALM = 20_000;         // milliseconds without such loss, and the sound may take more room again
export const SOUND = { wide: 24_000, narrow: 12_000 };    // bit/s; headers of 50 packets a second come on top: 34,000

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
