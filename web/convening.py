"""Convening as the product does it: points and time of a meeting, the number of its invitation, and telling those invited.

One transaction of the caller's.  These belong to packages that do not know each other, so they meet here and only here.
Called by the booking pages, the programs' interface and the demonstration's scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from meetings import service as meetings
from meetings.access import Subject
from meetings.meeting import Meeting, State
from minutes import service as minutes
from scheduler import invitations
from scheduler import service as booking


def book(
    conn: Connection, meeting_id: str, point_ids: Sequence[int], by: Subject, at: datetime, displace: str = "",
) -> int:
    """How many points are the meeting's now, those included whose owners are asked.  Raises as `scheduler.service.book`.

    While somebody is asked a draft stays one: its invitation has no number yet.
    """
    count = booking.book(conn, meeting_id, point_ids, by, at, displace)
    if meetings.get(conn, meeting_id).state is not State.DRAFT:
        minutes.number_invitation(conn, meeting_id, by, at)
    return count


def convene(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> None:
    """With the points that are confirmed, whoever has not answered yet.  Raises as `meetings.service.convene`."""
    meetings.convene(conn, meeting_id, by, at)
    minutes.number_invitation(conn, meeting_id, by, at)
    invitations.announce(conn, meeting_id, at)


def move(conn: Connection, meeting_id: str, start: datetime, end: datetime, by: Subject, at: datetime) -> Meeting:
    """Another time, told to all.  Raises as `scheduler.service.move`."""
    return booking.move(conn, meeting_id, start, end, by, at)


def change(conn: Connection, meeting_id: str, by: Subject, at: datetime, **values: object) -> Meeting:
    """Other words or people, told to all where it matters to them.  Raises as `meetings.service.change`."""
    changed = meetings.change(conn, meeting_id, by, at, **values)  # type: ignore[arg-type]
    invitations.announce(conn, meeting_id, at)
    return changed


def cancel(conn: Connection, meeting_id: str, reason: str, by: Subject, at: datetime) -> None:
    """Cancelled, and told to all who learnt of it.  Raises as `scheduler.service.cancel`."""
    booking.cancel(conn, meeting_id, reason, by, at)


def close(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> None:
    """Ended for everybody and for ever; what is left of the time is free for others.  Raises as `scheduler.service.close`."""
    booking.close(conn, meeting_id, by, at)
