"""Reads and writes join links and tickets.  Single use is one atomic UPDATE; decides nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from meetings.admission import Link
from meetings.errors import NotFound
from meetings.store.bulk import add_rows
from meetings.store.tables import join_link, presence, seat, ticket

_LINK = (
    select(join_link.c.link_id, join_link.c.meeting_id, join_link.c.point_id, seat.c.code, seat.c.name,
           join_link.c.generation, join_link.c.revoked_at.is_not(None))
    .join(seat, (seat.c.meeting_id == join_link.c.meeting_id) & (seat.c.point_id == join_link.c.point_id))
)


def add_links(conn: Connection, meeting_id: str, new: Sequence[tuple[str, int]], at: datetime) -> None:
    """new: (link_id, point_id)."""
    add_rows(conn, join_link, [
        {"link_id": link_id, "meeting_id": meeting_id, "point_id": point_id, "generation": 1, "made_at": at}
        for link_id, point_id in new
    ])


def links(conn: Connection, meeting_id: str) -> list[Link]:
    """In the order of the seats."""
    query = _LINK.where(join_link.c.meeting_id == meeting_id).order_by(seat.c.ord)
    return [Link(*row) for row in conn.execute(query)]


def link(conn: Connection, link_id: str) -> Link:
    """Raises NotFound("link.unknown")."""
    return _one(conn.execute(_LINK.where(join_link.c.link_id == link_id)).first())


def link_of(conn: Connection, meeting_id: str, point_id: int) -> Link:
    """Raises NotFound("link.unknown")."""
    query = _LINK.where(join_link.c.meeting_id == meeting_id, join_link.c.point_id == point_id)
    return _one(conn.execute(query).first())


def save_link(conn: Connection, link_id: str, **values: Any) -> None:
    conn.execute(update(join_link).where(join_link.c.link_id == link_id).values(**values))


def add_ticket(conn: Connection, **values: Any) -> None:
    conn.execute(insert(ticket).values(**values))


def use_ticket(conn: Connection, digest: str, room: str, role: str, session_id: str, at: datetime) -> Row[Any] | None:
    """Spend the ticket if it is still good for this room and role: one statement, so one of many callers wins."""
    done = conn.execute(update(ticket).where(
        ticket.c.token_sha256 == digest, ticket.c.room == room, ticket.c.role == role,
        ticket.c.used_at.is_(None), ticket.c.expires_at >= at,
    ).values(used_at=at, session_id=session_id))
    return ticket_row(conn, digest) if done.rowcount == 1 else None


def ticket_row(conn: Connection, digest: str) -> Row[Any] | None:
    return conn.execute(select(ticket).where(ticket.c.token_sha256 == digest)).first()


def session_row(conn: Connection, session_id: str) -> Row[Any] | None:
    return conn.execute(select(ticket).where(ticket.c.session_id == session_id)).first()


def end_session(conn: Connection, session_id: str, at: datetime) -> bool:
    """False if there is no such live session."""
    done = conn.execute(update(ticket).where(
        ticket.c.session_id == session_id, ticket.c.ended_at.is_(None)).values(ended_at=at))
    return done.rowcount == 1


def end_all_sessions(conn: Connection, at: datetime) -> int:
    """How many were live."""
    live = ticket.c.used_at.is_not(None) & ticket.c.ended_at.is_(None)
    return conn.execute(update(ticket).where(live).values(ended_at=at)).rowcount


def interrupted(conn: Connection) -> list[tuple[str, str, str]]:
    """(room, name, device) of the points whose last stay a restart ended, each with the device that it had media on last."""
    later = presence.alias()
    query = (
        select(ticket.c.room, ticket.c.name, ticket.c.device)
        .join(presence, (presence.c.meeting_id == ticket.c.room) & (presence.c.point_id == ticket.c.point_id))
        .where(presence.c.reason == "restart", ticket.c.device.is_not(None), ticket.c.used_at < presence.c.left_at,
               ~exists().where(later.c.meeting_id == presence.c.meeting_id, later.c.point_id == presence.c.point_id, later.c.n > presence.c.n))
        .order_by(ticket.c.used_at)
    )
    return list({(room, name): (room, name, device) for room, name, device in conn.execute(query)}.values())


def forget_unused(conn: Connection, link_id: str) -> None:
    """Tickets for the place of this link that opened nothing yet open nothing any more."""
    conn.execute(delete(ticket).where(ticket.c.link_id == link_id, ticket.c.used_at.is_(None), ticket.c.point_id.is_not(None)))


def live_sessions(conn: Connection, link_id: str, *, seated: bool = False) -> list[str]:
    """seated: only of the device that holds the place, not of televisions."""
    query = select(ticket.c.session_id).where(
        ticket.c.link_id == link_id, ticket.c.used_at.is_not(None), ticket.c.ended_at.is_(None))
    if seated:
        query = query.where(ticket.c.point_id.is_not(None))
    return list(conn.execute(query.order_by(ticket.c.used_at, ticket.c.session_id)).scalars())


def purge(conn: Connection, before: datetime) -> int:
    """Delete tickets that expired before that instant and were never used, or whose session ended before it."""
    unused = ticket.c.used_at.is_(None) & (ticket.c.expires_at < before)
    return conn.execute(delete(ticket).where(unused | (ticket.c.ended_at < before))).rowcount


def _one(row: Row[Any] | None) -> Link:
    if row is None:
        raise NotFound("link.unknown")
    return Link(*row)
