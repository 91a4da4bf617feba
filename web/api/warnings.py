"""What an answer says beside the meeting it made or changed: who is elsewhere then, and whose requests it declined.

Nothing is refused for it; the pages ask before (`scheduler.people.check`, the form's picture).  Reads only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from meetings.access import Subject
from meetings.meeting import Meeting
from scheduler import people, readings
from scheduler.slots import Slot
from web.api.shapes_meetings import MeetingDone, MeetingOut, WarningOut
from web.i18n import _
from web.when import When


def done(
    conn: Connection, shown: MeetingOut, meeting: Meeting, when: When, by: Subject, at: datetime, before: Meeting | None = None,
) -> MeetingDone:
    """`shown` with the warnings; `before`: the meeting as it was, where it was changed."""
    slot = Slot(meeting.start, meeting.end)
    found = [_elsewhere(one, when) for one in people.clashes(conn, meeting, slot, by, before)]
    return MeetingDone(**dict(shown), warnings=[*found, *_overtaken(conn, meeting, slot, when, by, at)])


def _elsewhere(one: people.Clash, when: When) -> WarningOut:
    other = one.meeting
    detail = _("{name} đã có họp {hours} ({unit})", name=one.name, hours=when.hours(other.start, other.end), unit=other.unit)
    return WarningOut(warning="person.elsewhere", detail=detail, person=one.who, start=other.start, end=other.end, unit=other.unit,
                      meeting=other.meeting_id or None, title=other.title or None, pending=other.pending)


def _overtaken(conn: Connection, meeting: Meeting, slot: Slot, when: When, by: Subject, at: datetime) -> Iterator[WarningOut]:
    """One for each meeting whose points were taken."""
    lost: dict[tuple[Slot, str, str, str], list[str]] = defaultdict(list)
    for one in readings.overtaken(conn, readings.points_of_meeting(conn, meeting.meeting_id), slot, at, by):
        lost[one.slot, one.unit, one.meeting_id or "", one.meeting_title or ""].append(one.code)
    for (taken, unit, meeting_id, title), codes in lost.items():
        detail = _("Đã từ chối đề nghị đang chờ của {unit}, {hours}.", unit=unit, hours=when.hours(taken.start, taken.end))
        yield WarningOut(warning="request.overtaken", detail=detail, points=sorted(codes), start=taken.start, end=taken.end, unit=unit,
                         meeting=meeting_id or None, title=title or None)
