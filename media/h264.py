"""The NAL units in an H.264 payload (RFC 6184) and the size of the picture in a sequence parameter set (ITU-T H.264 7.3.2.1.1).

Pure; bounded by the bits there are: what is cut short or absurd gives 0.  Called by ``media/descriptor.py``,
``media/keyframe.py`` and ``media/depacketize.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

IDR, SPS, STAP_A, FU_A = 5, 7, 24, 28  # NAL unit types

_CHROMA_PROFILES: Final = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)
_LONGEST: Final = 256     # bytes looked at; the height stands near the beginning
_MOST: Final = 16384      # rows or columns


def units(payload: bytes) -> Iterator[bytes]:
    """The NAL units that begin in a payload (RFC 6184): itself, each one of a STAP-A, of an FU-A the first part as a unit."""
    kind = payload[0] & 0x1F if payload else 0
    if kind == FU_A:
        if len(payload) > 1 and payload[1] & 0x80:
            yield bytes([payload[0] & 0xE0 | payload[1] & 0x1F]) + payload[2:]
    elif kind == STAP_A:
        at = 1
        while at + 2 < len(payload):
            size = int.from_bytes(payload[at : at + 2], "big")
            if size:
                yield payload[at + 2 : at + 2 + size]
            at += 2 + size
    elif kind:
        yield payload


class _Bits:
    """Reads bits from the left.  Raises IndexError behind the end."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def read(self, count: int) -> int:
        if count > self._left:
            raise IndexError
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def unsigned(self) -> int:
        """Exp-Golomb, ue(v)."""
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > 31:
                raise IndexError
        return (1 << zeros) - 1 + self.read(zeros)


def sps_height(unit: bytes) -> int:
    """Rows of the picture; 0 when ``unit`` (with its one-byte NAL header) does not say."""
    return sps_size(unit)[1]


def sps_size(unit: bytes) -> tuple[int, int]:
    """Columns and rows of the picture; (0, 0) when ``unit`` does not say."""
    try:
        size = _size(_Bits(unit[1:_LONGEST].replace(b"\x00\x00\x03", b"\x00\x00")))
    except IndexError:
        return 0, 0
    return size if all(0 < side <= _MOST for side in size) else (0, 0)


def _size(bits: _Bits) -> tuple[int, int]:
    profile = bits.read(8)
    bits.read(16)
    bits.unsigned()
    chroma = 1
    if profile in _CHROMA_PROFILES:
        chroma = bits.unsigned()
        if chroma == 3:
            bits.read(1)
        bits.unsigned()
        bits.unsigned()
        bits.read(1)
        if bits.read(1):
            return 0, 0  # scaling lists: no browser sends them, and the height behind them is worth no more code
    bits.unsigned()
    order = bits.unsigned()
    if order == 0:
        bits.unsigned()
    elif order == 1:
        bits.read(1)
        bits.unsigned()
        bits.unsigned()
        for _ in range(min(255, bits.unsigned())):
            bits.unsigned()
    bits.unsigned()
    bits.read(1)
    columns = 16 * (bits.unsigned() + 1)
    units = bits.unsigned() + 1
    frames_only = bits.read(1)
    if not frames_only:
        bits.read(1)
    bits.read(1)
    beside = cropped = 0
    if bits.read(1):
        beside = bits.unsigned() + bits.unsigned()
        cropped = bits.unsigned() + bits.unsigned()
    step = (2 if chroma == 1 else 1) * (2 - frames_only)
    return columns - (2 if chroma in (1, 2) else 1) * beside, 16 * units * (2 - frames_only) - step * cropped
