"""Reads and writes the people behind a point: where each stands in the roll, heads that were counted, revoked links.

A person of a meeting is a row of `delegate`, under the id of the registration where there was one.  Decides nothing; called by
the use cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, insert, select, update

from meetings.errors import NotFound
from meetings.people import CAME, HERE, How, Stay, There
from meetings.store.meeting_store import next_ord
from meetings.store.people_table import head_count, person_link
from meetings.store.tables import delegate, event, seat


class PersonAt(NamedTuple):
    """Somebody who is there now, and at which point."""

    person_id: str
    point_id: int
    name: str
    post: str


_d, _h, _l = delegate.c, head_count.c, person_link.c


def present_persons(conn: Connection, meeting_id: str) -> list[PersonAt]:
    """Everybody who was checked in and has not left, point by point in the order of booking: who may vote where persons vote."""
    query = select(_d.delegate_id, _d.point_id, _d.name, _d.post).join(
        seat, (seat.c.meeting_id == _d.meeting_id) & (seat.c.point_id == _d.point_id))
    query = query.where(_d.meeting_id == meeting_id, _d.state.in_(sorted(HERE))).order_by(seat.c.ord, _d.ord)
    return [PersonAt._make(row) for row in conn.execute(query).all()]


def people(conn: Connection, meeting_id: str, point_id: int | None = None) -> list[Row[Any]]:
    """Everybody of whom something was said, in the order in which it was said first."""
    query = select(delegate).where(_d.meeting_id == meeting_id)
    if point_id is not None:
        query = query.where(_d.point_id == point_id)
    return list(conn.execute(query.order_by(_d.ord)).all())


def find(conn: Connection, person_id: str) -> Row[Any] | None:
    return conn.execute(select(delegate).where(_d.delegate_id == person_id)).first()


def one(conn: Connection, person_id: str) -> Row[Any]:
    """Raises NotFound("delegate.unknown")."""
    row = find(conn, person_id)
    if row is None:
        raise NotFound("delegate.unknown")
    return row


def stay_of(row: Row[Any] | None) -> Stay:
    return Stay() if row is None else Stay(There(row.state), row.came_at, row.left_at, row.reason)


def add(
    conn: Connection, meeting_id: str, person_id: str, point_id: int, name: str, post: str, stay: Stay, how: How | None, seq: int, at: datetime,
) -> None:
    """seq: of the event that says so."""
    conn.execute(insert(delegate).values(
        delegate_id=person_id, meeting_id=meeting_id, point_id=point_id, ord=next_ord(conn, delegate, meeting_id), name=name, post=post,
        recorded_at=at, **_values(stay, how, seq)))


def save(conn: Connection, person_id: str, stay: Stay, how: How | None, seq: int) -> None:
    conn.execute(update(delegate).where(_d.delegate_id == person_id).values(**_values(stay, how, seq)))


def _values(stay: Stay, how: How | None, seq: int) -> dict[str, Any]:
    return {"state": stay.state.value, "present": stay.state in CAME, "how": how, "reason": stay.reason, "came_at": stay.came_at,
            "left_at": stay.left_at, "seq": seq}


# --- heads -----------------------------------------------------------------------------------------------------------


def add_heads(conn: Connection, meeting_id: str, point_id: int, heads: int, at: datetime) -> None:
    n = conn.execute(select(func.count()).where(_h.meeting_id == meeting_id, _h.point_id == point_id)).scalar_one()
    conn.execute(insert(head_count).values(meeting_id=meeting_id, point_id=point_id, n=n + 1, heads=heads, counted_at=at))


def heads(conn: Connection, meeting_id: str) -> Mapping[int, int]:
    """The last counting of each point that counted."""
    rows = conn.execute(select(_h.point_id, _h.heads).where(_h.meeting_id == meeting_id).order_by(_h.n)).all()
    return {row.point_id: row.heads for row in rows}


def stamp(conn: Connection, meeting_id: str) -> tuple[int, int]:
    """Another value whenever something was said of somebody, or heads were counted: cheaper than to read it all."""
    said = conn.execute(select(func.coalesce(func.max(_d.seq), 0)).where(_d.meeting_id == meeting_id)).scalar_one()
    counted = conn.execute(select(func.count()).where(_h.meeting_id == meeting_id)).scalar_one()
    return said, counted


# --- links and rolls ---------------------------------------------------------------------------------------------------


def link(conn: Connection, link_id: str) -> tuple[int, bool]:
    """(generation, revoked); (1, False) of a link that nobody ever touched."""
    row = conn.execute(select(_l.generation, _l.revoked_at).where(_l.link_id == link_id)).first()
    return (row.generation, row.revoked_at is not None) if row else (1, False)


def links(conn: Connection, meeting_id: str) -> Mapping[str, tuple[int, bool]]:
    """Those that are no longer the first."""
    rows = conn.execute(select(_l.link_id, _l.generation, _l.revoked_at).where(_l.meeting_id == meeting_id)).all()
    return {row.link_id: (row.generation, row.revoked_at is not None) for row in rows}


def save_link(conn: Connection, meeting_id: str, link_id: str, generation: int, revoked: bool, at: datetime) -> None:
    values = {"generation": generation, "revoked_at": at if revoked else None, "changed_at": at}
    done = conn.execute(update(person_link).where(_l.link_id == link_id).values(**values))
    if not done.rowcount:
        conn.execute(insert(person_link).values(link_id=link_id, meeting_id=meeting_id, **values))


def rolls(conn: Connection, meeting_id: str) -> list[Row[Any]]:
    """Rows (at, data) of the roll calls of the meeting, the first first."""
    query = select(event.c.at, event.c.data).where(event.c.meeting_id == meeting_id, event.c.kind == "roll.called")
    return list(conn.execute(query.order_by(event.c.seq)).all())
