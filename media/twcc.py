"""Transport-wide feedback: when each numbered packet arrived (draft-holmer-rmcat-transport-wide-cc-extensions-01).

``parse`` reads what a receiver tells us of our packets; ``Recorder`` writes what we tell a publisher of its own.  Pure:
``now`` is an argument; never keeps more than ``MAX_STATUSES`` numbers, never raises anything but BadPacket.  ``parse`` is called
by ``media/reports.py``; ``media/peer.py`` notes, ``media/reports.py`` sends; ``media/peers_subscriber.py`` does both as a receiver.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple

from media import rtcp
from media.errors import BadPacket
from media.rtp import extend

_HEAD: Final = Struct("!HHI")       # base number, count of statuses, reference time (24 bit) and feedback count
_TICKS: Final = 4000                # a second has so many units of 250 microseconds ...
_REFERENCE: Final = 256             # ... and a unit of the reference time has 64 ms
WRAP: Final = (1 << 24) * 0.064     # the reference time begins anew after so many seconds
MAX_STATUSES: Final = 2048          # of one message: a tenth of it is plenty at 20 messages a second
_MEMORY: Final = 0.5                # an overtaken packet of the last seconds is told together with its neighbours
_MAX_BODY: Final = 1000             # octets of chunks and deltas in one message
_SMALL, _LARGE = 1, 2
_DIGITS: Final = bytes.maketrans(b"\0\1\2", b"012")


class Feedback(NamedTuple):
    """``packets``: 16-bit number and time of arrival (seconds of the receiver's clock, modulo ``WRAP``) or None if missing.

    ``message`` counts the messages themselves, modulo 256.
    """

    packets: list[tuple[int, float | None]]
    message: int = 0


@lru_cache(maxsize=4096)
def _symbols(chunk: int) -> bytes:
    """The statuses of one chunk: 0 missing, 1 small delta, 2 large one, 3 reserved."""
    if not chunk >> 15:
        return bytes([chunk >> 13 & 3]) * min(chunk & 0x1FFF, MAX_STATUSES)
    if chunk >> 14 & 1:
        return bytes(chunk >> shift & 3 for shift in range(12, -1, -2))
    return bytes(chunk >> shift & 1 for shift in range(13, -1, -1))


def parse(fci: bytes) -> Feedback:
    """One message without its RTCP header and SSRCs.  Raises: BadPacket."""
    size = len(fci)
    if size < 8:
        raise BadPacket("twcc.short")
    base, left, mixed = _HEAD.unpack_from(fci)
    if not 0 < left <= MAX_STATUSES:
        raise BadPacket("twcc.count")
    statuses, at = b"", 8
    while len(statuses) < left:
        if at + 2 > size:
            raise BadPacket("twcc.chunks")
        told = _symbols(fci[at] << 8 | fci[at + 1])
        if not told:
            raise BadPacket("twcc.chunks")
        statuses += told
        at += 2
    ticks = (mixed >> 8) * _REFERENCE
    found: list[tuple[int, float | None]] = []
    number = base
    try:
        for status in statuses[:left]:
            if status == 1:
                ticks += fci[at]
                at += 1
                found.append((number & 0xFFFF, ticks / _TICKS))
            elif not status:
                found.append((number & 0xFFFF, None))
            elif status == 2:
                step = fci[at] << 8 | fci[at + 1]
                ticks += step - 65536 if step & 0x8000 else step
                at += 2
                found.append((number & 0xFFFF, ticks / _TICKS))
            else:
                raise BadPacket("twcc.status")
            number += 1
    except IndexError:
        raise BadPacket("twcc.deltas") from None
    return Feedback(found, mixed & 0xFF)


class Recorder:
    """When the packets of one publisher came, by transport-wide number; makes the messages that tell it."""

    __slots__ = ("_times", "_highest", "_next", "_messages")

    def __init__(self) -> None:
        self._times: dict[int, int] = {}  # extended number to ticks
        self._highest = self._next = -1
        self._messages = 0

    def note(self, number: int, now: float) -> None:
        """A packet with this 16-bit number arrived.  The first arrival counts."""
        if self._highest < 0:
            ext = number + 65536  # room below for packets it overtook
            self._highest = self._next = ext
        else:
            ext = extend(self._highest, number)
            if ext <= self._highest - MAX_STATUSES or ext in self._times:
                return
            if ext > self._highest:
                self._highest = ext
                if ext - self._next >= MAX_STATUSES:  # nobody loses so many: it began anew
                    self._times.clear()
                    self._next = ext
        self._times[ext] = int(now * _TICKS)
        self._next = min(self._next, ext)

    @property
    def waiting(self) -> int:
        """How many numbers are not told yet, lost ones too."""
        return self._highest - self._next + 1 if self._highest >= 0 else 0

    def feedback(self, sender_ssrc: int, media_ssrc: int, now: float) -> bytes | None:
        """A message of all that is not told yet (what one cannot hold comes next time), or None when nothing came."""
        told = sorted(ext for ext in self._times if ext >= self._next)
        if not told:
            return None
        first = told[0]
        base = min(self._next, first)
        ticks = self._times[first] // _REFERENCE * _REFERENCE
        reference = ticks // _REFERENCE & 0xFFFFFF
        statuses, deltas, last = bytearray(), bytearray(), base
        for ext in told:
            step = self._times[ext] - ticks
            if not -0x8000 <= step < 0x8000 or len(deltas) + 2 * len(statuses) // 7 > _MAX_BODY:
                break  # begins the next message
            statuses += bytes(ext - last)
            if 0 <= step < 256:
                statuses.append(_SMALL)
                deltas.append(step)
            else:
                statuses.append(_LARGE)
                deltas += (step & 0xFFFF).to_bytes(2, "big")
            ticks += step
            last = ext + 1
        self._next = last
        self._forget(now)
        head = _HEAD.pack(base & 0xFFFF, len(statuses), reference << 8 | self._messages & 0xFF)
        self._messages += 1
        return rtcp.transport_feedback(sender_ssrc, media_ssrc, head + _chunks(bytes(statuses)) + bytes(deltas))

    def _forget(self, now: float) -> None:
        old = int((now - _MEMORY) * _TICKS)
        oldest = self._highest - MAX_STATUSES
        self._times = {
            ext: at for ext, at in self._times.items() if ext >= self._next or (at >= old and ext > oldest)
        }


def _chunks(statuses: bytes) -> bytes:
    """The shortest of run, vector of fourteen and vector of seven for what comes next, until all is told."""
    out, at, size = bytearray(), 0, len(statuses)
    while at < size:
        status = statuses[at]
        run = size - at - len(statuses[at:].lstrip(bytes([status])))
        few = statuses[at : at + 14]
        if run >= (7 if status == _LARGE or _LARGE in few[:7] else 14) or run == size - at:
            chunk, step = status << 13 | run, run
        elif _LARGE not in few:
            chunk, step = 0x8000 | int(few.ljust(14, b"\0").translate(_DIGITS), 2), 14
        else:
            chunk, step = 0xC000 | int(few[:7].ljust(7, b"\0").translate(_DIGITS), 4), 7
        out += chunk.to_bytes(2, "big")
        at += step
    return bytes(out)
