"""Synthetic WebRTC peers: real sessions of a real client, light enough for hundreds in one process.

A publisher sends an encoded moving picture and a tone; a subscriber decrypts and counts everything and decodes nothing.
They come in by WHIP and WHEP through callables, so that neither HTTP nor the control socket is known here.
Called by `web demo`, `web rehearse`, `web bench sfu` and tests; never runs in the relay's process.
"""
from __future__ import annotations

import asyncio
import contextlib
import random
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from media import rtcp, wire
from media.errors import BadSdp
from media.peers_count import ASK_AFTER, Reception
from media.peers_link import Link
from media.peers_sdp import PAYLOAD_TYPE, Answer, Section, make_offer, read_answer
from media.peers_source import Kind, Loop, PacedSource, Track
from media.peers_wheel import Wheel

Exchange = Callable[[str], Awaitable[tuple[str, str]]]    # offer -> (answer, location of the session)
HangUp = Callable[[str], Awaitable[None]]                 # location -> None

CONNECT_TIME = 20.0          # seconds for exchange, ICE and DTLS together
REPORT_INTERVAL = 1.0        # seconds between two RTCP reports of one peer
KEPT = 256                   # picture packets a publisher can send again
_NTP_EPOCH = 2_208_988_800   # seconds from 1900 to 1970


class Crowd:
    """What all peers of one process share: a certificate and one timer. Make it inside the running event loop."""

    def __init__(self) -> None:
        self.wheel = Wheel()
        self.certificate = wire.SharedCertificate.fresh()

    def publisher(self, name: str, loop: Loop) -> Publisher:
        """A peer that sends `loop` for ever once connected."""
        return Publisher(self, name, loop)

    def subscriber(self, name: str, *, audio: int = 1, video: int = 1, formats: tuple[str, ...] = ()) -> Subscriber:
        """A peer with that many slots of each kind; `formats` (peers_sdp.FORMATS) are the pictures it takes, else VP8."""
        return Subscriber(self, name, audio, video, formats)


class Peer:
    """One session. `connect` once; afterwards `ended` is set as soon as the session is over, whoever ended it."""

    kind_of_session: ClassVar[str]

    def __init__(self, crowd: Crowd, name: str, sections: list[Section]) -> None:
        self.name = name
        self.ended = asyncio.Event()
        self.reason = ""                           # why it ended: closed, consent, or failed
        self.location = ""
        self.join_seconds: float | None = None     # from the offer to the end of the DTLS handshake
        self._wheel = crowd.wheel
        self._ssrc = random.randrange(1, 1 << 32)  # ours in RTCP
        self._sections = sections
        self._link = Link(crowd.wheel, crowd.certificate, self._on_rtp, self._on_rtcp, self._on_lost)
        self._certificate = crowd.certificate
        self._hang_up: HangUp | None = None

    async def connect(self, exchange: Exchange, hang_up: HangUp | None = None) -> None:
        """Offer, answer, ICE, DTLS. `hang_up` is kept for `close`. Raises: BadSdp, HandshakeFailed, TimeoutError,
        OSError and whatever `exchange` raises; the peer is closed then."""
        began = self._wheel.now
        offer = make_offer(self._link.ufrag, self._link.password, self._certificate.fingerprints, self._sections,
                           f"p{self._ssrc:08x}")
        try:
            async with asyncio.timeout(CONNECT_TIME):
                text, self.location = await exchange(offer)
                self._hang_up = hang_up
                answer = read_answer(text)
                self._agree(answer)
                await self._link.establish(answer)
        except BaseException:
            with contextlib.suppress(Exception):       # the first trouble is the one to tell
                await self.close("failed")
            raise
        self.join_seconds = self._wheel.now - began
        self._wheel.at(self._wheel.now + random.uniform(0, REPORT_INTERVAL), self._report)
        self._start()

    async def close(self, reason: str = "closed") -> None:
        """End the session: DELETE by `hang_up`, then DTLS and socket. Idempotent."""
        hang_up, self._hang_up = self._hang_up, None
        self._link.close()
        self._on_lost(reason)
        if hang_up is not None:
            await hang_up(self.location)

    def _on_lost(self, reason: str) -> None:
        if not self.ended.is_set():
            self.reason = reason
            self.ended.set()

    def _report(self, now: float) -> None:
        if not self.ended.is_set():
            self._send_report(now)
            self._wheel.at(now + REPORT_INTERVAL * random.uniform(0.9, 1.1), self._report)

    def _agree(self, answer: Answer) -> None:
        """Check and take over what the answer says of our sections. Raises: BadSdp."""
        if [section.mid for section in answer.sections] != [section.mid for section in self._sections]:
            raise BadSdp("answer.sections")

    def _start(self) -> None: ...

    def _on_rtp(self, packet: bytes, now: float) -> None: ...

    def _on_rtcp(self, packet: bytes, now: float) -> None: ...

    def _send_report(self, now: float) -> None: ...


@dataclass(slots=True)
class Published:
    """What a publisher did so far."""

    packets: int = 0
    key_frames_asked: int = 0
    sent_again: int = 0


class Publisher(Peer):
    """Sends one picture and one sound stream at their own pace, answers NACK, PLI and FIR."""

    kind_of_session = "whip"

    def __init__(self, crowd: Crowd, name: str, loop: Loop) -> None:
        tracks = [Track(kind, mid, PAYLOAD_TYPE[kind], random.randrange(1, 1 << 32))
                  for kind, mid in (("audio", "0"), ("video", "1"))]
        super().__init__(crowd, name, [Section(track.mid, track.kind, track.ssrc) for track in tracks])
        # Sources of one process must not all speak in the same millisecond.
        self.source = PacedSource(loop, crowd.wheel.now, *tracks)
        self.stats = Published()
        self.stamp: Callable[[bytes], bytes] | None = None     # the benchmark writes the time into each packet
        self._kept: dict[int, bytes] = {}
        self._idle = False           # joined, with nothing to send: not on the wheel

    def mute(self, kind: Kind, muted: bool = True) -> None:
        """Stop or go on sending this kind; a picture comes back with a key frame."""
        if muted:
            self.source.muted.add(kind)
            return
        self.source.muted.discard(kind)
        self.source.key_frame()
        if self._idle and self.join_seconds is not None:
            self._idle = False
            self._wheel.at(self._wheel.now, self._send_due)

    def _agree(self, answer: Answer) -> None:
        super()._agree(answer)
        for said, track in zip(answer.sections, (self.source.audio, self.source.video), strict=True):
            if not said.accepted:
                self.source.muted.add(track.kind)
            track.with_mid, track.with_level = said.mid_extension, said.level_extension

    def _start(self) -> None:
        self.source.start = self._wheel.now + random.uniform(0, 0.05)
        self._wheel.at(self.source.start, self._send_due)

    def _send_due(self, now: float) -> None:
        self._idle = len(self.source.muted) == 2
        if self._idle or self.ended.is_set():
            return
        for track, packet in self.source.due(now):
            if self.stamp is not None:
                packet = self.stamp(packet)
            protected = self._link.send_rtp(packet)
            self.stats.packets += 1
            if track.kind == "video":
                self._keep(packet[2] << 8 | packet[3], protected)
        self._wheel.at(self.source.next_due, self._send_due)

    def _keep(self, sequence: int, protected: bytes) -> None:
        self._kept[sequence] = protected
        self._kept.pop((sequence - KEPT) & 0xFFFF, None)

    def _on_rtcp(self, packet: bytes, now: float) -> None:
        for message in rtcp.parse(packet):
            if isinstance(message, rtcp.KeyframeRequest) and self.source.video.ssrc in message.media:
                self.stats.key_frames_asked += 1
                self.source.key_frame()
            elif isinstance(message, rtcp.Nack) and message.media == self.source.video.ssrc:
                for protected in filter(None, map(self._kept.get, message.seqs)):
                    self._link.send_again(protected)
                    self.stats.sent_again += 1

    def _send_report(self, now: float) -> None:
        ntp = int((time.time() + _NTP_EPOCH) * (1 << 32))
        for track in (self.source.audio, self.source.video):
            report = rtcp.SenderReport(track.ssrc, ntp, track.timestamp(now - self.source.start), track.packets,
                                       track.octets)
            self._link.send_rtcp(rtcp.sender_report(report) + rtcp.source_description(track.ssrc, f"p{self._ssrc:08x}"))


@dataclass(frozen=True, slots=True)
class SlotStats:
    """One slot of a subscriber, in packets. `missing` may still come; `lost` will not."""

    mid: str
    kind: Kind
    received: int
    lost: int
    missing: int
    repaired: int
    duplicates: int
    first_packet_at: float | None       # clock of the event loop


class Subscriber(Peer):
    """Receives, decrypts and counts; asks for what is missing; never decodes."""

    kind_of_session = "whep"

    def __init__(self, crowd: Crowd, name: str, audio: int, video: int, formats: tuple[str, ...] = ()) -> None:
        kinds: list[Kind] = ["audio"] * audio + ["video"] * video
        super().__init__(crowd, name, [Section(str(number), kind, formats=formats if kind == "video" else ())
                                       for number, kind in enumerate(kinds)])
        self.strays = 0                                        # packets of streams the answer did not name
        self.on_packet: Callable[[bytes, float], None] | None = None
        self.on_report: Callable[[rtcp.SenderReport, float], None] | None = None
        self._streams: dict[bytes, tuple[Section, Reception]] = {}     # by SSRC as it stands in the packet
        self._asking = False

    def slots(self) -> list[SlotStats]:
        """The counts of every slot, in the order of the offer."""
        return [SlotStats(section.mid, section.kind, seen.received, seen.lost, seen.missing, seen.repaired,
                          seen.duplicates, seen.first_at) for section, seen in self._streams.values()]

    def streams(self) -> dict[int, Section]:
        """The slots that the answer named, by SSRC."""
        return {int.from_bytes(ssrc, "big"): section for ssrc, (section, _) in self._streams.items()}

    def ask_key_frame(self, ssrc: int) -> None:
        """PLI for one slot: its picture cannot be shown before the next key frame."""
        self._link.send_rtcp(rtcp.receiver_report(self._ssrc) + rtcp.pli(self._ssrc, ssrc))

    @property
    def unauthentic(self) -> int:
        """SRTP packets that failed authentication or came twice."""
        return self._link.bad

    def _agree(self, answer: Answer) -> None:
        super()._agree(answer)
        for said, section in zip(answer.sections, self._sections, strict=True):
            if said.accepted and said.ssrc is not None:
                self._streams[struct.pack("!I", said.ssrc)] = (section, Reception())

    def _on_rtp(self, packet: bytes, now: float) -> None:
        stream = self._streams.get(packet[8:12])
        if stream is None:
            self.strays += 1
            return
        if stream[1].note(packet[2] << 8 | packet[3], now) and not self._asking:
            self._asking = True
            self._wheel.at(now + ASK_AFTER, self._ask)
        if self.on_packet is not None:
            self.on_packet(packet, now)

    def _ask(self, now: float) -> None:
        """NACK what is missing; a picture that stays incomplete needs a key frame."""
        self._asking = False
        for ssrc, (section, seen) in self._streams.items():
            if not seen.missing or self.ended.is_set():
                continue
            media = int.from_bytes(ssrc, "big")
            asked, gone = seen.wanted(now)
            feedback = rtcp.nack(self._ssrc, media, asked) if asked else b""
            if gone and section.kind == "video":
                feedback += rtcp.pli(self._ssrc, media)
            if feedback:
                self._link.send_rtcp(rtcp.receiver_report(self._ssrc) + feedback)
            if not self._asking:
                self._asking = True
                self._wheel.at(now + ASK_AFTER, self._ask)

    def _on_rtcp(self, packet: bytes, now: float) -> None:
        for message in rtcp.parse(packet):
            if isinstance(message, rtcp.SenderReport):
                stream = self._streams.get(struct.pack("!I", message.ssrc))
                if stream is not None:
                    stream[1].on_sender_report(message.ntp, now)
                    if self.on_report is not None:
                        self.on_report(message, now)

    def _send_report(self, now: float) -> None:
        blocks = [seen.block(int.from_bytes(ssrc, "big"), now)
                  for ssrc, (_, seen) in self._streams.items() if seen.received]
        self._link.send_rtcp(rtcp.receiver_report(self._ssrc, blocks) +
                             rtcp.source_description(self._ssrc, f"p{self._ssrc:08x}"))
