"""Letters between the two ends of a link: texts of any length over datagrams that may get lost.

A letter is the newest of its kind; whoever sends it repeats its pieces until the other side says that it has all of them, and a
newer one takes its place.  Pieces travel as RTCP APP packets (RFC 3550 section 6.7, name ``DCLK``) inside SRTCP, so that nobody
else can write any.  Pure and sans-IO; ``now`` is an argument.  Called by ``media/link.py``.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final

APP: Final = 204
NAME: Final = b"DCLK"
PIECE: Final = 1000                # octets of a letter in one datagram
MAX_PIECES: Final = 256
MAX_LETTER: Final = 4 << 20        # octets when unpacked
AGAIN: Final = (0.05, 0.1, 0.2, 0.4, 1.0)  # seconds until it is sent again; the last repeats
RECEIPT: Final = 16                # added to the kind of a letter
_HEAD: Final = struct.Struct("!BBHI4sIHHH")   # flags, type, length, SSRC, name, version, place, of how many, octets


def packet(ssrc: int, kind: int, version: int, place: int = 0, pieces: int = 0, data: bytes = b"") -> bytes:
    """One APP packet."""
    body = data + bytes(-(len(data) + 2) % 4)
    words = (_HEAD.size + len(body)) // 4 - 1
    return _HEAD.pack(0x80 | kind, APP, words, ssrc, NAME, version, place, pieces, len(data)) + body


def packets(compound: bytes) -> Iterator[tuple[int, int, int, int, bytes]]:
    """(kind, version, place, pieces, data) of those in a compound packet; what is malformed ends it."""
    at, size = 0, len(compound)
    while at + 4 <= size:
        end = at + 4 + 4 * int.from_bytes(compound[at + 2 : at + 4], "big")
        if end > size:
            return
        if compound[at + 1] == APP and end - at >= _HEAD.size:
            first, _type, _words, _ssrc, name, version, place, pieces, octets = _HEAD.unpack_from(compound, at)
            if name == NAME and octets <= end - at - _HEAD.size:
                yield first & 31, version, place, pieces, compound[at + _HEAD.size : at + _HEAD.size + octets]
        at = end


class Outbox:
    """Letters of one kind on their way."""

    def __init__(self, kind: int) -> None:
        self.kind = kind
        self.text: bytes | None = None
        self._version = self._tries = 0
        self._due: float | None = None
        self._pieces: list[bytes] = []

    def put(self, text: bytes) -> None:
        """The newest letter; the same again is not sent again."""
        if text == self.text:
            return
        packed = zlib.compress(text, 6)
        self.text, self._version, self._tries, self._due = text, self._version + 1, 0, float("-inf")
        self._pieces = [packed[at : at + PIECE] for at in range(0, len(packed), PIECE)]

    def due(self, ssrc: int, now: float) -> list[bytes]:
        """Packets to send now."""
        if self._due is None or now < self._due:
            return []
        self._due = now + AGAIN[min(self._tries, len(AGAIN) - 1)]
        self._tries += 1
        count = len(self._pieces)
        return [packet(ssrc, self.kind, self._version, place, count, data) for place, data in enumerate(self._pieces)]

    def received(self, version: int) -> None:
        """The other side has it."""
        if version == self._version:
            self._due = None


class Inbox:
    """Letters of one kind as they arrive."""

    def __init__(self) -> None:
        self._version = self._done = 0
        self._pieces: dict[int, bytes] = {}

    def take(self, version: int, place: int, pieces: int, data: bytes) -> tuple[bool, bytes | None]:
        """(whether this letter is complete and a receipt is due, its text if it became so just now)."""
        if version <= self._done:
            return version == self._done, None
        if version < self._version or not 0 < pieces <= MAX_PIECES or place >= pieces or len(data) > PIECE:
            return False, None
        if version > self._version:
            self._version, self._pieces = version, {}
        self._pieces[place] = data
        if len(self._pieces) < pieces:
            return False, None
        packed, self._pieces = b"".join(self._pieces[place] for place in sorted(self._pieces)), {}
        unpack = zlib.decompressobj()
        try:
            text = unpack.decompress(packed, MAX_LETTER)
        except zlib.error:
            return False, None
        self._done = version
        return True, text
