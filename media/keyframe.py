"""Finds the first packet of a key frame without decoding (RFC 7741 for VP8, RFC 6184 for H.264).

Pure; reads a few bytes of a payload and never trusts a length.  Called by ``media/relay.py``.
"""

from __future__ import annotations

from typing import Final

_IDR, _SPS, _STAP_A, _FU_A = 5, 7, 24, 28
_KEY_NALS: Final = (_IDR, _SPS)


def starts_keyframe(codec: str, payload: bytes) -> bool:
    """Whether a decoder that knows nothing may begin with this packet.  Sound may begin anywhere."""
    if codec == "VP8":
        return _vp8(payload)
    if codec.startswith("H264"):
        return _h264(payload)
    return True


def _vp8(payload: bytes) -> bool:
    if len(payload) < 2 or payload[0] & 0x17 != 0x10:  # S set (start of a partition) and partition 0
        return False
    at = 1
    if payload[0] & 0x80:
        flags, at = payload[1], 2
        if flags & 0x80:  # picture id, one or two bytes
            if len(payload) <= at:
                return False
            at += 2 if payload[at] & 0x80 else 1
        at += bool(flags & 0x40) + bool(flags & 0x30)  # TL0PICIDX; TID/KEYIDX share one
    return len(payload) > at and not payload[at] & 1  # P bit of the frame header: 0 is a key frame


def _h264(payload: bytes) -> bool:
    if not payload:
        return False
    kind = payload[0] & 0x1F
    if kind in _KEY_NALS:
        return True
    if kind == _FU_A:
        return len(payload) > 1 and bool(payload[1] & 0x80) and payload[1] & 0x1F in _KEY_NALS
    if kind == _STAP_A:
        at = 1
        while at + 2 < len(payload):
            if payload[at + 2] & 0x1F in _KEY_NALS:
                return True
            at += 2 + int.from_bytes(payload[at : at + 2], "big")
    return False
