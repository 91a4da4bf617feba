"""A receiving browser in virtual time: what it reports and what its user sees.  Sans-IO; holds no tests.

Reports as Chromium does: a receiver report a second, transport-wide feedback every 50 ms or REMB (by the estimator of
aiortc, a port of the browsers' own), NACK at once and again after a round trip, PLI when the picture stands still.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from aiortc.rate import RemoteBitrateEstimator

from media import rtcp, twcc

VOICE, PICTURE, EMPTY = 1, 2, 3   # SSRCs
Layer = TypeVar("Layer")


class Datagram(NamedTuple):
    """One packet as it left: `number` transport-wide, `seq` of its stream; `first` and `last` of a frame.

    `again` is its number on the repair stream, -1 where it comes on its own.
    """

    ssrc: int
    number: int
    seq: int
    octets: int
    left: float
    frame: int = 0
    first: bool = False
    last: bool = False
    key: bool = False
    again: int = -1


@dataclass(slots=True)
class Missing:
    seen_at: float
    asked_at: float
    tries: int = 1


class Stream:
    """What a receiver report says of one SSRC."""

    def __init__(self) -> None:
        self.highest = -1
        self.received = self.first = 0
        self._before = (0, 0)

    def note(self, seq: int) -> None:
        if self.highest < 0:
            self.first = seq
        self.highest = max(self.highest, seq)
        self.received += 1

    def block(self, ssrc: int, last_report: int, delay: int) -> rtcp.Block:
        expected = self.highest - self.first + 1
        more, got = expected - self._before[0], self.received - self._before[1]
        self._before = expected, self.received
        fraction = max(0, min(255, (more - got) * 256 // more)) if more > 0 else 0
        return rtcp.Block(ssrc, fraction, 0, self.highest, 0, last_report, delay)


class Watcher:
    """`shown` are the times of the pictures seen, `heard` sequence numbers and delays of the sounds."""

    def __init__(self, now: float, remb: bool, ssrcs: tuple[int, int, int] = (VOICE, PICTURE, EMPTY)) -> None:
        """`ssrcs` are those of its sound, its picture and its repairs."""
        self.remb = remb
        self._ssrcs = {VOICE: ssrcs[0], PICTURE: ssrcs[1], EMPTY: ssrcs[2]}
        self.shown: list[float] = []
        self.heard: dict[int, float] = {}
        self.delays: list[tuple[float, float]] = []
        self.trip = 0.1
        self._recorder = twcc.Recorder()
        self._estimator = RemoteBitrateEstimator()
        self._streams: dict[int, Stream] = {}
        self._feedback_at = self._report_at = now
        self._remb_at, self._last_remb, self._new_remb = now, 0, 0
        self._frames: dict[int, Datagram] = {}
        self._next = -1
        self._missing: dict[int, Missing] = {}
        self._highest = -1
        self._moved_at = self._pli_at = now

    def take(self, packet: Datagram, at: float) -> None:
        """One packet arrived."""
        self.delays.append((at, at - packet.left))
        stream, seq = (packet.ssrc, packet.seq) if packet.again < 0 else (EMPTY, packet.again)
        self._streams.setdefault(stream, Stream()).note(seq)
        if self.remb:
            stamp = int(packet.left * (1 << 18)) & 0xFFFFFF
            said = self._estimator.add(int(at * 1000), stamp, packet.octets, packet.ssrc)
            if said is not None:
                self._new_remb = said[0]
        else:
            self._recorder.note(packet.number & 0xFFFF, at)
        if packet.ssrc == VOICE:
            self.heard.setdefault(packet.seq, at - packet.left)
        elif packet.ssrc == PICTURE:
            self._picture(packet, at)

    def _picture(self, packet: Datagram, at: float) -> None:
        if self._next < 0:
            self._next = self._highest = packet.seq
        if packet.seq < self._next:
            return
        for lost in range(self._highest + 1, packet.seq):
            self._missing[lost] = Missing(at, -1.0, 0)
        self._highest = max(self._highest, packet.seq)
        self._missing.pop(packet.seq, None)
        self._frames[packet.seq] = packet
        if packet.key and packet.seq > self._next and self._next not in self._frames:
            self._skip_to(packet)
        while self._next in self._frames:
            done = self._frames.pop(self._next)
            self._next += 1
            self._moved_at = at
            if done.last:
                self.shown.append(at)
        if len(self._frames) > 2000:
            self._frames = {seq: kept for seq, kept in self._frames.items() if seq >= self._next}

    def _skip_to(self, packet: Datagram) -> None:
        """A whole key frame can be shown though packets before it are missing."""
        seq = packet.seq
        while not self._frames[seq].last:
            seq += 1
            if seq not in self._frames:
                return
        first = packet.seq
        while first - 1 in self._frames and self._frames[first - 1].frame == packet.frame:
            first -= 1
        if self._frames[first].first:
            self._next = first
            self._missing = {seq: gap for seq, gap in self._missing.items() if seq >= first}

    def say(self, now: float, last_report: int, delay: int) -> list[bytes]:
        """Everything that is due."""
        said: list[bytes] = []
        if not self.remb and now - self._feedback_at >= 0.05:
            self._feedback_at = now
            data = self._recorder.feedback(9, 1, now)
            if data is not None:
                said.append(data)
        fell = 0 < self._new_remb < 0.97 * self._last_remb
        if self.remb and self._new_remb and (now - self._remb_at >= 0.23 or fell):
            self._remb_at, self._last_remb = now, self._new_remb
            said.append(rtcp.receiver_report(9) + rtcp.remb(9, self._new_remb, [self._ssrcs[PICTURE]]))
        if now - self._report_at >= 1.0 and self._streams:
            self._report_at = now
            blocks = [stream.block(self._ssrcs[ssrc], last_report, delay) for ssrc, stream in self._streams.items()]
            said.append(rtcp.receiver_report(9, blocks) + rtcp.source_description(9, "watcher"))
        return said + self._repairs(now)

    def _repairs(self, now: float) -> list[bytes]:
        asked = []
        for seq, gap in list(self._missing.items()):
            if gap.tries >= 10 or now - gap.seen_at > 1.0:
                del self._missing[seq]
            elif now - gap.asked_at > self.trip + 0.01:
                gap.asked_at, gap.tries = now, gap.tries + 1
                asked.append(seq)
        said = [rtcp.nack(9, self._ssrcs[PICTURE], [seq & 0xFFFF for seq in asked])] if asked else []
        if self._next >= 0 and self._next <= self._highest and now - max(self._moved_at, self._pli_at) > 0.5:
            self._pli_at = now
            said.append(rtcp.pli(9, self._ssrcs[PICTURE]))
        return said


class Watched(Generic[Layer]):
    """What came of it, for whoever has a `watcher` and notes in `layers` (time, layer shown) of every change."""

    watcher: Watcher
    layers: list[tuple[float, Layer]]

    def changes(self, since: float) -> list[tuple[float, Layer]]:
        """(seconds after `since`, layer) of every change from then on."""
        return [(round(at - since, 2), layer) for at, layer in self.layers if at >= since]

    def freeze(self, since: float, until: float) -> float:
        """The longest time without a new picture."""
        times = [since, *[at for at in self.watcher.shown if since <= at < until], until]
        return max(b - a for a, b in zip(times, times[1:], strict=False))

    def delay(self, since: float, until: float, share: float = 0.99) -> float:
        """Seconds on the way that `share` of the packets stay under."""
        waits = sorted(wait for at, wait in self.watcher.delays if since <= at < until)
        return waits[int(share * (len(waits) - 1))] if waits else 0.0
