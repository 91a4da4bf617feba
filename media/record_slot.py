"""One slot of the recorder's session: whose packets these are, in which order, at which time, in which track.

Pure: packets, news and reports come with ``now`` (seconds of the loop's clock); frames go to tracks of the book.
Never asks the network for anything: ``wants_key_frame`` tells that somebody should.  Called by ``media/recorder.py``.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from media.depacketize import Assembler, Frame, assembler
from media.errors import BadPacket
from media.matroska import opus_head
from media.record_book import Book
from media.record_clock import Relation, Timeline
from media.record_order import HOLD, Held, Hole, Order
from media.record_track import Track
from media.record_words import LOST, MALFORMED, SLOW_DISK
from media.rtcp import SenderReport

NEWS: Final = 2.0                 # seconds the first packets of a session wait to hear whose they are
CLOCKS: Final = {"audio": 48_000, "video": 90_000}


class _Change(NamedTuple):
    """From packet ``number`` on the slot is ``name``'s."""

    number: int
    name: str | None
    heard: float


class Slot:
    """``formats``: payload type to format as in the offer (``VP8``, ``H264/CB``); ``relation`` is the session's."""

    def __init__(self, book: Book, kind: str, formats: dict[int, str], relation: Relation) -> None:
        self.kind = kind
        self.wants_key_frame = False
        self.order = Order()
        self._book, self._formats, self._relation = book, formats, relation
        self._told = False
        self._name: str | None = None
        self._changes: deque[_Change] = deque(maxlen=64)
        self._reports: deque[tuple[float, SenderReport]] = deque(maxlen=8)
        self._timeline: Timeline | None = None
        self._assembler: Assembler | None = None
        self._payload_type = -1
        self._track: Track | None = None
        self._began = 0.0               # recording time of the stretch's first packet, until it has a track

    # -- what comes -----------------------------------------------------------------------------------------------------

    def push(self, seq: int, timestamp: int, marker: bool, payload_type: int, payload: bytes, now: float) -> None:
        """One packet; those of formats that were not offered are passed over."""
        self._book.counters["packets"] += 1
        self.order.push(seq, now, timestamp, marker, payload_type, payload)

    def news(self, name: str | None, since: int | None, now: float) -> None:
        """The slot shows ``name`` from packet ``since`` (16 bit) on; from now on where the relay does not say."""
        self._told = True
        known = self._changes[-1].name if self._changes else self._name
        if name != known:
            number = self.order.number(since if since is not None else 0)
            self._changes.append(_Change(number if since is not None else self.order.after, name, now))

    def report(self, report: SenderReport, now: float) -> None:
        """The sender report of this slot."""
        self._reports.append((now, report))

    # -- what goes on ---------------------------------------------------------------------------------------------------

    def run(self, now: float, hold: float = HOLD) -> None:
        """Everything that is due; call several times a second."""
        for item in self.order.due(now, hold if self._told else NEWS):
            if isinstance(item, Hole):
                self._missing(item)
            else:
                self._packet(item)
        while self._changes and now - self._changes[0].heard > hold and not len(self.order):
            self._change(self._changes.popleft().name)

    def end(self, now: float) -> None:
        """The session is over: what is here is recorded, and the track is closed."""
        self.run(now + NEWS, 0.0)
        self._change(None)

    def _missing(self, hole: Hole) -> None:
        self._book.counters["lost"] += hole.lost
        if self._assembler is not None:
            self._assembler.lost()
        self._break(LOST)

    def _break(self, reason: str) -> None:
        if self._track is not None:
            self._track.gap(reason)
        if self.kind == "video":
            self.wants_key_frame = True

    def _packet(self, packet: Held) -> None:
        while self._changes and self._changes[0].number <= packet.number:
            self._change(self._changes.popleft().name)
        if not packet.payload:
            return                                    # padding alone: a probe of the line
        codec = self._formats.get(packet.payload_type, "")
        if self._name is None or not codec:
            self._book.counters["unclaimed"] += 1
            return
        if packet.payload_type != self._payload_type or self._assembler is None:
            self._close()
            self._payload_type, self._assembler = packet.payload_type, assembler(codec.partition("/")[0])
        timeline = self._time(packet)
        try:
            frames = self._assembler.push(packet.timestamp, packet.marker, packet.payload)
        except BadPacket:
            self._book.counters["malformed"] += 1
            self._break(MALFORMED)
            return
        for frame in frames:
            self._frame(frame, self._book.time(timeline.time(frame.timestamp)), codec.partition("/")[0])

    def _time(self, packet: Held) -> Timeline:
        """The stretch's time line, with every report that came before this packet; at its start with any that is there."""
        timeline = self._timeline
        if timeline is None:
            timeline = self._timeline = Timeline(CLOCKS[self.kind], packet.timestamp, packet.arrived)
            self._began = self._book.time(packet.arrived)
            reports = [report for arrived, report in self._reports if arrived >= packet.arrived]
            self._reports.clear()
            for report in reports[:1]:
                timeline.correct(report, self._relation)
        while self._reports and self._reports[0][0] <= packet.arrived:
            timeline.correct(self._reports.popleft()[1], self._relation)
        return timeline

    def _frame(self, frame: Frame, at: float, codec: str) -> None:
        track = self._track
        if self._book.blocked:
            return                                    # its tracks have their gap already
        if track is not None and frame.private and frame.private != track.form.private:
            self._close()                             # the decoder would have to be told anew
            track = None
        if track is None:
            if not frame.key:
                self.wants_key_frame = True
                return
            if self._book.full(at):
                self.wants_key_frame = False          # one more would be of no use
                return
            private = opus_head() if codec == "OPUS" else frame.private
            track = self._track = self._book.open(self._name or "", self.kind, codec, private, frame.size, at, self._began)
        if not track.add(frame, at):
            self.wants_key_frame = True
        elif self.kind == "video":
            self.wants_key_frame = False
        if track.crowded:
            track.forget(SLOW_DISK)
            self.wants_key_frame = self.kind == "video"

    def _change(self, name: str | None) -> None:
        self._close()
        self._name, self._timeline, self._assembler = name, None, None
        self.wants_key_frame = False

    def _close(self) -> None:
        if self._track is not None:
            self._track.closed, self._track = True, None
