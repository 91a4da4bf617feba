"""Finds the first packet of a key frame without decoding (RFC 7741 for VP8, RFC 6184 for H.264, RFC 9628 for VP9).

Pure; reads a few bytes of a payload and never trusts a length.  Called by ``media/relay.py``.
"""

from __future__ import annotations

from typing import Final

from media.descriptor import vp8_body, vp9
from media.h264 import IDR, SPS, units

_KEY_NALS: Final = (IDR, SPS)


def starts_keyframe(codec: str, payload: bytes) -> bool:
    """Whether a decoder that knows nothing may begin with this packet.  Sound may begin anywhere."""
    if codec == "VP8":
        at = vp8_body(payload)
        return bool(at) and not payload[at] & 1  # P bit of the frame header: 0 is a key frame
    if codec.startswith("H264"):
        return any(unit[0] & 0x1F in _KEY_NALS for unit in units(payload))
    if codec == "VP9":
        found = vp9(payload)
        return found is not None and found.begins and found.spatial == 0 and not found.inter_picture
    return True
