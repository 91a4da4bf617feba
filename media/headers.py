"""RTP headers of many receivers at once: one packet's, each with that receiver's own numbers.

Adding two numbers for each of hundreds of receivers is a loop of several hundred interpreted steps, and those are most of
what a relay in Python costs.  Here the numbers of all receivers lie side by side in one large integer, so that one addition
serves them all: sequence, time and, where VP8 counts its pictures, picture id and TL0PICIDX.  ``plain`` builds the same
bytes for one receiver.  Pure; knows nothing of sockets and keys.  Called by ``media/fanout.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from media.cache import Packet
from media.descriptor import vp8_ids
from media.rtp import HEADER
from media.sdp import Extensions

WORDS: Final = 3           # an RTP header without CSRC and extension, in 32-bit words (RFC 3550 section 5.1)
EXTENDED: Final = 0x1000   # the X bit, in the first half of the first word
_VERSION: Final = 0x8000
_ONE_BYTE: Final = b"\xbe\xde"  # RFC 8285 section 4.2
_LAST_ID: Final = 14


class Numbers(NamedTuple):
    """What one receiver's packets differ by from the source's.  Deltas are added modulo 2^16, 2^32, 2^15 and 2^8."""

    payload_type: int
    delta: int
    ts_delta: int
    ssrc: int
    pid_delta: int = 0
    tl0_delta: int = 0


class Picture(NamedTuple):
    """Where VP8 counts pictures: the descriptor's first two bytes, its 15-bit id, and TL0PICIDX with the next 3 bytes."""

    head: int
    number: int
    layer: int | None
    rest: int


class Stamp(NamedTuple):
    """What the moment of sending puts into a packet; sent again on its own SSRC it must be the same, or the cipher breaks."""

    time: int = 0    # abs-send-time: seconds, 24 bit, 6.18
    number: int = 0  # transport-wide


class Headers:
    """The numbers of ``count`` receivers, in their order; ``renumbers``: some of them count pictures differently."""

    __slots__ = ("count", "renumbers", "_ones", "_low", "_heads", "_deltas", "_wide_ones", "_wide_low", "_ts_deltas",
                 "_ssrcs", "_pid_deltas", "_tl0_deltas")

    def __init__(self, receivers: Iterable[Numbers]) -> None:
        numbers = list(receivers)
        self.count = len(numbers)
        self._ones = _lanes([1] * self.count, 4)
        self._low = self._ones * 0xFFFF
        self._heads = _lanes([(_VERSION | one.payload_type) << 16 for one in numbers], 4)
        self._deltas = _lanes([one.delta & 0xFFFF for one in numbers], 4)
        # A timestamp fills its 32 bits: lanes twice as wide take up what an addition carries.
        self._wide_ones = _lanes([1] * self.count, 8)
        self._wide_low = self._wide_ones * 0xFFFFFFFF
        self._ts_deltas = _lanes([one.ts_delta & 0xFFFFFFFF for one in numbers], 8)
        self._ssrcs = memoryview(b"".join([one.ssrc.to_bytes(4, "big") for one in numbers])).cast("I")
        self.renumbers = any(one.pid_delta or one.tl0_delta for one in numbers)
        self._pid_deltas = _lanes([one.pid_delta & 0x7FFF for one in numbers], 4)
        self._tl0_deltas = _lanes([one.tl0_delta & 0xFF for one in numbers], 4)

    def words(self, ext: int, timestamp: int, flags: int) -> tuple[memoryview, memoryview, memoryview]:
        """The first, second and third word of every receiver's header, ready to be copied as they are.

        ``ext`` is the source's (extended) sequence number; ``flags``: 0x80 for the marker, EXTENDED for the X bit.
        """
        numbers = self._deltas + (ext & 0xFFFF) * self._ones & self._low
        first = numbers + self._heads + (flags << 16) * self._ones
        times = self._ts_deltas + (timestamp & 0xFFFFFFFF) * self._wide_ones & self._wide_low
        return (memoryview(first.to_bytes(4 * self.count, "big")).cast("I"),
                memoryview(times.to_bytes(8 * self.count, "big")).cast("I")[1::2], self._ssrcs)

    def pictures(self, picture: Picture) -> tuple[memoryview, ...]:
        """The first and, where there is TL0PICIDX, the second word of every receiver's VP8 descriptor."""
        ones, size = self._ones, 4 * self.count
        numbers = self._pid_deltas + picture.number * ones & self._ones * 0x7FFF
        first = numbers + (picture.head << 16 | 0x8000) * ones
        word = memoryview(first.to_bytes(size, "big")).cast("I")
        if picture.layer is None:
            return (word,)
        layers = self._tl0_deltas + picture.layer * ones & ones * 0xFF
        second = (layers << 24) + picture.rest * ones
        return word, memoryview(second.to_bytes(size, "big")).cast("I")


def read_picture(payload: bytes) -> Picture | None:
    """The counters of a VP8 payload descriptor (RFC 7741 section 4.2); None unless the picture id has 15 bits."""
    ids = vp8_ids(payload)
    if ids is None:
        return None
    rest = int.from_bytes(payload[5:8].ljust(3, b"\0"), "big")
    return Picture(payload[0] << 8 | payload[1], ids.picture, ids.base, rest)


def block(agreed: Extensions, packet: Packet, stamp: Stamp) -> bytes:
    """The header extension of ``packet`` for everybody who agreed on these numbers: whole words, or nothing."""
    elements = []
    if 0 < agreed.abs_send <= _LAST_ID:
        elements.append(bytes([agreed.abs_send << 4 | 2]) + stamp.time.to_bytes(3, "big"))
    if 0 < agreed.transport_wide <= _LAST_ID:
        elements.append(bytes([agreed.transport_wide << 4 | 1]) + stamp.number.to_bytes(2, "big"))
    if packet.level is not None and 0 < agreed.level <= _LAST_ID:
        elements.append(bytes([agreed.level << 4, packet.level]))
    if packet.capture and 0 < agreed.capture <= _LAST_ID:
        elements.append(bytes([agreed.capture << 4 | len(packet.capture) - 1]) + packet.capture)
    if not elements:
        return b""
    body = b"".join(elements)
    body += bytes(-len(body) % 4)
    return _ONE_BYTE + (len(body) // 4).to_bytes(2, "big") + body


def plain(packet: Packet, to: Numbers, extension: bytes, repair: tuple[int, int, int] | None = None) -> bytes:
    """One packet for one receiver; with ``repair`` (SSRC, payload type, number) as the RTX of itself (RFC 4588)."""
    payload, number = packet.payload, packet.ext + to.delta & 0xFFFF
    picture = read_picture(payload) if to.pid_delta or to.tl0_delta else None
    if picture is not None:
        counted = 0x8000 | picture.number + to.pid_delta & 0x7FFF
        payload = payload[:2] + counted.to_bytes(2, "big") + payload[4:]
        if picture.layer is not None:
            payload = payload[:4] + bytes([picture.layer + to.tl0_delta & 0xFF]) + payload[5:]
    ssrc, payload_type, own = repair or (to.ssrc, to.payload_type, number)
    head = HEADER.pack((_VERSION | (EXTENDED if extension else 0)) >> 8, packet.marker | payload_type, own,
                       packet.timestamp + to.ts_delta & 0xFFFFFFFF, ssrc)
    return head + extension + (number.to_bytes(2, "big") if repair else b"") + payload


def _lanes(values: list[int], width: int) -> int:
    """``values`` side by side, ``width`` bytes each, the first one most significant."""
    return int.from_bytes(b"".join([value.to_bytes(width, "big") for value in values]), "big")
