"""Another rule for a series that is booked, as pages and programs give it: the dates, and by what their points were chosen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from meetings.access import Subject
from scheduler import audience_store, series_store
from scheduler.series_store import Change, Repeat, Scope
from web import convening


def repeat(
    conn: Connection, meeting_id: str, scope: Scope, wanted: Repeat, by: Subject, at: datetime, version: int | None = None,
    hurry: str = "",
) -> int:
    """For this and the following dates, or all to come; how many were changed, made or cancelled.

    Dates that are new are meetings like this one, with its points, chosen as it chose them.  `hurry`: why people are told so late.  Raises as
    `series_store.edit`, and Invalid("meeting.short_notice").
    """
    before = _members(conn, meeting_id)
    count = series_store.edit(conn, meeting_id, scope, Change(repeat=wanted), by, at, version=version, acts=convening.Saying(hurry))
    audience_store.keep_alike(conn, meeting_id, _members(conn, meeting_id) - before, at)
    return count


def _members(conn: Connection, meeting_id: str) -> set[str]:
    place = series_store.of_meeting(conn, meeting_id)
    return {row.meeting_id for row in series_store.members(conn, place.stored.series_id)} if place else set()
