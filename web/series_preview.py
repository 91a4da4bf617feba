"""What a change of a series would do: it is done in a transaction that is taken back, so it says what will be so, and why not.

Called by the page that edits a meeting.  Leaves nothing behind; a change that cannot be raises what the use case raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from scheduler import series_invitations, series_rows
from scheduler.slots import Slot
from web import guests
from web.container import Container


@dataclass(frozen=True, slots=True)
class Row:
    """One meeting before and after."""

    before: Slot
    after: Slot
    renamed: str


@dataclass(frozen=True, slots=True)
class Preview:
    """`letters` that go out at once; `split`: what follows becomes a series of its own."""

    rows: tuple[Row, ...]
    letters: int
    split: bool


class _TakenBack(Exception):
    pass


def preview(found: Container, meeting_id: str, change: Callable[[Connection, datetime], Any]) -> Preview:
    """Raises what `change` does."""
    now, made = found.clock.now(), list[Preview]()
    try:
        with found.db.write() as conn:
            place = series_rows.of_meeting(conn, meeting_id)
            assert place is not None
            before = {row.meeting_id: row for row in series_rows.members(conn, place.stored.series_id)}
            change(conn, now)
            made.append(_looked(conn, before, place, now, meeting_id))
            raise _TakenBack
    except _TakenBack:
        return made[0]


def _looked(
    conn: Connection, before: Mapping[str, Any], place: series_rows.Place, now: datetime, meeting_id: str,
) -> Preview:
    own = series_rows.of_meeting(conn, meeting_id)
    series = {place.stored.series_id, own.stored.series_id if own else place.stored.series_id}
    rows = []
    for series_id in sorted(series):
        for row in series_rows.members(conn, series_id):
            was = before[row.meeting_id]
            if (row.starts_at, row.ends_at, row.title, row.state) != (was.starts_at, was.ends_at, was.title, was.state):
                rows.append(Row(Slot(was.starts_at, was.ends_at), Slot(row.starts_at, row.ends_at), row.title if row.title != was.title else ""))
    letters = sum(series_invitations.spread(conn, payload, guests.of_meetings, now)
                  for payload in series_invitations.due(conn, now) if payload["series_id"] in series)
    rows.sort(key=lambda row: row.before.start)
    return Preview(tuple(rows), letters, len(series) > 1)
