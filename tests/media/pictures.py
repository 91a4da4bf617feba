"""Encoded H.264 and VP9 pictures, cut into RTP payloads, and a synthetic point that sends H.264.  Holds no tests."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

import av

from media.peers import Crowd, Publisher
from media.peers_clip import Clip
from media.peers_sdp import FORMATS, Section
from media.peers_source import PacedSource, Track

FPS = 15
MTU = 1100


@lru_cache(maxsize=8)
def encoded(encoder: str, width: int = 320, height: int = 180, count: int = 30) -> tuple[bytes, ...]:
    """A loop of ``count`` pictures of a moving bar; the first one alone is a key frame."""
    context = av.CodecContext.create(encoder, "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.bit_rate, context.gop_size = Fraction(1, FPS), 400_000, count
    context.options = (
        {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "threads": "1"} if encoder == "libx264" else
        {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0", "threads": "1"})
    pictures: list[bytes] = []
    for number in range(count):
        frame = av.VideoFrame(width, height, "yuv420p")
        for plane, base in zip(frame.planes, (60, 100, 160), strict=True):
            row = bytearray([base]) * plane.line_size
            at = number * plane.width // count
            row[at : at + plane.width // 8] = bytes([200]) * len(row[at : at + plane.width // 8])
            plane.update(bytes(row) * plane.height)
        frame.pts, frame.time_base = number, context.time_base
        pictures += [bytes(packet) for packet in context.encode(frame)]
    pictures += [bytes(packet) for packet in context.encode(None)]
    return tuple(pictures)


def units(picture: bytes) -> list[bytes]:
    """The NAL units of one picture in annex B form."""
    return [unit.rstrip(b"\0") for unit in picture.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if unit]


def h264_payloads(picture: bytes) -> list[bytes]:
    """RFC 6184: parameter sets together in a STAP-A, large units as FU-A, others as they are."""
    found = [unit for unit in units(picture) if unit[0] & 0x1F != 6]
    sets = [unit for unit in found if unit[0] & 0x1F in (7, 8)]
    payloads = [b"\x78" + b"".join(struct.pack("!H", len(unit)) + unit for unit in sets)] if sets else []
    for unit in found:
        if unit in sets:
            continue
        if len(unit) <= MTU:
            payloads.append(unit)
            continue
        body = unit[1:]
        for at in range(0, len(body), MTU):
            mark = (0x80 if at == 0 else 0) | (0x40 if at + MTU >= len(body) else 0) | unit[0] & 0x1F
            payloads.append(bytes([unit[0] & 0xE0 | 28, mark]) + body[at : at + MTU])
    return payloads


def vp9_payloads(picture: bytes, picture_id: int, key: bool) -> list[bytes]:
    """RFC 9628, one spatial layer, flexible mode off."""
    pieces = [picture[at : at + MTU] for at in range(0, len(picture), MTU)]
    payloads = []
    for number, piece in enumerate(pieces):
        flags = 0x80 | (0 if key else 0x40) | (0x08 if number == 0 else 0) | (0x04 if number == len(pieces) - 1 else 0)
        payloads.append(bytes([flags]) + struct.pack("!H", 0x8000 | picture_id & 0x7FFF) + piece)
    return payloads


def stream(payloads: list[list[bytes]], ticks: int = 6000) -> Iterator[tuple[int, bool, bytes]]:
    """(timestamp, marker, payload) of each packet."""
    for number, packets in enumerate(payloads):
        for index, payload in enumerate(packets):
            yield number * ticks, index == len(packets) - 1, payload


class _H264Source(PacedSource):
    _position = 0

    def key_frame(self, ssrc: int | None = None) -> None:
        self._position = 0

    def _picture(self) -> list[tuple[Track, bytes]]:
        pieces = h264_payloads(self.loop.pictures[self._position])
        self._position = (self._position + 1) % len(self.loop.pictures)
        timestamp = self.video.timestamp(self._pictures / self.loop.fps)
        return [(self.video, self.video.packet(piece, timestamp, marker=number == len(pieces)))
                for number, piece in enumerate(pieces, 1)]


class H264Publisher(Publisher):
    """Sends an H.264 picture and the tone of ``index``."""

    def __init__(self, crowd: Crowd, name: str, index: int) -> None:
        loop = Clip(encoded("libx264"), Clip.make(name, index).sounds, FPS)
        super().__init__(crowd, name, loop, {}, rtx=False, feedback=())
        sound, old = self.source.audio, self.source.video
        picture = Track("video", old.mid, FORMATS["H264/CB"][0], random.randrange(1, 1 << 32))
        self.source = _H264Source(loop, crowd.wheel.now, sound, picture)
        self._sections = [Section(sound.mid, "audio", sound.ssrc), Section(picture.mid, "video", picture.ssrc, ("H264/CB",))]
