"""Which codecs are carried, and what counts as the same format: the relay never converts one into another.

A format is ``OPUS``, ``RED`` (Opus with redundancy, RFC 2198), ``VP8``, ``VP9`` (profile 0) or, because a decoder of one
profile may fail on another, ``H264/`` with the profile.  Pure; never judges whether a format is wanted just now.  Called by
``media/answer.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from media.sdp import Codec

_BASELINE: Final = "42000a"  # where the offer says nothing (RFC 6184 section 8.1)
_PROFILES: Final = (  # profile_idc, mask and value of profile-iop, name (RFC 6184 table 5)
    (0x42, 0x4F, 0x40, "CB"), (0x4D, 0x8F, 0x80, "CB"), (0x58, 0xCF, 0xC0, "CB"), (0x42, 0x4F, 0x00, "B"),
    (0x58, 0xCF, 0x80, "B"), (0x4D, 0xAF, 0x00, "M"), (0x64, 0xFF, 0x0C, "CH"), (0x64, 0xFF, 0x00, "H"),
)
_ALSO_DECODES: Final = {"B": ("CB",), "M": ("CB",), "CH": ("CB",), "H": ("CH", "M", "CB")}


def carried(kind: str, codecs: Iterable[Codec]) -> dict[str, Codec]:
    """Format to the first offered codec of it, in the offerer's order."""
    found: dict[str, Codec] = {}
    offered = [codec for codec in codecs if not 64 <= codec.payload_type <= 95]  # those look like RTCP (RFC 5761 section 4)
    opus = next((codec for codec in offered if _format(kind, codec) == "OPUS"), None)
    for codec in offered:
        name = _redundancy(codec, opus) if codec.name == "RED" and opus is not None else _format(kind, codec)
        if name is not None:
            found.setdefault(name, codec)
    return found


def repairs(codecs: Iterable[Codec]) -> dict[int, Codec]:
    """Payload type to the RTX codec that repairs it (RFC 4588 section 8.1); the first one counts."""
    found: dict[int, Codec] = {}
    for codec in codecs:
        mended = codec.parameter("apt") if codec.name == "RTX" and not 64 <= codec.payload_type <= 95 else None
        if mended is not None and mended.isascii() and mended.isdecimal():
            found.setdefault(int(mended), codec)
    return found


def to_send(offered: dict[str, Codec]) -> tuple[str, Codec]:
    """What a publisher shall send: its first choice, of H.264 the profile that every decoder has; RED comes on top of Opus."""
    first = next(name for name in offered if name != "RED")
    chosen = "H264/CB" if first.startswith("H264") and "H264/CB" in offered else first
    return chosen, offered[chosen]


def payload_types(offered: dict[str, Codec]) -> dict[str, int]:
    """Format to payload type for everything a receiver who offered these can decode."""
    types = {name: codec.payload_type for name, codec in offered.items()}
    for name, codec in offered.items():
        for lesser in _ALSO_DECODES.get(name.removeprefix("H264/"), ()):
            types.setdefault(f"H264/{lesser}", codec.payload_type)
    return types


def _redundancy(codec: Codec, opus: Codec) -> str | None:
    """RED whose every block is this Opus, as in ``111/111``."""
    inside = codec.fmtp.strip().split("/")
    same = len(inside) >= 2 and set(inside) == {str(opus.payload_type)}
    return "RED" if same and codec.clock == 48000 else None


def _format(kind: str, codec: Codec) -> str | None:
    if kind == "audio":
        return "OPUS" if codec.name == "OPUS" and codec.clock == 48000 else None
    if codec.clock != 90000:
        return None
    if codec.name == "VP9":
        return "VP9" if codec.parameter("profile-id") in (None, "0") else None
    # Interleaved or single-NAL H.264 cannot be told apart from packets; only mode 1 is carried (RFC 6184 section 6.3).
    if codec.name == "H264" and codec.parameter("packetization-mode") == "1":
        return _profile(codec.parameter("profile-level-id") or _BASELINE)
    return "VP8" if codec.name == "VP8" else None


def _profile(text: str) -> str | None:
    try:
        idc, iop, _level = bytes.fromhex(text)
    except ValueError:
        return None
    return next((f"H264/{name}" for known, mask, value, name in _PROFILES if idc == known and iop & mask == value), None)
