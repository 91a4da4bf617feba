/* Tones of a page: a bell, a chime, a test of the loudspeaker.  Where the browser plays nothing yet, the words beside them stand. */

/** Plays each of `notes` [{pitch: Hz, loud: 0 to 1, at, lasts: seconds from now, even}]; it dies away unless it is `even`. */
export function play(context, notes, out = context.destination) {
  for (const { pitch, loud, at, lasts, even = false } of notes) {
    const [tone, level, begin] = [context.createOscillator(), context.createGain(), context.currentTime + at];
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(loud, begin);
    if (!even) level.gain.exponentialRampToValueAtTime(0.001, begin + lasts);
    tone.connect(level).connect(out);
    tone.start(begin);
    tone.stop(begin + lasts);
  }
}
