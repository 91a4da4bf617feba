"""Who was there: presence intervals of points, and how many are needed.  Pure.

A point is present while one of its devices really sends or receives media; an interval ends 10 s after the last packet
(the media process says when).  Where no media come through, a page that holds the seat makes it present by its signs of life.  Called by `seats`, `voting` and readers of the record.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

JOINED_BY = frozenset({"media", "signal"})
LEAVE_REASONS = frozenset({"gone", "closed", "room_closed", "replaced", "removed", "restart"})


@dataclass(frozen=True, slots=True)
class Presence:
    """One stay of a point, half-open in time; `left_at` is None while it lasts."""

    point_id: int
    joined_at: datetime
    left_at: datetime | None = None
    reason: str | None = None

    def covers(self, at: datetime) -> bool:
        return self.joined_at <= at and (self.left_at is None or at < self.left_at)


def present_at(intervals: Iterable[Presence], at: datetime) -> frozenset[int]:
    """The points present at that instant."""
    return frozenset(presence.point_id for presence in intervals if presence.covers(at))


def stayed(intervals: Iterable[Presence], point_id: int, until: datetime) -> timedelta:
    """How long the point was there in all, an open interval counted up to `until`."""
    spans = (
        min(presence.left_at or until, until) - presence.joined_at
        for presence in intervals
        if presence.point_id == point_id and presence.joined_at <= until
    )
    return sum(spans, timedelta())


def needed(quorum: Fraction, entitled: int) -> int:
    """The smallest number of points that is at least `quorum` of `entitled` (⅔ of 239 is 160)."""
    return math.ceil(quorum * entitled)
