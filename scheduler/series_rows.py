"""Series as rows: what stands of one, a meeting's place in it, and its meetings in order.

Reads only.  Called by `series_store`, by what is told of series (`series_invitations`) and by the web.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from meetings.errors import NotFound
from meetings.meeting import CHANGEABLE
from meetings.store.tables import meeting as meeting_table
from scheduler.mail_table import series_guest
from scheduler.series import Series
from scheduler.series_table import series as table
from scheduler.series_table import series_meeting as link


@dataclass(frozen=True, slots=True)
class Stored:
    """A series as it stands.  `series` has its rule and exceptions; `ended_at` is set once nothing of it is left."""

    series_id: str
    series: Series
    version: int
    split_from: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """A meeting's place in its series: the `number`-th of `total` that are left.

    How far a change of this one and the `following`, or of all that have not begun (`coming`), reaches; `people` have it in their calendars.
    """

    stored: Stored
    key: datetime
    number: int
    total: int
    following: int = 0
    coming: int = 0
    people: int = 0


def get(conn: Connection, series_id: str) -> Stored:
    """Raises NotFound("series.unknown")."""
    row = conn.execute(select(table).where(table.c.series_id == series_id)).first()
    if row is None:
        raise NotFound("series.unknown")
    series = Series(row.rule, datetime.fromisoformat(row.starts), row.zone, timedelta(seconds=row.length_s),
                    frozenset(map(datetime.fromisoformat, row.excluded)))
    return Stored(row.series_id, series, row.version, row.split_from, row.ended_at)


def of_meeting(conn: Connection, meeting_id: str) -> Place | None:
    """The place of the meeting in its series; None where it stands alone."""
    row = conn.execute(select(link).where(link.c.meeting_id == meeting_id)).first()
    if row is None:
        return None
    stored, key = get(conn, row.series_id), datetime.fromisoformat(row.key)
    keys = [one.key for one in stored.series.occurrences()]
    mine = select(link.c.key).join(meeting_table, link.c.meeting_id == meeting_table.c.meeting_id)
    coming = list(conn.execute(mine.where(link.c.series_id == row.series_id, meeting_table.c.state.in_([state.value for state in CHANGEABLE]))).scalars())
    people = conn.execute(select(func.count()).where(
        series_guest.c.series_id == row.series_id, series_guest.c.removed_at.is_(None))).scalar_one()
    following = sum(one >= row.key for one in coming)
    return Place(stored, key, sum(one <= key for one in keys), len(keys), following, len(coming), people)


def members(conn: Connection, series_id: str) -> list[Row[Any]]:
    """(key, meeting_id, starts_at, ends_at, state, title) of every meeting of the series, in the order of its keys."""
    found = select(link.c.key, link.c.meeting_id, meeting_table.c.starts_at, meeting_table.c.ends_at, meeting_table.c.state,
                   meeting_table.c.title)
    return list(conn.execute(found.join(meeting_table, link.c.meeting_id == meeting_table.c.meeting_id)
                             .where(link.c.series_id == series_id).order_by(link.c.key)))
