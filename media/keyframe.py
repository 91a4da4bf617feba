"""Finds the first packet of a key frame without decoding (RFC 7741 for VP8, RFC 6184 for H.264, RFC 9628 for VP9).

Pure; reads a few bytes of a payload and never trusts a length.  Called by ``media/relay.py``.
"""

from __future__ import annotations

from typing import Final

from media.descriptor import vp8_body, vp9

_IDR, _SPS, _STAP_A, _FU_A = 5, 7, 24, 28
_KEY_NALS: Final = (_IDR, _SPS)


def starts_keyframe(codec: str, payload: bytes) -> bool:
    """Whether a decoder that knows nothing may begin with this packet.  Sound may begin anywhere."""
    if codec == "VP8":
        at = vp8_body(payload)
        return bool(at) and not payload[at] & 1  # P bit of the frame header: 0 is a key frame
    if codec.startswith("H264"):
        return _h264(payload)
    if codec == "VP9":
        found = vp9(payload)
        return found is not None and found.begins and found.spatial == 0 and not found.inter_picture
    return True


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
