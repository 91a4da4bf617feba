"""Persons as soft resources: who of a meeting's posts and leaders is named in another meeting at that time.  A page
that did not tell it before is stopped once (`check`); nothing is refused for it.

A draft counts once it asks for points: it waits for a yes, and is marked so.  Whoever may not read the other meeting learns its
time and its unit.  Called by the pages that book and move, and by the interface.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, exists, or_, select

from meetings.access import Subject
from meetings.errors import Conflict
from meetings.meeting import CHANGEABLE, Meeting, State
from meetings.store import meeting_store
from meetings.store.tables import meeting, meeting_leader
from scheduler import series_rows, store
from scheduler.calendar_rows import Known, meetings_known
from scheduler.slots import Slot

_POSTS: Final = ("chair", "secretary", "division_head", "clerk")
_OVER: Final = (State.CANCELLED.value, State.CONCLUDED.value)
_LONGEST: Final = timedelta(days=32)


@dataclass(frozen=True, slots=True)
class Clash:
    """Somebody who is named in another meeting then."""

    who: str
    name: str
    meeting: Known

    def as_param(self) -> dict[str, Any]:
        """As an entry of Conflict("person.elsewhere", people=[…])."""
        other = self.meeting
        return {"person": self.who, "name": self.name, "start": other.start, "end": other.end, "unit": other.unit,
                "meeting": other.meeting_id or None, "title": other.title or None, "pending": other.pending}


def claims_time() -> ColumnElement[bool]:
    """Of the table of meetings: those that take the time of their people, drafts only while they ask for points or have some."""
    b = store.booking.c
    asks = exists().where(b.meeting_id == meeting.c.meeting_id, b.state.in_(("pending", "confirmed")))
    return or_(meeting.c.state.not_in((*_OVER, State.DRAFT.value)), (meeting.c.state == State.DRAFT.value) & asks)


def elsewhere(
    conn: Connection, user_ids: Collection[str], slot: Slot, by: Subject, except_meeting: str | None = None
) -> list[tuple[str, Known]]:
    """(person, meeting) for each of these persons who holds a post or is named in another meeting that overlaps the slot."""
    wanted = set(user_ids) - {""}
    if not wanted:
        return []
    columns = [meeting.c[f"{post}_id"] for post in _POSTS]
    led = select(meeting_leader.c.meeting_id).where(meeting_leader.c.user_id.in_(sorted(wanted)))
    query = select(meeting.c.meeting_id, meeting.c.leaders, *columns).where(
        meeting.c.starts_at < slot.end, meeting.c.starts_at > slot.start - _LONGEST, meeting.c.ends_at > slot.start,
        claims_time(), or_(*(column.in_(sorted(wanted)) for column in columns), meeting.c.meeting_id.in_(led)),
    ).order_by(meeting.c.starts_at)
    rows = [row for row in conn.execute(query) if row.meeting_id != except_meeting]
    known = meetings_known(conn, [row.meeting_id for row in rows], by)
    return [(person, known[row.meeting_id]) for row in rows
            for person in sorted(wanted & {*row[2:], *(leader[0] for leader in row.leaders or ())})]


def clashes(conn: Connection, wanted: Meeting, slot: Slot, by: Subject, before: Meeting | None = None) -> list[Clash]:
    """The meeting's chair and leaders who are elsewhere in the slot: whoever only signs or keeps the record can be replaced.

    `before`: the meeting as it stands, where it is changed; at the same time only those who are new to it are told.
    """
    people = _soft(wanted)
    if before is not None and Slot(before.start, before.end) == slot:
        people = {user_id: name for user_id, name in people.items() if user_id not in _soft(before)}
    found = elsewhere(conn, people, slot, by, wanted.meeting_id)
    return [Clash(who, people[who], other) for who, other in found]


def reach(conn: Connection, meeting_id: str) -> dict[str, Meeting]:
    """The meeting with the others of its series, as they stand: what a change of it may reach."""
    place = series_rows.of_meeting(conn, meeting_id)
    rows = series_rows.members(conn, place.stored.series_id) if place else []
    return meeting_store.many(conn, {meeting_id, *(row.meeting_id for row in rows)})


def changed(conn: Connection, meeting_id: str, before: Mapping[str, Meeting], by: Subject) -> list[Clash]:
    """What a change brought of it, in the transaction that made it; `before`: what `reach` gave then."""
    after = meeting_store.many(conn, before) | reach(conn, meeting_id)
    coming = sorted((one for one in after.values() if one.state in CHANGEABLE), key=lambda one: one.start)
    return [clash for one in coming for clash in clashes(conn, one, Slot(one.start, one.end), by, before.get(one.meeting_id))]


def check(found: Sequence[Clash]) -> None:
    """For whoever is to be asked before it is done.  Raises Conflict("person.elsewhere", people=[…], names)."""
    if found:
        names = ", ".join(dict.fromkeys(one.name for one in found))
        raise Conflict("person.elsewhere", people=[one.as_param() for one in found], names=names)


def _soft(wanted: Meeting) -> dict[str, str]:
    return {person.user_id: person.name for person in (wanted.chair, *wanted.leaders)}
