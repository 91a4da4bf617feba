"""Reads and writes messages of a room, by channel.  Decides nothing; called by `meetings.chat`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from meetings.errors import NotFound
from meetings.meeting import State
from meetings.store.tables import meeting, seat
from meetings.store.voice_table import chat_message

_WITH_CODE = select(chat_message, seat.c.code, seat.c.name.label("point")).outerjoin(
    seat, (seat.c.meeting_id == chat_message.c.meeting_id) & (seat.c.point_id == chat_message.c.point_id))


def add(conn: Connection, meeting_id: str, channel: str, **values: Any) -> int:
    """Its number in the channel; under the meeting's lock."""
    ord = last(conn, meeting_id, channel) + 1
    conn.execute(insert(chat_message).values(meeting_id=meeting_id, channel=channel, ord=ord, **values))
    return ord


def last(conn: Connection, meeting_id: str, channel: str) -> int:
    """Number of the newest message, 0 for none."""
    return conn.execute(select(func.max(chat_message.c.ord)).where(_in(meeting_id, channel))).scalar() or 0


def standing(conn: Connection, meeting_id: str, channel: str, states: Collection[str]) -> tuple[int, int]:
    """(number of the newest, how many) of these states."""
    query = select(func.max(chat_message.c.ord), func.count()).where(_in(meeting_id, channel), chat_message.c.state.in_(states))
    newest, count = conn.execute(query).one()
    return newest or 0, count


def one(conn: Connection, meeting_id: str, channel: str, ord: int) -> Row[Any]:
    """With code and name of its point.  Raises NotFound("chat.unknown")."""
    row = conn.execute(_WITH_CODE.where(_in(meeting_id, channel), chat_message.c.ord == ord)).first()
    if row is None:
        raise NotFound("chat.unknown")
    return row


def after(conn: Connection, meeting_id: str, channel: str, ord: int, states: Collection[str], most: int) -> list[Row[Any]]:
    """The newest `most` messages of these states that come after number `ord`, oldest first; with code and name of their point."""
    query = _WITH_CODE.where(_in(meeting_id, channel), chat_message.c.ord > ord, chat_message.c.state.in_(states))
    return list(conn.execute(query.order_by(chat_message.c.ord.desc()).limit(most)).all())[::-1]


def settle(conn: Connection, meeting_id: str, channel: str, ord: int, **values: Any) -> None:
    conn.execute(update(chat_message).where(_in(meeting_id, channel), chat_message.c.ord == ord).values(**values))


def closed_before(conn: Connection, instant: datetime, channel: str) -> list[str]:
    """Meetings that ended before `instant`, or were to end then and were cancelled, and still hold text in this channel."""
    query = select(chat_message.c.meeting_id).join(meeting, meeting.c.meeting_id == chat_message.c.meeting_id)
    cancelled = and_(meeting.c.state == State.CANCELLED.value, meeting.c.ends_at < instant)  # there was a lobby, perhaps
    over = or_(meeting.c.closed_at < instant, cancelled)
    query = query.where(chat_message.c.channel == channel, chat_message.c.text.is_not(None), over)
    return list(conn.execute(query.distinct()).scalars())


def erase_all(conn: Connection, meeting_id: str, channel: str, reason: str) -> int:
    """How many texts went."""
    rows = update(chat_message).where(_in(meeting_id, channel), chat_message.c.text.is_not(None))
    return conn.execute(rows.values(text=None, salt=None, state="erased", reason=reason)).rowcount


def _in(meeting_id: str, channel: str) -> Any:
    return (chat_message.c.meeting_id == meeting_id) & (chat_message.c.channel == channel)
