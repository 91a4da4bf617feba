"""Use cases of series: book every occurrence as a meeting of its own, edit or cancel one, this and the following, or all.

All or nothing: what stands in the way of any occurrence is found for all of them before anything is refused, so that one
answer names every date.  Calendars split a series where "this and the following" begins, and so does this: what has begun
stays with the series before.  An occurrence that was moved by hand stays where it was put.  Booking itself is
`service`'s; whoever also numbers and announces hands in its own `Acts`.  Called by the web; sends nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from meetings import service as meetings
from meetings.access import Action, Subject
from meetings.errors import Conflict, Invalid, MeetingError, Stale
from meetings.ids import new_id
from meetings.meeting import CHANGEABLE, AgendaLine, Meeting, NewMeeting, State
from meetings.permit import permit
from meetings.store import meeting_store
from meetings.store.among import among
from scheduler import claims, request_store, series_invitations, service, store
from scheduler.series import Series, wall_of
from scheduler.series_rows import Place, Stored, get, members, of_meeting
from scheduler.series_table import series as table
from scheduler.series_table import series_meeting as link
from scheduler.slots import Slot


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
    """What is to be different.  `slot` is where the meeting that was opened is to be; the others follow its hour.

    `fields` as `meetings.service.change` takes them; `points` the whole new list.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    slot: Slot | None = None
    points: Sequence[int] | None = None


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
    series_id = _add(conn, first.unit.id, whole, at)
    series_invitations.begin(conn, series_id, at)
    refusals, model = _Refusals(len(found)), _like(conn, first)
    if first.start != found[0].slot.start:  # the first date itself was left out
        acts.move(conn, meeting_id, found[0].slot.start, found[0].slot.end, by, at)
    for place, occurrence in enumerate(found):
        with refusals.of(conn, occurrence.key, occurrence.slot):
            mine = meeting_id
            if place:
                mine = meetings.create(conn, replace(model, start=occurrence.slot.start, end=occurrence.slot.end), by, at).meeting_id
            # Of the series before it is booked: those invited are told of the series, not of each meeting.
            conn.execute(insert(link).values(series_id=series_id, key=occurrence.key.isoformat(), meeting_id=mine))
            acts.book(conn, mine, point_ids, by, at)
    refusals.check()
    return get(conn, series_id)


def edit(
    conn: Connection, meeting_id: str, scope: Scope, change: Change, by: Subject, at: datetime, *,
    version: int | None = None, acts: Acts = PLAIN,
) -> int:
    """Changes this meeting, this and the following, or all that have not begun; how many were changed.

    `version` is that of the series as the form showed it.  Raises Stale("series.changed"), Conflict("series.blocked"),
    Invalid("series.other_day") where more than one meeting were to change its day, and what the use cases raise.
    """
    place = of_meeting(conn, meeting_id)
    if place is None or scope is Scope.ONE:
        return _change(conn, meeting_id, change, change.slot, by, at, acts)
    stored, rows = _hold(conn, meeting_id, place, scope, by, version, change.points or ())
    clock, length = _hour(conn, meeting_id, place, change)
    mine = _split_off(conn, stored, rows[0].key, at)
    moved = mine.series if clock is None or length is None else mine.series.at_hour(clock, length)
    slots = {one.key.date(): one.slot for one in moved.occurrences()}
    by_rule = {one.key.date(): one.slot for one in mine.series.occurrences()}
    refusals = _Refusals(len(rows))
    for row in rows:
        key, now = datetime.fromisoformat(row.key), Slot(row.starts_at, row.ends_at)
        wanted = slots[key.date()] if clock and now == by_rule[key.date()] else None
        with refusals.of(conn, key, wanted or now):
            _change(conn, row.meeting_id, change, wanted, by, at, acts)
    refusals.check()
    if clock is not None:
        _rekey(conn, mine.series_id, clock)
        _save(conn, mine.series_id, moved)
    for told in {stored.series_id, mine.series_id}:
        series_invitations.touch(conn, told, None, at)
    return len(rows)


def cancel(
    conn: Connection, meeting_id: str, scope: Scope, reason: str, by: Subject, at: datetime, *, version: int | None = None,
    acts: Acts = PLAIN,
) -> int:
    """Cancels this meeting, this and the following, or all that have not begun; how many.  Raises like `edit`."""
    place = of_meeting(conn, meeting_id)
    if place is not None:
        _lock_series(conn, place)  # before its meetings, as whoever changes many of them
    if place is None or scope is Scope.ONE:
        acts.cancel(conn, meeting_id, reason, by, at)
        if place is not None:
            _strike(conn, place, at)
        return 1
    stored, rows = _hold(conn, meeting_id, place, scope, by, version)
    for row in rows:
        acts.cancel(conn, row.meeting_id, reason, by, at)
    before, _after = stored.series.split(datetime.fromisoformat(rows[0].key))
    _save(conn, stored.series_id, before or stored.series, ended_at=None if before else at)
    return len(rows)


# --- steps ---------------------------------------------------------------------------------------------------------


def _series(rule: str, zone: str, first: Meeting, leave_out: frozenset[datetime]) -> Series:
    """With `leave_out` only as far as the rule gives those dates: what a form left out for another rule is no exception."""
    given = Series(rule, wall_of(first.start, zone), zone, first.end - first.start)
    keys = {one.key for one in given.occurrences()}
    return replace(given, excluded=leave_out & keys)


def _like(conn: Connection, first: Meeting) -> NewMeeting:
    """The same meeting again; its papers stay with the first."""
    agenda = tuple(AgendaLine(item.title, item.presenter) for item in meeting_store.agenda_of(conn, first.meeting_id))
    return NewMeeting(first.title, first.unit, first.start, first.end, first.chair, first.secretary, first.division_head,
                      first.clerk, first.main_point_id, agenda, first.kind, first.place, first.leaders)


def _hold(
    conn: Connection, meeting_id: str, place: Place, scope: Scope, by: Subject, version: int | None, points: Collection[int] = (),
) -> tuple[Stored, list[Row[Any]]]:
    """The series and those of its meetings that the change reaches, all locked: none has begun, this one neither."""
    permit(conn, meetings.get(conn, meeting_id), by, Action.MEETING_EDIT)
    _lock_series(conn, place)
    stored = get(conn, place.stored.series_id)
    if version is not None and version != stored.version:
        raise Stale("series.changed")
    since = place.key.isoformat() if scope is Scope.FOLLOWING else ""
    mine = [row for row in members(conn, stored.series_id) if row.key >= since]
    held = _lock(conn, [(row.meeting_id, Slot(row.starts_at - _DAY, row.ends_at + _DAY)) for row in mine], points)
    held[meeting_id].check_state(*CHANGEABLE)
    return stored, [row for row in members(conn, stored.series_id) if row.key >= since and row.state in CHANGEABLE]


def _lock_series(conn: Connection, place: Place) -> None:
    conn.execute(select(table.c.series_id).where(table.c.series_id == place.stored.series_id).with_for_update())


def _lock(conn: Connection, wanted: Sequence[tuple[str, Slot]], point_ids: Collection[int]) -> dict[str, Meeting]:
    """All points, then all meetings, each kind once and in one order: what follows finds its locks held, and waits in no circle.

    `wanted`: meetings, each with the time in which others may wait for its points.
    """
    b = store.booking.c
    live = select(b.point_id).where(among(b.meeting_id, [one for one, _slot in wanted]), b.state.in_(("confirmed", "pending")))
    points = {*point_ids, *conn.execute(live).scalars()}
    claims.lock(conn, points)
    waiting = {one for _meeting, slot in wanted for one in request_store.meetings_waiting(conn, points, slot)}
    return {one: meeting_store.lock(conn, one) for one in sorted({*waiting, *(meeting_id for meeting_id, _slot in wanted)})}


def _hour(conn: Connection, meeting_id: str, place: Place, change: Change) -> tuple[time | None, timedelta | None]:
    """The hour and length that all are to have; None where the time stays."""
    own = meetings.get(conn, meeting_id)
    if change.slot is None or change.slot == Slot(own.start, own.end):
        return None, None
    series = place.stored.series
    wall = series.wall(change.slot.start)
    if wall.date() != series.wall(own.start).date():
        raise Invalid("series.other_day", field="day")
    return wall.time(), change.slot.length


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


def _split_off(conn: Connection, stored: Stored, key: str, at: datetime) -> Stored:
    """The series from `key` on: itself where nothing comes before, else a new one that takes those meetings along."""
    before, after = stored.series.split(datetime.fromisoformat(key))
    if before is None:
        _save(conn, stored.series_id, after)
        return get(conn, stored.series_id)
    unit_id = conn.execute(select(table.c.unit_id).where(table.c.series_id == stored.series_id)).scalar_one()
    made = _add(conn, unit_id, after, at, split_from=stored.series_id)
    conn.execute(update(link).where(link.c.series_id == stored.series_id, link.c.key >= key).values(series_id=made))
    _save(conn, stored.series_id, before)
    series_invitations.begin(conn, made, at, after=stored.series_id)
    return get(conn, made)


def _rekey(conn: Connection, series_id: str, clock: time) -> None:
    """Every occurrence keeps its day and takes the new hour into its name."""
    keys = conn.execute(select(link.c.key).where(link.c.series_id == series_id)).scalars().all()
    mine = update(link).where(link.c.series_id == series_id, link.c.key == bindparam("old")).values(key=bindparam("new"))
    renamed = [{"old": key, "new": datetime.combine(datetime.fromisoformat(key), clock).isoformat()} for key in keys]
    conn.execute(mine, [pair for pair in renamed if pair["old"] != pair["new"]] or renamed[:1])


def _strike(conn: Connection, place: Place, at: datetime) -> None:
    """One occurrence less of a series that is locked; the last one takes the series with it."""
    stored = get(conn, place.stored.series_id)
    if [one.key for one in stored.series.occurrences()] == [place.key]:
        _save(conn, stored.series_id, stored.series, ended_at=at)
    else:
        _save(conn, stored.series_id, stored.series.without(place.key))


def _add(conn: Connection, unit_id: str, series: Series, at: datetime, split_from: str | None = None) -> str:
    series_id = new_id(at)
    conn.execute(insert(table).values(series_id=series_id, unit_id=unit_id, version=1, split_from=split_from, made_at=at,
                                      ended_at=None, **_columns(series)))
    return series_id


def _save(conn: Connection, series_id: str, series: Series, **more: Any) -> None:
    mine = update(table).where(table.c.series_id == series_id)
    conn.execute(mine.values(version=table.c.version + 1, **_columns(series), **more))


def _columns(series: Series) -> dict[str, Any]:
    return {"rule": series.rule, "starts": series.start.isoformat(), "zone": series.zone,
            "length_s": int(series.length.total_seconds()), "excluded": sorted(key.isoformat() for key in series.excluded)}
