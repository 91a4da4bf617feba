"""What has to happen around a meeting, and when: line tests, reminders, the opening of its room, its end, the conclusion notice.

Pure: from a meeting's times and the times that the installation keeps as data to a list of planned items.  The version in
their keys is that of the meeting's time: a move plans anew and nothing of an older time is ever delivered.  What is late
is still worth doing until its `until`; then it expires.  Once a meeting is closed, its conclusion notice is planned from
that hour and from no other.  Called by `invitations`, which holds the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from meetings.ledger import stamp
from meetings.meeting import State
from scheduler.readiness import Policy
from scheduler.slots import CIVIL
from scheduler.workdays import CONCLUSION_DAYS, WorkingDays

LINETEST, UNANSWERED, ROOM = "linetest.open", "reminder.unanswered", "room.open"
CLOSE, CONCLUSION_SOON, CONCLUSION_DUE = "meeting.close", "conclusion.soon", "conclusion.due"
OVER, CONCLUSION, ENDED = "close", "conclusion", "ended"
"""How keys name the looks after the planned end, and the conclusion notice: by the planned end, or by the real one."""
KINDS: Final = (LINETEST, UNANSWERED, ROOM, CLOSE, CONCLUSION_SOON, CONCLUSION_DUE)
LOOKS: Final = 8
"""So often at most it is looked whether a meeting whose time is over was opened and ended."""
_LATE_END: Final = timedelta(days=1)   # that a meeting has not been ended is worth saying for so long
_FARTHEST: Final = timedelta(days=60)  # no reminder comes earlier than this
_MOST, _NAME = 10, 40  # reminders of a kind, and characters of the name of a round: it is part of a key


def _minutes(*values: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(minutes=value) for value in values)


@dataclass(frozen=True, slots=True)
class Timing:
    """When things are due, as data.  Before the start: `line_tests` by the name of the round, `unanswered`, `room`.

    `morning` and `evening`: when in a working day one is reminded of the conclusion notice, and when the day is over.
    `grace`: so long after its planned end a meeting that was not opened or not ended is over its time; `again`: then it is
    looked at once more after so long.
    """

    line_tests: Mapping[str, timedelta] = field(default_factory=lambda: {one.name: one.before for one in Policy().rounds})
    unanswered: tuple[timedelta, ...] = _minutes(48 * 60)
    room: timedelta = timedelta(minutes=15)
    conclusion_days: int = CONCLUSION_DAYS
    morning: time = time(8)
    evening: time = time(17)
    grace: timedelta = timedelta(minutes=15)
    again: timedelta = timedelta(minutes=30)

    def as_data(self) -> dict[str, Any]:
        """Minutes and clock times, as it is stored."""
        return {
            "line_tests": {name: _whole(before) for name, before in self.line_tests.items()},
            "unanswered": [_whole(before) for before in self.unanswered], "room": _whole(self.room),
            "conclusion_days": self.conclusion_days, "morning": self.morning.isoformat("minutes"),
            "evening": self.evening.isoformat("minutes"), "grace": _whole(self.grace), "again": _whole(self.again),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Timing:
        """What is missing is as by default.  Raises ValueError for times that cannot be."""
        plain = {**cls().as_data(), **data}
        try:
            made = cls(
                {str(name): timedelta(minutes=before) for name, before in plain["line_tests"].items()},
                _minutes(*plain["unanswered"]), timedelta(minutes=plain["room"]), int(plain["conclusion_days"]),
                time.fromisoformat(plain["morning"]), time.fromisoformat(plain["evening"]),
                timedelta(minutes=plain["grace"]), timedelta(minutes=plain["again"]),
            )
        except (TypeError, AttributeError, OverflowError) as error:
            raise ValueError("times are minutes and clock times") from error
        if max(len(made.line_tests), len(made.unanswered)) > _MOST or any(len(name) > _NAME for name in made.line_tests):
            raise ValueError(f"at most {_MOST} reminders of a kind, with names of at most {_NAME} characters")
        spans = (*made.line_tests.values(), *made.unanswered, made.room)
        if not all(timedelta(0) < span <= _FARTHEST for span in spans) or not 0 < made.conclusion_days <= 60:
            raise ValueError("a reminder comes before its meeting, by at most sixty days")
        if not timedelta(0) <= made.grace < _LATE_END or not timedelta(0) < made.again < _LATE_END:
            raise ValueError("what is over its time is told within a day")
        return made


def _whole(span: timedelta) -> int:
    return int(span / timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class Occasion:
    """A meeting as planning needs it.  `version` grows whenever its time changes; `closed`: when it really ended."""

    meeting_id: str
    version: int
    start: datetime
    end: datetime
    closed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """One thing to be done: not before `due`, not from `until` on."""

    key: str
    kind: str
    due: datetime
    until: datetime
    payload: Mapping[str, Any]


def prefix(meeting_id: str) -> str:
    """How the keys of everything begin that is planned for a meeting."""
    return f"plan:{meeting_id}:"


def plan(meeting: Occasion, timing: Timing, days: WorkingDays, at: datetime, zone: tzinfo = CIVIL) -> list[Planned]:
    """Everything that is still worth planning at `at`, by when it is due; what is overdue but useful is due at once.

    Nobody is reminded of an invitation that goes out only now.
    """
    found = [one for one in _all(meeting, timing, days, zone)
             if one.until > at and (one.kind != UNANSWERED or one.due > at)]
    return sorted(found, key=lambda one: (one.due, one.key))


def _all(meeting: Occasion, timing: Timing, days: WorkingDays, zone: tzinfo) -> Iterator[Planned]:
    start, end = meeting.start, meeting.end

    def item(name: str, kind: str, due: datetime, until: datetime, **more: Any) -> Planned:
        payload = {"meeting_id": meeting.meeting_id, "version": meeting.version, "until": stamp(until), **more}
        return Planned(f"{prefix(meeting.meeting_id)}{meeting.version}:{name}", kind, due, until, payload)

    def conclusion(name: str, held: datetime) -> Iterator[Planned]:
        last = days.after(held.astimezone(zone).date(), timing.conclusion_days)
        over = _at(last, timing.evening, zone)
        yield item(f"{name}:soon", CONCLUSION_SOON, _at(days.before(last, 1), timing.morning, zone), over, deadline=stamp(over))
        yield item(f"{name}:due", CONCLUSION_DUE, over, over + 30 * _LATE_END, deadline=stamp(over))

    if meeting.closed is not None:
        yield from conclusion(ENDED, meeting.closed)
        return
    rounds = sorted(timing.line_tests.items(), key=lambda entry: entry[1], reverse=True)
    for place, (name, before) in enumerate(rounds):
        # The next round takes the place of one that was never begun.
        until = start - rounds[place + 1][1] if place + 1 < len(rounds) else start
        if until > start - before:
            yield item(f"linetest:{name}", LINETEST, start - before, until, round=name)
    for before in timing.unanswered:
        yield item(f"unanswered:{_whole(before)}", UNANSWERED, start - before, start)
    yield item("room", ROOM, start - timing.room, start)
    yield item(OVER, CLOSE, end + timing.grace, end + _LATE_END)
    yield from conclusion(CONCLUSION, end)


def look_again(payload: Mapping[str, Any], timing: Timing, at: datetime) -> Planned | None:
    """The next look at a meeting whose time is over, from the payload of the last; None after the last one of all."""
    number, until = int(payload.get("look", 1)) + 1, datetime.fromisoformat(payload["until"])
    due = at + timing.again
    if number > LOOKS or due >= until:
        return None
    more = {name: payload[name] for name in ("meeting_id", "version", "until")}
    return Planned(f"{prefix(payload['meeting_id'])}{payload['version']}:{OVER}:{number}", CLOSE, due, until, {**more, "look": number})


def overdue(state: State | str, end: datetime, timing: Timing, now: datetime) -> bool:
    """Whether a meeting was convened, its time is over, and nobody has opened it."""
    return state == State.CONVENED and now >= end + timing.grace


def _at(day: date, clock: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, clock, zone)
