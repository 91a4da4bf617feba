"""Reads and writes whose screen a room sees.  Decides nothing; called by `sharing` and `state`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from meetings.screens import Share
from meetings.store.voice_table import screen_share


def of(conn: Connection, meeting_id: str) -> Share | None:
    row = conn.execute(select(screen_share.c.point_id, screen_share.c.since).where(screen_share.c.meeting_id == meeting_id)).first()
    return Share(*row) if row else None


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
