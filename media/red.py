"""Redundant audio (RFC 2198): finds the primary block of a packet, and makes packets that repeat the sound before.

Pure and bounded.  Never decodes: a block is a payload as it came.  Called by ``media/svc.py``.
"""

from __future__ import annotations

from typing import Final

INSIDE: Final = 111        # the payload type of Opus inside the packets we make; that of every browser which offers RED
_OLDEST: Final = 1 << 14   # ticks: a block can be so old ...
_LARGEST: Final = 1 << 10  # ... and so large
_WHOLE: Final = 1000       # octets of a packet: a publisher of huge sounds is not made to need two datagrams


def strip(payload: bytes) -> bytes:
    """The primary block alone; empty where the headers are cut short or promise more than there is."""
    at = redundant = 0
    while at < len(payload) and payload[at] & 0x80:
        if at + 4 > len(payload):
            return b""
        redundant += (payload[at + 2] & 3) << 8 | payload[at + 3]
        at += 4
    start = at + 1 + redundant
    return payload[start:] if start <= len(payload) else b""


def join(payload: bytes, before: bytes, age: int) -> bytes:
    """``payload`` and what came ``age`` ticks before it; alone where that is too old, too large or nothing."""
    if not (0 < age < _OLDEST and 0 < len(before) < _LARGEST and len(before) + len(payload) < _WHOLE):
        return bytes((INSIDE,)) + payload
    return (0x80 | INSIDE).to_bytes(1, "big") + (age << 10 | len(before)).to_bytes(3, "big") + bytes((INSIDE,)) + before + payload
