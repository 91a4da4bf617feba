"""From RTP timestamps to the one clock of a recording, so that sound and picture of all points are in step (RFC 3550 §6.4.1).

Pure.  Sender reports say which time of the relay's clock a timestamp means; before the first one the arrival has to do.
What a report corrects is brought in slowly, so that no frame ever jumps.  Called by ``media/record_slot.py``; the relation is
noted by ``media/recorder.py``.
"""

from __future__ import annotations

from typing import Final

from media.rtcp import SenderReport

SLEW: Final = 0.02        # of the time that passes: the most by which a correction bends the time line
STEP: Final = 1.0         # seconds; a larger correction is no drift, and is taken over at once
_NTP: Final = 1 << 32
_HALF: Final = 1 << 31


class Relation:
    """The relay's clock against ours: the report that came quickest tells it best."""

    def __init__(self) -> None:
        self.offset: float | None = None

    def note(self, report: SenderReport, arrived: float) -> None:
        """One report of any slot of the session; ``arrived`` in seconds of our clock."""
        offset = arrived - report.ntp / _NTP
        self.offset = offset if self.offset is None else min(self.offset, offset)


class Timeline:
    """One stretch of one slot: from its first timestamp on."""

    def __init__(self, clock: int, timestamp: int, arrived: float) -> None:
        """``clock`` in ticks a second; the first packet carried ``timestamp`` and came at ``arrived``."""
        self._clock, self._zero, self._at = clock, timestamp, arrived
        self._elapsed = 0.0               # seconds of media since the first timestamp, of the newest frame
        self._unwrapped = 0               # the same in ticks
        self._bent = 0.0                  # seconds the line is moved by so far ...
        self._wanted = 0.0                # ... and should be
        self.reported = False

    def correct(self, report: SenderReport, relation: Relation) -> None:
        """A report that belongs to this stretch.  The first one, when nothing was timed yet, counts at once."""
        if relation.offset is None:
            return
        said = report.ntp / _NTP + relation.offset
        ticks = self._ticks(report.rtp_time)
        self._wanted = said - (self._at + ticks / self._clock)
        if abs(self._wanted - self._bent) > STEP or not self.reported and self._elapsed == 0.0:
            self._bent = self._wanted
        self.reported = True

    def time(self, timestamp: int) -> float:
        """Seconds of our clock at which this frame was taken."""
        self._unwrapped = self._ticks(timestamp)
        elapsed = self._unwrapped / self._clock
        room = SLEW * max(elapsed - self._elapsed, 0.0)
        self._elapsed = max(elapsed, self._elapsed)
        self._bent += min(max(self._wanted - self._bent, -room), room)
        return self._at + elapsed + self._bent

    def _ticks(self, timestamp: int) -> int:
        """Ticks since the first timestamp, near the newest one."""
        step = (timestamp - self._zero - self._unwrapped + _HALF) % _NTP - _HALF
        return self._unwrapped + step
