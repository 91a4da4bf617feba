"""Asks `access` with what the store knows about a meeting.  Every use case calls it before it changes anything."""

from __future__ import annotations

from meetings.access import Action, Resource, Subject, decide, require
from meetings.meeting import Meeting, State
from meetings.store import meeting_store, seat_store
from meetings.store.database import Connection


def permit(conn: Connection, meeting: Meeting, by: Subject, action: Action) -> None:
    """Raises NotAllowed for those who may read the meeting, NotFound for everybody else."""
    if not decide(by, action, meeting.resource()).allowed:
        require(by, action, resource_of(conn, meeting))


def conducting(conn: Connection, meeting_id: str, by: Subject) -> Meeting:
    """The locked meeting, if `by` conducts it and it is in session."""
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.MEETING_CONDUCT)
    meeting.check_state(State.OPEN, State.SUSPENDED)
    return meeting


def resource_of(conn: Connection, meeting: Meeting, kind: str = "meeting", issued: bool = False) -> Resource:
    """The meeting with the units that attend it, for `access.decide`."""
    return meeting.resource(kind, seat_store.attending_units(conn, meeting.meeting_id), issued)
