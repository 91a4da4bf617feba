"""A sound that a voice coder takes for speech, made in the page: syllables of vowels and hisses, sentences and the pauses between.

Nothing is shipped and no recording is played: a buzz of changing pitch and a noise pass three formants that glide from vowel to
vowel, four syllables a second, as loud and as quiet as somebody who reads aloud.  Called by tests/journeys.
"""

from __future__ import annotations

SPEECH = """
if (navigator.mediaDevices) {
  const media = navigator.mediaDevices, ours = media.getUserMedia;
  media.getUserMedia = async (wanted) => {
    const stream = await ours.call(media, wanted);
    if (!wanted.audio) return stream;
    const context = new AudioContext();
    const out = context.createMediaStreamDestination();
    const voice = new OscillatorNode(context, { type: "sawtooth", frequency: 120 });
    const noise = new AudioBufferSourceNode(context, { loop: true, buffer: new AudioBuffer({ length: 48000, sampleRate: 48000 }) });
    noise.buffer.getChannelData(0).forEach((_, n, all) => { all[n] = 2 * Math.random() - 1; });
    const buzz = new GainNode(context, { gain: 0 });
    const hiss = new GainNode(context, { gain: 0 });
    const tract = new GainNode(context, { gain: 1 });
    const formants = [700, 1200, 2500].map((frequency) => new BiquadFilterNode(context, { type: "bandpass", frequency, Q: 8 }));
    voice.connect(buzz);
    noise.connect(hiss).connect(new BiquadFilterNode(context, { type: "highpass", frequency: 3500 })).connect(out);
    noise.connect(new GainNode(context, { gain: 0.02 })).connect(buzz);
    for (const one of formants) buzz.connect(one).connect(tract);
    tract.connect(out);
    const VOWELS = [[730, 1090, 2440], [270, 2290, 3010], [530, 1840, 2480], [570, 840, 2410], [300, 870, 2240], [660, 1720, 2410]];
    const any = (most) => Math.floor(most * Math.random());
    let at = context.currentTime, left = 10;
    setInterval(() => {
      while (at < context.currentTime + 1) {
        const long = 0.16 + 0.14 * Math.random();
        hiss.gain.setTargetAtTime(Math.random() < 0.4 ? 0.08 : 0, at, 0.01);
        hiss.gain.setTargetAtTime(0, at + 0.06, 0.02);
        buzz.gain.setTargetAtTime(0.8 + 0.6 * Math.random(), at + 0.05, 0.02);
        buzz.gain.setTargetAtTime(0.05, at + long, 0.03);
        voice.frequency.setTargetAtTime(95 + 12 * Math.min(left, 6) * Math.random() + 20, at, 0.06);
        VOWELS[any(VOWELS.length)].forEach((hz, n) => formants[n].frequency.setTargetAtTime(hz, at, 0.03));
        at += long + 0.03;
        left -= 1;
        if (!left) {                                 // the end of a sentence
          buzz.gain.setTargetAtTime(0, at, 0.05);
          at += 0.4 + Math.random();
          left = 8 + any(16);
        }
      }
    }, 250);
    voice.start();
    noise.start();
    stream.removeTrack(stream.getAudioTracks()[0]);
    stream.addTrack(out.stream.getAudioTracks()[0]);
    return stream;
  };
}
"""
