"""Reads and writes the people behind a point: who is there by name.  Decides nothing; called by the use cases.

A person of a meeting is a row of `delegate`, under the id of the registration where there was one.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, select

from meetings.store.tables import delegate, seat


class PersonAt(NamedTuple):
    """Somebody who is there now, and at which point."""

    person_id: str
    point_id: int
    name: str
    post: str


_d = delegate.c


def present_persons(conn: Connection, meeting_id: str) -> list[PersonAt]:
    """Everybody who was checked in and has not left, point by point in the order of booking: who may vote where persons vote."""
    query = select(_d.delegate_id, _d.point_id, _d.name, _d.post).join(
        seat, (seat.c.meeting_id == _d.meeting_id) & (seat.c.point_id == _d.point_id))
    query = query.where(_d.meeting_id == meeting_id, _d.present.is_(True)).order_by(seat.c.ord, _d.ord)
    return [PersonAt._make(row) for row in conn.execute(query).all()]
