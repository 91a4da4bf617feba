"""What is fuzzed of the recorder: frames out of packets, their order, files a crash left.  ``targets`` lists them.  Holds no tests."""

from __future__ import annotations

from collections.abc import Hashable

from media import depacketize, matroska
from media.errors import BadPacket
from media.record_order import MOST, Held, Order
from tests.fuzz.engine import Tape, documented

MOST_BYTES = 4000  # of a stream that is played
CODES = ("frame.", "vp8.", "vp9.", "h264.")


def frames(data: bytes) -> Hashable:
    """Packets of every codec in any order; what comes out is whole and no larger than allowed, and it can be written."""
    outcome: list[Hashable] = []
    for codec in matroska.CODEC_IDS:
        tape, assembler, timestamp, at = Tape(data[:MOST_BYTES]), depacketize.assembler(codec), 0, 0
        while tape:
            mark = tape.byte()
            timestamp += 3000 * (mark >> 6 == 1)
            if mark == 255:
                assembler.lost()
                continue
            try:
                found = assembler.push(timestamp, bool(mark & 1), tape.take(mark >> 1 & 31))
            except BadPacket as error:
                outcome.append(documented(error, *CODES))
                continue
            for frame in found:
                assert 0 < len(frame.data) <= depacketize.LARGEST_FRAME + 1000 and frame.timestamp <= timestamp
                at += 1
                piece = matroska.cluster([matroska.Block(at, frame.data, frame.key)])
                assert frame.data in piece and all(0 <= side <= 1 << 16 for side in frame.size)
                outcome.append((codec, frame.key, bool(frame.private)))
    return tuple(dict.fromkeys(outcome))


def order(data: bytes) -> Hashable:
    """Packets in any order at any time go on in order, each once, and few are held."""
    tape, line, now, last, out = Tape(data[:MOST_BYTES]), Order(), 0.0, None, 0
    while tape:
        now += tape.byte() / 400
        number = tape.word() if tape.byte() > 230 else line.after + tape.byte() % 9 - 4
        line.push(number & 0xFFFF, now, number * 960, False, 96, b"x")
        for one in line.due(now):
            if isinstance(one, Held):
                assert last is None or one.number > last
                last, out = one.number, out + 1
            else:
                assert one.lost > 0
        assert len(line) <= MOST + 1
    return min(9, out), line.late > 0, len(line)


def file(data: bytes) -> Hashable:
    """Whatever a disk gives back: how far it is whole is inside of it, and what was found can be finished."""
    found = matroska.walk(lambda at, size: data[at : at + size], len(data))
    assert found.end <= len(data) and len(found.head) <= len(data)
    if found.blocks and len(found.head) > 200:
        whole = data[: found.end]
        assert matroska.walk(lambda at, size: whole[at : at + size], len(whole)).blocks == found.blocks
    return min(9, found.blocks), len(found.starts), found.end > 0


def _recorded(codec: str) -> bytes:
    form = matroska.Form(codec, "A", 1_800_000_000.0, 7, b"x", (320, 180))
    blocks = [matroska.Block(20 * at, bytes([at]) * 9, at % 3 == 0) for at in range(7)]
    return matroska.header(form) + matroska.cluster(blocks[:4]) + matroska.cluster(blocks[4:])


FILES = tuple(_recorded(codec) for codec in matroska.CODEC_IDS)
PACKETS = (
    bytes((0b01000111, 0x10, 0x00, 0x00)) + bytes((9,)) + b"\x9d\x01\x2a\x40", b"\x1d\x90\xe0\x80\x01\x02\x20\x00\x00\x00\x9d\x01\x2a\x40\x01",
    b"\x1f\x8c\x81\x02\x82\x49\x83\x42\x00\x13\xf0\x0b\x30\x00\x00\x00", b"\x1e\x67\x42\xe0\x1f\x95\xa8\x14\x01\x6e\x00\x00\x00\x00\x00\x00\x07\x68\xce\x3c\x80"
    b"\x05\x65\x88", b"\x08\x7c\x85\x88\x01\x07\x7c\x45\x01\x02", b"\x16\x78\x00\x02\x67\x42\x00\x02\x65\x88\x00\x01\x41",
)
STEPS = (bytes(range(60)), b"\x10\x00\x05" * 40, b"\xff\xff\x01\x02\x03" * 20)
