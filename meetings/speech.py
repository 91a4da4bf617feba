"""Who speaks when, and for how long: the queue, the turns, the clocks and the budgets.  Pure; called by `speaking`.

The order of the queue is given by numbers of the ledger, which are dealt under the meeting's lock, and never by a clock:
whatever the clocks say, it is one order on every screen.  Points of order go before questions to the speaker, these before
contributions; the chair may put anybody elsewhere.  Both interrupt: who is speaking then is paused and gets the floor back.
One speaks and at most one is paused.  A clock is an instant and what was spoken before it, so nothing has to tick: a page and
a server that was restarted both know when the time is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from meetings.errors import Conflict, Invalid, NotFound

NOTE_LIMIT = 200
SHORTEST, LONGEST = 10, 4 * 3600
"""Seconds that a turn, a budget or a bell may have."""


class Kind(StrEnum):
    """What somebody wants to say: a contribution, a point of order, a question to whoever is speaking."""

    CONTRIBUTION = "contribution"
    ORDER = "order"
    QUESTION = "question"

    @property
    def interrupts(self) -> bool:
        return self is not Kind.CONTRIBUTION


class Standing(StrEnum):
    """Where an entry stands.  The last four are its end, for ever."""

    WAITING = "waiting"
    SPEAKING = "speaking"
    PAUSED = "paused"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"
    LAPSED = "lapsed"


LIVE = frozenset({Standing.WAITING, Standing.SPEAKING, Standing.PAUSED})
LANES: Mapping[Kind, int] = {Kind.ORDER: 0, Kind.QUESTION: 1, Kind.CONTRIBUTION: 2}


@dataclass(frozen=True, slots=True)
class Speech:
    """One entry.  `entry` is the number of the event that made it; `lane` and `place` are its order while it waits.

    person: id and name of who asked, empty where the point did.  began_at: its clock runs since then; `spoken_ms` is what was
    spoken before.  limit_s: None = as long as the chair likes.
    """

    entry: int
    point_id: int
    kind: Kind
    standing: Standing
    lane: int
    place: int
    asked_at: datetime
    person_id: str = ""
    person: str = ""
    item: int | None = None
    note: str = ""
    limit_s: int | None = None
    spoken_ms: int = 0
    began_at: datetime | None = None

    def spoken(self, now: datetime) -> int:
        """Milliseconds spoken; a clock that was set back takes nothing away."""
        running = (now - self.began_at) // timedelta(milliseconds=1) if self.began_at else 0
        return self.spoken_ms + max(0, running)

    @property
    def ends_at(self) -> datetime | None:
        """When its time is over, as long as its clock runs."""
        if self.began_at is None or self.limit_s is None:
            return None
        return self.began_at + timedelta(milliseconds=self.limit_s * 1000 - self.spoken_ms)

    @property
    def who(self) -> dict[str, Any]:
        """What events say of the person, nothing where the point itself asked."""
        return {"person": {"id": self.person_id, "name": self.person}} if self.person_id else {}


@dataclass(frozen=True, slots=True)
class Times:
    """The meeting's rule, in seconds; None = no limit.

    speech_s: a contribution.  aside_s: a point of order or a question.  unit_s: all contributions of one unit together.
    bell_s: the bell rings once so long before the end of a turn, and once more at its end.
    """

    speech_s: int | None = None
    aside_s: int | None = None
    unit_s: int | None = None
    bell_s: int | None = None

    @classmethod
    def checked(cls, **given: Any) -> Times:
        """From what somebody sent; nothing and "" mean no limit.  Raises Invalid("speech.seconds", field)."""
        return cls(**{name: seconds(given.get(name), name) for name in ("speech_s", "aside_s", "unit_s", "bell_s")})

    def as_data(self) -> dict[str, Any]:
        return {"speech_s": self.speech_s, "aside_s": self.aside_s, "unit_s": self.unit_s, "bell_s": self.bell_s}

    def limit(self, kind: Kind, used_ms: int) -> int | None:
        """Seconds for the next turn of a unit that has used so much of its budget.  Interruptions cost no budget."""
        if kind.interrupts:
            return self.aside_s
        left = max(0, self.unit_s - used_ms // 1000) if self.unit_s is not None else None
        limits = [one for one in (self.speech_s, left) if one is not None]
        return min(limits) if limits else None


def seconds(value: Any, field: str = "seconds") -> int | None:
    """A length of time as people send it, None for none.  Raises Invalid("speech.seconds", field, least, most)."""
    if value is None or value == "":
        return None
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError):
        found = -1
    if isinstance(value, (bool, float)) or not SHORTEST <= found <= LONGEST:
        raise Invalid("speech.seconds", field=field, least=SHORTEST, most=LONGEST)
    return found


def kind_of(value: Any) -> Kind:
    """Raises Invalid("speech.kind")."""
    try:
        return Kind(value)
    except ValueError:
        raise Invalid("speech.kind", field="kind") from None


def queue(entries: Iterable[Speech]) -> tuple[Speech, ...]:
    """Those who wait, the next one first."""
    waiting = (one for one in entries if one.standing is Standing.WAITING)
    return tuple(sorted(waiting, key=lambda one: (one.lane, one.place, one.entry)))


def moved(waiting: Sequence[Speech], entry: int, before: int | None) -> dict[int, tuple[int, int]]:
    """entry → its new lane and place, of those that change, when `entry` is put before another, or to the very end (None).

    It comes into the lane of whom it is put before; the places of that lane are dealt again among those who are in it, so
    whoever asks later still comes after them all.  Raises NotFound("speech.unknown") for who does not wait.
    """
    by_entry = {one.entry: one for one in waiting}
    one, other = by_entry.get(entry), by_entry.get(before) if before is not None else None
    if one is None or (before is not None and other is None):
        raise NotFound("speech.unknown", entry=entry)
    if one is other:
        return {}
    lane = other.lane if other else max(each.lane for each in waiting)
    others = [each for each in queue(waiting) if each.lane == lane and each is not one]
    at = others.index(other) if other else len(others)
    order = [*others[:at], one, *others[at:]]
    places = sorted(each.place for each in order)
    dealt = {each.entry: (lane, place) for each, place in zip(order, places, strict=True)}
    return {key: new for key, new in dealt.items() if new != (by_entry[key].lane, by_entry[key].place)}


@dataclass(frozen=True, slots=True)
class Turn:
    """What one decision on the floor does: who is done, who is paused, who goes on."""

    done: tuple[Speech, ...] = ()
    pause: Speech | None = None
    goes_on: Speech | None = None


def give(speaking: Speech | None, paused: Speech | None, kind: Kind) -> Turn:
    """Somebody else gets the floor.  An interruption pauses who speaks; an interruption of an interruption ends the first."""
    if not kind.interrupts:
        return Turn(done=tuple(one for one in (speaking, paused) if one))
    if speaking is None:
        return Turn()
    return Turn(done=(speaking,)) if paused else Turn(pause=speaking)


def take(speaking: Speech | None, paused: Speech | None) -> Turn:
    """Who speaks is done; who was interrupted goes on.  Raises Conflict("floor.free")."""
    if speaking is None:
        raise Conflict("floor.free")
    return Turn(done=(speaking,), goes_on=paused)
