"""A series as letters, feeds and its page tell it: its entry, its dates in words, its invitation as a document.  Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from meetings.access import Subject
from meetings.errors import MeetingError
from meetings.meeting import Meeting
from minutes import service as minutes
from minutes.model import DocumentModel
from scheduler import claims, invitations, readings, series_invitations
from scheduler.calendar_mail import Entry
from scheduler.series_mail import Date, Form
from web import repeat
from web.container import Container
from web.i18n import ngettext
from web.repeat import Plan
from web.when import When


def plain(found: Container, series_id: str, meeting: Meeting, sequence: int, stamped: datetime) -> Entry:
    """What every entry of the series has alike; `meeting` is one of it."""
    entry = invitations.entry(meeting, sequence, stamped, f"{found.settings.base_url}/meetings/{meeting.meeting_id}/series")
    return Entry(series_id, entry.title, entry.start, entry.end, entry.place, sequence, stamped, False, entry.address, entry.notes)


def words(form: Form, dates: Sequence[Date], when: When, count: int) -> str:
    """Hằng tuần, Thứ Hai, 08:00, đến 24/12/2026: 42 buổi.  One date is told as any meeting; of more than are named, how many more."""
    if len(dates) > 1:
        number = ngettext("{n} buổi", "{n} meetings", count)
        return f"{repeat.words(form.series, when, dates[-1].start)}: {number}"
    first = when.span(dates[0].start, dates[0].end)
    more = ngettext("và {n} buổi nữa", "and {n} more", count - 1)
    return f"{first}; {more}" if count > 1 else first


def document(conn: Connection, meeting_id: str, rule: str, dates: Sequence[tuple[datetime, datetime]]) -> DocumentModel | None:
    """The invitation to all these dates, under the number of the first of them; to one date it is that meeting's own."""
    return minutes.invitation(conn, meeting_id, minutes.Repetition(rule, tuple(dates)) if len(dates) > 1 else None)


def gathered(found: Container, conn: Connection, entries: Sequence[Entry]) -> list[Entry]:
    """The same with the meetings of a series as one entry, as the mails have it: a calendar that gets both shows one."""
    places = series_invitations.places(conn, [entry.meeting_id for entry in entries])
    mine: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.meeting_id in places and not entry.cancelled and not entry.tentative:
            mine[places[entry.meeting_id][0]].append(entry)
    told = series_invitations.told(conn, sorted(mine))
    alone = [entry for entry in entries if entry.meeting_id not in places or entry.tentative]
    for series_id, ours in sorted(mine.items()):
        series, sequence, stamped, apart = told[series_id]
        dates = {one.meeting_id: Date(places[one.meeting_id][1], one.start, one.end, one.title, one.place, 0) for one in ours}
        form = Form(series.rule, series.start, series.zone, series.length, dates, apart)
        address = f"{found.settings.base_url}/meetings/{ours[0].meeting_id}/series" if ours[0].address else ""
        alone += form.entries(replace(ours[0], meeting_id=series_id, sequence=sequence, stamped=stamped, address=address), list(dates))
    return alone


def clashes(conn: Connection, plan: Plan | None, point_ids: Sequence[int], by: Subject) -> dict[str, MeetingError]:
    """What stands in the way of each date of a series that is about to be booked, by its key."""
    rows = [row for row in plan.rows if not row.left_out] if plan and point_ids else []
    found = readings.conflicts_at(conn, point_ids, [row.slot for row in rows], by)
    return {row.key: claims.overlap(taken) for row, taken in zip(rows, found, strict=True) if taken}
