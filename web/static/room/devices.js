/* Camera and microphone: opens them, names what is missing, measures the sound.  Never sends anything anywhere. */

const VIDEO = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 15, max: 20 } };
const AUDIO = { noiseSuppression: true, autoGainControl: true };
const MEMORY = "diemcau.devices";

const TAB = ["audioOn", "videoOn"];      // who switched the microphone off in one meeting comes to the next one heard
const FIRST = { audioOn: true, videoOn: true, echo: true };

const kept = (store) => JSON.parse(store().getItem(MEMORY) ?? "{}");

/** What was chosen before: on this computer {audio, video, output: device ids; echo: cancelled or not; saving: a level; captions, sign: wanted or not; parts: sections that are open}, in this tab
 *  {audioOn, videoOn}. */
export function remembered() {
  const found = { ...FIRST };
  for (const store of [() => localStorage, () => sessionStorage]) {
    try {
      Object.assign(found, kept(store));
    } catch { /* private windows may refuse storage: the choice then lasts for this page only */ }
  }
  return found;
}

export function remember(change) {
  for (const [store, mine] of [[() => localStorage, (name) => !TAB.includes(name)], [() => sessionStorage, (name) => TAB.includes(name)]]) {
    const part = Object.fromEntries(Object.entries(change).filter(([name]) => mine(name)));
    if (!Object.keys(part).length) continue;
    try {
      store().setItem(MEMORY, JSON.stringify({ ...kept(store), ...part }));
    } catch { /* as above */ }
  }
}

/** Why a device could not be opened, as one of denied | missing | busy | insecure. */
function reason(error) {
  if (error.name === "NotAllowedError" || error.name === "SecurityError") return "denied";
  if (error.name === "NotFoundError" || error.name === "OverconstrainedError") return "missing";
  return "busy";
}

function wanted(choice, base) {
  return choice ? { ...base, deviceId: { ideal: choice } } : base;
}

export const KINDS = ["audio", "video"];

/** Opens what can be opened of these kinds.  One device that fails never takes the other with it.
 *  Returns {stream, problems: {audio?, video?}}; the stream may be empty. */
export async function open(choice = remembered(), kinds = KINDS) {
  const media = navigator.mediaDevices;
  const stream = new MediaStream();
  if (!media?.getUserMedia) return { stream, problems: Object.fromEntries(kinds.map((kind) => [kind, "insecure"])) };
  const constraints = { audio: wanted(choice.audio, { ...AUDIO, echoCancellation: choice.echo !== false }), video: wanted(choice.video, VIDEO) };
  const ask = (some) => media.getUserMedia(Object.fromEntries(some.map((kind) => [kind, constraints[kind]])));
  try {
    return { stream: await ask(kinds), problems: {} };
  } catch { /* ask for each alone, to learn which one is missing */ }
  const problems = {};
  for (const kind of kinds) {
    try {
      (await ask([kind])).getTracks().forEach((track) => stream.addTrack(track));
    } catch (error) {
      problems[kind] = reason(error);
    }
  }
  return { stream, problems };
}

/** Lists devices by kind, with names once permission is given. */
export async function list() {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  const named = (kind) => all.filter((device) => device.kind === kind && device.deviceId);
  return { audio: named("audioinput"), video: named("videoinput"), output: named("audiooutput") };
}

/** Calls `show(level, gives)` ten times a second with the loudness in 0…1 and whether there is any sound at all (undefined while
 *  nobody knows); returns a function that stops it.
 *  The scale is linear in decibels from −60 to 0, as on a studio meter, so that quiet speech is visible. */
export function meter(stream, show) {
  if (!stream.getAudioTracks().length) return () => {};
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(stream).connect(analyser);
  const wave = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    if (context.state === "suspended") context.resume();
    analyser.getFloatTimeDomainData(wave);
    const power = wave.reduce((sum, value) => sum + value * value, 0) / wave.length;
    show(Math.min(1, Math.max(0, 1 + (10 * Math.log10(power + 1e-9)) / 60)), context.state === "running" ? power > 0 : undefined);
  }, 100);
  return () => {
    clearInterval(timer);
    context.close();
  };
}
