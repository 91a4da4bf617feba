"""Moves packets from UpStreams to DownStreams: the rules of forwarding, sans-IO.

In come parsed RTP packets and RTCP messages with ``now`` (monotonic seconds), out go ``Batch``, ``Resend`` and ``Control``
values through ``emit``, which must act at once: the numbers of a DownStream are those of the moment.  Consecutive packets
of one track become one Batch for all its receivers.  After a change of source a picture is forwarded only from a key frame on.  Never decodes, never
decrypts, knows no sockets and no rooms.  Called by ``media/room.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from media import rtcp
from media.cache import Packet
from media.counters import Counters
from media.keyframe import starts_keyframe
from media.limits import BATCH_PACKETS, NACK_BURST, PLI_INTERVAL
from media.rtp import RtpView
from media.stream import Audience, DownStream, UpStream

if TYPE_CHECKING:
    from media.room import Member


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive packets of one track, all of them for everybody in ``audience``."""

    packets: list[Packet]
    audience: Audience


@dataclass(frozen=True, slots=True)
class Resend:
    """One packet once more, with the numbers it had the first time; ``rtx``: the payload type of its RTX, 0 for none.

    ``again`` is False where it leaves for the first time all the same, since it was overtaken on its way here.
    """

    down: DownStream
    packet: Packet
    payload_type: int
    delta: int
    ts_delta: int
    pid_delta: int = 0
    tl0_delta: int = 0
    rtx: int = 0
    again: bool = True


@dataclass(frozen=True, slots=True)
class Control:
    """A plain compound RTCP packet for one peer."""

    member: Member
    data: bytes


Output = Batch | Resend | Control


class Relay:
    """Forwarding between the streams of one room."""

    def __init__(self, counters: Counters, emit: Callable[[Output], None]) -> None:
        self._counters, self._emit = counters, emit
        self._packets: list[Packet] = []  # collected so far, all of them for ...
        self._audience = Audience()
        self.restless: set[UpStream] = set()  # sources with gaps or an unanswered key frame request

    # -- wiring ---------------------------------------------------------------------------------------------------------

    def attach(self, down: DownStream, source: UpStream, now: float) -> None:
        """``down`` shows ``source`` from its next starting point on; one that cannot carry it stays empty."""
        if not down.carries(source):
            return
        down.source = source
        source.waiting += (down,)
        self.ask_keyframe(source, now)

    def detach(self, down: DownStream) -> None:
        """``down`` shows nothing until it is attached again."""
        source, down.source = down.source, None
        if source is None:
            return
        self.flush()
        if down.live:
            source.live = Audience(tuple(other for other in source.live.downs if other is not down))
            down.pause(source)
        else:
            source.waiting = tuple(other for other in source.waiting if other is not down)

    def drop(self, source: UpStream) -> None:
        """The source is gone for good."""
        for down in [*source.live.downs, *source.waiting]:
            self.detach(down)
        self.restless.discard(source)

    def gate(self, source: UpStream, closed: bool) -> None:
        """Closed: its packets are dropped at the entrance."""
        if source.gated != closed:
            self.flush()
            source.gated = closed
            if closed:
                source.pause()
                source.missing.clear()

    # -- media ----------------------------------------------------------------------------------------------------------

    def receive(self, source: UpStream, view: RtpView, now: float) -> None:
        """One authentic packet of ``source``."""
        ext, order = source.note(view.seq, view.timestamp, now)
        if source.gated:
            source.missing.clear()  # nobody waits for what is dropped here
            self._counters.gated += 1
            source.owner.gated += 1
            return
        if source.missing:
            self.restless.add(source)
        packet = Packet(ext, view.timestamp, view.marker << 7, view.payload)
        source.ring.put(packet)
        if order == UpStream.LATE:
            self._forward_late(source, packet)
            return
        if order == UpStream.RESTART:
            self.flush()
            self.ask_keyframe(source, now)
        if (source.waiting or source.wants_keyframe) and starts_keyframe(source.codec, packet.payload):
            self._start(source, packet, now)
        if source.live.downs:
            if self._audience is not source.live or len(self._packets) >= BATCH_PACKETS:
                self.flush()
                self._audience = source.live
            self._packets.append(packet)

    def _start(self, source: UpStream, packet: Packet, now: float) -> None:
        self.flush()  # what was collected has the numbers from before
        source.wants_keyframe = False
        for down in source.waiting:
            down.begin(source, packet, now)
        source.live = Audience(source.live.downs + source.waiting)
        source.waiting = ()

    def _forward_late(self, source: UpStream, packet: Packet) -> None:
        # An overtaken packet goes by itself, as one sent again does; not to those who began after it.
        self.flush()
        for down in source.live.downs:
            if down.map.base <= packet.ext:
                down.count_one(len(packet.payload))
                self._emit(Resend(down, packet, down.payload_type, down.delta, down.ts_delta, again=False))

    def flush(self) -> None:
        """Ends the collecting: call when everything that was there has been read."""
        packets, self._packets = self._packets, []
        if packets:
            self._emit(Batch(packets, self._audience))

    # -- feedback -------------------------------------------------------------------------------------------------------

    def ask_keyframe(self, source: UpStream, now: float) -> None:
        """Somebody needs a key frame of ``source``: at most one request goes out per interval, and again if unanswered."""
        if source.kind != "video":
            return
        if source.wants_keyframe and now - source.pli_at < PLI_INTERVAL:
            self._counters.pli_suppressed += 1
        source.wants_keyframe = True
        self.restless.add(source)
        self._send_pli(source, now)

    def _send_pli(self, source: UpStream, now: float) -> None:
        if source.ssrc is None or now - source.pli_at < PLI_INTERVAL or not source.owner.connected:
            return
        source.pli_at = now
        self._counters.pli_up += 1
        self._feedback(source.owner, rtcp.pli(source.owner.ssrc, source.ssrc))

    def _feedback(self, member: Member, message: bytes) -> None:
        # A compound packet begins with a report (RFC 3550 section 6.1); an empty one will do.
        self._emit(Control(member, rtcp.receiver_report(member.ssrc) + message))

    def resend(self, down: DownStream, seqs: tuple[int, ...]) -> None:
        """A subscriber misses ``seqs`` of ``down``: sends again what the ring still has."""
        self.flush()
        source = down.source
        newest = source.highest + down.delta if source is not None and down.live else down.map.last
        self._counters.nack_rx += len(seqs)
        for seq in seqs[:NACK_BURST]:
            found = down.map.find(seq, newest)
            if found is None or down.owner.resend_budget <= 0:
                continue
            stretch, ext = found
            packet = stretch.source.ring.get(ext)
            if packet is not None:
                down.owner.resend_budget -= 1
                self._counters.rtx += 1
                pt = down.pts[stretch.source.codec]
                self._emit(Resend(down, packet, pt, stretch.delta, stretch.ts_delta))

    @property
    def urgent(self) -> bool:
        """Whether packets are missing, so that the timers should run soon."""
        return any(source.missing for source in self.restless)

    def tick(self, now: float) -> None:
        """Timers: asks publishers for lost packets and, again, for key frames that did not come."""
        for source in list(self.restless):
            lost = source.lost_now(now) if source.ssrc is not None and not source.gated else []
            if lost:
                self._counters.nack_tx += len(lost)
                self._feedback(source.owner, rtcp.nack(source.owner.ssrc, source.ssrc or 0, lost))
            if source.wants_keyframe and (source.live.downs or source.waiting):
                self._send_pli(source, now)
            elif not source.missing:
                source.wants_keyframe = False
                self.restless.discard(source)
