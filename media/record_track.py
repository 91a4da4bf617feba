"""One recorded track: frames in, pieces of a Matroska file out, with every gap stated.

Pure.  Times are seconds of the recording's clock (0 = its beginning).  ``take`` hands out what is to be written and
``kept`` says that it is on the disk; only that counts as recorded.  Made by ``media/record_book.py``; ``media/record_slot.py``
puts frames in, ``media/record_beat.py`` takes pieces out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from media import matroska
from media.depacketize import Frame
from media.matroska import Block, Form

MOST_GAPS: Final = 500             # of one track; beyond that neighbours become one
MOST_STARTS: Final = 20_000        # places a player may go to, at least ...
START_EVERY: Final = 2000          # ... this many ms apart
CLUSTER: Final = 5000              # ms of one cluster at most
PENDING: Final = 12 << 20          # bytes of one track that wait for a slow disk


@dataclass(slots=True)
class Gap:
    """From the end of what is there to the beginning of what is there again; None: it never was."""

    start: float
    end: float | None
    reason: str


@dataclass(slots=True)
class Track:
    """See the module.  ``number`` makes its file's name; ``kind`` is audio or video."""

    number: int
    point: str
    kind: str
    form: Form
    start: float
    gaps: list[Gap] = field(default_factory=list)
    end: float = 0.0               # of what is on the disk
    size: int = 0                  # bytes on the disk
    frames: int = 0
    sha256: str | None = None
    closed: bool = False           # no more frames will come
    head: bytes = b""
    starts: list[tuple[int, int]] = field(default_factory=list)
    seconds: float = 0.02          # how long one frame lasts, for the end
    _blocks: list[Block] = field(default_factory=list)
    _waiting: int = 0
    _last: int = -1
    _seen_end: float = 0.0         # of what was put in ...
    _given_end: float = 0.0        # ... and of what was handed out, with ...
    _given_frames: int = 0         # ... so many frames
    _broken: Gap | None = None     # the gap that is open now

    def __post_init__(self) -> None:
        self.head = matroska.header(self.form)
        self.end = self._seen_end = self._given_end = self.start

    @property
    def file(self) -> str:
        """Its file's name in the folder of the recording."""
        point = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "_" for letter in self.point)
        return f"{self.number:04d}-{point[:40]}-{self.kind}{self.form.suffix}"

    @property
    def broken(self) -> bool:
        """Whether a gap is open: a picture goes on with a key frame only."""
        return self._broken is not None

    def gap(self, reason: str, at: float | None = None) -> None:
        """Something is missing after what was put in last (or after ``at``); the first reason counts."""
        if self._broken is None:
            self._broken = Gap(max(self.start, self._seen_end if at is None else at), None, reason)
            self._note(self._broken)

    def _note(self, gap: Gap) -> None:
        if len(self.gaps) >= MOST_GAPS:
            before = self.gaps.pop()
            gap.start, gap.reason = before.start, before.reason
        self.gaps.append(gap)

    def add(self, frame: Frame, at: float) -> bool:
        """One complete frame taken at ``at``; False: a picture that needs one which is missing, and is left out."""
        if self._broken is not None:
            if not frame.key:
                return False
            self._broken.end = max(at, self._broken.start)
            self._broken = None
        milliseconds = max(round((at - self.start) * 1000), self._last, 0)
        if self.kind == "video" and milliseconds == self._last:
            milliseconds += 1
        if self._last >= 0:
            self.seconds = min(max((milliseconds - self._last) / 1000, 0.001), 0.2)
        self._last = milliseconds
        self._blocks.append(Block(milliseconds, frame.data, frame.key))
        self._waiting += len(frame.data) + 16
        self._seen_end = self.start + milliseconds / 1000 + self.seconds
        return True

    @property
    def unkept(self) -> bool:
        """Whether anything was put in that is not on the disk."""
        return bool(self._blocks or self._given_frames)

    @property
    def waiting(self) -> bool:
        """Whether anything is to be written."""
        return bool(self._blocks)

    @property
    def crowded(self) -> bool:
        """Whether too much waits for the disk."""
        return self._waiting > PENDING

    def take(self) -> bytes:
        """Everything that waits, as clusters (after the header, the first time); ``kept`` or ``drop`` follows."""
        blocks, self._blocks, self._waiting = self._blocks, [], 0
        data = b"" if self.size else self.head
        offset = self.size + len(data)
        pieces = [data]
        self._given_end, self._given_frames = self._seen_end, len(blocks)
        while blocks:
            last = blocks[0].at + CLUSTER
            count = next((n for n, block in enumerate(blocks) if n and (self._splits(block) or block.at > last)), len(blocks))
            piece = matroska.cluster(blocks[:count])
            if blocks[0].key and len(self.starts) < MOST_STARTS and (
                not self.starts or blocks[0].at - self.starts[-1][0] >= START_EVERY
            ):
                self.starts.append((blocks[0].at, offset))
            offset += len(piece)
            pieces.append(piece)
            blocks = blocks[count:]
        return b"".join(pieces)

    def _splits(self, block: Block) -> bool:
        """A picture's key frame begins a cluster, so that a player finds it."""
        return self.kind == "video" and block.key

    def kept(self, size: int) -> None:
        """What ``take`` gave out last is on the disk; the file has ``size`` bytes."""
        self.size, self.end = size, self._given_end
        self.frames += self._given_frames
        self._given_frames = 0

    def forget(self, reason: str) -> None:
        """What waits is dropped; what was handed out counts as kept."""
        self._blocks, self._waiting = [], 0
        self._missing_from(self._given_end, reason)

    def unwritten(self, reason: str) -> None:
        """What was handed out did not reach the disk, and what waits is dropped too."""
        self._blocks, self._waiting, self._given_frames = [], 0, 0
        self._given_end = self.end
        self.starts = [start for start in self.starts if start[1] < self.size]
        self._missing_from(self.end, reason)

    def _missing_from(self, at: float, reason: str) -> None:
        """Nothing after ``at`` is kept: what was a gap there is part of this one; one that began before keeps its reason."""
        first = None
        while self.gaps and (self.gaps[-1].end is None or self.gaps[-1].end > at):
            first = self.gaps.pop()
        if first is not None and first.start <= at:
            at, reason = first.start, first.reason
        self._seen_end, self._broken = at, None
        self.gap(reason, at)

    def ending(self) -> tuple[bytes, list[tuple[int, bytes]]]:
        """What makes the file complete: (to append, to write over).  Nothing for a file that was never begun."""
        if not self.size:
            return b"", []
        return matroska.finish(self.head, self.size, round((self.end - self.start) * 1000), self.starts)

    def as_data(self, moment: Any) -> dict[str, Any]:
        """Its entry in the manifest; ``moment`` turns seconds of the recording into text."""
        entry: dict[str, Any] = {
            "file": self.file, "point": self.point, "kind": self.kind, "codec": self.form.codec,
            "start": moment(self.start), "end": moment(self.end), "bytes": self.size, "frames": self.frames,
            "sha256": self.sha256,
        }
        if self.kind == "video":
            entry["width"], entry["height"] = self.form.size
        return entry | {"gaps": [
            {"from": moment(gap.start), "to": None if gap.end is None else moment(gap.end), "reason": gap.reason}
            for gap in self.gaps]}
