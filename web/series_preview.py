"""What a change of a series would do: it is done in a transaction that is taken back, so it says what will be so, and why not.

Called by the pages that edit a meeting and its rule.  Leaves nothing behind; a change that cannot be raises what the use case raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from meetings.meeting import CHANGEABLE, State
from scheduler import series_invitations, series_rows
from scheduler.slots import Slot
from web import guests
from web.container import Container


@dataclass(frozen=True, slots=True)
class Row:
    """One meeting before and after.  `before` None: it is new; `after` None: it is cancelled."""

    before: Slot | None
    after: Slot | None
    renamed: str = ""

    @property
    def start(self) -> datetime:
        slot = self.after or self.before
        assert slot is not None
        return slot.start


@dataclass(frozen=True, slots=True)
class Preview:
    """`letters` that go out at once; `split`: what follows becomes a series of its own; `apart`: times put elsewhere by hand, which stay."""

    rows: tuple[Row, ...]
    letters: int
    split: bool
    apart: tuple[Slot, ...]


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
    reached = own.stored.series_id if own else place.stored.series_id
    series = {place.stored.series_id, reached}
    members = [row for series_id in sorted(series) for row in series_rows.members(conn, series_id)]
    rows = [row for one in members if (row := _row(one, before.get(one.meeting_id))) is not None]
    by_rule = {one.key.isoformat(): one.slot for one in own.stored.series.occurrences()} if own else {}
    mine = series_rows.members(conn, reached)
    apart = [slot for one in mine if one.state in CHANGEABLE and by_rule.get(one.key) != (slot := Slot(one.starts_at, one.ends_at))]
    letters = sum(series_invitations.spread(conn, payload, guests.of_meetings, now)
                  for payload in series_invitations.due(conn, now) if payload["series_id"] in series)
    return Preview(tuple(sorted(rows, key=lambda row: row.start)), letters, len(series) > 1, tuple(sorted(apart, key=lambda slot: slot.start)))


def _row(now: Any, was: Any) -> Row | None:
    """None where nothing becomes different."""
    after = Slot(now.starts_at, now.ends_at)
    if was is None:
        return Row(None, after)
    before = Slot(was.starts_at, was.ends_at)
    if now.state == State.CANCELLED != was.state:
        return Row(before, None)
    return Row(before, after, now.title if now.title != was.title else "") if (before, was.title) != (after, now.title) else None
