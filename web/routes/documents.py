"""Văn bản: the records of all meetings this person may read, where each stands, and what waits for them."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.meeting import Meeting, State
from meetings.units import Sought
from web import minutes_view, places, views
from web.container import container
from web.guard import allow
from web.minutes_view import Summary
from web.pages import page
from web.paging import PageNumber, part

router = APIRouter(prefix="/documents", tags=["pages"], default_response_class=HTMLResponse)
BACK = timedelta(days=800)


@router.get("")
def listing(
    request: Request, q: str = "", number: PageNumber = 1, subject: Subject = Depends(allow(Action.SELF))
) -> Response:
    """The newest first; the words and the page are in the address."""
    found = container(request)
    now = found.clock.now()
    sought = Sought(q)
    with found.db.read() as conn:
        tree = places.tree(conn, found.when.today(now))
        seen = views.visible(conn, subject, tree, after=now - BACK, states=(State.CONCLUDED,), newest_first=True)
        recorded = [meeting for meeting in seen if minutes_view.drafted(conn, meeting.meeting_id)
                    and views.may(conn, subject, Action.MINUTES_READ, meeting)]
        shown = part(_matching(conn, subject, recorded, sought), number)
        rows = [(meeting, record, views.stages(meeting, minutes_view.step(conn, meeting)))
                for meeting in shown.items if (record := _record(conn, subject, meeting))]
        waiting = minutes_view.waiting(conn, subject)
    return page(request, "documents.html", place="documents", rows=rows, part=shown, waiting=waiting, q=q)


def _matching(conn: Connection, subject: Subject, meetings: list[Meeting], sought: Sought) -> list[Meeting]:
    """Those whose name or number holds every word.  A number costs a look at each record: only a search pays for it."""
    if not sought:
        return meetings
    return [meeting for meeting in meetings if (record := _record(conn, subject, meeting))
            and sought.within(meeting.title, record.title)]


def _record(conn: Connection, subject: Subject, meeting: Meeting) -> Summary | None:
    return minutes_view.summary(conn, subject, meeting, views.resource_of(conn, meeting))
