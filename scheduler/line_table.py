"""The table of line tests and what is read of it.  Its migration adds what the database itself refuses.

One row for each (meeting, point, round): the link of that round and the last result; every result stands in the meeting's
ledger besides.  Of the link only the SHA-256 is kept.  Decides nothing; called by `line_tests`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Connection, ForeignKey, Index, Integer, Row, String, Table, select

from meetings.meeting import ROOM_OPEN
from meetings.store import tables as _meetings
from meetings.store.among import among
from meetings.store.base import JsonText, UtcDateTime, metadata
from scheduler import store

line_test = Table(
    "line_test", metadata,
    Column("test_id", String(36), primary_key=True),
    Column("meeting_id", String(36), ForeignKey(_meetings.meeting.c.meeting_id), nullable=False),
    Column("point_id", Integer, nullable=False),
    Column("round", String(20), nullable=False),
    Column("secret_sha256", String(64), nullable=False),
    Column("opens_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("tried_at", UtcDateTime),
    Column("verdict", String(6)),
    Column("reasons", JsonText),
    Column("result", JsonText),
    CheckConstraint("opens_at < expires_at", name="times"),
    CheckConstraint("tries >= 0", name="tries"),
    CheckConstraint("verdict IS NULL OR verdict IN ('ready', 'weak', 'failed')", name="verdict"),
    CheckConstraint(
        "(tried_at IS NULL) = (verdict IS NULL) AND (tried_at IS NULL) = (reasons IS NULL) AND (tried_at IS NULL) = (result IS NULL)",
        name="tried"),
    CheckConstraint("length(secret_sha256) = 64", name="secret"),
    Index("uq_line_test_round", "meeting_id", "point_id", "round", unique=True),
    Index("uq_line_test_secret", "secret_sha256", unique=True),
    Index("ix_line_test_point_tried", "point_id", "tried_at"),
)
_t = line_test.c


def by_secret(conn: Connection, digest: str) -> Row[Any] | None:
    return conn.execute(select(line_test).where(_t.secret_sha256 == digest)).first()


def of_meeting(conn: Connection, meeting_id: str) -> list[Row[Any]]:
    """Every test of the meeting, the newest result last, those without a result first."""
    rows = conn.execute(select(line_test).where(_t.meeting_id == meeting_id)).all()
    return sorted(rows, key=lambda row: (row.tried_at is not None, row.tried_at or row.opens_at, row.test_id))


def newest(conn: Connection, meeting_id: str, before: datetime | None = None) -> dict[int, str]:
    """The newest verdict of each point that is booked and has one; of results before that time alone, where one is given."""
    seat = _meetings.seat.c
    booked = (seat.meeting_id == _t.meeting_id) & (seat.point_id == _t.point_id)
    query = select(_t.point_id, _t.verdict).join(_meetings.seat, booked).where(_t.meeting_id == meeting_id, _t.tried_at.is_not(None))
    if before is not None:
        query = query.where(_t.tried_at < before)
    return {row.point_id: row.verdict for row in conn.execute(query.order_by(_t.tried_at, _t.test_id))}


def attended(conn: Connection, unit_ids: Collection[str], after: datetime, before: datetime) -> list[str]:
    """Meetings that these units attend, that may be joined or tested for, and that lie in that time; in the order of their start."""
    meeting, seat = _meetings.meeting.c, _meetings.seat.c
    query = select(meeting.meeting_id, meeting.starts_at).join(_meetings.seat, seat.meeting_id == meeting.meeting_id).distinct()
    query = query.where(meeting.state.in_(sorted(ROOM_OPEN)), meeting.ends_at > after, meeting.starts_at < before)
    found = {(row.starts_at, row.meeting_id) for row in conn.execute(query.where(among(seat.unit_id, unit_ids)))}
    return [meeting_id for _start, meeting_id in sorted(found)]


def one(conn: Connection, meeting_id: str, point_id: int, round_name: str) -> Row[Any] | None:
    mine = (_t.meeting_id == meeting_id) & (_t.point_id == point_id) & (_t.round == round_name)
    return conn.execute(select(line_test).where(mine)).first()


def tried(conn: Connection, point_id: int, most: int) -> list[Row[Any]]:
    """The last results of one point over all meetings, newest first, with title and start of the meeting."""
    meeting = _meetings.meeting.c
    query = select(line_test, meeting.title, meeting.starts_at).join(_meetings.meeting, _t.meeting_id == meeting.meeting_id)
    mine = (_t.point_id == point_id) & _t.tried_at.is_not(None)
    return list(conn.execute(query.where(mine).order_by(_t.tried_at.desc()).limit(most)))


def add(conn: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    if made := [dict(row) for row in rows]:
        conn.execute(line_test.insert(), made)


def keep(conn: Connection, test_id: str, **result: Any) -> None:
    """One try more, with what came of it."""
    conn.execute(line_test.update().where(_t.test_id == test_id).values(tries=_t.tries + 1, **result))


def open_again(conn: Connection, meeting_id: str, round_name: str, opens_at: datetime, expires_at: datetime) -> None:
    """The tests of this round are for another time now: what was found for the earlier one stays in the ledger alone."""
    mine = (_t.meeting_id == meeting_id) & (_t.round == round_name) & (_t.opens_at != opens_at)
    conn.execute(line_test.update().where(mine).values(
        opens_at=opens_at, expires_at=expires_at, tried_at=None, verdict=None, reasons=None, result=None))


def prolong(conn: Connection, meeting_id: str, round_name: str, expires_at: datetime) -> None:
    """No link of this round ends earlier than that."""
    mine = (_t.meeting_id == meeting_id) & (_t.round == round_name) & (_t.expires_at < expires_at)
    conn.execute(line_test.update().where(mine).values(expires_at=expires_at))


_CONTACT = ("technician_name", "technician_phone", "deputy_name", "deputy_phone", "up_kbps", "down_kbps")


def told(conn: Connection, point_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """What the points say of themselves: who looks after each, and the line each has declared."""
    query = select(store.point.c.point_id, *(store.point.c[name] for name in _CONTACT)).where(among(store.point.c.point_id, point_ids))
    return {row.point_id: {name: getattr(row, name) for name in _CONTACT} for row in conn.execute(query)}
