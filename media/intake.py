"""The receiving side of one SSRC of a publisher: extended numbers, what is missing, jitter, reports.

Pure state: never sends and never forwards; ``media/relay.py`` asks it.  Numbers of one intake never come twice: after a restart of
the publisher they begin above all earlier ones.  Called by ``media/relay.py`` and ``media/room.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from media import rtcp
from media.limits import (
    MAX_GAP, MAX_MISSING, NACK_DELAY, NACK_GIVE_UP, NACK_RETRY, NACK_SOONEST, NACK_TRIES,
)
from media.rtp import extend

if TYPE_CHECKING:
    from media.layer import Layer
    from media.source import Source
    from media.svc import Splitter

_NTP: Final = 1 << 32


@dataclass(slots=True)
class _Gap:
    seen_at: float
    asked_at: float = -1.0
    tries: int = 0


class Intake:
    """One RTP stream as it comes in.  ``layers`` are made of it: itself alone, or what ``splitter`` makes of each packet.

    ``timeline`` is replaced when the publisher's timestamps no longer go on from those before.
    """

    LATE, NEXT, RESTART, TWICE = -1, 1, 2, 0

    __slots__ = (
        "source", "rid", "ssrc", "rtx_ssrc", "layers", "splitter", "timeline", "wants_keyframe", "pli_at", "highest",
        "highest_ts", "highest_at", "missing", "received", "rtt", "loss", "report", "gave_up", "holes", "_fresh", "_first", "_cycle", "_reported",
        "_transit", "_jitter",
    )

    def __init__(self, source: Source, rid: str = "") -> None:
        """``rid`` names a simulcast layer (RFC 8852); empty where the track has one encoding."""
        self.source, self.rid = source, rid
        self.ssrc: int | None = None
        self.rtx_ssrc: int | None = None
        self.layers: tuple[Layer, ...] = ()
        self.splitter: Splitter | None = None
        self.timeline = object()
        self.wants_keyframe = False
        self.pli_at = -1e9
        self.highest = -1          # extended sequence number of the newest packet
        self.highest_ts, self.highest_at = 0, 0.0
        self.missing: dict[int, _Gap] = {}
        self.received = 0
        self.rtt = NACK_RETRY      # seconds from asking for a packet until it is there
        self.holes = 0             # numbers of which no packet came, so far
        self.gave_up = False       # a packet will not come: a picture that needs it needs a key frame now
        self.loss = 0.0            # share of its packets that were missing between the last two reports
        self._fresh = True         # nothing has come since the beginning or a restart
        self._first = self._cycle = 0
        self._reported = (0, 0)    # (expected, received) at the last report
        self._transit, self._jitter = 0, 0.0
        self.report: tuple[rtcp.SenderReport, float] | None = None

    @property
    def clock(self) -> int:
        """Ticks a second of its timestamps."""
        return self.source.clock

    @property
    def watched(self) -> bool:
        """Whether anybody receives it or waits for it."""
        return any(layer.live.downs or layer.waiting for layer in self.layers)

    def bind(self, ssrc: int) -> None:
        """The publisher sends this under ``ssrc`` from now on; another one than before is a restart."""
        if self.ssrc is not None and self.ssrc != ssrc:
            self.pause()
            self.missing.clear()
            self.timeline, self.report, self._fresh = object(), None, True
            self.received, self._reported, self._transit, self._jitter = 0, (0, 0), 0, 0.0
            if self.splitter is not None:
                self.splitter.restart()
        self.ssrc = ssrc

    def pause(self) -> None:
        """Everybody who receives any of it waits for its next starting point."""
        for layer in self.layers:
            layer.pause()

    def note(self, seq: int, timestamp: int, now: float, repaired: bool = False) -> tuple[int, int]:
        """(extended number, LATE | NEXT | RESTART | TWICE) of a packet that arrived; notes what is missing before it.

        One that was ``repaired`` came by another stream: on this one it stays lost.
        """
        self.received += not repaired
        if self._fresh:
            self._cycle = (self.highest >> 16) + 2 << 16  # a whole cycle above: room for packets that were overtaken
            self._fresh, ext, order = False, seq + self._cycle, self.NEXT
            self._first = ext
        else:
            ext = extend(self.highest, seq)
            distance = ext - self.highest
            if distance <= 0:
                return ext, self._late(ext, now)
            order = self.NEXT if distance <= MAX_GAP else self.RESTART
            if order == self.RESTART:
                self.missing.clear()
                self.pause()
            elif distance > 1:
                self.holes += distance - 1
                for lost in range(max(self.highest + 1, ext - MAX_MISSING), ext):
                    self.missing[lost] = _Gap(now)
                while len(self.missing) > MAX_MISSING:
                    del self.missing[next(iter(self.missing))]
        self._measure_jitter(timestamp, now)
        self.highest, self.highest_ts, self.highest_at = ext, timestamp, now
        return ext, order

    def _late(self, ext: int, now: float) -> int:
        gap = self.missing.pop(ext, None)
        if gap is None:
            return self.TWICE  # a repair that was not needed, or one long given up
        self.holes -= 1
        if gap.tries == 1:
            self.rtt += (min(1.0, max(0.0, now - gap.asked_at)) - self.rtt) / 4
        return self.LATE

    def _measure_jitter(self, timestamp: int, now: float) -> None:
        transit = round(now * self.source.clock) - timestamp
        if self.received > 1:
            distance = abs((transit - self._transit + 0x80000000) % _NTP - 0x80000000)
            self._jitter += (distance - self._jitter) / 16  # RFC 3550 appendix A.8
        self._transit = transit

    def lost_now(self, now: float) -> list[int]:
        """Sequence numbers (16 bit) to ask the publisher for again; gives up on old ones."""
        asked = []
        retry = max(NACK_SOONEST, min(NACK_RETRY, 1.15 * self.rtt))
        for ext, gap in list(self.missing.items()):
            if gap.tries >= NACK_TRIES or now - gap.seen_at > NACK_GIVE_UP:
                del self.missing[ext]
                self.gave_up = True
            elif now - gap.seen_at >= NACK_DELAY and now - gap.asked_at >= retry:
                gap.asked_at, gap.tries = now, gap.tries + 1
                asked.append(ext & 0xFFFF)
        return asked

    def block(self, now: float, worst: int = 0) -> rtcp.Block | None:
        """The reception report for the publisher; None before the first packet.

        ``worst`` is the loss (1/256) of its worst listener: what a publisher adds against loss must serve that one.
        """
        if self.ssrc is None or self._fresh:
            return None
        expected = self.highest - self._first + 1
        new_expected, new_received = expected - self._reported[0], self.received - self._reported[1]
        self._reported = (expected, self.received)
        lost = max(-0x800000, min(0x7FFFFF, expected - self.received))
        fraction = max(0, min(255, (new_expected - new_received) * 256 // new_expected)) if new_expected > 0 else 0
        last = delay = 0
        if self.report is not None:
            last = self.report[0].ntp >> 16 & 0xFFFFFFFF
            delay = round((now - self.report[1]) * 65536)
        self.loss = fraction / 256
        return rtcp.Block(
            self.ssrc, max(fraction, worst), lost, self.highest - self._cycle, int(self._jitter), last, delay
        )

    def translate(self, timestamp: int, other: Intake) -> int | None:
        """Which timestamp ``other`` gives the instant that is ``timestamp`` here; None until both sent a report."""
        if self.report is None or other.report is None:
            return None
        mine, theirs = self.report[0], other.report[0]
        passed = (mine.ntp - theirs.ntp) * other.clock / _NTP + since(mine, timestamp) * other.clock / self.clock
        return (theirs.rtp_time + round(passed)) & 0xFFFFFFFF


def since(report: rtcp.SenderReport, timestamp: int) -> int:
    """Ticks from the moment of the report to ``timestamp``; negative where it was before."""
    return (timestamp - report.rtp_time + (1 << 31)) % (1 << 32) - (1 << 31)
