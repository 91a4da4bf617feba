/* The layers of one's own camera: which sizes are offered, and which of them are sent just now.  The server says what somebody
 * looks at (`wanted`), the line what it carries (`uplink.js`); the rest is not encoded and not sent. */

const LAYERS = {
  l: { maxBitrate: 100_000 },
  m: { maxBitrate: 350_000 },
  h: { maxBitrate: 1_200_000 },
};
const PLAIN = { maxBitrate: 600_000, maxFramerate: 20 };

const layer = (rid, scale, more = {}) => ({ rid, scaleResolutionDownBy: scale, maxFramerate: 20, ...LAYERS[rid], ...more });

/** What a camera is sent as, smallest first.  A small picture has fewer layers: a quarter of it would help nobody. */
export function encodings(track) {
  const { width = 1280, height = 720 } = track.getSettings?.() ?? {};
  const rows = Math.min(width, height);
  if (rows >= 540) return [layer("l", 4), layer("m", 2), layer("h", 1)];
  if (rows >= 300) return [layer("l", 2), layer("h", 1, { maxBitrate: PLAIN.maxBitrate })];
  return [PLAIN];
}

/** Where the server took only one of the layers offered, a browser keeps the first, the smallest: it then sends the whole picture. */
export async function settle(pc) {
  for (const sender of pc.getSenders()) {
    const parameters = sender.track?.kind === "video" ? sender.getParameters() : null;
    if (parameters?.encodings?.length !== 1 || !(parameters.encodings[0].scaleResolutionDownBy > 1)) continue;
    Object.assign(parameters.encodings[0], PLAIN, { scaleResolutionDownBy: 1 });
    await sender.setParameters(parameters);
  }
}

/** Sends of each picture the layers that `tracks` ([{mid, rids}]) names for it, all where it names none; [""] is all of a track
 *  without layers.  `picture` false: no picture at all; `small`: the smallest only; `sound`: bit/s of the sound. */
export async function send(pc, tracks, { picture, small = false, sound }) {
  for (const { mid, sender } of pc.getTransceivers()) {
    const parameters = sender.track ? sender.getParameters() : null;
    if (!parameters?.encodings?.length) continue;
    const rids = tracks.find((track) => track.mid === mid)?.rids;
    const alone = parameters.encodings.length === 1;
    let changed = false;
    const [smallest] = parameters.encodings;      // they were offered smallest first
    for (const encoding of parameters.encodings) {
      const change = sender.track.kind === "audio" ? { maxBitrate: sound }
        : { active: picture && (small ? encoding === smallest && rids?.length !== 0
          : !rids || (alone ? rids.length > 0 : rids.includes(encoding.rid ?? ""))) };
      changed ||= Object.entries(change).some(([name, value]) => (encoding[name] ?? true) !== value);
      Object.assign(encoding, change);
    }
    if (changed) await sender.setParameters(parameters);
  }
}
