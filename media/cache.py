"""A ring of the last packets of one source, from which lost ones are sent again.

Pure; bounded by its size, keeps packets as they were received and decrypted.  Held by ``media/layer.py``, used by ``media/relay.py``.
"""

from __future__ import annotations

from typing import NamedTuple


class Packet(NamedTuple):
    """One received packet as the relay forwards it: no CSRC, no extension, no padding, source's own numbers.

    ``ext`` is the extended sequence number, ``marker`` the marker bit in its place in the second byte.  Two header
    extensions go with it: ``level``, the byte of RFC 6464, and ``capture``, the raw value of abs-capture-time.
    """

    ext: int
    timestamp: int
    marker: int  # 0 or 0x80
    payload: bytes
    level: int | None = None
    capture: bytes = b""


class Ring:
    """Packets by extended sequence number; an old one is overwritten by the one ``size`` later."""

    __slots__ = ("_slots", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._slots: list[Packet | None] = [None] * size

    def put(self, packet: Packet) -> None:
        """Keeps one packet."""
        self._slots[packet.ext % self._size] = packet

    def get(self, ext: int) -> Packet | None:
        """The packet with this number, or None when it never came or is too old."""
        packet = self._slots[ext % self._size]
        return packet if packet is not None and packet.ext == ext else None
