"""Reads and writes lines of captions.  Decides nothing; called by `meetings.captioning`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from meetings.captions import Line
from meetings.errors import NotFound
from meetings.store.caption_table import caption
from meetings.store.tables import seat

_LINES = select(
    caption.c.ord, caption.c.user_id, caption.c.author, seat.c.code, seat.c.name, caption.c.text, caption.c.said_at, caption.c.until,
).outerjoin(seat, (seat.c.meeting_id == caption.c.meeting_id) & (seat.c.point_id == caption.c.point_id))


def add(conn: Connection, meeting_id: str, **values: Any) -> None:
    conn.execute(insert(caption).values(meeting_id=meeting_id, **values))


def last_by(conn: Connection, meeting_id: str) -> dict[str, int]:
    """Account → number of its newest line, also of one that is gone."""
    query = select(caption.c.user_id, func.max(caption.c.ord)).where(caption.c.meeting_id == meeting_id)
    return {user_id: ord for user_id, ord in conn.execute(query.group_by(caption.c.user_id))}


def one(conn: Connection, meeting_id: str, ord: int) -> Line:
    """Raises NotFound("caption.unknown")."""
    row = conn.execute(_LINES.where(caption.c.meeting_id == meeting_id, caption.c.ord == ord)).first()
    if row is None:
        raise NotFound("caption.unknown")
    return Line(*row)


def newest(conn: Connection, meeting_id: str, most: int, after: int = 0) -> list[Line]:
    """The newest `most` lines that still have their text, from the one after number `after` on, oldest first."""
    query = _readable(meeting_id).where(caption.c.ord > after).order_by(caption.c.ord.desc()).limit(most)
    return [Line(*row) for row in conn.execute(query).all()][::-1]


def every(conn: Connection, meeting_id: str) -> list[Line]:
    """All that still have their text."""
    return [Line(*row) for row in conn.execute(_readable(meeting_id).order_by(caption.c.ord)).all()]


def times(conn: Connection, meeting_id: str) -> list[datetime]:
    """When each of them was said."""
    query = select(caption.c.said_at).where(caption.c.meeting_id == meeting_id, caption.c.text.is_not(None))
    return list(conn.execute(query.order_by(caption.c.ord)).scalars())


def counts(conn: Connection, meeting_id: str) -> tuple[int, int]:
    """(lines that were typed, those of them that still have their text)."""
    all_, kept = conn.execute(select(func.count(), func.count(caption.c.text)).where(caption.c.meeting_id == meeting_id)).one()
    return all_, kept


def amend(conn: Connection, meeting_id: str, ord: int, text: str | None, at: datetime) -> None:
    """Another text, or none any more."""
    conn.execute(update(caption).where(caption.c.meeting_id == meeting_id, caption.c.ord == ord).values(
        text=text, gone=None if text is not None else "withdrawn", amended_at=at))


def erase(conn: Connection, meeting_id: str) -> int:
    """How many texts went."""
    rows = update(caption).where(caption.c.meeting_id == meeting_id, caption.c.text.is_not(None))
    return conn.execute(rows.values(text=None, gone="erased")).rowcount


def _readable(meeting_id: str) -> Select[Any]:
    return _LINES.where(caption.c.meeting_id == meeting_id, caption.c.text.is_not(None))
