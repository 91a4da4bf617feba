"""What a synthetic point shows and says: a short VP8 picture and an Opus tone, encoded once and then repeated.

Never opens a socket and never runs inside the relay's process: this is the only module that knows an encoder (PyAV).
Called by the programs that play points (`web demo`, `web rehearse`), by the benchmark and by tests.
"""
from __future__ import annotations

import colorsys
import math
import unicodedata
from array import array
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import av
from PIL import Image, ImageDraw, ImageFont

SOUND_RATE = 48_000          # Hz, the only RTP clock of Opus (RFC 7587 §4.1)
SOUND_FRAME = 960            # samples: 20 ms
TONES = 240                  # different tones; an index beyond starts again
_TONE_LOW, _TONE_STEP, _TONE_STRIDE = 300, 37, 7
_LOUDNESS = 3000             # of 32767, about -21 dBFS: audible, not a nuisance on a demonstration
_LEAD_FRAMES = 50            # a second of sound encoded before the loop: the encoder must have settled where it closes


def tone_hz(index: int) -> int:
    """The tone of the point with this index, in Hz (300 to 9143, in steps of 37).

    37 Hz is more than one bin of a 1024-bin analyser at 48 kHz (23.4 Hz). Neighbouring indices are seven steps apart,
    so that points of one small meeting are told apart even by a coarser analyser. Whole Hz, so that one second closes
    on itself.
    """
    return _TONE_LOW + _TONE_STEP * (index * _TONE_STRIDE % TONES)


@dataclass(frozen=True, slots=True)
class Clip:
    """A loop of encoded pictures and sounds. `pictures[0]` is a key frame; each of `sounds` is 20 ms of Opus."""

    pictures: tuple[bytes, ...]
    sounds: tuple[bytes, ...]
    fps: int

    @staticmethod
    @lru_cache(maxsize=512)
    def make(label: str, index: int, *, width: int = 320, height: int = 180, fps: int = 15, seconds: int = 4,
             kbit: int = 300) -> Clip:
        """Encode the loop of one point: `label` in block letters on a background whose hue tells the index.

        Costs about 0.2 s of processor time once per different set of arguments; later calls get the same value.
        """
        pictures = _encode_pictures(_letters(label), index, width, height, fps, seconds * fps, kbit)
        return Clip(pictures, _encode_sounds(index), fps)


def background(index: int) -> tuple[int, int, int]:
    """The RGB background of the point with this index; the golden ratio keeps neighbouring hues far apart."""
    red, green, blue = colorsys.hsv_to_rgb(index * 0.61803398875 % 1.0, 0.75, 0.55)
    return round(red * 255), round(green * 255), round(blue * 255)


def _letters(label: str) -> str:
    """The label in the plain Latin letters that the built-in font has; at most 12 of them."""
    plain = unicodedata.normalize("NFD", label.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in plain if letter.isascii() and letter.isprintable())[:12]


def _encode_pictures(text: str, index: int, width: int, height: int, fps: int, count: int, kbit: int
                     ) -> tuple[bytes, ...]:
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = Fraction(1, fps)
    encoder.bit_rate = kbit * 1000
    encoder.gop_size = count
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0"}
    still = _still(text, index, width, height)
    encoded = []
    for position in range(count):
        frame = av.VideoFrame.from_image(_picture(still, position / count)).reformat(format="yuv420p")
        frame.pts, frame.time_base = position, encoder.time_base
        encoded += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(encoded + [bytes(packet) for packet in encoder.encode(None)])


def _still(text: str, index: int, width: int, height: int) -> Image.Image:
    """What does not move: background and label."""
    still = Image.new("RGB", (width, height), background(index))
    draw = ImageDraw.Draw(still)
    size = min(height * 0.5, 1.5 * width / max(len(text), 1))
    draw.text((width / 2, height * 0.42), text, font=ImageFont.load_default(size=size), fill="white", anchor="mm",
              stroke_width=round(size / 30), stroke_fill="black")
    return still


def _picture(still: Image.Image, phase: float) -> Image.Image:
    """The still with a disc that goes once around an ellipse per loop, so that nothing jumps when the loop closes."""
    picture = still.copy()
    width, height = picture.size
    radius = height * 0.12
    across = width / 2 + (width / 2 - radius) * math.sin(2 * math.pi * phase)
    down = height / 2 + (height / 2 - radius) * math.cos(2 * math.pi * phase)
    box = (across - radius, down - radius, across + radius, down + radius)
    ImageDraw.Draw(picture).ellipse(box, fill="white", outline="black", width=3)
    return picture


def _encode_sounds(index: int) -> tuple[bytes, ...]:
    """One second of the tone. Encoded after a lead-in of the same tone, so that the joint of the loop is inaudible."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = SOUND_RATE, "mono", "s16"
    encoder.bit_rate = 32_000
    encoder.options = {"application": "audio", "vbr": "on", "frame_duration": "20"}
    turn = 2 * math.pi * tone_hz(index) / SOUND_RATE
    second = array("h", (round(_LOUDNESS * math.sin(turn * sample)) for sample in range(SOUND_RATE)))
    frames = [second[at:at + SOUND_FRAME] for at in range(0, SOUND_RATE, SOUND_FRAME)]
    encoded: list[bytes] = []
    for number, samples in enumerate(frames[-_LEAD_FRAMES:] + frames + frames[:_LEAD_FRAMES]):
        frame = av.AudioFrame(format="s16", layout="mono", samples=SOUND_FRAME)
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, number * SOUND_FRAME, Fraction(1, SOUND_RATE)
        encoded += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(encoded[_LEAD_FRAMES:_LEAD_FRAMES + len(frames)])
