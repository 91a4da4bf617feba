"""People behind a point: where somebody stands in the roll, who counts for a quorum.  Pure.

Nobody stands anywhere but `expected` until somebody says so: the person by the own link, the point, whoever conducts.  Whether
someone is late follows from the clock of the server and the opening, never from what is typed.  Called by `checkin`, by votes,
and by readers of the record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from meetings.attendance import needed
from meetings.errors import Closed, Conflict, Invalid
from meetings.meeting import Meeting, State

GRACE = timedelta(minutes=5)
"""Coming within this time of the opening is not late, leaving within it of the closing is not early."""

EARLY = timedelta(hours=1)
"""Before the start the roll is open: people sit there and wait."""

HEADS_MOST = 10_000


class There(StrEnum):
    """Where a person stands.  `expected`: nobody has said anything yet; `excused`: absent with a reason, `absent`: without."""

    EXPECTED = "expected"
    PRESENT = "present"
    LATE = "late"
    LEFT = "left"
    EXCUSED = "excused"
    ABSENT = "absent"


HERE = frozenset({There.PRESENT, There.LATE})
"""In the room now: these vote and make a quorum."""

CAME = HERE | {There.LEFT}
"""Took part, if only for a while: these may have the record."""


class How(StrEnum):
    """By what a person's place in the roll was said: a tap at the point or the console, the own phone, the form of the whole point."""

    TAP = "tap"
    PHONE = "phone"
    FORM = "form"


class Wanted(StrEnum):
    """What may be said of a person.  That somebody is late, or excused, is found out and not said."""

    PRESENT = "present"
    ON_TIME = "on_time"  # present, and here from the beginning, whenever it is said
    LEFT = "left"
    ABSENT = "absent"
    EXPECTED = "expected"  # takes back what was said by mistake


@dataclass(frozen=True, slots=True)
class Stay:
    """A person's place in the roll.  `came_at`: the first coming; it stands through going and coming back."""

    state: There = There.EXPECTED
    came_at: datetime | None = None
    left_at: datetime | None = None
    reason: str | None = None

    @property
    def here(self) -> bool:
        return self.state in HERE


def wanted(text: str) -> Wanted:
    """Raises Invalid("person.state")."""
    try:
        return Wanted(text)
    except ValueError:
        raise Invalid("person.state", field="state") from None


def step(stay: Stay, to: Wanted, at: datetime, opened_at: datetime | None, reason: str = "") -> Stay:
    """Where the person stands after this was said; the same value when nothing changes.

    Who left and comes back is late only if the first coming was.  Raises Conflict("person.not_here") for leaving without
    having come.
    """
    if to is Wanted.PRESENT:
        return stay if stay.here else _comes(stay, at, opened_at)
    if to is Wanted.ON_TIME:
        return stay if stay.state is There.PRESENT else _comes(stay, min(at, opened_at or at), opened_at, on_time=True)
    if to is Wanted.LEFT:
        if stay.state is There.LEFT:
            return stay
        if not stay.here or stay.came_at is None:
            raise Conflict("person.not_here")
        # A clock that was set back may not make a stay end before it began.
        return replace(stay, state=There.LEFT, left_at=max(at, stay.came_at))
    if to is Wanted.ABSENT:
        return Stay(There.EXCUSED, reason=reason) if reason else Stay(There.ABSENT)
    return Stay()


def _comes(stay: Stay, at: datetime, opened_at: datetime | None, on_time: bool = False) -> Stay:
    came_at = min(stay.came_at or at, at) if on_time else stay.came_at or at
    late = opened_at is not None and came_at > opened_at + GRACE
    return Stay(There.LATE if late else There.PRESENT, came_at)


def roll_open(meeting: Meeting, at: datetime) -> bool:
    """The roll is open from an hour before the start until the meeting ends."""
    waiting = meeting.state is State.CONVENED and at >= meeting.start - EARLY
    return waiting or meeting.state in (State.OPEN, State.SUSPENDED)


def check_time(meeting: Meeting, at: datetime) -> None:
    """Raises Closed("roll.time" | "meeting.concluded" | "meeting.cancelled") unless the roll is open."""
    meeting.check_alive()
    if not roll_open(meeting, at):
        raise Closed("roll.time", title=meeting.title)


# --- quorum ----------------------------------------------------------------------------------------------------------


class Over(StrEnum):
    """Whose number is asked: of points (who follows a conference) or of persons (members of a body)."""

    POINTS = "points"
    PERSONS = "persons"


@dataclass(frozen=True, slots=True)
class Turnout:
    """How many there are and how many of them are there, of points and of persons by name.

    Heads that were only counted are in neither: nobody can say who they are, so they carry no quorum.
    """

    points: int = 0
    points_here: int = 0
    persons: int = 0
    persons_here: int = 0

    def of(self, over: Over) -> tuple[int, int]:
        """(how many, of them there)."""
        return (self.points, self.points_here) if over is Over.POINTS else (self.persons, self.persons_here)


@dataclass(frozen=True, slots=True)
class Quorum:
    """The arithmetic of one quorum: `here` of `of`, `needed` at least."""

    over: Over
    of: int
    here: int
    needed: int

    @property
    def met(self) -> bool:
        return self.here >= self.needed


def turnout(points: Iterable[bool], people: Iterable[There]) -> Turnout:
    """points: whether each booked point is there.  people: where everybody in the roll stands.

    A person is there by the roll, not by the line of the point: a cut of the line takes nobody out of the room.
    """
    there, states = list(points), list(people)
    return Turnout(len(there), sum(there), len(states), sum(state in HERE for state in states))


def quorum(part: Fraction, over: Over, counted: Turnout, members: int | None = None) -> Quorum:
    """Whether `part` is there.  `members`: the size of a body of which not everybody is in the roll; never less than the roll."""
    of, here = counted.of(over)
    of = max(of, members or 0)
    return Quorum(over, of, here, needed(part, of))
