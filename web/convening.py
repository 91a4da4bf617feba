"""Booking as the product does it: points for the meeting, and with the convening the number of its invitation.

One transaction of the caller's.  The two belong to packages that do not know each other, so they meet here and only
here.  Called by the booking pages and the demonstration's scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from meetings.access import Subject
from minutes import service as minutes
from scheduler import service as booking


def book(conn: Connection, meeting_id: str, point_ids: Sequence[int], by: Subject, at: datetime) -> int:
    """How many points are the meeting's now.  Raises as `scheduler.service.book`."""
    count = booking.book(conn, meeting_id, point_ids, by, at)
    minutes.number_invitation(conn, meeting_id, by, at)
    return count
