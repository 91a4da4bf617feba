"""RTP packets: a header view for the relay and a builder for synthetic peers (RFC 3550, RFC 8285).

Pure; never copies a payload unless asked, never decrypts.  Called by ``media/peer.py``, ``media/link.py``,
``media/recorder.py`` and the synthetic peers (``media/peers_*.py``).
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from media.errors import BadPacket

HEADER: Final = Struct("!BBHII")  # V/P/X/CC, M/PT, sequence number, timestamp, SSRC
HEADER_BYTES: Final = 12
_EXTENSION: Final = Struct("!HH")
_SEQ_HALF: Final = 1 << 15


class RtpView:
    """The parsed header of one plain RTP packet; ``data[start:end]`` is the payload without padding."""

    __slots__ = ("data", "repaired", "marker", "payload_type", "seq", "timestamp", "ssrc", "start", "end", "ext_profile", "ext_start",
                 "ext_end")

    def __init__(self, data: bytes) -> None:
        """Raises: BadPacket for anything RFC 3550 does not allow."""
        size = len(data)
        if size < HEADER_BYTES:
            raise BadPacket("rtp.short")
        first, second, self.seq, self.timestamp, self.ssrc = HEADER.unpack_from(data)
        if first >> 6 != 2:
            raise BadPacket("rtp.version")
        start: int = HEADER_BYTES + 4 * (first & 15)
        self.ext_profile = self.ext_start = self.ext_end = 0
        if first & 0x10:
            if start + 4 > size:
                raise BadPacket("rtp.extension")
            self.ext_profile, words = _EXTENSION.unpack_from(data, start)
            self.ext_start = start + 4
            start = self.ext_end = self.ext_start + 4 * words
        end = size
        if first & 0x20:
            padding = data[-1]
            if padding == 0 or start + padding > size:
                raise BadPacket("rtp.padding")
            end -= padding
        if start > end:
            raise BadPacket("rtp.short")
        self.data, self.start, self.end, self.repaired = data, start, end, False
        self.marker, self.payload_type = second >> 7, second & 0x7F

    @property
    def payload(self) -> bytes:
        """The payload without padding."""
        return self.data[self.start : self.end]

    def unwrap(self, payload_type: int) -> bool:
        """Turns a repair packet (RFC 4588) into the one it repairs; False when it is mere padding."""
        if self.end - self.start < 2:
            return False
        self.seq = self.data[self.start] << 8 | self.data[self.start + 1]
        self.start += 2
        self.payload_type, self.repaired = payload_type, True
        return self.end > self.start

    def extension(self, wanted: int) -> bytes | None:
        """The value of header extension ``wanted`` (1-255), one-byte or two-byte form; None when absent."""
        two_byte = self.ext_profile & 0xFFF0 == 0x1000
        if not two_byte and self.ext_profile != 0xBEDE:
            return None
        data, at, end = self.data, self.ext_start, self.ext_end
        while at < end:
            if data[at] == 0:  # padding between elements
                at += 1
                continue
            if two_byte:
                if at + 1 >= end:
                    return None
                ident, size, at = data[at], data[at + 1], at + 2
            else:
                ident, size, at = data[at] >> 4, (data[at] & 15) + 1, at + 1
                if ident == 15:
                    return None
            if at + size > end:
                return None
            if ident == wanted:
                return data[at : at + size]
            at += size
        return None


def build(
    payload_type: int,
    seq: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    *,
    marker: bool = False,
    extensions: dict[int, bytes] | None = None,
) -> bytes:
    """One plain RTP packet; ``extensions`` (id 1-14, 1-16 bytes each) use the one-byte form of RFC 8285."""
    block = b""
    if extensions:
        block = b"".join(bytes([ident << 4 | len(value) - 1]) + value for ident, value in extensions.items())
        block += bytes(-len(block) % 4)
        block = _EXTENSION.pack(0xBEDE, len(block) // 4) + block
    first = 0x90 if block else 0x80
    second = payload_type & 0x7F | (0x80 if marker else 0)
    return HEADER.pack(first, second, seq & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + block + payload


def extend(last: int, seq: int) -> int:
    """The extended sequence number of ``seq`` nearest to the extended number ``last`` (RFC 3550 appendix A.1)."""
    delta = (seq - last) & 0xFFFF
    return last + (delta if delta < _SEQ_HALF else delta - 0x10000)
