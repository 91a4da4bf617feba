"""Persons as soft resources: who of a meeting's posts and leaders is named in another meeting at that time.  Warns, refuses
nothing.

Whoever may not read the other meeting learns its time and its unit.  Called by the booking page.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, or_, select

from meetings.access import Subject
from meetings.meeting import State
from meetings.store.tables import meeting, meeting_leader
from scheduler.calendar_rows import Known, meetings_known
from scheduler.slots import Slot

_POSTS: Final = ("chair", "secretary", "division_head", "clerk")
_OVER: Final = (State.CANCELLED.value, State.CONCLUDED.value, State.DRAFT.value)
_LONGEST: Final = timedelta(days=32)


def elsewhere(
    conn: Connection, user_ids: Collection[str], slot: Slot, by: Subject, except_meeting: str | None = None
) -> list[tuple[str, Known]]:
    """(person, meeting) for each of these persons who holds a post or is named in another convened meeting that overlaps the slot."""
    wanted = set(user_ids) - {""}
    if not wanted:
        return []
    columns = [meeting.c[f"{post}_id"] for post in _POSTS]
    led = select(meeting_leader.c.meeting_id).where(meeting_leader.c.user_id.in_(sorted(wanted)))
    query = select(meeting.c.meeting_id, meeting.c.leaders, *columns).where(
        meeting.c.starts_at < slot.end, meeting.c.starts_at > slot.start - _LONGEST, meeting.c.ends_at > slot.start,
        meeting.c.state.not_in(_OVER), or_(*(column.in_(sorted(wanted)) for column in columns), meeting.c.meeting_id.in_(led)),
    ).order_by(meeting.c.starts_at)
    rows = [row for row in conn.execute(query) if row.meeting_id != except_meeting]
    known = meetings_known(conn, [row.meeting_id for row in rows], by)
    return [(person, known[row.meeting_id]) for row in rows
            for person in sorted(wanted & {*row[2:], *(leader[0] for leader in row.leaders or ())})]
