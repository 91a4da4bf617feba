"""Turns a clip into RTP packets at the pace of a camera and a microphone.

Pure: time is an argument (seconds of any monotonic clock), nothing is sent, encrypted or awaited here.
Called by the publishing peers of media/peers.py, which protect and send what `due` returns.
"""
from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from media.rtp import RtpView, build

Kind = Literal["audio", "video"]

PAYLOAD_MAX = 1180           # bytes of RTP payload: with header, SRTP tag, UDP and IPv6 it stays below 1280
MID_EXTENSION = 1            # our id for urn:ietf:params:rtp-hdrext:sdes:mid (RFC 8843 §15) in offers
LEVEL_EXTENSION = 2          # our id for urn:ietf:params:rtp-hdrext:ssrc-audio-level (RFC 6464) in offers
EXTENSIONS = {"rid": 3, "repaired_rid": 4, "send_time": 5, "transport": 6}     # our ids of the others
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
    """One RTP stream: its sequence numbers and timestamps never jump back, whatever the source does.

    `rid` names it among the simulcast layers of one picture. `repair_type` is the payload type of its RTX, 0 for none.
    """

    def __init__(self, kind: Kind, mid: str, payload_type: int, ssrc: int, rid: str = "") -> None:
        self.kind, self.mid, self.payload_type, self.ssrc, self.rid = kind, mid, payload_type, ssrc, rid
        self.clock = _CLOCK[kind]
        # Below 2^15, so that the receiver cannot guess the wrong SRTP roll-over count (RFC 3711 §3.3.1).
        self.sequence = random.randrange(1 << 15)
        self.first_timestamp = random.randrange(1 << 32)
        self.packets = self.octets = 0
        self.with_mid = self.with_level = self.with_rid = True       # until the answer refuses the extension
        self.repair_ssrc, self.repair_type, self._repairs = 0, 0, random.randrange(1 << 15)
        self.counter: Iterator[int] | None = None    # the transport-wide number, one for all streams of a peer

    def timestamp(self, elapsed: float) -> int:
        """The RTP time `elapsed` seconds after the start."""
        return (self.first_timestamp + round(elapsed * self.clock)) & 0xFFFFFFFF

    def packet(self, payload: bytes, timestamp: int, marker: bool, level: int | None = None) -> bytes:
        """The next RTP packet of this stream (RFC 3550 §5.1), with its mid, rid and level as header extensions."""
        extensions = self._named(EXTENSIONS["rid"])
        if level is not None and self.with_level:
            extensions[LEVEL_EXTENSION] = bytes([(level <= _SPEECH) << 7 | level])
        packet = build(self.payload_type, self.sequence, timestamp, self.ssrc, payload, marker=marker, extensions=extensions)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        return packet

    def repair(self, packet: bytes) -> bytes:
        """A packet of this stream once more, as RTX (RFC 4588 §4)."""
        view = RtpView(packet)
        self._repairs = (self._repairs + 1) & 0xFFFF
        return build(self.repair_type, self._repairs, view.timestamp, self.repair_ssrc, packet[2:4] + view.payload,
                     marker=bool(view.marker), extensions=self._named(EXTENSIONS["repaired_rid"]))

    def _named(self, rid_extension: int) -> dict[int, bytes]:
        extensions = {MID_EXTENSION: self.mid.encode()} if self.with_mid else {}
        if self.rid and self.with_rid:
            extensions[rid_extension] = self.rid.encode()
        if self.counter is not None:
            extensions[EXTENSIONS["transport"]] = (next(self.counter) & 0xFFFF).to_bytes(2, "big")
        return extensions


class _Layer:
    """One picture stream: what it repeats and where it is."""

    def __init__(self, loop: Loop, track: Track) -> None:
        self.loop, self.track = loop, track
        self.position = 0                            # next picture of the loop
        self.picture_id, self.index = random.randrange(1 << 15), random.randrange(1 << 8)

    def picture(self, timestamp: int, *, layered: bool) -> list[bytes]:
        picture = self.loop.pictures[self.position]
        self.position = (self.position + 1) % len(self.loop.pictures)
        pieces = vp8_payloads(picture, self.picture_id, self.index if layered else None)
        self.picture_id, self.index = (self.picture_id + 1) & 0x7FFF, (self.index + 1) & 0xFF
        return [self.track.packet(piece, timestamp, marker=number == len(pieces)) for number, piece in enumerate(pieces, 1)]


class PacedSource:
    """An endless stream of RTP packets. Ask `next_due` when to call `due`; call `key_frame` when a PLI or FIR comes.

    `layers` are further simulcast layers beside `video`, each with its own loop of as many pictures a second; `stopped`
    names those (by rid) that are not sent.
    """

    def __init__(self, loop: Loop, start: float, audio: Track, video: Track, layers: Sequence[tuple[Loop, Track]] = (),
                 sounds: Sequence[bytes] = ()) -> None:
        self.loop, self.start, self.audio, self.video = loop, start, audio, video
        self._spoken = sounds or loop.sounds
        self.muted: set[Kind] = set()
        self.stopped: set[str] = set()
        self._layers = [_Layer(loop, video)] + [_Layer(*layer) for layer in layers]
        self._sounds = self._pictures = 0            # ticks done since the start
        self._turn = random.uniform(0, TURN)

    @property
    def videos(self) -> list[Track]:
        """The picture streams, all layers."""
        return [layer.track for layer in self._layers]

    @property
    def next_due(self) -> float:
        """When the next sound or picture is to be sent, in the clock of `start`."""
        return self.start + min(self._sounds * SOUND_INTERVAL, self._pictures / self.loop.fps)

    def key_frame(self, ssrc: int | None = None) -> None:
        """The next picture (of this stream, or of all) shall be the one that decodes alone."""
        for layer in self._layers:
            if ssrc in (None, layer.track.ssrc):
                layer.position = 0

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
                packets += self._picture()
            self._pictures += 1
        return packets

    def _sound(self) -> bytes:
        payload = self._spoken[self._sounds % len(self._spoken)]
        elapsed = self._sounds * SOUND_INTERVAL
        return self.audio.packet(payload, self.audio.timestamp(elapsed), marker=False, level=speech_level(elapsed + self._turn))

    def _picture(self) -> list[tuple[Track, bytes]]:
        elapsed, layered = self._pictures / self.loop.fps, len(self._layers) > 1
        return [(layer.track, packet) for layer in self._layers if layer.track.rid not in self.stopped
                for packet in layer.picture(layer.track.timestamp(elapsed), layered=layered)]


def speech_level(elapsed: float) -> int:
    """What somebody's level would be who speaks in turns with others, in dB below the loudest.

    The tone itself goes on for ever, so that a test finds it at any time; only what is said of it tells speech from silence.
    """
    if elapsed % TURN >= TALK:
        return _SILENCE
    return _SPEECH if elapsed % _SYLLABLE < _LOUD else _BREATH


def vp8_payloads(picture: bytes, picture_id: int, index: int | None = None) -> list[bytes]:
    """Cut one VP8 frame into RTP payloads of nearly equal size, with a 15-bit picture id (RFC 7741 §4.2).

    With `index` they carry TL0PICIDX and the temporal layer 0 too, as browsers with simulcast do.
    """
    tail = struct.pack("!BH", 0x80, 0x8000 | picture_id)
    if index is not None:
        tail = struct.pack("!BHBB", 0xE0, 0x8000 | picture_id, index, 0)
    room = PAYLOAD_MAX - 1 - len(tail)
    count = -(-len(picture) // room)
    size = -(-len(picture) // count)
    return [(b"\x90" if at == 0 else b"\x80") + tail + picture[at:at + size] for at in range(0, len(picture), size)]


def _skipped(ticks: int, elapsed: float, rate: float) -> int:
    """The tick to go on with: unchanged, unless the clock ran away from us."""
    behind = int(elapsed * rate)
    return behind if behind - ticks > LATE_LIMIT * rate else ticks
