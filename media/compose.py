"""Makes one file of a finished recording: all sounds mixed, all pictures in a grid with names.  Offline, at its own pace.

The file appears complete or not at all (temporary file, fsync, rename).  Never runs in the relay's or the recorder's
process: it decodes and encodes (PyAV).  Called by ``web/commands/compose.py``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av

from media.compose_picture import HEIGHT, SCREEN, WIDTH, Canvas, Eye
from media.compose_sound import BLOCK, PART, RATE, Mixer, Voice
from media.errors import MediaError
from media.record_store import Store, read_manifest, to_disk
from media.record_words import ENDED

FPS: Final = 15
REST: Final = 3.0              # seconds a point may be away and keep its place in the picture
FORMATS: Final = {           # encoder of the picture, its options, encoder of the sound
    "webm": ("libvpx", {"deadline": "realtime", "cpu-used": "8", "threads": "1"}, "libopus"),
    "mp4": ("libx264", {"preset": "veryfast", "crf": "25", "threads": "2"}, "aac"),
}
PICTURE_BITS, SOUND_BITS = 1_500_000, 96_000
Progress = Callable[[float, float], None]


@dataclass(frozen=True, slots=True)
class Result:
    """``damaged``: files whose SHA-256 is not that of the manifest; ``missing``: files that are gone; ``broken``: frames
    that could not be decoded, and files that could not be read, or not to their end."""

    seconds: float
    picture: str
    sound: str
    damaged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    broken: int = 0


def compose(folder: Path, out: Path, kind: str, *, names: dict[str, str] | None = None, font: Path | None = None,
            progress: Progress = lambda done, total: None) -> Result:
    """Writes ``out`` in the format ``kind`` (of FORMATS); ``progress(seconds done, seconds)`` is called once a second of sound.

    ``names``: what is written under whom instead of the point's code, in ``font``.  Whatever interrupts it, KeyboardInterrupt
    included, leaves no half file.  Raises: MediaError ``recording.unfinished`` or ``recording.codec``, OSError, ValueError.
    """
    manifest = read_manifest(folder)
    if manifest["state"] != ENDED:
        raise MediaError("recording.unfinished")
    film = _Film(folder, manifest, names or {}, font)
    temporary = out.with_name(f".{out.name}.part")
    try:
        picture, sound = film.write(temporary, kind, progress)
        to_disk(temporary)
        os.replace(temporary, out)
        to_disk(out.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    broken = sum(eye.broken for eye in film.eyes) + sum(voice.broken for voice in film.mixer.voices)
    return Result(film.seconds, picture, sound, film.damaged, film.missing, broken)


def picture_codec(kind: str) -> str:
    """The encoder of the picture; MPEG-4 part 2 where this build of FFmpeg has no H.264 encoder."""
    wanted = FORMATS[kind][0]
    return wanted if wanted in av.codecs_available else "mpeg4" if kind == "mp4" else "libvpx-vp9"


class _Film:
    def __init__(self, folder: Path, manifest: dict[str, Any], names: dict[str, str], font: Path | None) -> None:
        zero = _seconds(manifest["started"])
        self.seconds = max(_seconds(manifest["ended"]) - zero, 0.1)
        self.damaged: list[str] = []
        self.missing: list[str] = []
        self.eyes: list[Eye] = []
        voices: list[Voice] = []
        there: dict[str, list[tuple[float, float]]] = {}
        for track in manifest["tracks"]:
            path = folder / track["file"]
            if not path.exists():
                self.missing.append(track["file"])
                continue
            if track["sha256"] != Store.digest_of(path):
                self.damaged.append(track["file"])
            start, end = _seconds(track["start"]) - zero, _seconds(track["end"]) - zero
            there.setdefault(track["point"], []).append((start, end))
            if track["kind"] == "audio":
                voices.append(Voice(path, track["point"], start, end))
            else:
                self.eyes.append(Eye(path, track["point"], start, end))
        self.mixer = Mixer(voices)
        self._there = {point: _joined(spans) for point, spans in there.items()}
        self._canvas = Canvas(names, font)

    def write(self, path: Path, kind: str, progress: Progress) -> tuple[str, str]:
        """Everything; the names of the encoders used."""
        wanted, options, sound = FORMATS[kind]
        picture = picture_codec(kind)
        more = {"movflags": "+faststart"} if kind == "mp4" else {}
        with av.open(str(path), "w", format=kind, options=more) as container:
            video = container.add_stream(picture, rate=FPS, options=options if picture == wanted else {})
            audio = container.add_stream(sound, rate=RATE, layout="mono")
            assert isinstance(video, av.VideoStream) and isinstance(audio, av.AudioStream)
            video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            video.bit_rate, video.time_base = PICTURE_BITS, Fraction(1, FPS)
            video.codec_context.gop_size = 5 * FPS
            audio.bit_rate = SOUND_BITS
            samples, pictures = round(self.seconds * RATE), math.ceil(self.seconds * FPS)
            drawn = 0
            for first in range(0, samples, BLOCK):
                count = min(BLOCK, samples - first)
                container.mux(audio.encode(_sound(self.mixer.block(first, count), first)))
                while drawn < min(pictures, (first + count) * FPS / RATE):
                    container.mux(video.encode(self._picture(drawn, first)))
                    drawn += 1
                progress((first + count) / RATE, samples / RATE)
            container.mux(video.encode(None))
            container.mux(audio.encode(None))
        return picture, sound

    def _picture(self, number: int, first: int) -> av.VideoFrame:
        at = number / FPS
        points = [point for point, spans in self._there.items() if any(start <= at < end for start, end in spans)]
        self._canvas.arrange(points)
        seen: dict[str, tuple[float, av.VideoFrame]] = {}
        for eye in self.eyes:
            picture = eye.at(at)
            if picture is not None:
                seen[eye.point] = picture
        part = int((at - first / RATE) * RATE / PART)
        for point in points:
            loud = [] if point.endswith(SCREEN) else self.mixer.loud.get(point, [])  # a film is heard, and nobody speaks there
            self._canvas.draw(point, seen.get(point), bool(loud) and loud[min(max(part, 0), len(loud) - 1)])
        frame = self._canvas.frame()
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        return frame


def _joined(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same stretches with short pauses closed."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] < REST:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _sound(data: bytes, first: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="s16", layout="mono", samples=len(data) // 2)
    room = frame.planes[0].buffer_size
    frame.planes[0].update(data + bytes(room - len(data)))
    frame.sample_rate, frame.pts, frame.time_base = RATE, first, Fraction(1, RATE)
    return frame


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
