"""Matroska and WebM files with one track, written in pieces that stand alone (RFC 9559, RFC 8794; WebM profile).

Pure: bytes in, bytes out; no file is opened and nothing is encoded here.  A file is `header` + `cluster` … and is readable
after every cluster; `finish` adds an index and the duration.  `walk` finds out how far a file that a crash left is whole,
and trusts no length in it.  Called by ``media/record_track.py``, ``media/record_recover.py`` and, for
what a header says, by ``media/record_book.py`` and ``media/record_slot.py``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

SCALE_NS: Final = 1_000_000            # one tick of a file is a millisecond
LARGEST_CLUSTER: Final = 64 << 20      # bytes that `walk` believes a cluster may have
_UNKNOWN: Final = b"\x01\xff\xff\xff\xff\xff\xff\xff"
_BEFORE_DURATION: Final = 12           # bytes of the information element before the duration: its head and the scale
_SEEK_ROOM: Final = 96                 # bytes kept free for the index of the index
_EPOCH_2001: Final = 978_307_200       # seconds from 1970 to the epoch of Matroska dates
_EBML, _SEGMENT, _SEEK_HEAD, _VOID, _INFO, _TRACKS, _CLUSTER, _CUES = (bytes.fromhex(text) for text in (
    "1A45DFA3", "18538067", "114D9B74", "EC", "1549A966", "1654AE6B", "1F43B675", "1C53BB6B"))
_DURATION, _TIMESTAMP, _BLOCK = b"\x44\x89", b"\xe7", b"\xa3"
CODEC_IDS: Final = {"OPUS": "A_OPUS", "VP8": "V_VP8", "VP9": "V_VP9", "H264": "V_MPEG4/ISO/AVC"}


class Block(NamedTuple):
    """One frame: ``at`` milliseconds from the beginning of the file."""

    at: int
    data: bytes
    key: bool


@dataclass(frozen=True, slots=True)
class Form:
    """What the header says.  ``codec`` of CODEC_IDS; ``private`` is its configuration; ``size`` of a picture in pixels."""

    codec: str
    name: str
    started: float                     # seconds since 1970
    uid: int
    private: bytes = b""
    size: tuple[int, int] = (0, 0)

    @property
    def suffix(self) -> str:
        """How such a file's name ends."""
        return ".mkv" if self.codec == "H264" else ".webm"


def opus_head() -> bytes:
    """The configuration of an Opus track (RFC 7845 section 5.1); a decoder gives two channels whatever was sent."""
    return b"OpusHead" + struct.pack("<BBHIhB", 1, 2, 0, 48_000, 0, 0)


# -- writing ------------------------------------------------------------------------------------------------------------


def header(form: Form) -> bytes:
    """Everything before the first cluster; ``finish`` fills in what is kept free."""
    kind = b"matroska" if form.codec == "H264" else b"webm"
    ebml = _element(_EBML, b"".join((
        _number(b"\x42\x86", 1), _number(b"\x42\xf7", 1), _number(b"\x42\xf2", 4), _number(b"\x42\xf3", 8),
        _element(b"\x42\x82", kind), _number(b"\x42\x87", 4), _number(b"\x42\x85", 2))))
    date = struct.pack("!q", round((form.started - _EPOCH_2001) * 1_000_000) * 1000)
    info = _element(_INFO, b"".join((
        _number(b"\x2a\xd7\xb1", SCALE_NS), _void(11), _element(b"\x44\x61", date),
        _element(b"\x4d\x80", b"diemcau"), _element(b"\x57\x41", b"diemcau"))))
    return ebml + _SEGMENT + _UNKNOWN + _void(_SEEK_ROOM) + info + _element(_TRACKS, _track(form))


def _track(form: Form) -> bytes:
    sound = form.codec == "OPUS"
    parts = [
        _number(b"\xd7", 1), _number(b"\x73\xc5", form.uid or 1), _number(b"\x83", 2 if sound else 1), _number(b"\x9c", 0),
        _element(b"\x53\x6e", form.name.encode()), _element(b"\x86", CODEC_IDS[form.codec].encode()),
    ]
    if form.private:
        parts.append(_element(b"\x63\xa2", form.private))
    if sound:
        parts += [_number(b"\x56\xaa", 0), _number(b"\x56\xbb", 80_000_000)]
        parts.append(_element(b"\xe1", _element(b"\xb5", struct.pack("!d", 48_000)) + _number(b"\x9f", 2)))
    else:
        parts.append(_element(b"\xe0", _number(b"\xb0", form.size[0]) + _number(b"\xba", form.size[1])))
    return _element(b"\xae", b"".join(parts))


def cluster(blocks: Sequence[Block]) -> bytes:
    """One cluster; the blocks in order, the last at most 32,767 ms after the first: its time there has 16 bits with a sign."""
    first = blocks[0].at
    parts = [_number(_TIMESTAMP, first)]
    parts += [_element(_BLOCK, b"\x81" + struct.pack("!hB", block.at - first, 0x80 if block.key else 0) + block.data)
              for block in blocks]
    return _element(_CLUSTER, b"".join(parts))


def finish(head: bytes, size: int, duration: int, starts: Sequence[tuple[int, int]]) -> tuple[bytes, list[tuple[int, bytes]]]:
    """(what to append, [(offset, what to write there)]) for a file of ``size`` bytes that begins with ``head``.

    ``duration`` in milliseconds; ``starts``: (milliseconds, offset in the file) of clusters a player may go to.
    """
    inside = head.index(_SEGMENT) + len(_SEGMENT) + len(_UNKNOWN)
    cues = _element(_CUES, b"".join(
        _element(b"\xbb", _number(b"\xb3", at) + _element(b"\xb7", _number(b"\xf7", 1) + _number(b"\xf1", offset - inside)))
        for at, offset in starts)) if starts else b""
    places = [(_INFO, head.index(_INFO) - inside), (_TRACKS, head.index(_TRACKS) - inside)]
    places += [(_CUES, size - inside)] if cues else []
    seek = _element(_SEEK_HEAD, b"".join(
        _element(b"\x4d\xbb", _element(b"\x53\xab", ident) + _number(b"\x53\xac", place)) for ident, place in places))
    duration_at = head.index(_INFO) + _BEFORE_DURATION
    patches = [
        (inside, seek + _void(_SEEK_ROOM - len(seek))),
        (duration_at, _element(_DURATION, struct.pack("!d", max(duration, 1)))),
        (inside - len(_UNKNOWN), _size(size + len(cues) - inside, 8)),
    ]
    return cues, patches


def reopened(head: bytes) -> bytes:
    """The beginning of a file as ``header`` made it, whatever of ``finish`` reached the disk."""
    inside = head.index(_SEGMENT) + len(_SEGMENT) + len(_UNKNOWN)
    info = inside + _SEEK_ROOM
    start = head[: inside - len(_UNKNOWN)] + _UNKNOWN + _void(_SEEK_ROOM) + head[info : info + _BEFORE_DURATION]
    return start + _void(11) + head[len(start) + 11 :]


def _element(ident: bytes, body: bytes) -> bytes:
    return ident + _size(len(body)) + body


def _number(ident: bytes, value: int) -> bytes:
    return _element(ident, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _size(value: int, width: int = 0) -> bytes:
    """A length of 1 to 8 bytes; all ones would mean that it is unknown."""
    width = width or next(w for w in range(1, 9) if value < (1 << 7 * w) - 1)
    return (1 << 7 * width | value).to_bytes(width, "big")


def _void(total: int) -> bytes:
    """Exactly ``total`` bytes (2 to 129) that mean nothing."""
    return _element(_VOID, bytes(total - 2))


# -- reading what a crash left ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Walk:
    """How far a file is whole: ``end`` is the offset after the last whole cluster, ``head`` all bytes before the first
    one, ``starts`` (milliseconds, offset) of each cluster that begins with a key frame, ``last`` the time of the newest block in ms."""

    head: bytes = b""
    end: int = 0
    last: int = 0
    blocks: int = 0
    starts: list[tuple[int, int]] = field(default_factory=list)


def walk(read: Callable[[int, int], bytes], size: int) -> Walk:
    """Reads a file of ``size`` bytes by ``read(offset, length)``; anything that is not one of ours ends the walk."""
    found = Walk()
    at = _skip(read, 0, size, _EBML)
    ident = read(at, 12)
    if at == 0 or ident[:4] != _SEGMENT:
        return found
    at += 12
    while at < size:
        ident, body, length = _child(read, at)
        if not ident or length is None or body + length > size:
            break
        if ident == _CLUSTER:
            if length > LARGEST_CLUSTER or not _note(found, at, read(body, length)):
                break
            found.end = body + length
        elif found.blocks or ident == _CUES:
            break
        at = body + length
        if not found.blocks:
            found.head = read(0, at)
    return found


def _skip(read: Callable[[int, int], bytes], at: int, size: int, wanted: bytes) -> int:
    """The offset after the element ``wanted`` at ``at``; 0 when it is not there or not whole."""
    ident, body, length = _child(read, at)
    return body + length if ident == wanted and length is not None and body + length <= size else 0


def _child(read: Callable[[int, int], bytes], at: int) -> tuple[bytes, int, int | None]:
    """(identifier, offset of the body, its length or None) of the element at ``at``; no identifier: rubbish."""
    data = read(at, 12)
    width = _width(data[:1])
    if not 0 < width <= 4 or len(data) < width + 1:
        return b"", 0, None
    long = _width(data[width : width + 1])
    if not long or len(data) < width + long:
        return b"", 0, None
    value = int.from_bytes(data[width : width + long], "big") ^ 1 << 7 * long
    return data[:width], at + width + long, None if value == (1 << 7 * long) - 1 else value


def _width(first: bytes) -> int:
    return 9 - first[0].bit_length() if first and first[0] else 0


def _note(found: Walk, start: int, body: bytes) -> bool:
    """Reads one cluster; False, and nothing is taken over, unless every block in it is whole."""
    at = base = 0
    times: list[tuple[int, bool]] = []
    while at < len(body):
        ident, inner, length = _child(lambda offset, count: body[offset : offset + count], at)
        if not ident or length is None or inner + length > len(body):
            return False
        if ident == _TIMESTAMP and length <= 8:
            base = int.from_bytes(body[inner : inner + length], "big")
        elif ident == _BLOCK and length > 4:
            times.append((base + struct.unpack_from("!h", body, inner + 1)[0], bool(body[inner + 3] & 0x80)))
        at = inner + length
    if not times:
        return False
    if times[0][1]:
        found.starts.append((times[0][0], start))
    found.last = max(found.last, *(at for at, _ in times))
    found.blocks += len(times)
    return True
