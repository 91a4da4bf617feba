"""What the first bytes of a picture's payload say: picture ids of VP8, layers of VP9, height of a key frame.

RFC 7741 (VP8), RFC 9628 (VP9), RFC 6184 (H.264).  Pure; reads a few bytes, never trusts a length, never decodes.  Called by
``media/relay.py``, ``media/layer.py``, ``media/stream.py``, ``media/svc.py``, ``media/keyframe.py`` and ``media/headers.py``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from media.h264 import SPS, sps_height, units

PICTURE_IDS: Final = 0x7FFF  # the long form of a picture id counts modulo this plus one
_VP8_START: Final = b"\x9d\x01\x2a"  # RFC 6386 section 9.1


class Vp8Ids(NamedTuple):
    """Picture id (15 bit) and TL0PICIDX (8 bit, None where the descriptor has none)."""

    picture: int
    base: int | None


def vp8_ids(payload: bytes) -> Vp8Ids | None:
    """The ids of a VP8 descriptor in its long form, the only one that can be renumbered; None for any other."""
    if len(payload) < 4 or not payload[0] & 0x80 or not payload[1] & 0x80 or not payload[2] & 0x80:
        return None
    picture = (payload[2] & 0x7F) << 8 | payload[3]
    return Vp8Ids(picture, payload[4] if payload[1] & 0x40 and len(payload) > 4 else None)


def vp8_body(payload: bytes) -> int:
    """Where the VP8 frame begins behind the descriptor; 0 when this is not the first packet of a frame."""
    if len(payload) < 2 or payload[0] & 0x17 != 0x10:  # S set (start of a partition) and partition 0
        return 0
    at = 1
    if payload[0] & 0x80:
        flags, at = payload[1], 2
        if flags & 0x80:  # picture id, one or two bytes
            if len(payload) <= at:
                return 0
            at += 2 if payload[at] & 0x80 else 1
        at += bool(flags & 0x40) + bool(flags & 0x30)  # TL0PICIDX; TID/KEYIDX share one
    return at if len(payload) > at else 0


class Vp9(NamedTuple):
    """The VP9 payload descriptor as far as layers need it.  ``heights``: of the spatial layers, where a key frame tells."""

    spatial: int
    inter_picture: bool   # P: predicted from an earlier picture
    begins: bool          # B: first packet of this layer's frame
    ends: bool            # E: last packet of it
    heights: tuple[int, ...]


def vp9(payload: bytes) -> Vp9 | None:
    """Parsed descriptor; None when it is cut short."""
    try:
        return _vp9(payload)
    except IndexError:
        return None


def _vp9(payload: bytes) -> Vp9:
    flags, at = payload[0], 1
    if flags & 0x80:  # I: picture id
        at += 2 if payload[at] & 0x80 else 1
    spatial = 0
    if flags & 0x20:  # L: layer indices
        spatial = payload[at] >> 1 & 7
        at += 1 if flags & 0x10 else 2  # with TL0PICIDX where not in flexible mode
    if flags & 0x10 and flags & 0x40:  # F and P: up to three reference indices
        for _ in range(3):
            more = payload[at] & 1
            at += 1
            if not more:
                break
    heights: tuple[int, ...] = ()
    if flags & 0x02:  # V: scalability structure
        said = payload[at]
        at += 1
        if said & 0x10:  # Y: sizes
            count = (said >> 5) + 1
            heights = tuple(payload[at + 4 * n + 2] << 8 | payload[at + 4 * n + 3] for n in range(count))
    return Vp9(spatial, bool(flags & 0x40), bool(flags & 0x08), bool(flags & 0x04), heights)


def height(codec: str, payload: bytes) -> int:
    """Rows of the picture that a key frame's first packet announces; 0 where it does not say."""
    if codec == "VP8":
        at = vp8_body(payload)
        if at and payload[at + 3 : at + 6] == _VP8_START and len(payload) >= at + 10:
            return int.from_bytes(payload[at + 8 : at + 10], "little") & 0x3FFF
    elif codec.startswith("H264"):
        return sps_height(next((unit for unit in units(payload) if unit[0] & 0x1F == SPS), b""))
    return 0
