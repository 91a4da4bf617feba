"""Moves packets from the layers of sources to DownStreams: the rules of forwarding, sans-IO.

In come parsed RTP packets and RTCP messages with ``now`` (monotonic seconds), out go ``Batch``, ``Resend`` and ``Control``
values through ``emit``, which must act at once: the numbers of a DownStream are those of the moment.  Consecutive packets
of one layer become one Batch for all its receivers.  After a change of source or layer a picture is forwarded only from a key
frame on; until then the former layer goes on.  Never decodes, never decrypts, knows no sockets and no rooms.  Called by
``media/room.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from media import rtcp
from media.cache import Packet
from media.counters import Counters
from media.descriptor import vp9
from media.intake import Intake
from media.keyframe import starts_keyframe
from media.layer import Audience, Layer
from media.limits import BATCH_PACKETS, NACK_BURST, OVERHEAD, PLI_INTERVAL, PROBE_PACKETS
from media.rtp import RtpView
from media.source import Source
from media.stream import DownStream

if TYPE_CHECKING:
    from media.room import Member


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive packets of one layer, all of them for everybody in ``audience``."""

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
class Padding:
    """One empty packet of ``octets`` (at most 255) on the repair stream of ``down``: it only shows what the line carries."""

    down: DownStream
    payload_type: int
    octets: int


@dataclass(frozen=True, slots=True)
class Control:
    """A plain compound RTCP packet for one peer."""

    member: Member
    data: bytes


Output = Batch | Resend | Padding | Control


_NOBODY = Audience()


class Relay:
    """Forwarding between the streams of one room."""

    def __init__(self, counters: Counters, emit: Callable[[Output], None]) -> None:
        self._counters, self._emit = counters, emit
        self._packets: list[Packet] = []  # collected so far, all of them for ...
        self._audience = _NOBODY
        self.restless: set[Intake] = set()  # with gaps or an unanswered key frame request

    # -- wiring ---------------------------------------------------------------------------------------------------------

    def attach(self, down: DownStream, source: Source, layer: Layer | None, now: float) -> None:
        """``source`` stands in this slot; ``layer`` of it is shown from its next starting point on, None: nothing yet."""
        down.source = source
        self.show(down, layer, now)

    def show(self, down: DownStream, layer: Layer | None, now: float) -> None:
        """Another layer of the same source: the present one goes on until the new one can begin.  None: nothing, at once."""
        if layer is None:
            self._cease(down)
        elif layer is down.layer:
            self._forgo(down)
        elif layer is not down.awaited:
            self._forgo(down)
            down.awaited = layer
            layer.waiting[down] = None
            if not self._steps_down(down, layer):
                self.ask_keyframe(layer.intake, now)

    def detach(self, down: DownStream) -> None:
        """``down`` shows nothing until it is attached again."""
        self._cease(down)
        down.source = None

    def _cease(self, down: DownStream) -> None:
        self._forgo(down)  # while it is known what was awaited
        if down.layer is not None:
            self.flush()
            down.layer.remove(down)
            down.pause()
            down.awaited = None

    @staticmethod
    def _forgo(down: DownStream) -> None:
        layer, down.awaited = down.awaited, None
        if layer is not None:
            layer.waiting.pop(down, None)

    def drop(self, source: Source) -> None:
        """The source is gone for good."""
        for layer in source.layers:
            for down in [*layer.live.downs, *layer.waiting]:
                self.detach(down)
        self.restless.difference_update(source.intakes)
        source.part()

    def gate(self, source: Source, closed: bool) -> None:
        """Closed: its packets are dropped at the entrance.  Opened again: a picture is asked for a key frame with the next tick."""
        if source.gated != closed:
            self.flush()
            source.gated = closed
            for intake in source.intakes:
                if closed:
                    intake.pause()
                    intake.missing.clear()
                elif source.kind == "video" and intake.watched:
                    intake.wants_keyframe = True
                    self.restless.add(intake)

    # -- media ----------------------------------------------------------------------------------------------------------

    def receive(self, intake: Intake, view: RtpView, now: float, level: int | None = None, capture: bytes = b"") -> None:
        """One authentic packet; ``level`` and ``capture``: header extensions that go on to the receivers."""
        source = intake.source
        source.left -= 1
        if source.left < 0 and not source.renew(now):
            self._counters.flood += 1
            source.owner.flood += 1
            return
        ext, order = intake.note(view.seq, view.timestamp, now, view.repaired)
        if source.gated:
            intake.missing.clear()  # nobody waits for what is dropped here
            self._counters.gated += 1
            source.owner.gated += 1
            return
        if order == Intake.TWICE:
            return
        if intake.missing:
            self.restless.add(intake)
        if order == Intake.RESTART:
            self.flush()
            self.ask_keyframe(intake, now)
        packet = Packet(ext, view.timestamp, view.marker << 7, view.payload, level, capture)
        late = order == Intake.LATE
        if intake.splitter is None:
            self._take(((intake.layers[0], packet),), late, now)
        else:
            self._take(tuple(intake.splitter.split(packet, view.payload_type, late)), late, now)

    def _take(self, pieces: tuple[tuple[Layer, Packet], ...], late: bool, now: float) -> None:
        """One packet as each of its layers has it.  Who changes between them does so before any of it is sent."""
        for layer, packet in () if late else pieces:
            if layer.waiting or layer.intake.wants_keyframe:
                self._try_start(layer, packet, now)
        for layer, packet in pieces:
            layer.ring.put(packet)
            layer.octets += len(packet.payload) + OVERHEAD
            if late:
                self._forward_late(layer, packet)
                continue
            layer.highest, layer.highest_ts, layer.highest_at = packet.ext, packet.timestamp, now
            if layer.live.downs:
                if self._audience is not layer.live or len(self._packets) >= BATCH_PACKETS:
                    self.flush()
                    self._audience = layer.live
                self._packets.append(packet)

    def _try_start(self, layer: Layer, packet: Packet, now: float) -> None:
        if starts_keyframe(layer.codec, packet.payload):
            layer.note_heights(packet.payload)
            self._start(layer, tuple(layer.waiting), packet, now)
            if layer is layer.intake.layers[-1]:
                layer.intake.wants_keyframe = False
        elif layer.source.svc:
            found = vp9(packet.payload)
            if found is not None and found.begins and found.spatial == 0:
                self._start(layer, tuple(d for d in layer.waiting if self._steps_down(d, layer)), packet, now)

    @staticmethod
    def _steps_down(down: DownStream, layer: Layer) -> bool:
        """To leave out upper spatial layers needs no key frame."""
        held = down.layer
        return layer.source.svc and held is not None and held.source is layer.source and held.index > layer.index

    def _start(self, layer: Layer, downs: tuple[DownStream, ...], packet: Packet, now: float) -> None:
        if not downs:
            return
        self.flush()  # what was collected has the numbers from before
        for down in downs:
            layer.waiting.pop(down, None)
        for down in downs:
            if down.layer is not None:
                down.layer.remove(down)
                down.pause()
            down.begin(layer, packet, now)
        layer.add(downs)

    def _forward_late(self, layer: Layer, packet: Packet) -> None:
        # An overtaken packet goes by itself; not to those who began after it.  Nearly always all began before.
        self.flush()
        if layer.live.downs and all([down.map.base <= packet.ext for down in layer.live.downs]):
            self._emit(Batch([packet], layer.live))
            return
        for down in layer.live.downs:
            if down.map.base <= packet.ext:
                down.count_one(len(packet.payload))
                self._emit(Resend(down, packet, down.payload_type, down.delta, down.ts_delta, down.pid_delta, down.tl0_delta,
                                  again=False))

    def flush(self) -> None:
        """Ends the collecting: call when everything that was there has been read."""
        packets, self._packets = self._packets, []
        if packets:
            audience, self._audience = self._audience, _NOBODY
            self._emit(Batch(packets, audience))

    # -- feedback -------------------------------------------------------------------------------------------------------

    def ask_keyframe(self, intake: Intake, now: float) -> None:
        """Somebody needs a key frame: at most one request goes out per interval, and again if unanswered."""
        if intake.source.kind != "video":
            return
        if intake.wants_keyframe and now - intake.pli_at < PLI_INTERVAL:
            self._counters.pli_suppressed += 1
        intake.wants_keyframe = True
        self.restless.add(intake)
        self._send_pli(intake, now)

    def _send_pli(self, intake: Intake, now: float) -> None:
        owner = intake.source.owner
        if intake.ssrc is None or now - intake.pli_at < PLI_INTERVAL or not owner.connected:
            return
        intake.pli_at = now
        self._counters.pli_up += 1
        self._feedback(owner, rtcp.pli(owner.ssrc, intake.ssrc))

    def _feedback(self, member: Member, message: bytes) -> None:
        # A compound packet begins with a report (RFC 3550 section 6.1); an empty one will do.
        self._emit(Control(member, rtcp.receiver_report(member.ssrc) + message))

    def resend(self, down: DownStream, seqs: tuple[int, ...], now: float) -> None:
        """A subscriber misses ``seqs`` of ``down``: sends again what the ring still has and its line has room for."""
        self.flush()
        if down.layer is None and down.kind == "video" and down.owner.line is not None:
            return  # its picture was taken away since the line is full: what is missing of it would only fill it further
        newest = down.layer.highest + down.delta if down.layer is not None else down.map.last
        self._counters.nack_rx += len(seqs)
        for seq in seqs[:NACK_BURST]:
            found = down.map.find(seq, newest)
            if found is None or down.owner.resend_budget <= 0:
                continue
            stretch, ext = found
            layer = stretch.source
            if down.owner.line is not None and self._outgrown(down, layer):
                continue
            packet = layer.ring.get(ext)
            if packet is not None and down.owner.may_resend(down.kind, len(packet.payload) + OVERHEAD, now):
                down.owner.resend_budget -= 1
                down.owner.extra += len(packet.payload) + OVERHEAD
                self._counters.rtx += 1
                self._emit(Resend(down, packet, down.pts[layer.codec], stretch.delta, stretch.ts_delta,
                                  *stretch.picture_deltas, down.rtx.get(layer.codec, 0)))

    @staticmethod
    def _outgrown(down: DownStream, layer: Layer) -> bool:
        """Whether its line is too weak for ``layer`` now: a smaller one's key frame needs nothing of what was before."""
        now = down.awaited or down.layer
        return now is not None and now.source is layer.source and now.index < layer.index

    def probe(self, member: Member, octets: float) -> int:
        """Sends at most so many octets, headers included, that nobody misses; returns how many.

        Packets sent before where one fits, otherwise padding.  Only repair streams can carry them, for they have numbers of
        their own.
        """
        repairing = [down for down in member.downs.values() if down.rtx_ssrc and down.rtx]
        down = next((down for down in repairing if down.layer is not None), repairing[0])
        layer, sent, packets = down.layer, 0, 0
        padding = down.rtx.get(layer.codec if layer is not None else "", next(iter(down.rtx.values())))
        self.flush()
        while octets - sent > 2 * OVERHEAD and packets < PROBE_PACKETS:
            left = int(octets - sent) - OVERHEAD
            old = layer.ring.get(layer.highest - packets) if layer is not None and layer.codec in down.rtx else None
            if layer is not None and old is not None and old.ext >= down.map.base and len(old.payload) <= left:
                self._emit(Resend(down, old, down.payload_type, down.delta, down.ts_delta, down.pid_delta, down.tl0_delta,
                                  down.rtx[layer.codec]))
                size = len(old.payload)
            else:
                size = min(255, left)
                self._emit(Padding(down, padding, size))
            sent, packets = sent + size + OVERHEAD, packets + 1
        member.extra += sent
        return sent

    @property
    def urgent(self) -> bool:
        """Whether packets are missing, so that the timers should run soon."""
        return any(intake.missing for intake in self.restless)

    def tick(self, now: float) -> None:
        """Timers: asks publishers for lost packets and, again, for key frames that did not come."""
        for intake in list(self.restless):
            source = intake.source
            lost = intake.lost_now(now) if intake.ssrc is not None and not source.gated else []
            if lost:
                self._counters.nack_tx += len(lost)
                self._feedback(source.owner, rtcp.nack(source.owner.ssrc, intake.ssrc or 0, lost))
            if intake.gave_up:
                intake.gave_up = False
                if intake.watched and not source.gated:
                    self.ask_keyframe(intake, now)  # no receiver can go on without it: they need not all find out
            if intake.wants_keyframe and intake.watched:
                self._send_pli(intake, now)
            elif not intake.missing:
                intake.wants_keyframe = False
                self.restless.discard(intake)
