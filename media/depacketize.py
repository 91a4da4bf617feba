"""Puts the frames of an RTP stream together again: Opus (RFC 7587), VP8 (RFC 7741), VP9 (RFC 9628), H.264 (RFC 6184).

Pure and bounded; packets come in order, and ``lost`` says that some did not.  A frame of which a packet is missing never
comes out.  Nothing is decoded: of a frame's own bytes only those are read that tell a key frame and the size of a picture.
Called by ``media/record_slot.py``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from media.errors import BadPacket
from media.h264 import FU_A, IDR, SPS, STAP_A, sps_size, units

LARGEST_FRAME: Final = 8 << 20        # bytes of one frame; a camera's key frame has a hundredth of it
_PPS: Final = 8
_PLAIN: Final = range(1, 24)
_LARGEST_SET: Final = 0xFFFF           # bytes of a parameter set that a configuration record can hold
_UNTOLD: Final = (640, 360)           # a file must name a size; decoders believe the parameter set
_NO_PICTURE: Final = {SPS, _PPS, 6, 9}    # beside a picture: parameter sets, messages, delimiters


class Frame(NamedTuple):
    """One picture or piece of sound.  ``size`` in pixels, of a key frame; ``private``: configuration that has changed."""

    timestamp: int
    data: bytes
    key: bool
    size: tuple[int, int] = (0, 0)
    private: bytes = b""


class Assembler(Protocol):
    """``push`` one packet: the frames that are complete now.  Raises: BadPacket, and the frame under way is given up."""

    def push(self, timestamp: int, marker: bool, payload: bytes) -> list[Frame]: ...

    def lost(self) -> None:
        """Packets are missing between the last one and the next."""


def assembler(codec: str) -> Assembler:
    """For a codec of ``media/matroska.py``.  Raises: KeyError."""
    makers: dict[str, Callable[[], Assembler]] = {"OPUS": Opus, "VP8": Vp8, "VP9": Vp9, "H264": H264}
    return makers[codec]()


class Opus:
    """Every packet is a frame."""

    def push(self, timestamp: int, marker: bool, payload: bytes) -> list[Frame]:
        """See Assembler; an empty packet is silence that was not sent."""
        return [Frame(timestamp, payload, True)] if payload else []

    def lost(self) -> None:
        """Nothing is under way."""


class _Pieces:
    """Common to pictures: the pieces of the frame under way, from its beginning to its marker."""

    def __init__(self) -> None:
        self.timestamp = 0
        self.pieces: list[bytes] = []
        self.octets = 0
        self.whole = False             # the beginning was seen and nothing is missing since

    def lost(self) -> None:
        """See Assembler: the frame under way will never be complete."""
        self._clear()

    def _clear(self) -> None:
        self.pieces, self.octets, self.whole = [], 0, False

    def _begin(self, timestamp: int) -> None:
        self._clear()
        self.timestamp, self.whole = timestamp, True

    def _add(self, piece: bytes) -> None:
        self.octets += len(piece)
        if self.octets > LARGEST_FRAME:
            raise self._refuse("frame.size")
        self.pieces.append(piece)

    def _refuse(self, code: str) -> BadPacket:
        self.lost()
        return BadPacket(code)

    def _unmarked(self, timestamp: int) -> bool:
        """Another frame begins where nothing is missing: the one before was complete without a marker."""
        return self.whole and bool(self.pieces) and timestamp != self.timestamp


class Vp8(_Pieces):
    """RFC 7741: a descriptor before each piece; the first one of a frame has S set and partition 0."""

    def push(self, timestamp: int, marker: bool, payload: bytes) -> list[Frame]:
        """See Assembler."""
        at = _vp8_descriptor(payload)
        if at == 0:
            raise self._refuse("vp8.descriptor")
        done = [self._frame()] if self._unmarked(timestamp) else []
        if payload[0] & 0x17 == 0x10 and (not self.whole or timestamp != self.timestamp):
            self._begin(timestamp)
        if not self.whole or timestamp != self.timestamp:
            self._clear()
            return done
        self._add(payload[at:])
        return [*done, self._frame()] if marker else done

    def _frame(self) -> Frame:
        timestamp, data = self.timestamp, b"".join(self.pieces)
        self._clear()
        key = len(data) >= 10 and not data[0] & 1 and data[3:6] == b"\x9d\x01\x2a"
        size = struct.unpack_from("<HH", data, 6) if key else (0, 0)
        return Frame(timestamp, data, key, (size[0] & 0x3FFF, size[1] & 0x3FFF))


def _vp8_descriptor(payload: bytes) -> int:
    """Its length; 0 when there is nothing after it."""
    if not payload:
        return 0
    at = 1
    if payload[0] & 0x80:
        if len(payload) < 3:
            return 0
        flags, at = payload[1], 2
        if flags & 0x80:
            at += 2 if payload[at] & 0x80 else 1
        at += bool(flags & 0x40) + bool(flags & 0x30)
    return at if at < len(payload) else 0


class Vp9(_Pieces):
    """RFC 9628.  A picture may consist of the frames of several spatial layers: they become one superframe (annex B)."""

    def __init__(self) -> None:
        super().__init__()
        self._layers: list[int] = []   # bytes of each finished layer of the picture under way
        self._key = False

    def _clear(self) -> None:
        super()._clear()
        self._layers, self._key = [], False

    def push(self, timestamp: int, marker: bool, payload: bytes) -> list[Frame]:
        """See Assembler."""
        try:
            at, base = _vp9_descriptor(payload)
        except IndexError as error:
            raise self._refuse("vp9.descriptor") from error
        if at >= len(payload):
            raise self._refuse("vp9.descriptor")
        done = [self._frame()] if self._unmarked(timestamp) else []
        first, last, between = payload[0] & 0x08, payload[0] & 0x04, payload[0] & 0x40
        if first and (not self.whole or timestamp != self.timestamp):
            self._begin(timestamp)
            self._key = not between and base
        if not self.whole or timestamp != self.timestamp:
            self._clear()
            return done
        self._add(payload[at:])
        if last:
            self._layers.append(self.octets - sum(self._layers))
        return [*done, self._frame()] if marker else done

    def _frame(self) -> Frame:
        timestamp, layers, data = self.timestamp, self._layers, b"".join(self.pieces)
        size = vp9_size(data) if self._key else None
        self._clear()
        if len(layers) > 1:
            data += _superframe(layers)
        return Frame(timestamp, data, size is not None, size or (0, 0))


def _vp9_descriptor(payload: bytes) -> tuple[int, bool]:
    """(its length, whether this is the lowest spatial layer).  Raises: IndexError when it is cut short."""
    flags, at, base = payload[0], 1, True
    if flags & 0x80:
        at += 2 if payload[at] & 0x80 else 1
    if flags & 0x20:
        base = payload[at] & 0x0E == 0
        at += 1 if flags & 0x10 else 2
    if flags & 0x10 and flags & 0x40:
        for _ in range(3):
            more = payload[at] & 1
            at += 1
            if not more:
                break
    if flags & 0x02:
        structure, at = payload[at], at + 1
        at += ((structure >> 5) + 1) * 4 if structure & 0x10 else 0
        if structure & 0x08:
            count, at = payload[at], at + 1
            for _ in range(count):
                at += 1 + (payload[at] >> 2 & 3)
    return at, base


def vp9_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a key frame of profile 0 (VP9 bitstream specification section 6.2); None: no key frame."""
    if len(data) < 10 or data[0] >> 6 != 2 or data[0] & 0x3C or data[1:4] != b"\x49\x83\x42":
        return None
    bits = int.from_bytes(data[4:10], "big")
    at = 44 if bits >> 45 != 7 else 0                  # colour space: 3 bits, then the range unless it is RGB
    if not at:
        return None
    return (bits >> at - 16 & 0xFFFF) + 1, (bits >> at - 32 & 0xFFFF) + 1


def _superframe(sizes: list[int]) -> bytes:
    """The index behind a superframe (VP9 bitstream specification annex B)."""
    few = sizes[:8]
    width = max(1, (max(few).bit_length() + 7) // 8)
    mark = bytes([0xC0 | width - 1 << 3 | len(few) - 1])
    return mark + b"".join(size.to_bytes(width, "little") for size in few) + mark


class H264(_Pieces):
    """RFC 6184 with packetization mode 1: single units, STAP-A and FU-A.  Units come out with their length before them.

    Nothing in a packet says that a frame begins there: after a loss all is left out up to the next marker or SPS.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kinds: set[int] = set()
        self._fragment: list[bytes] | None = None
        self._sets: dict[int, bytes] = {}
        self._adrift = False

    def _clear(self) -> None:
        super()._clear()
        self._kinds, self._fragment = set(), None

    def lost(self) -> None:
        """See Assembler; parameter sets stay."""
        self._clear()
        self._adrift = True

    def push(self, timestamp: int, marker: bool, payload: bytes) -> list[Frame]:
        """See Assembler."""
        if self._adrift:
            if not _begins_with_sps(payload):
                self._adrift = not marker
                return []
            self._adrift = False
        done: list[Frame] = []
        if not self.whole or timestamp != self.timestamp:
            alone = self.whole and not self._kinds - _NO_PICTURE
            kept = self.pieces if alone else []        # sets that came by themselves belong to the picture after them
            if self._unmarked(timestamp) and not alone:
                done = [self._frame()]
            self._begin(timestamp)
            self.pieces, self.octets = kept, sum(map(len, kept))
        try:
            self._units(payload)
        except IndexError as error:
            raise self._refuse("h264.unit") from error
        if not marker or not self._kinds - _NO_PICTURE:
            return done
        if self._fragment is not None:
            raise self._refuse("h264.fu")
        return [*done, self._frame()]

    def _frame(self) -> Frame:
        timestamp, key, data = self.timestamp, IDR in self._kinds, b"".join(self.pieces)
        self._clear()
        sets = (self._sets.get(SPS, b""), self._sets.get(_PPS, b""))
        if not key or not all(sets):   # without its sets nobody could decode a key frame
            return Frame(timestamp, data, False)
        size = sps_size(sets[0])
        return Frame(timestamp, data, True, size if all(size) else _UNTOLD, avc_configuration(*sets))

    def _units(self, payload: bytes) -> None:
        kind = payload[0] & 0x1F
        if kind in _PLAIN:
            self._unit(payload)
        elif kind == STAP_A:
            at = 1
            while at < len(payload):
                length = int.from_bytes(payload[at : at + 2], "big")
                if not length or at + 2 + length > len(payload):
                    raise self._refuse("h264.stap")
                self._unit(payload[at + 2 : at + 2 + length])
                at += 2 + length
        elif kind == FU_A:
            self._piece(payload)
        else:
            raise self._refuse("h264.kind")

    def _piece(self, payload: bytes) -> None:
        mark = payload[1]
        if mark & 0x80:
            self._fragment = [bytes([payload[0] & 0xE0 | mark & 0x1F])]
        if self._fragment is None:
            raise self._refuse("h264.fu")
        self._fragment.append(payload[2:])
        if len(self._fragment) * 1500 > LARGEST_FRAME:
            raise self._refuse("frame.size")
        if mark & 0x40:
            whole, self._fragment = b"".join(self._fragment), None
            self._unit(whole)

    def _unit(self, unit: bytes) -> None:
        kind = unit[0] & 0x1F
        if kind in (SPS, _PPS):
            if len(unit) > _LARGEST_SET:
                raise self._refuse("h264.set")
            self._sets[kind] = unit
        self._kinds.add(kind)
        self._add(len(unit).to_bytes(4, "big") + unit)


def _begins_with_sps(payload: bytes) -> bool:
    return any(unit[0] & 0x1F == SPS for unit in units(payload))


def avc_configuration(sps: bytes, pps: bytes) -> bytes:
    """The configuration record of one SPS and one PPS (ISO/IEC 14496-15 section 5.3.3); lengths have four bytes."""
    return (bytes([1]) + sps[1:4].ljust(3, b"\0") + b"\xff\xe1" + len(sps).to_bytes(2, "big") + sps
            + b"\x01" + len(pps).to_bytes(2, "big") + pps)
