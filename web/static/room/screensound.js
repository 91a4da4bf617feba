/* The sound of a screen that is shared: how it is asked for, whether it may go along, what its sharer is told of it.  Pure: opens
 * nothing and draws nothing.  No microphone: nothing is taken out of a film, and the room's rules on voices are not about it. */

/** bit/s: one channel of music and speech, twice what a voice takes. */
export const FILM = 48_000;

/** Options of getDisplayMedia for the sound; `supported`: the browser's getSupportedConstraints; `silent`: this page plays nothing.
 *  The sound of the whole machine is asked for only where the meeting's own can be kept out of it: all would hear themselves. */
export function wanted(supported, silent) {
  return {
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, suppressLocalAudioPlayback: false, restrictOwnAudio: true },
    systemAudio: silent || supported.restrictOwnAudio ? "include" : "exclude",
    selfBrowserSurface: "exclude",
  };
}

/** Whether this sound would have the meeting's own in it: that of one tab has not. */
export const loops = (sound, picture, silent) => !silent && picture.displaySurface !== "browser" && sound.restrictOwnAudio !== true;

/** The key of what the sharer is told; `sound`: on | none | loops, `supported` as above. */
export function said({ sound, live, supported }) {
  if (sound === "on") return live ? "share_sound" : "";
  if (sound === "loops") return "share_sound_loops";
  return "suppressLocalAudioPlayback" in supported ? "share_sound_none" : "share_sound_never";
}
