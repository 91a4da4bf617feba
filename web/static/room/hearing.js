/* Who is heard, as the server told it; the relay holds the same rule (web/roompolicy.py).  Nothing here decides it. */

export const passes = ({ hearing, heard, muted }, code) => (hearing.only ? code in heard : !(code in muted));

const SILENT = { lobby: "mic_lobby", break: "mic_break", floor: "mic_waiting", muted: "mic_muted", free: "mic_muted" };

/** Why this point is not heard, as the key of a sentence; null where it is. */
export function silenced(state, code) {
  if (passes(state, code)) return null;
  return state.floor?.code === code ? "mic_muted" : SILENT[state.hearing.why];
}
