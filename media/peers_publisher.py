"""A synthetic peer that publishes: picture (with simulcast if wished) and sound at their own pace, repairs, key frames.

Encodes nothing: what it sends comes from a loop. Called by `Crowd` of media/peers.py.
"""
from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from media import rtcp
from media.peers_peer import Peer, Shared
from media.peers_sdp import LEVEL_URI, MID_URI, PAYLOAD_TYPE, REPAIR_TYPE, RID_URI, TRANSPORT_URI, Answer, Section
from media.peers_source import Kind, Loop, PacedSource, Track

KEPT = 256                   # picture packets of one stream that can be sent again
_NTP_EPOCH = 2_208_988_800   # seconds from 1900 to 1970


@dataclass(slots=True)
class Published:
    """What a publisher did so far."""

    packets: int = 0
    key_frames_asked: int = 0
    sent_again: int = 0
    remb: int = 0                                        # bit/s, the last one told
    transport_feedback: int = 0                          # messages
    asked_of: dict[str, int] = field(default_factory=dict)    # key frames asked, by rid


class Publisher(Peer):
    """Sends one picture (or its simulcast layers) and one sound stream at their own pace, answers NACK, PLI and FIR."""

    kind_of_session = "whip"

    def __init__(self, crowd: Shared, name: str, loop: Loop, layers: Mapping[str, Loop], *, rtx: bool,
                 feedback: tuple[str, ...]) -> None:
        audio = Track("audio", "0", PAYLOAD_TYPE["audio"], random.randrange(1, 1 << 32))
        pictures = [(each, Track("video", "1", PAYLOAD_TYPE["video"], random.randrange(1, 1 << 32), rid))
                    for rid, each in (layers or {"": loop}).items()]
        first = pictures[0][1]
        for _, track in pictures if rtx else []:
            track.repair_ssrc = random.randrange(1, 1 << 32)
        super().__init__(crowd, name, [
            Section("0", "audio", audio.ssrc, feedback=feedback),
            Section("1", "video", None if layers else first.ssrc, rids=tuple(layers), rtx=rtx, feedback=feedback,
                    rtx_ssrc=first.repair_ssrc if rtx and not layers else None)])
        # Sources of one process must not all speak in the same millisecond.
        self.source = PacedSource(pictures[0][0], crowd.wheel.now, audio, first, pictures[1:], sounds=loop.sounds)
        self.stats = Published()
        self.stamp: Callable[[bytes], bytes] | None = None     # the benchmark writes the time into each packet
        self._kept: dict[tuple[int, int], tuple[bytes, bytes]] = {}    # SSRC, number -> plain, protected
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
        sound, picture = answer.sections
        counter = itertools.count()
        for said, tracks in ((sound, [self.source.audio]), (picture, self.source.videos)):
            if not said.accepted:
                self.source.muted.add(tracks[0].kind)
            for track in tracks:
                track.with_mid, track.with_level = MID_URI in said.extensions, LEVEL_URI in said.extensions
                track.with_rid = RID_URI in said.extensions
                track.repair_type = REPAIR_TYPE[track.payload_type] if said.rtx and track.repair_ssrc else 0
                track.counter = counter if TRANSPORT_URI in said.extensions else None
        if self.source.video.rid:
            # Refused simulcast means one stream without a name, as browsers do it.
            taken = set(picture.rids) or {self.source.video.rid}
            self.source.stopped = {track.rid for track in self.source.videos} - taken

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
                self._keep(track.ssrc, packet, protected)
        self._wheel.at(self.source.next_due, self._send_due)

    def _keep(self, ssrc: int, packet: bytes, protected: bytes) -> None:
        sequence = packet[2] << 8 | packet[3]
        self._kept[ssrc, sequence] = packet, protected
        self._kept.pop((ssrc, (sequence - KEPT) & 0xFFFF), None)

    def _on_rtcp(self, packet: bytes, now: float) -> None:
        for message in rtcp.parse(packet, transport=True):
            if isinstance(message, rtcp.KeyframeRequest):
                for track in self.source.videos:
                    if track.ssrc in message.media:
                        self.stats.key_frames_asked += 1
                        self.stats.asked_of[track.rid] = self.stats.asked_of.get(track.rid, 0) + 1
                        self.source.key_frame(track.ssrc)
            elif isinstance(message, rtcp.Nack):
                self._send_again(message)
            elif isinstance(message, rtcp.Remb):
                self.stats.remb = message.bitrate
            elif isinstance(message, rtcp.TransportFeedback):
                self.stats.transport_feedback += 1

    def _send_again(self, message: rtcp.Nack) -> None:
        track = next((track for track in self.source.videos if track.ssrc == message.media), None)
        if track is None:
            return
        for sequence in message.seqs:
            kept = self._kept.get((track.ssrc, sequence))
            if kept is None:
                continue
            if track.repair_type:
                self._link.send_rtp(track.repair(kept[0]))
            else:
                self._link.send_again(kept[1])
            self.stats.sent_again += 1

    def _send_report(self, now: float) -> None:
        ntp = int((time.time() + _NTP_EPOCH) * (1 << 32))
        for track in (self.source.audio, *self.source.videos):
            report = rtcp.SenderReport(track.ssrc, ntp, track.timestamp(now - self.source.start), track.packets,
                                       track.octets)
            self._link.send_rtcp(rtcp.sender_report(report) + rtcp.source_description(track.ssrc, f"p{self._ssrc:08x}"))
