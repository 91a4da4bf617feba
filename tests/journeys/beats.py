"""A point that flashes and beeps at one instant each second, and a page that tells by how much it sees and hears them apart.

Nothing is asked of the browser's own statistics: the picture is read from what the page shows, the sound from what it plays.
Every beat looks like the one before: what is apart by a whole second is not told from what is together.
Used by journeys about lip sync and recording; holds no tests.
"""

from __future__ import annotations

from statistics import median

from tests.journeys.visitors import Visitor

FPS = 15
HALF = 450      # milliseconds: what is further apart belongs to another beat
ENOUGH = 4      # beats whose middle one counts ...
TURNS = 5       # ... of the six seconds looked at at a time, so many times at most

# Camera and microphone that are dark and silent, and bright and loud for two pictures at each full second (and `late` of it).
# The picture is drawn and the sound begins in one turn of the page's loop.
BEAT = """
if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = new MediaStream();
  const context = new AudioContext();
  const tone = new OscillatorNode(context, { frequency: %(hz)d });
  const gate = new GainNode(context, { gain: 0 });
  const out = context.createMediaStreamDestination();
  tone.connect(gate).connect(out);
  tone.start();
  if (wanted.audio) stream.addTrack(out.stream.getAudioTracks()[0]);
  const canvas = Object.assign(document.createElement("canvas"), { width: %(width)d, height: %(height)d });
  const draw = canvas.getContext("2d");
  let tick = %(late)d;
  setInterval(() => {
    const lit = tick %% %(fps)d < 2;
    gate.gain.setValueAtTime(lit ? 0.5 : 0, context.currentTime);
    draw.fillStyle = lit ? "white" : "black";
    draw.fillRect(0, 0, %(width)d, %(height)d);
    draw.fillStyle = "gray";
    draw.fillRect((tick * 8) %% %(width)d, 0, 24, %(height)d / 8);
    tick += 1;
  }, 1000 / %(fps)d);
  if (wanted.video) stream.addTrack(canvas.captureStream().getVideoTracks()[0]);
  return stream;
};
"""


def beat(hz: int, size: tuple[int, int], late: int = 0) -> str:
    """The script of such a point: `hz` of its beep, `late` pictures by which its second begins later."""
    return BEAT % {"hz": hz, "width": size[0], "height": size[1], "fps": FPS, "late": -late % FPS}


# Begins to note in `window.beats` when flashes of that point are shown and its beeps are heard, in milliseconds of one clock.
NOTE = """async (name) => {
  const of = (kind) => window.diemcau.slots.find((one) => one.kind === kind && one.name === name).stream;
  const mine = (window.beats = { flashes: [], beeps: [] });
  if (!window.ear) {
    const context = (window.ear = new AudioContext());
    const text = `registerProcessor("onset", class extends AudioWorkletProcessor {
      quiet = 0;
      process([[wave]]) {
        if (wave) for (let at = 0; at < wave.length; at += 1) {
          if (Math.abs(wave[at]) < 0.05) { this.quiet += 1; continue; }
          if (this.quiet > sampleRate * 0.3) this.port.postMessage(currentTime + at / sampleRate);
          this.quiet = 0;
        }
        return true;
      }
    });`;
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  }
  window.ear.note?.disconnect();
  const ear = new AudioWorkletNode(window.ear, "onset");
  window.ear.note = ear;
  window.ear.createMediaStreamSource(of("audio")).connect(ear).connect(window.ear.destination);
  ear.port.onmessage = ({ data }) => {
    const { contextTime, performanceTime } = window.ear.getOutputTimestamp();
    mine.beeps.push(performanceTime + 1000 * (data - contextTime));
  };
  const video = Object.assign(document.createElement("video"), { muted: true, srcObject: of("video") });
  video.play();
  const draw = Object.assign(document.createElement("canvas"), { width: 2, height: 2 }).getContext("2d", { willReadFrequently: true });
  let lit = true;
  const look = (now, { expectedDisplayTime }) => {
    if (window.beats !== mine) return;
    draw.drawImage(video, 0, video.videoHeight / 2, video.videoWidth, video.videoHeight / 2, 0, 0, 2, 2);
    const bright = draw.getImageData(0, 0, 1, 1).data[1] > 128;
    if (bright && !lit) mine.flashes.push(expectedDisplayTime);
    lit = bright;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
}"""


async def apart(viewer: Visitor, name: str, seconds: float = 6.0) -> list[float]:
    """Milliseconds by which each beep of that point is heard after its flash is seen, of beats that were seen and heard."""
    await viewer.page.evaluate(NOTE, name)
    await viewer.page.wait_for_timeout(seconds * 1000)
    found = await viewer.page.evaluate("window.beats")
    pairs = [min((beep - flash for beep in found["beeps"]), key=abs) for flash in found["flashes"] if found["beeps"]]
    return [pair for pair in pairs if abs(pair) < HALF]


async def in_step(viewer: Visitor, name: str, most: float) -> float:
    """The middle offset of a few seconds in which sound and picture of that point are within `most` milliseconds.

    A machine that stands still for a second shows and plays nothing in step: then the next few seconds are looked at.
    """
    told = []
    for _ in range(TURNS):
        found = await apart(viewer, name)
        told.append([round(one) for one in found])
        if len(found) >= ENOUGH and abs(median(found)) <= most:
            print(name, told, flush=True)
            return median(found)
    raise AssertionError(f"{name}: {told} ms apart")
