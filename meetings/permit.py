"""Asks `access` with what the store knows about a meeting.  Every use case calls it before it changes anything."""

from __future__ import annotations

from meetings.access import Action, Resource, Subject, decide, require
from meetings.meeting import Meeting
from meetings.store import seat_store
from meetings.store.database import Connection


def permit(conn: Connection, meeting: Meeting, by: Subject, action: Action) -> None:
    """Raises NotAllowed for those who may read the meeting, NotFound for everybody else."""
    if not decide(by, action, meeting.resource()).allowed:
        require(by, action, resource_of(conn, meeting))


def resource_of(conn: Connection, meeting: Meeting, kind: str = "meeting", issued: bool = False) -> Resource:
    """The meeting with the units that attend it, for `access.decide`."""
    return meeting.resource(kind, seat_store.attending_units(conn, meeting.meeting_id), issued)
