"""A synthetic peer that receives: decrypts, counts, asks for what is missing, tells what its line carries; never decodes.

Called by `Crowd` of media/peers.py.
"""
from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

from media import rtcp
from media.peers_count import ASK_AFTER, Reception
from media.peers_peer import Peer, Shared
from media.peers_sdp import TRANSPORT_URI, Answer, Section
from media.peers_source import EXTENSIONS, Kind
from media.rtp import RtpView
from media.twcc import Recorder


REMB_INTERVAL = 0.25         # seconds between two REMB, as browsers send them
TRANSPORT_INTERVAL = 0.05    # seconds between two transport-wide messages


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

    def __init__(self, crowd: Shared, name: str, audio: int, video: int, formats: tuple[str, ...] = (), *, rtx: bool = False,
                 feedback: tuple[str, ...] = ()) -> None:
        counts: tuple[tuple[Kind, int], ...] = (("audio", audio), ("video", video))
        kinds = [kind for kind, count in counts for _ in range(count)]
        super().__init__(crowd, name, [
            Section(str(number), kind, formats=formats if kind == "video" else (), rtx=rtx and kind == "video",
                    feedback=feedback)
            for number, kind in enumerate(kinds)])
        self.feedback = feedback
        self.strays = 0                                        # packets of streams the answer did not name
        self.on_packet: Callable[[bytes, float], None] | None = None
        self.on_report: Callable[[rtcp.SenderReport, float], None] | None = None
        self.tells_loss = True                                 # in reports; not where no line of ours could lose anything
        self.remb_bitrate = 5_000_000                          # bit/s, what the line is said to carry
        self.feedback_sent = self.feedback_octets = 0          # REMB and transport-wide messages
        self._streams: dict[bytes, tuple[Section, Reception]] = {}     # by SSRC as it stands in the packet
        self._repairs: dict[bytes, tuple[bytes, Reception]] = {}       # by SSRC of the RTX stream
        self._recorder: Recorder | None = None
        self._remb = False
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
                seen, ssrc = Reception(), struct.pack("!I", said.ssrc)
                self._streams[ssrc] = (section, seen)
                if said.rtx_ssrc is not None:
                    self._repairs[struct.pack("!I", said.rtx_ssrc)] = ssrc, seen
            if TRANSPORT_URI in said.extensions and "transport-cc" in said.feedback and self._recorder is None:
                self._recorder = Recorder()
            self._remb = self._remb or "goog-remb" in said.feedback

    def _start(self) -> None:
        if self._recorder is not None:
            self._wheel.at(self._wheel.now + TRANSPORT_INTERVAL, self._tell_arrivals)
        elif self._remb:
            self._wheel.at(self._wheel.now + REMB_INTERVAL * random.random(), self._tell_rate)

    def _on_rtp(self, packet: bytes, now: float) -> None:
        if self._recorder is not None:
            number = RtpView(packet).extension(EXTENSIONS["transport"])
            if number is not None:
                self._recorder.note(int.from_bytes(number, "big"), now)
        stream = self._streams.get(packet[8:12])
        if stream is None:
            self._on_repair(packet, now)
            return
        if stream[1].note(packet[2] << 8 | packet[3], now) and not self._asking:
            self._asking = True
            self._wheel.at(now + ASK_AFTER, self._ask)
        if self.on_packet is not None:
            self.on_packet(packet, now)

    def _on_repair(self, packet: bytes, now: float) -> None:
        """RTX (RFC 4588): the payload begins with the number the packet had; handed on as it was."""
        stream = self._repairs.get(packet[8:12])
        view = RtpView(packet)
        if stream is None or view.end - view.start < 2:
            self.strays += 1
            return
        ssrc, seen = stream
        payload = view.payload
        seen.note(payload[0] << 8 | payload[1], now)
        if self.on_packet is not None:
            self.on_packet(bytes([0x80, packet[1]]) + payload[:2] + packet[4:8] + ssrc + payload[2:], now)

    def _tell_rate(self, now: float) -> None:
        if not self.ended.is_set():
            self._send_feedback(rtcp.remb(self._ssrc, self.remb_bitrate,
                                          [int.from_bytes(ssrc, "big") for ssrc in self._streams][:255]))
            self._wheel.at(now + REMB_INTERVAL, self._tell_rate)

    def _tell_arrivals(self, now: float) -> None:
        if self.ended.is_set() or self._recorder is None:
            return
        media = int.from_bytes(next(iter(self._streams), b""), "big")
        message = self._recorder.feedback(self._ssrc, media, now)
        if message is not None:
            self._send_feedback(message)
        self._wheel.at(now + TRANSPORT_INTERVAL, self._tell_arrivals)

    def _send_feedback(self, message: bytes) -> None:
        self.feedback_sent += 1
        self.feedback_octets += len(message)
        self._link.send_rtcp(rtcp.receiver_report(self._ssrc) + message)

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
        if not self.tells_loss:
            blocks = [replace(block, fraction=0, lost=0) for block in blocks]
        self._link.send_rtcp(rtcp.receiver_report(self._ssrc, blocks) +
                             rtcp.source_description(self._ssrc, f"p{self._ssrc:08x}"))
