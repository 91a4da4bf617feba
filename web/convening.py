"""Convening as the product does it: points and time of a meeting, the number of its invitation, and telling those invited.

One transaction of the caller's.  These belong to packages that do not know each other, so they meet here and only here; and here
whoever tells people of a meeting too late for the rule is asked why (`hurry`; Invalid("meeting.short_notice") without it).
Called by the booking pages, the programs' interface and the demonstration's scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from meetings import service as meetings
from meetings.access import Subject
from meetings.meeting import Meeting, State
from minutes import service as minutes
from scheduler import invitations, request_store, workday_store
from scheduler import service as booking


def book(
    conn: Connection, meeting_id: str, point_ids: Sequence[int], by: Subject, at: datetime, displace: str = "", hurry: str = "",
) -> int:
    """How many points are the meeting's now, those included whose owners are asked.  Raises as `scheduler.service.book`.

    While somebody is asked a draft stays one: its invitation has no number yet.
    """
    fresh = meetings.get(conn, meeting_id).state is State.DRAFT
    count = booking.book(conn, meeting_id, point_ids, by, at, displace)
    meeting = meetings.get(conn, meeting_id)
    if fresh:
        workday_store.tell_why(conn, meeting, hurry, by, at)
    _number(conn, meeting, by, at)
    return count


def convene(conn: Connection, meeting_id: str, by: Subject, at: datetime, hurry: str = "") -> None:
    """With the points that are confirmed, whoever has not answered yet.  Raises as `meetings.service.convene`."""
    meetings.convene(conn, meeting_id, by, at)
    meeting = meetings.get(conn, meeting_id)
    workday_store.tell_why(conn, meeting, hurry, by, at)
    _number(conn, meeting, by, at)
    invitations.announce(conn, meeting_id, at)


def move(
    conn: Connection, meeting_id: str, start: datetime, end: datetime, by: Subject, at: datetime, hurry: str = "",
) -> Meeting:
    """Another time, told to all.  Raises as `scheduler.service.move`."""
    before = meetings.get(conn, meeting_id)
    booking.move(conn, meeting_id, start, end, by, at)
    return _moved(conn, before, hurry, by, at)


def asks_why(conn: Connection, meeting: Meeting, start: datetime, at: datetime) -> bool:
    """Whether moving it there takes a reason."""
    return _heard_of(conn, meeting) and workday_store.asks_why(conn, meeting.meeting_id, start, at, meeting.start)


def accept(conn: Connection, request_id: str, by: Subject, at: datetime, hurry: str = "") -> Meeting:
    """What the owner of a point offered, perhaps another time.  Raises as `scheduler.service.accept`."""
    before = meetings.get(conn, request_store.load(conn, request_id).request.meeting_id)
    booking.accept(conn, request_id, by, at)
    return _moved(conn, before, hurry, by, at)


def rebook(conn: Connection, meeting_id: str, displacement_id: str, by: Subject, at: datetime, hurry: str = "") -> Meeting:
    """The time that was proposed to a meeting that lost points, with all of them.  Raises as `scheduler.service.rebook`."""
    before = meetings.get(conn, meeting_id)
    booking.rebook(conn, displacement_id, by, at)
    moved = _moved(conn, before, hurry, by, at)
    _number(conn, moved, by, at)
    return moved


def change(conn: Connection, meeting_id: str, by: Subject, at: datetime, **values: Any) -> Meeting:
    """Other words or people, told to all where it matters to them.  Raises as `meetings.service.change`."""
    changed = meetings.change(conn, meeting_id, by, at, **values)
    invitations.announce(conn, meeting_id, at)
    return changed


def cancel(conn: Connection, meeting_id: str, reason: str, by: Subject, at: datetime) -> None:
    """Cancelled, and told to all who learnt of it.  Raises as `scheduler.service.cancel`."""
    booking.cancel(conn, meeting_id, reason, by, at)


def close(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> None:
    """Ended for everybody and for ever; what is left of the time is free for others.  Raises as `scheduler.service.close`."""
    booking.close(conn, meeting_id, by, at)


@dataclass(frozen=True, slots=True)
class Saying:
    """The same for whoever changes many meetings at once, with one reason for all that are told late."""

    hurry: str

    def book(self, conn: Connection, meeting_id: str, point_ids: Sequence[int], by: Subject, at: datetime) -> int:
        return book(conn, meeting_id, point_ids, by, at, hurry=self.hurry)

    def move(self, conn: Connection, meeting_id: str, start: datetime, end: datetime, by: Subject, at: datetime) -> Meeting:
        return move(conn, meeting_id, start, end, by, at, self.hurry)

    def change(self, conn: Connection, meeting_id: str, by: Subject, at: datetime, **values: Any) -> Meeting:
        return change(conn, meeting_id, by, at, **values)

    def cancel(self, conn: Connection, meeting_id: str, reason: str, by: Subject, at: datetime) -> None:
        cancel(conn, meeting_id, reason, by, at)


def _moved(conn: Connection, before: Meeting, hurry: str, by: Subject, at: datetime) -> Meeting:
    """The meeting at another time: those who had heard of it are told why so late; of a draft, the owners of its points had."""
    now = meetings.get(conn, before.meeting_id)
    if before.state is State.DRAFT and now.state is not State.DRAFT:
        workday_store.tell_why(conn, now, hurry, by, at)
    elif _heard_of(conn, now):
        workday_store.tell_why(conn, now, hurry, by, at, before.start)
    return now


def _heard_of(conn: Connection, meeting: Meeting) -> bool:
    return meeting.state is not State.DRAFT or bool(booking.live_points(conn, meeting.meeting_id))


def _number(conn: Connection, meeting: Meeting, by: Subject, at: datetime) -> None:
    if meeting.state is not State.DRAFT:
        minutes.number_invitation(conn, meeting.meeting_id, by, at)
