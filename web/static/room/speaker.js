/* The loudspeaker: a tone to hear it by, and the choice of which one is used where the browser lets one choose. */

import * as devices from "./devices.js";
import { play } from "./tones.js";

const TONES = [660, 880];     // Hz, one after the other
const LENGTH = 0.4;           // seconds of each

export const choosable = "setSinkId" in HTMLMediaElement.prototype;

/** Plays through the chosen loudspeaker from now on; where it is gone, through the system's. */
export async function route(element, output = devices.remembered().output) {
  if (!choosable || (element.sinkId ?? "") === (output ?? "")) return;
  await element.setSinkId(output ?? "").catch(() => {});
}

/** Two short tones; resolves when they are over, fails where nothing may be played. */
export async function beep() {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  const player = new Audio();
  try {
    await context.resume();
    player.srcObject = out.stream;
    await route(player);
    await player.play();
    play(context, TONES.map((pitch, index) => ({ pitch, loud: 0.2, at: 0.1 + index * LENGTH, lasts: 0.8 * LENGTH, even: true })), out);
    await new Promise((done) => setTimeout(done, 1000 * (0.3 + TONES.length * LENGTH)));
  } finally {
    player.pause();
    context.close();
  }
}
