"""Turns a clip into RTP packets at the pace of a camera and a microphone.

Pure: time is an argument (seconds of any monotonic clock), nothing is sent, encrypted or awaited here.
Called by the publishing peers of media/peers.py, which protect and send what `due` returns.
"""
from __future__ import annotations

import random
import struct
from typing import Literal, Protocol

from media.rtp import build

Kind = Literal["audio", "video"]

PAYLOAD_MAX = 1180           # bytes of RTP payload: with header, SRTP tag, UDP and IPv6 it stays below 1280
MID_EXTENSION = 1            # our id for urn:ietf:params:rtp-hdrext:sdes:mid (RFC 8843 §15) in offers
LEVEL_EXTENSION = 2          # our id for urn:ietf:params:rtp-hdrext:ssrc-audio-level (RFC 6464) in offers
SOUND_INTERVAL = 0.02        # seconds; one Opus packet each
LATE_LIMIT = 0.25            # seconds; a source that was not asked for longer skips, as a camera would
TURN, TALK = 15.0, 3.0       # seconds: every so often a source speaks for so long
_SYLLABLE, _LOUD = 0.24, 0.16
_SPEECH, _BREATH, _SILENCE = 25, 55, 65      # dB below the loudest
_CLOCK: dict[Kind, int] = {"audio": 48_000, "video": 90_000}


class Loop(Protocol):
    """What a source repeats: encoded pictures, the first one a key frame, and 20 ms pieces of encoded sound."""

    @property
    def pictures(self) -> tuple[bytes, ...]: ...
    @property
    def sounds(self) -> tuple[bytes, ...]: ...
    @property
    def fps(self) -> int: ...


class Track:
    """One RTP stream: its sequence numbers and timestamps never jump back, whatever the source does."""

    def __init__(self, kind: Kind, mid: str, payload_type: int, ssrc: int) -> None:
        self.kind, self.mid, self.payload_type, self.ssrc = kind, mid, payload_type, ssrc
        self.clock = _CLOCK[kind]
        # Below 2^15, so that the receiver cannot guess the wrong SRTP roll-over count (RFC 3711 §3.3.1).
        self.sequence = random.randrange(1 << 15)
        self.first_timestamp = random.randrange(1 << 32)
        self.packets = self.octets = 0
        self.with_mid = self.with_level = True       # until the answer refuses the extension

    def timestamp(self, elapsed: float) -> int:
        """The RTP time `elapsed` seconds after the start."""
        return (self.first_timestamp + round(elapsed * self.clock)) & 0xFFFFFFFF

    def packet(self, payload: bytes, timestamp: int, marker: bool, level: int | None = None) -> bytes:
        """The next RTP packet of this stream (RFC 3550 §5.1), with its mid and its level as header extensions."""
        extensions = {MID_EXTENSION: self.mid.encode()} if self.with_mid else {}
        if level is not None and self.with_level:
            extensions[LEVEL_EXTENSION] = bytes([(level <= _SPEECH) << 7 | level])
        packet = build(self.payload_type, self.sequence, timestamp, self.ssrc, payload, marker=marker, extensions=extensions)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        return packet


class PacedSource:
    """An endless stream of RTP packets. Ask `next_due` when to call `due`; call `key_frame` when a PLI or FIR comes."""

    def __init__(self, loop: Loop, start: float, audio: Track, video: Track) -> None:
        self.loop, self.start, self.audio, self.video = loop, start, audio, video
        self.muted: set[Kind] = set()
        self._sounds = self._pictures = 0            # ticks done since the start
        self._position = 0                           # next picture of the loop
        self._picture_id = random.randrange(1 << 15)
        self._turn = random.uniform(0, TURN)

    @property
    def next_due(self) -> float:
        """When the next sound or picture is to be sent, in the clock of `start`."""
        return self.start + min(self._sounds * SOUND_INTERVAL, self._pictures / self.loop.fps)

    def key_frame(self) -> None:
        """The next picture shall be the one that decodes alone."""
        self._position = 0

    def due(self, now: float) -> list[tuple[Track, bytes]]:
        """Every packet whose time has come, sound before picture. A pause longer than LATE_LIMIT is left out."""
        elapsed = now - self.start + 1e-6            # start + ticks · step may come out a rounding error too late
        packets: list[tuple[Track, bytes]] = []
        self._sounds = _skipped(self._sounds, elapsed, 1 / SOUND_INTERVAL)
        self._pictures = _skipped(self._pictures, elapsed, self.loop.fps)
        while self._sounds * SOUND_INTERVAL <= elapsed:
            if "audio" not in self.muted:
                packets.append((self.audio, self._sound()))
            self._sounds += 1
        while self._pictures / self.loop.fps <= elapsed:
            if "video" not in self.muted:
                packets += [(self.video, packet) for packet in self._picture()]
            self._pictures += 1
        return packets

    def _sound(self) -> bytes:
        payload = self.loop.sounds[self._sounds % len(self.loop.sounds)]
        elapsed = self._sounds * SOUND_INTERVAL
        return self.audio.packet(payload, self.audio.timestamp(elapsed), marker=False, level=speech_level(elapsed + self._turn))

    def _picture(self) -> list[bytes]:
        picture = self.loop.pictures[self._position]
        self._position = (self._position + 1) % len(self.loop.pictures)
        pieces = vp8_payloads(picture, self._picture_id)
        self._picture_id = (self._picture_id + 1) & 0x7FFF
        timestamp = self.video.timestamp(self._pictures / self.loop.fps)
        return [self.video.packet(piece, timestamp, marker=number == len(pieces))
                for number, piece in enumerate(pieces, 1)]


def speech_level(elapsed: float) -> int:
    """What somebody's level would be who speaks in turns with others, in dB below the loudest.

    The tone itself goes on for ever, so that a test finds it at any time; only what is said of it tells speech from silence.
    """
    if elapsed % TURN >= TALK:
        return _SILENCE
    return _SPEECH if elapsed % _SYLLABLE < _LOUD else _BREATH


def vp8_payloads(picture: bytes, picture_id: int) -> list[bytes]:
    """Cut one VP8 frame into RTP payloads of nearly equal size, with a 15-bit picture id (RFC 7741 §4.2)."""
    room = PAYLOAD_MAX - 4
    count = -(-len(picture) // room)
    size = -(-len(picture) // count)
    tail = struct.pack("!BH", 0x80, 0x8000 | picture_id)
    return [(b"\x90" if at == 0 else b"\x80") + tail + picture[at:at + size] for at in range(0, len(picture), size)]


def _skipped(ticks: int, elapsed: float, rate: float) -> int:
    """The tick to go on with: unchanged, unless the clock ran away from us."""
    behind = int(elapsed * rate)
    return behind if behind - ticks > LATE_LIMIT * rate else ticks
