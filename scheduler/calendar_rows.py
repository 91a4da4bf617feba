"""Rows as calendars show them: which bookings touch a window, and of their meetings what the reader may know.  Changes nothing.

A week of a province is two thousand bookings of a hundred meetings: times are read once each, meetings once each, and who may
read them is asked of `access` in two statements.  Called by `freetime`, `readings`, `request_store` and the calendar pages.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from meetings.access import Action, Resource, Subject, decide
from meetings.store.among import among
from meetings.store.tables import meeting, seat
from scheduler.slots import Slot

POSTS = ("chair", "secretary", "division_head", "clerk")
HOLDING = "state NOT IN ('pending', 'released')"
"""Confirmed or blocked; said so that PostgreSQL filters by it instead of searching the index once more for each state."""

_HOLDING = (
    "SELECT {columns} FROM booking WHERE point_id {among} AND {holding} AND starts_at >= {start} AND starts_at < {end}{rest}"
    " UNION ALL SELECT {columns} FROM {before} WHERE ends_at > {start}{rest}"
)
# Pending rows may overlap, so all that begin before are looked at; they are few, and have an index of their own.
_PENDING = (
    "SELECT {columns} FROM {pending} WHERE state = 'pending' AND starts_at < {end} AND ends_at > {start} AND point_id {among}{rest}"
)
# Of each point the last row before the window, the only one that can reach into it: rows that hold a point never overlap.
_LAST = "FROM booking b WHERE b.point_id = p.id AND b.{holding} AND b.starts_at < {start} ORDER BY b.starts_at DESC LIMIT 1"
_DIALECTS = {
    "sqlite": {
        "among": "IN (SELECT value FROM json_each(:ids))", "start": ":start", "end": ":end", "own": ":own",
        "pending": "booking INDEXED BY ix_booking_pending",
        "before": f"(SELECT * FROM booking WHERE booking_id IN (SELECT (SELECT b.booking_id {_LAST})"
                  " FROM (SELECT value AS id FROM json_each(:ids)) p))",
    },
    "postgresql": {
        "among": "= ANY(%(ids)s::int[])", "start": "%(start)s", "end": "%(end)s", "own": "%(own)s", "pending": "booking",
        "before": f"unnest(%(ids)s::int[]) p(id), LATERAL (SELECT b.* {_LAST}) last",
    },
}


def holding(
    conn: Connection, columns: str, point_ids: Collection[int], window: Slot, except_meeting: str | None = None, group: str = "",
) -> list[tuple[Any, ...]]:
    """What is confirmed or blocked and touches the window, as the driver gives it: nothing is converted, times included.

    `group`: columns by which the rows are put together where many points share a time.
    """
    return _raw(conn, _HOLDING, columns, point_ids, window, except_meeting, group)


def pending(
    conn: Connection, columns: str, point_ids: Collection[int], window: Slot, except_meeting: str | None = None,
) -> list[tuple[Any, ...]]:
    """What waits for somebody's yes and touches the window; as `holding`."""
    return _raw(conn, _PENDING, columns, point_ids, window, except_meeting)


def _raw(
    conn: Connection, statement: str, columns: str, point_ids: Collection[int], window: Slot, except_meeting: str | None,
    group: str = "",
) -> list[tuple[Any, ...]]:
    dialect = conn.dialect.name
    words = _DIALECTS[dialect]
    rest = f" AND (meeting_id IS NULL OR meeting_id <> {words['own']})" if except_meeting else ""
    rest += f" GROUP BY {group}" if group else ""
    ids = sorted(set(point_ids))
    values: dict[str, Any] = {"ids": ids, "start": window.start, "end": window.end}
    if dialect == "sqlite":
        values = {"ids": json.dumps(ids), "start": as_text(window.start), "end": as_text(window.end)}
    if except_meeting:
        values["own"] = except_meeting
    words = words | {"before": words["before"].format(holding=HOLDING, start=words["start"])}
    return _fetch(conn, statement.format(columns=columns, holding=HOLDING, rest=rest, **words), values)


def _fetch(conn: Connection, statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    cursor = conn.exec_driver_sql(statement, values).cursor
    assert cursor is not None, "a SELECT has a cursor"
    return list(cursor.fetchall())


def bookable(conn: Connection, point_ids: Collection[int]) -> list[tuple[int, str | None, datetime | None]]:
    """(point, its bookable hours as kept (JSON), when it is closed for good); those that are always open are left out."""
    dialect = conn.dialect.name
    ids, moments = sorted(set(point_ids)), Moments()
    statement = ("SELECT point_id, hours, closes_at FROM point WHERE (hours IS NOT NULL OR closes_at IS NOT NULL)"
                 f" AND point_id {_DIALECTS[dialect]['among']}")
    rows = _fetch(conn, statement, {"ids": json.dumps(ids) if dialect == "sqlite" else ids})
    return [(point_id, hours, moments[closes] if closes else None) for point_id, hours, closes in rows]


def as_text(at: datetime) -> str:
    """A time as SQLite keeps it (see `UtcDateTime`)."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


class Moments(dict[Any, datetime]):
    """A stored time → the time, each computed once: a province meets at round hours."""

    def __missing__(self, stored: Any) -> datetime:
        at = datetime.fromisoformat(stored + "+00:00") if isinstance(stored, str) else stored.astimezone(UTC)
        self[stored] = at
        return at


@dataclass(frozen=True, slots=True)
class Known:
    """A meeting as far as the reader may know of it.  `title`, `chair` and `meeting_id` are empty where that is nothing."""

    meeting_id: str
    title: str
    unit: str
    state: str
    start: datetime
    end: datetime
    chair: str
    readable: bool
    movable: bool

    @property
    def pending(self) -> bool:
        """It is not convened yet: its points are asked for, or have agreed; nothing earlier is known of."""
        return self.state == "draft"


@dataclass(frozen=True, slots=True)
class Entry:
    """One booking on a calendar: `state` is confirmed, pending or blocked; blocked has a `note` and no meeting."""

    point_id: int
    slot: Slot
    state: str
    meeting: Known | None
    note: str = ""


def entries(conn: Connection, point_ids: Collection[int], window: Slot, by: Subject) -> list[Entry]:
    """All bookings of the points that touch the window, by point and time."""
    columns = "point_id, starts_at, ends_at, state, meeting_id, note"
    raw = holding(conn, columns, point_ids, window) + pending(conn, columns, point_ids, window)
    known = meetings_known(conn, (row[4] for row in raw), by)
    moments = Moments()
    slots: dict[tuple[Any, Any], Slot] = {}
    found = []
    for point_id, start, end, state, meeting_id, note in raw:
        slot = slots.get((start, end))
        if slot is None:
            slot = slots[start, end] = Slot(moments[start], moments[end])
        found.append(Entry(point_id, slot, state, known.get(meeting_id), note or ""))
    return sorted(found, key=lambda entry: (entry.point_id, entry.slot.start, entry.state))


def meetings_known(conn: Connection, meeting_ids: Iterable[str | None], by: Subject) -> dict[str, Known]:
    """These meetings, each as far as `by` may know of it; whoever may not read one learns its time and its unit."""
    wanted = {meeting_id for meeting_id in meeting_ids if meeting_id}
    columns = [meeting.c[name] for name in ("meeting_id", "title", "unit", "state", "starts_at", "ends_at", "people", "leaders",
                                            *(f"{post}_id" for post in POSTS))]
    if not wanted:
        return {}
    attended = _attended(conn, wanted, by)
    rows = conn.execute(select(*columns).where(among(meeting.c.meeting_id, wanted)))
    return {row.meeting_id: _known(row, by, row.meeting_id in attended) for row in rows}


def _attended(conn: Connection, meeting_ids: Collection[str], by: Subject) -> set[str]:
    """Those of the meetings that a point of the reader's unit is seated in."""
    if by.unit_id is None:
        return set()
    query = select(seat.c.meeting_id).where(seat.c.unit_id == by.unit_id, among(seat.c.meeting_id, meeting_ids))
    return set(conn.execute(query).scalars())


def _known(row: Row[Any], by: Subject, attends: bool) -> Known:
    resource = Resource(
        "meeting", tuple(row.unit["path"]), row.meeting_id, row.state, {post: getattr(row, f"{post}_id") for post in POSTS},
        frozenset({by.unit_id} if attends and by.unit_id else ()), leaders=frozenset(leader[0] for leader in row.leaders or ()))
    may: Callable[[Action], bool] = lambda action: decide(by, action, resource).allowed  # noqa: E731 - two questions, one thing
    readable = may(Action.MEETING_READ)
    movable = readable and row.state in ("draft", "convened") and may(Action.MEETING_EDIT)
    return Known(
        row.meeting_id if readable else "", row.title if readable else "", row.unit["name"], row.state, row.starts_at,
        row.ends_at, row.people["chair"][0] if readable else "", readable, movable)
