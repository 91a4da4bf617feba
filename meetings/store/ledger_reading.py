"""Parts of one meeting's chain for somebody who reads it: by kind, by point, from an event on; and where its hours begin.

Every answer is one statement over the index of (meeting, seq) and holds at most `limit` events, however long the chain is.  Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, String, cast, false, func, or_, select

from meetings.ledger import Event
from meetings.store.database import Connection
from meetings.store.ledger_store import COLUMNS, events
from meetings.store.tables import event

MOST_POINTS = 20
"""Points that one selection may name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events.  kinds: only these (None: all).  but: never these.  points: only those of points with these codes (None: all)."""

    kinds: frozenset[str] | None = None
    but: frozenset[str] = frozenset()
    points: tuple[str, ...] | None = None


def part(conn: Connection, meeting_id: str, wanted: Wanted, first: int, limit: int) -> list[Event]:
    """The first `limit` events from seq `first` on, in order."""
    query = _chosen(select(*COLUMNS), meeting_id, wanted).where(event.c.seq >= first)
    return [Event(*row) for row in conn.execute(query.order_by(event.c.seq).limit(limit)).all()]


def back(conn: Connection, meeting_id: str, wanted: Wanted, before: int | None, limit: int) -> int | None:
    """seq of the event `limit` places before this one (None: before the end), or of the first there is; None: there is none."""
    query = _chosen(select(event.c.seq), meeting_id, wanted)
    if before is not None:
        query = query.where(event.c.seq < before)
    found = conn.execute(query.order_by(event.c.seq.desc()).limit(limit)).scalars().all()
    return found[-1] if found else None


def count(conn: Connection, meeting_id: str, wanted: Wanted, before: int | None = None) -> int:
    """How many there are, or come before an event."""
    query = _chosen(select(func.count()).select_from(event), meeting_id, wanted)
    return conn.execute(query if before is None else query.where(event.c.seq < before)).scalar_one()


def hours(conn: Connection, meeting_id: str, wanted: Wanted) -> list[tuple[datetime, int, int]]:
    """(hour in UTC, seq of its first event, how many) of each hour in which something happened."""
    text = func.substr(event.c.at, 1, 13) if conn.dialect.name == "sqlite" else func.to_char(func.timezone("UTC", event.c.at), "YYYY-MM-DD HH24")
    hour = text.label("hour")
    query = _chosen(select(hour, func.min(event.c.seq), func.count()), meeting_id, wanted).group_by(hour).order_by(func.min(event.c.seq))
    return [(datetime.strptime(name[:13], "%Y-%m-%d %H").replace(tzinfo=UTC), first, n) for name, first, n in conn.execute(query).all()]


def pieces(conn: Connection, meeting_id: str, after: int, size: int) -> Iterator[list[Event]]:
    """The chain after seq `after`, `size` events at a time."""
    while piece := events(conn, meeting_id, after=after, limit=size):
        yield piece
        after = piece[-1].seq


def _chosen(query: Select[Any], meeting_id: str, wanted: Wanted) -> Select[Any]:
    query = query.where(event.c.meeting_id == meeting_id)
    if wanted.kinds is not None:
        query = query.where(event.c.kind.in_(sorted(wanted.kinds)))
    if wanted.but:
        query = query.where(event.c.kind.not_in(sorted(wanted.but)))
    if wanted.points is not None:
        # Inside a JSON text a quotation mark has a stroke before it, so nothing else than the field can look like this.
        column = cast(event.c.point, String)
        query = query.where(or_(false(), *(column.contains(f'"code":"{code}"', autoescape=True) for code in wanted.points[:MOST_POINTS])))
    return query
