"""Reads and writes whose screen a room sees.  Decides nothing; called by `sharing` and `state`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from meetings.screens import Share
from meetings.store.tables import floor, meeting
from meetings.store.voice_table import screen_share


def of(conn: Connection, meeting_id: str) -> Share | None:
    row = conn.execute(select(screen_share.c.point_id, screen_share.c.since).where(screen_share.c.meeting_id == meeting_id)).first()
    return Share(*row) if row else None


def with_floor(conn: Connection, meeting_id: str) -> tuple[tuple[int, datetime] | None, Share | None]:
    """Who has the floor and since when, and whose screen is shared: one question for both, as every state of a room asks them."""
    both = meeting.outerjoin(floor, floor.c.meeting_id == meeting.c.meeting_id).outerjoin(screen_share, screen_share.c.meeting_id == meeting.c.meeting_id)
    held, since, shared, begun = conn.execute(
        select(floor.c.point_id, floor.c.since, screen_share.c.point_id, screen_share.c.since).select_from(both)
        .where(meeting.c.meeting_id == meeting_id)).one()
    return (held, since) if held is not None else None, Share(shared, begun) if shared is not None else None


def save(conn: Connection, meeting_id: str, share: Share) -> None:
    """In place of whatever there was; under the meeting's lock."""
    clear(conn, meeting_id)
    conn.execute(insert(screen_share).values(meeting_id=meeting_id, point_id=share.point_id, since=share.since))


def clear(conn: Connection, meeting_id: str) -> None:
    conn.execute(delete(screen_share).where(screen_share.c.meeting_id == meeting_id))


def running(conn: Connection) -> list[tuple[str, int, datetime]]:
    """(meeting, point, since) of every screen that is shared anywhere."""
    rows = conn.execute(select(screen_share.c.meeting_id, screen_share.c.point_id, screen_share.c.since))
    return [(row.meeting_id, row.point_id, row.since) for row in rows]
