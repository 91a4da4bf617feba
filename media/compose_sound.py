"""The sound of a composed recording: every track decoded, put at its time, mixed.

Never runs in the relay's or the recorder's process: it decodes (PyAV).  Called by ``media/compose.py``.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from operator import add
from pathlib import Path
from typing import Final

import av

from media.compose_track import DAMAGE, decoded

RATE: Final = 48_000           # samples a second, mono
BLOCK: Final = RATE            # samples mixed at a time
SLACK: Final = RATE // 50      # samples a frame may be early or late and still follow the one before without a seam
PART: Final = RATE // 10       # samples over which loudness is told
AUDIBLE: Final = 600           # of 32767: who is louder speaks
_LOUDEST: Final = 32_767


class Voice:
    """One sound track from ``start`` seconds of the recording on.  Ask for consecutive blocks."""

    def __init__(self, path: Path, point: str, start: float, end: float) -> None:
        self.point, self.start, self.end = point, start, end
        self.broken = 0                            # packets that could not be decoded, and the file if it could not be read
        self._path = path
        self._pieces: Iterator[tuple[int, array[int]]] | None = None
        self._next: tuple[int, array[int]] | None = None
        self._left: array[int] = array("h")        # decoded, from sample ``_at`` of the recording on
        self._at = 0

    def block(self, first: int, count: int) -> array[int] | None:
        """``count`` samples from number ``first`` on; None: silence."""
        if first >= self.end * RATE + SLACK or (first + count) <= self.start * RATE:
            self._close(first)
            return None
        if self._pieces is None:
            self._pieces = self._decoded()
            self._next, self._at = next(self._pieces, None), first
        self._skip_to(first)
        while self._next is not None and len(self._left) < count:
            at, samples = self._next
            due = self._at + len(self._left)
            if at >= first + count + SLACK:
                break
            if at > due + SLACK:
                self._left.extend(array("h", bytes(2 * (at - due))))
            elif at < due - SLACK:
                samples = samples[min(due - at, len(samples)):]
            self._left.extend(samples)
            self._next = next(self._pieces, None)
        block, self._left = self._left[:count], self._left[count:]
        self._at = first + count
        block.extend(array("h", bytes(2 * (count - len(block)))))
        return block

    def _skip_to(self, first: int) -> None:
        if self._at < first:
            self._left = self._left[first - self._at:]
        self._at = first

    def _close(self, first: int) -> None:
        if self._pieces is not None and first >= self.end * RATE:
            self._pieces, self._next = iter(()), None

    def _decoded(self) -> Iterator[tuple[int, array[int]]]:
        """(number of the first sample in the recording, samples) of each frame."""
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        for seconds, frames in decoded(self._path, "audio", self._note):
            if seconds is None:
                continue
            at = round((self.start + seconds) * RATE)
            try:
                pieces = [piece for frame in frames for piece in resampler.resample(frame)]
            except DAMAGE:
                self._note()
                continue
            for piece in pieces:
                samples = array("h", bytes(piece.planes[0])[: 2 * piece.samples])
                yield at, samples
                at += piece.samples

    def _note(self) -> None:
        self.broken += 1


class Mixer:
    """All voices; ``loud[point]`` are the tenths of the present block in which that point is heard."""

    def __init__(self, voices: list[Voice]) -> None:
        self.voices = voices
        self.loud: dict[str, list[bool]] = {}

    def block(self, first: int, count: int = BLOCK) -> bytes:
        """``count`` mixed samples, 16 bits each."""
        mixed: list[int] | array[int] | None = None
        self.loud = {}
        for voice in self.voices:
            samples = voice.block(first, count)
            if samples is None:
                continue
            self._note(voice.point, samples)
            mixed = samples if mixed is None else list(map(add, mixed, samples))
        if mixed is None:
            return bytes(2 * count)
        if isinstance(mixed, array):
            return mixed.tobytes()
        if max(mixed) > _LOUDEST or min(mixed) < -_LOUDEST:
            mixed = [min(max(sample, -_LOUDEST), _LOUDEST) for sample in mixed]
        return array("h", mixed).tobytes()

    def _note(self, point: str, samples: array[int]) -> None:
        parts = [samples[at : at + PART] for at in range(0, len(samples), PART)]
        heard = [max(part) > AUDIBLE or min(part) < -AUDIBLE for part in parts]
        before = self.loud.get(point)
        self.loud[point] = heard if before is None else [one or other for one, other in zip(before, heard, strict=True)]
