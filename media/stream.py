"""One slot of a subscriber: a section of its offer with one SSRC for life, filled with one source after another.

"Down" is from the server.  Pure state with the rules that belong to one slot: which layer it receives, which it waits for, with
which constants its numbers, times and picture ids go on.  Never sends: ``media/relay.py`` moves packets to it,
``media/fanout.py`` reads its numbers in the inner loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from media import rtcp
from media.cache import Packet
from media.descriptor import PICTURE_IDS, vp8_ids
from media.intake import since
from media.layer import Audience, Layer
from media.red import INSIDE
from media.sdp import Extensions, Kind
from media.seqmap import SeqMap
from media.source import Source

if TYPE_CHECKING:
    from media.room import Member

__all__ = ["Audience", "DownStream", "Tally"]
_NTP: Final = 1 << 32
_FARTHEST: Final = 2.0  # seconds between what a source's clock says and when its report came


@dataclass(slots=True)
class Tally:
    """Packets and payload octets sent, shared by everybody who received the same ones."""

    packets: int = 0
    octets: int = 0


@dataclass(eq=False, slots=True)
class DownStream:
    """``pts`` maps a format to the payload type this subscriber wants for it, ``rtx`` to that of its repairs.

    ``source`` is who stands in the slot; ``layer`` what it receives now, ``awaited`` what it changes to at the next starting
    point.  ``delta``, ``ts_delta``, ``pid_delta``, ``tl0_delta`` and ``payload_type`` are the present stretch's, for the fan-out; ``target``
    is where it sends (set when DTLS stands).
    """

    owner: Member
    mid: str
    kind: Kind
    ssrc: int
    pts: dict[str, int]
    map: SeqMap[Layer]
    source: Source | None = None
    layer: Layer | None = None       # receives this now
    awaited: Layer | None = None     # waits for this one's starting point
    last: Layer | None = None        # what it received most recently
    resumes: object = None           # the timeline its timestamps follow if it comes back to it
    target: Any = None
    payload_type: int = 0
    delta: int = 0
    ts_delta: int = 0
    pid_delta: int = 0
    tl0_delta: int = 0
    cname: str = ""
    extensions: Extensions = Extensions()
    rtx_ssrc: int = 0
    rtx: dict[str, int] = field(default_factory=dict)
    rtx_seq: int = 0
    feedback: frozenset[str] = frozenset()
    loss: int = 0                    # 1/256, as its receiver last reported
    _holes: int = 0                  # numbers it was sent without a packet, up to the present stretch, whose own ...
    _holes_at: int = 0               # ... are counted from here
    _line: tuple[float, int] | None = None           # what its last report said: this moment here is that timestamp
    _ids: tuple[int, int] | None = None              # picture id and TL0PICIDX it saw last
    _tally: Tally = field(default_factory=Tally)     # of the present set of receivers, and ...
    _before: Tally = field(default_factory=Tally)    # ... of all the time before

    @property
    def live(self) -> bool:
        """Whether it receives its source now; otherwise it waits for a starting point, or is given nothing."""
        return self.layer is not None

    @property
    def packets(self) -> int:
        """Packets sent so far."""
        return self._before.packets + self._tally.packets

    @property
    def octets(self) -> int:
        """Payload octets sent so far."""
        return self._before.octets + self._tally.octets

    @property
    def since(self) -> int:
        """The number (16 bit) of the first packet that the present source has sent here, or will send."""
        return (self.map.first if self.live else self.map.last + 1) & 0xFFFF

    @property
    def holes(self) -> int:
        """Numbers that had no packet because its publisher's line lost it."""
        return self._holes + (self.layer.intake.holes - self._holes_at if self.layer is not None else 0)

    def count_in(self, tally: Tally) -> None:
        """From now on this stream receives what ``tally``, still at zero, counts."""
        self._before = Tally(self.packets, self.octets)
        self._tally = tally

    def count_one(self, octets: int) -> None:
        """One packet was sent outside the common ones."""
        self._before = Tally(self._before.packets + 1, self._before.octets + octets)

    def carries(self, source: Source) -> bool:
        """Whether this section of the offer can take any of the source's layers as they are."""
        return source.kind == self.kind and any(self.takes(layer) for layer in source.layers)

    def takes(self, layer: Layer) -> bool:
        """Whether it can take this layer.  Inside RED stands one payload type of Opus for everybody."""
        if layer.codec == "RED" and self.pts.get("OPUS") != INSIDE:
            return False
        return layer.codec in self.pts

    def begin(self, layer: Layer, packet: Packet, now: float) -> None:
        """``packet`` is the first of a new stretch."""
        self._renumber_pictures(layer, packet)
        expected = self._expected(layer, packet.timestamp)
        stretch = self.map.begin(layer, packet.ext, packet.timestamp, now, layer.source.clock, expected,
                                 (self.pid_delta, self.tl0_delta))
        self.resumes, self.layer, self.last, self.awaited = None, layer, layer, None
        self._holes_at = layer.intake.holes
        self.owner.report_at = min(self.owner.report_at, now + 0.3)  # the receiver needs the new times for lip sync
        self.payload_type = self.pts[layer.codec]
        self.delta, self.ts_delta = stretch.delta, stretch.ts_delta

    def _expected(self, layer: Layer, timestamp: int) -> int | None:
        """The timestamp this packet should leave with; None where only the time that passed can tell."""
        if self.resumes is layer.intake.timeline:
            return timestamp + self.ts_delta & 0xFFFFFFFF
        if self.last is None or self.last.source is not layer.source:
            return self._in_line(layer, timestamp)
        said = layer.intake.translate(timestamp, self.last.intake)
        return None if said is None else said + self.ts_delta & 0xFFFFFFFF

    def _in_line(self, layer: Layer, timestamp: int) -> int | None:
        """Of another source: its moment on the line that the reports of this slot have drawn so far.

        A browser fits a line through these reports; where a speaker's change bends it, sound and picture are apart for seconds.
        """
        if self._line is None or layer.intake.report is None:
            return None
        (told_at, told), (report, heard_at) = self._line, layer.intake.report
        said_at = _said_at(layer, report)
        if abs(said_at - heard_at) > _FARTHEST:
            return None  # its clock was set since: what it says of time means nothing
        return told + round((said_at - told_at) * layer.source.clock) + since(report, timestamp) & 0xFFFFFFFF

    def _renumber_pictures(self, layer: Layer, packet: Packet) -> None:
        ids = vp8_ids(packet.payload) if layer.codec == "VP8" else None
        if ids is None or self._ids is None:
            self.pid_delta = self.tl0_delta = 0
            return
        self.pid_delta = self._ids[0] + 1 - ids.picture & PICTURE_IDS
        self.tl0_delta = self._ids[1] + 1 - (ids.base or 0) & 0xFF

    def pause(self) -> None:
        """The stretch ends with the newest packet of its layer; what comes next waits for a starting point."""
        layer = self.layer
        if layer is None:
            return
        ids = layer.newest_ids()
        if ids is not None and layer.highest >= self.map.base:
            self._ids = ids.picture + self.pid_delta & PICTURE_IDS, (ids.base or 0) + self.tl0_delta & 0xFF
        self._holes += layer.intake.holes - self._holes_at
        self.layer, self.resumes = None, layer.intake.timeline
        self.awaited = self.awaited or layer
        self.map.end(layer.highest, layer.highest_ts, layer.highest_at)

    def sender_report(self, now: float) -> bytes:
        """SR and SDES of this slot, or nothing when its source has not yet said which time its timestamps mean.

        All times are moved to this server's clock, by one offset per publisher: sound and picture stay together.
        """
        layer = self.layer
        if not self.packets or layer is None or layer.intake.report is None:
            return b""
        report, _ = layer.intake.report
        rtp_time = (report.rtp_time + round((now - _said_at(layer, report)) * layer.source.clock) + self.ts_delta) & 0xFFFFFFFF
        self._line = now, rtp_time
        out = rtcp.SenderReport(self.ssrc, int(now * _NTP), rtp_time, self.packets, self.octets)
        return rtcp.sender_report(out) + rtcp.source_description(self.ssrc, self.cname)


def _said_at(layer: Layer, report: rtcp.SenderReport) -> float:
    """The moment a publisher's report means, on this server's clock."""
    return report.ntp / _NTP + layer.source.owner.clock_offset
