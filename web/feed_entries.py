"""What stands in a calendar feed: the meetings of a person, or what takes up a point, as far as the maker may see it.

The same rows give the same bytes, so a program that asks again can be told that nothing changed.  Reads only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from meetings.access import Subject
from meetings.errors import NotFound
from meetings.meeting import Meeting, State
from meetings.store.among import among
from scheduler import calendar_mail, invitations, points
from scheduler import service as booking
from scheduler.booking import NamedBooking
from scheduler.calendar_mail import Entry
from scheduler.feeds import Feed
from scheduler.mail_table import calendar_entry
from scheduler.slots import Slot
from web import places, series_view, session, store, views
from web.container import Container
from web.i18n import _

BACK, AHEAD = timedelta(days=60), timedelta(days=400)
STATES = tuple(state for state in State if state is not State.DRAFT)


def calendar(found: Container, conn: Connection, feed: Feed, now: datetime) -> bytes:
    """Raises NotFound where its maker may not sign in any more."""
    maker = store.get_account(conn, feed.made_by)
    if maker.disabled_at is not None:
        raise NotFound("not_found")
    subject = session.subject_of(conn, maker, found.when.today(now))
    if feed.point_id is not None:
        point = points.points_by_id(conn, [feed.point_id])[feed.point_id]
        return calendar_mail.feed(point.name, _of_point(found, conn, feed, subject, now))
    return calendar_mail.feed(_("Lịch họp của {name}", name=maker.name), _of_person(found, conn, subject, now))


def _of_person(found: Container, conn: Connection, subject: Subject, now: datetime) -> list[Entry]:
    tree = places.tree(conn, found.when.today(now))
    seen = views.visible(conn, subject, tree, after=now - BACK, before=now + AHEAD, states=STATES)
    told = _told(conn, [meeting.meeting_id for meeting in seen])
    return series_view.gathered(found, conn, [_entry(found, meeting, told) for meeting in seen])


def _entry(found: Container, meeting: Meeting, told: dict[str, tuple[int, datetime]]) -> Entry:
    sequence, stamped = told.get(meeting.meeting_id, (0, meeting.created_at))
    return invitations.entry(meeting, sequence, stamped, f"{found.settings.base_url}/meetings/{meeting.meeting_id}")


def _of_point(found: Container, conn: Connection, feed: Feed, subject: Subject, now: datetime) -> list[Entry]:
    assert feed.point_id is not None
    taken = booking.bookings(conn, [feed.point_id], Slot(now - BACK, now + AHEAD), subject, waiting=True)
    told = _told(conn, [one.meeting_id for one in taken if one.meeting_id])
    entries = []
    for one in taken:
        key = one.meeting_id or _mark(feed, one)
        sequence, stamped = told.get(key, (0, one.slot.start))
        page = f"{found.settings.base_url}/meetings/{key}" if one.meeting_id else ""
        waits = one.state == "pending"
        title = one.meeting_title or (_("Chờ xác nhận") if waits else _("Đã có lịch"))
        entries.append(Entry(key, title, one.slot.start, one.slot.end, one.unit, sequence, stamped, tentative=waits, address=page))
    return series_view.gathered(found, conn, entries)


def _mark(feed: Feed, one: NamedBooking) -> str:
    """A name for what the reader may not know: it says nothing and is another in every feed."""
    waits = f" {one.unit} {one.slot.end.isoformat()}" if one.state == "pending" else ""  # of those several may begin at one time
    return hashlib.sha256(f"{feed.feed_id} {one.slot.start.isoformat()}{waits}".encode()).hexdigest()[:36]


def _told(conn: Connection, ids: Sequence[str]) -> dict[str, tuple[int, datetime]]:
    e = calendar_entry.c
    rows = conn.execute(select(e.meeting_id, e.sequence, e.changed_at).where(among(e.meeting_id, ids)))
    return {row.meeting_id: (row.sequence, row.changed_at) for row in rows}
