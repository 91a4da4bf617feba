"""Use cases of series: book every occurrence as a meeting of its own, edit or cancel one, this and the following, or all.

All or nothing: what stands in the way of any occurrence is found for all of them before anything is refused, so that one
answer names every date.  Calendars split a series where "this and the following" begins, and so does this: what has begun
stays with the series before.  Which meeting goes where when days or the rule change is `series_turn`'s; one that was moved by hand
stays where it was put.  Booking itself is `service`'s; whoever also numbers and announces hands in its own `Acts`.  Called by
the web; sends nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Connection, Row, select

from meetings import service as meetings
from meetings.access import Action, Subject
from meetings.errors import Conflict, Invalid, MeetingError, Stale
from meetings.meeting import CHANGEABLE, AgendaLine, Meeting, NewMeeting, State
from meetings.permit import permit
from meetings.store import meeting_store
from meetings.store.among import among
from scheduler import claims, request_store, series_invitations, series_turn, series_writes, service, store
from scheduler.series import Occurrence, Series, wall_of
from scheduler.series_rows import Place, Stored, get, members, of_meeting
from scheduler.series_turn import Repeat, Turn
from scheduler.slots import Slot

__all__ = [
    "PLAIN", "Acts", "Change", "Place", "Plain", "Repeat", "Scope", "Stored", "cancel", "create", "edit", "get", "hold", "members",
    "of_meeting", "part",
]


class Acts(Protocol):
    """How one meeting is booked, moved, changed and cancelled.  The web has its own, which also number and announce."""

    def book(self, conn: Connection, meeting_id: str, point_ids: Sequence[int], by: Subject, at: datetime) -> int: ...

    def move(self, conn: Connection, meeting_id: str, start: datetime, end: datetime, by: Subject, at: datetime) -> Meeting: ...

    def change(self, conn: Connection, meeting_id: str, by: Subject, at: datetime, **values: Any) -> Meeting: ...

    def cancel(self, conn: Connection, meeting_id: str, reason: str, by: Subject, at: datetime) -> None: ...


class Plain:
    """The use cases alone."""

    book = staticmethod(service.book)
    move = staticmethod(service.move)
    change = staticmethod(meetings.change)
    cancel = staticmethod(service.cancel)


PLAIN: Acts = Plain()
_DAY = timedelta(days=1)  # an hour that changes stays within it
_OF_ONE_DATE = frozenset({"booking.unit_ended", "booking.past", "booking.hours"})  # Invalid, yet only of that date


class Scope(StrEnum):
    """How far a change reaches."""

    ONE = "one"
    FOLLOWING = "following"
    ALL = "all"

    @classmethod
    def of(cls, text: object) -> Scope:
        """What a form says; one where it says nothing known."""
        return cls(text) if isinstance(text, str) and text in set(cls) else cls.ONE


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different.  `slot` is where the meeting that was opened is to be; the others follow its day and hour.

    `was`: its time as it was looked at.  `fields` as `meetings.service.change` takes them; `points` the whole new list; `repeat` the
    rule from now on, which no slot goes with.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    slot: Slot | None = None
    points: Sequence[int] | None = None
    was: Slot | None = None
    repeat: Repeat | None = None


@dataclass(slots=True)
class _Refusals:
    """What stands in the way, date by date."""

    total: int
    found: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def of(self, conn: Connection, key: datetime, slot: Slot) -> Iterator[None]:
        """Whatever the block wrote is taken back where it is refused for reasons of its date; all else is raised."""
        try:
            with conn.begin_nested():
                yield
        except MeetingError as error:
            if not isinstance(error, Conflict) and error.code not in _OF_ONE_DATE:
                raise
            self.found.append({"key": key.isoformat(), "start": slot.start, "end": slot.end, "error": error})

    def check(self) -> None:
        """Raises Conflict("series.blocked", occurrences=[{key, start, end, error}], count, total)."""
        if self.found:
            self.found.sort(key=lambda one: one["start"])
            raise Conflict("series.blocked", occurrences=self.found, count=len(self.found), total=self.total, field="repeat")


def create(
    conn: Connection, meeting_id: str, rule: str, zone: str, point_ids: Sequence[int], by: Subject, at: datetime, *,
    leave_out: frozenset[datetime] = frozenset(), acts: Acts = PLAIN,
) -> Stored:
    """Makes a draft the first of a series and books all points for every occurrence but those left out.

    Raises Conflict("series.blocked") naming all that is in the way of each date, what `Series` and `service.book` raise,
    Conflict("series.member") for a meeting that is in a series already.
    """
    first = meeting_store.load(conn, meeting_id)
    permit(conn, first, by, Action.MEETING_BOOK)
    first = _lock(conn, [(meeting_id, one.slot) for one in _series(rule, zone, first, leave_out).occurrences()], point_ids)[meeting_id]
    first.check_state(State.DRAFT)
    if of_meeting(conn, meeting_id) is not None:
        raise Conflict("series.member", title=first.title)
    whole = _series(rule, zone, first, leave_out)
    found = whole.occurrences()
    series_id = series_writes.add(conn, first.unit.id, whole, at)
    series_invitations.begin(conn, series_id, at)
    refusals = _Refusals(len(found))
    if first.start != found[0].slot.start:  # the first date itself was left out
        acts.move(conn, meeting_id, found[0].slot.start, found[0].slot.end, by, at)
    with refusals.of(conn, found[0].key, found[0].slot):
        series_writes.join(conn, series_id, found[0].key, meeting_id)
        acts.book(conn, meeting_id, point_ids, by, at)
    _make(conn, series_id, first, found[1:], point_ids, by, at, acts, refusals)
    refusals.check()
    return get(conn, series_id)


def edit(
    conn: Connection, meeting_id: str, scope: Scope, change: Change, by: Subject, at: datetime, *,
    version: int | None = None, acts: Acts = PLAIN,
) -> int:
    """Changes this meeting, this and the following, or all that have not begun; how many were changed, made or cancelled.

    `version` is that of the series as the form showed it.  Raises Stale("series.changed"), Conflict("series.blocked" | "series.begun"),
    Invalid("series.other_day") where the rule does not say how the other dates go along, and what the use cases raise.
    """
    place = of_meeting(conn, meeting_id)
    if place is None or scope is Scope.ONE:
        if change.repeat is not None:
            raise Invalid("series.unknown", field="repeat")
        return _change(conn, meeting_id, change, change.slot, by, at, acts)
    place, rows = _reach(conn, meeting_id, place, scope, by, version)
    rows, turn = _turn(conn, meeting_id, place, rows, change, at)
    fresh = turn.fresh([datetime.fromisoformat(row.key) for row in members(conn, place.stored.series_id) if row.state != "cancelled"])
    points = change.points if change.points is not None else service.live_points(conn, meeting_id) if fresh else ()
    own = _hold(conn, meeting_id, rows, points, [*_far(rows, turn), *(one.slot for one in fresh)])
    if change.was not in (None, Slot(own.start, own.end)):
        raise Stale("series.changed")
    mine = series_writes.split_off(conn, place.stored, rows[0].key, at)
    refusals = _Refusals(len(rows) + len(fresh))
    _go(conn, meeting_id, rows, turn, change, by, at, acts, refusals)
    if turn.series != turn.was:
        series_writes.rename(conn, mine, turn.goes, turn.series)
        series_writes.save(conn, mine, turn.series)
    _make(conn, mine, meetings.get(conn, meeting_id), fresh, points, by, at, acts, refusals)
    refusals.check()
    for told in {place.stored.series_id, mine}:
        series_invitations.touch(conn, told, None, at)
    return len(rows) + len(fresh)


def cancel(
    conn: Connection, meeting_id: str, scope: Scope, reason: str, by: Subject, at: datetime, *, version: int | None = None,
    acts: Acts = PLAIN,
) -> int:
    """Cancels this meeting, this and the following, or all that have not begun; how many.  Raises like `edit`."""
    place = hold(conn, meeting_id) if scope is Scope.ONE else of_meeting(conn, meeting_id)  # before its meetings, as many are changed
    if place is None or scope is Scope.ONE:
        acts.cancel(conn, meeting_id, reason, by, at)
        if place is not None:
            series_writes.strike(conn, place, at)
        return 1
    place, rows = _reach(conn, meeting_id, place, scope, by, version)
    _hold(conn, meeting_id, rows)
    for row in rows:
        acts.cancel(conn, row.meeting_id, reason, by, at)
    before, _after = place.stored.series.split(datetime.fromisoformat(rows[0].key))
    series_writes.save(conn, place.stored.series_id, before or place.stored.series, ended_at=None if before else at)
    return len(rows)


def hold(conn: Connection, meeting_id: str) -> Place | None:
    """The place of the meeting in its series, which is locked before it is compared with what somebody looked at.

    Raises Stale("series.changed") where another series has the meeting by the time the lock is there.
    """
    seen = of_meeting(conn, meeting_id)
    if seen is None:
        return None
    series_writes.lock(conn, seen.stored.series_id)
    place = of_meeting(conn, meeting_id)
    if place is None or place.stored.series_id != seen.stored.series_id:
        raise Stale("series.changed")
    return place


def part(conn: Connection, meeting_id: str, scope: Scope, at: datetime) -> Series | None:
    """The series as far as another rule of this scope would reach; None where the meeting stands alone or nothing is to come."""
    place = of_meeting(conn, meeting_id)
    rows = _coming(members(conn, place.stored.series_id), _since(place, scope), at) if place else []
    return place.stored.series.split(datetime.fromisoformat(rows[0].key))[1] if place and rows else None


# --- steps ---------------------------------------------------------------------------------------------------------


def _series(rule: str, zone: str, first: Meeting, leave_out: frozenset[datetime]) -> Series:
    """With `leave_out` only as far as the rule gives those dates: what a form left out for another rule is no exception."""
    given = Series(rule, wall_of(first.start, zone), zone, first.end - first.start)
    keys = {one.key for one in given.occurrences()}
    return replace(given, excluded=leave_out & keys)


def _like(conn: Connection, first: Meeting) -> NewMeeting:
    """The same meeting again; its papers stay with the first."""
    agenda = tuple(AgendaLine(item.title, item.presenter, item.minutes) for item in meeting_store.agenda_of(conn, first.meeting_id))
    return NewMeeting(first.title, first.unit, first.start, first.end, first.chair, first.secretary, first.division_head,
                      first.clerk, first.main_point_id, agenda, first.kind, first.place, first.leaders)


def _reach(
    conn: Connection, meeting_id: str, place: Place, scope: Scope, by: Subject, version: int | None,
) -> tuple[Place, list[Row[Any]]]:
    """The place in its series, which is locked, and those of its meetings that a change reaches: they have not begun."""
    permit(conn, meetings.get(conn, meeting_id), by, Action.MEETING_EDIT)
    series_writes.lock(conn, place.stored.series_id)
    now = of_meeting(conn, meeting_id)
    if now is None or now.stored.series_id != place.stored.series_id or version not in (None, now.stored.version):
        raise Stale("series.changed")
    rows = [row for row in members(conn, now.stored.series_id) if row.key >= _since(now, scope) and row.state in CHANGEABLE]
    if not rows:
        meetings.get(conn, meeting_id).check_state(*CHANGEABLE)
    return now, rows


def _since(place: Place, scope: Scope) -> str:
    return place.key.isoformat() if scope is Scope.FOLLOWING else ""


def _coming(rows: Sequence[Row[Any]], since: str, at: datetime) -> list[Row[Any]]:
    """Those that another day or rule can reach.  Raises Conflict("series.begun") where one among them was held, or has passed."""
    coming = [row for row in rows if row.key >= since and row.state in CHANGEABLE and row.ends_at > at]
    begun = [row for row in rows if coming and row.key >= coming[0].key and row.state != "cancelled" and row not in coming]
    if begun:
        raise Conflict("series.begun", field="repeat")
    return coming


def _turn(
    conn: Connection, meeting_id: str, place: Place, rows: list[Row[Any]], change: Change, at: datetime,
) -> tuple[list[Row[Any]], Turn]:
    """What becomes of the dates, and the meetings it reaches: what has passed comes under no other day or rule."""
    own, series = meetings.get(conn, meeting_id), place.stored.series
    slot = change.slot if change.slot is not None and change.slot != Slot(own.start, own.end) else None
    was, to = series.wall(own.start).date(), series.wall(slot.start if slot else own.start).date()
    if change.repeat is not None or was != to:
        rows = _coming(members(conn, place.stored.series_id), rows[0].key, at)
        if not rows:
            raise Invalid("series.empty", field="repeat")
    mine = series.split(datetime.fromisoformat(rows[0].key))[1]
    if change.repeat is not None:
        return rows, series_turn.anew(mine, change.repeat)
    if slot is None:
        return rows, series_turn.stay(mine)
    return rows, series_turn.moved(mine, series.wall(slot.start).time(), slot.length, place.key.date() if was != to else to, to)


def _far(rows: Sequence[Row[Any]], turn: Turn) -> list[Slot]:
    """Where those go that go farther than to another hour."""
    slots = ((row, turn.slot(datetime.fromisoformat(row.key))) for row in rows)
    return [slot for row, slot in slots if slot is not None and abs(slot.start - row.starts_at) >= _DAY]


def _hold(
    conn: Connection, meeting_id: str, rows: Sequence[Row[Any]], point_ids: Collection[int] = (), to: Sequence[Slot] = (),
) -> Meeting:
    """Locks what a change reaches; the meeting.  Raises Stale("series.changed") where it is not as it was read, Closed where this one has begun."""
    reached = [(row.meeting_id, Slot(row.starts_at - _DAY, row.ends_at + _DAY)) for row in rows]
    held = _lock(conn, [*reached, *((meeting_id, slot) for slot in to)], point_ids)
    own = held.get(meeting_id) or meetings.get(conn, meeting_id)
    own.check_state(*CHANGEABLE)
    found = (held[row.meeting_id] for row in rows)
    if [(one.state, one.start, one.end) for one in found] != [(row.state, row.starts_at, row.ends_at) for row in rows]:
        raise Stale("series.changed")
    return own


def _lock(conn: Connection, wanted: Sequence[tuple[str, Slot]], point_ids: Collection[int]) -> dict[str, Meeting]:
    """All points, then all meetings, each kind once and in one order: what follows finds its locks held, and waits in no circle.

    `wanted`: meetings, each with a time in which others may wait for its points.
    """
    b = store.booking.c
    live = select(b.point_id).where(among(b.meeting_id, [one for one, _slot in wanted]), b.state.in_(("confirmed", "pending")))
    points = {*point_ids, *conn.execute(live).scalars()}
    claims.lock(conn, points)
    waiting = {one for _meeting, slot in wanted for one in request_store.meetings_waiting(conn, points, slot)}
    return {one: meeting_store.lock(conn, one) for one in sorted({*waiting, *(meeting_id for meeting_id, _slot in wanted)})}


def _go(
    conn: Connection, meeting_id: str, rows: Sequence[Row[Any]], turn: Turn, change: Change, by: Subject, at: datetime, acts: Acts,
    refusals: _Refusals,
) -> None:
    """Each meeting to where its date goes.  What was put elsewhere by hand stays there; this one goes where it was put."""
    by_rule = {one.key: one.slot for one in turn.was.occurrences()}
    steps: list[tuple[Row[Any], Slot]] = []
    for row in rows:
        key, now = datetime.fromisoformat(row.key), Slot(row.starts_at, row.ends_at)
        to = turn.slot(key)
        if to is None:
            acts.cancel(conn, row.meeting_id, change.repeat.reason if change.repeat else "", by, at)
        elif row.meeting_id == meeting_id and change.slot is not None:
            steps.append((row, change.slot))
        else:
            steps.append((row, to if now == by_rule[key] else now))
    # Whoever goes on makes room for the one before: the last goes first.  Where that is not enough, again once others have gone.
    steps.sort(key=lambda one: -one[1].start.timestamp() if one[1].start > one[0].starts_at else one[1].start.timestamp())
    while steps:
        refusals.found.clear()
        left = []
        for row, slot in steps:
            with refusals.of(conn, turn.goes[datetime.fromisoformat(row.key)], slot):
                _change(conn, row.meeting_id, change, slot, by, at, acts)
                continue
            left.append((row, slot))
        if len(left) == len(steps):
            return
        steps = left


def _make(
    conn: Connection, series_id: str, like: Meeting, fresh: Sequence[Occurrence], points: Sequence[int], by: Subject, at: datetime, acts: Acts,
    refusals: _Refusals,
) -> None:
    """A meeting like this one for each of these dates, with these points."""
    model = _like(conn, like)
    for one in fresh:
        with refusals.of(conn, one.key, one.slot):
            made = meetings.create(conn, replace(model, start=one.slot.start, end=one.slot.end), by, at).meeting_id
            # Of the series before it is booked: those invited are told of the series, not of each meeting.
            series_writes.join(conn, series_id, one.key, made)
            acts.book(conn, made, points, by, at)


def _change(
    conn: Connection, meeting_id: str, change: Change, slot: Slot | None, by: Subject, at: datetime, acts: Acts
) -> int:
    own = meetings.get(conn, meeting_id)
    if slot is not None and slot != Slot(own.start, own.end):
        acts.move(conn, meeting_id, slot.start, slot.end, by, at)
    if change.fields:
        acts.change(conn, meeting_id, by, at, **change.fields)
    if change.points is not None:
        acts.book(conn, meeting_id, change.points, by, at)
    return 1
