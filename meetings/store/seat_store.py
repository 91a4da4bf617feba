"""Reads and writes seats, presence, the floor and hands.  Decides nothing; called by the use cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, case, delete, func, insert, literal, select, update

from meetings.attendance import Presence
from meetings.errors import NotFound
from meetings.meeting import PointRef
from meetings.store.bulk import add_rows
from meetings.store.caption_table import caption
from meetings.store.people_table import head_count
from meetings.store.speech_table import speech
from meetings.store.tables import delegate, document, floor, join_link, presence, seat
from meetings.store.voice_table import chat_message, screen_share, voice


class Seat(NamedTuple):
    """A point's place in one meeting; `joined_at` is set while it is present, `hand_at` while its hand is up.

    A named tuple because a room's state makes hundreds of them: it costs a third of a frozen dataclass.
    """

    point_id: int
    code: str
    name: str
    unit: str
    level: str
    hand_at: datetime | None
    joined_at: datetime | None

    @property
    def point(self) -> dict[str, Any]:
        """What stands in the `point` field of an event."""
        return {"id": self.point_id, "code": self.code, "name": self.name}


_SEAT = (seat.c.point_id, seat.c.code, seat.c.name, seat.c.unit_id, seat.c.level, seat.c.hand_at, seat.c.joined_at)


def seats(conn: Connection, meeting_id: str) -> list[Seat]:
    """In the order in which the points were booked."""
    query = select(*_SEAT).where(seat.c.meeting_id == meeting_id).order_by(seat.c.ord)
    return [Seat._make(row) for row in conn.execute(query).all()]


def one(conn: Connection, meeting_id: str, point_id: int) -> Seat:
    """Raises NotFound("seat.unknown")."""
    row = conn.execute(select(*_SEAT).where(seat.c.meeting_id == meeting_id, seat.c.point_id == point_id)).first()
    if row is None:
        raise NotFound("seat.unknown", point=point_id)
    return Seat._make(row)


def attending_units(conn: Connection, meeting_id: str) -> frozenset[str]:
    return frozenset(conn.execute(select(seat.c.unit_id).where(seat.c.meeting_id == meeting_id).distinct()).scalars())


def counts(conn: Connection, meeting_id: str) -> tuple[int, int]:
    """(booked, present)."""
    query = select(func.count(), func.count(seat.c.joined_at)).where(seat.c.meeting_id == meeting_id)
    booked, present = conn.execute(query).one()
    return booked, present


def add(conn: Connection, meeting_id: str, points: Sequence[PointRef], first_ord: int) -> None:
    add_rows(conn, seat, [
        {"meeting_id": meeting_id, "point_id": point.point_id, "ord": ord, "code": point.code, "name": point.name,
         "unit_id": point.unit, "level": point.level}
        for ord, point in enumerate(points, start=first_ord)
    ])


def rename(conn: Connection, meeting_id: str, names: Mapping[int, str]) -> None:
    mine = update(seat).where(seat.c.meeting_id == meeting_id, seat.c.point_id == bindparam("key")).values(name=bindparam("other"))
    conn.execute(mine, [{"key": point_id, "other": name} for point_id, name in names.items()])


def last_ord(conn: Connection, meeting_id: str) -> int:
    return conn.execute(select(func.max(seat.c.ord)).where(seat.c.meeting_id == meeting_id)).scalar() or 0


def in_use(conn: Connection, meeting_id: str, point_ids: Sequence[int]) -> list[int]:
    """Those of the points that already left traces in the record and can no longer be unbooked."""
    traces = [
        select(table.c.point_id).where(table.c.meeting_id == meeting_id, table.c.point_id.in_(point_ids))
        for table in (presence, floor, delegate, document, chat_message, caption, head_count, speech)
    ]
    return sorted(set(conn.execute(traces[0].union(*traces[1:])).scalars()))


def remove(conn: Connection, meeting_id: str, point_ids: Sequence[int]) -> None:
    for table in (join_link, voice, screen_share, seat):  # a word of the chair about a point is no trace that would keep it
        conn.execute(delete(table).where(table.c.meeting_id == meeting_id, table.c.point_id.in_(point_ids)))


def set_hand(conn: Connection, meeting_id: str, point_id: int, at: datetime | None) -> None:
    conn.execute(_seat_row(meeting_id, point_id).values(hand_at=at))


def lower_hands(conn: Connection, meeting_id: str) -> None:
    conn.execute(update(seat).where(seat.c.meeting_id == meeting_id, seat.c.hand_at.is_not(None)).values(hand_at=None))


def join(conn: Connection, meeting_id: str, point_id: int, at: datetime) -> None:
    """Open a presence interval."""
    n = conn.execute(select(func.count()).where(
        presence.c.meeting_id == meeting_id, presence.c.point_id == point_id)).scalar_one()
    conn.execute(insert(presence).values(meeting_id=meeting_id, point_id=point_id, n=n + 1, joined_at=at))
    conn.execute(_seat_row(meeting_id, point_id).values(joined_at=at))


def leave(conn: Connection, meeting_id: str, point_id: int, reason: str, at: datetime) -> None:
    """End the open presence interval."""
    conn.execute(update(presence).where(
        presence.c.meeting_id == meeting_id, presence.c.point_id == point_id, presence.c.left_at.is_(None),
    ).values(left_at=at, reason=reason))
    conn.execute(_seat_row(meeting_id, point_id).values(joined_at=None))


def leave_all(conn: Connection, meeting_id: str, reason: str, at: datetime) -> None:
    """The meeting ended: all stays end, though a clock that was set back makes none end before it began; all hands go down."""
    left_at = case((presence.c.joined_at > at, presence.c.joined_at), else_=literal(at, presence.c.left_at.type))
    conn.execute(update(presence).where(
        presence.c.meeting_id == meeting_id, presence.c.left_at.is_(None)).values(left_at=left_at, reason=reason))
    conn.execute(update(seat).where(seat.c.meeting_id == meeting_id).values(joined_at=None, hand_at=None))


def presences(conn: Connection, meeting_id: str) -> list[Presence]:
    query = select(presence.c.point_id, presence.c.joined_at, presence.c.left_at, presence.c.reason)
    query = query.where(presence.c.meeting_id == meeting_id).order_by(presence.c.joined_at, presence.c.point_id)
    return [Presence(*row) for row in conn.execute(query)]


def present_anywhere(conn: Connection) -> list[tuple[str, int]]:
    """(meeting_id, point_id) of every open presence interval, for the clean-up after a restart."""
    query = select(presence.c.meeting_id, presence.c.point_id).where(presence.c.left_at.is_(None))
    return [(row.meeting_id, row.point_id) for row in conn.execute(query.order_by(presence.c.meeting_id))]


def floor_of(conn: Connection, meeting_id: str) -> tuple[int, datetime] | None:
    """(point_id, since) of the point that has the floor."""
    row = conn.execute(select(floor.c.point_id, floor.c.since).where(floor.c.meeting_id == meeting_id)).first()
    return (row.point_id, row.since) if row else None


def take_floor(conn: Connection, meeting_id: str) -> None:
    conn.execute(delete(floor).where(floor.c.meeting_id == meeting_id))


def give_floor(conn: Connection, meeting_id: str, point_id: int, at: datetime) -> None:
    conn.execute(insert(floor).values(meeting_id=meeting_id, point_id=point_id, since=at))


def _seat_row(meeting_id: str, point_id: int) -> Any:
    return update(seat).where(seat.c.meeting_id == meeting_id, seat.c.point_id == point_id)
