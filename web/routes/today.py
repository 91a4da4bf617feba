"""Hôm nay: what this person must do.  Meetings of today first, then what waits for their signature, then what comes."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from meetings.access import Action, Subject
from meetings.meeting import State
from web import line_news, minutes_view, places, requests_view, views
from web.container import container
from web.guard import allow
from web.pages import page

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)

AHEAD = timedelta(days=14)
COMING = 6


@router.get("/")
def today(request: Request, subject: Subject = Depends(allow(Action.SELF))) -> Response:
    found = container(request)
    now = found.clock.now()
    start, end = found.when.day_bounds(found.when.today(now))
    with found.db.read() as conn:
        tree = places.tree(conn, found.when.today(now))
        near = views.visible(conn, subject, tree, after=start - timedelta(days=1), before=now + AHEAD)
        rows = views.rows(found, conn, subject, (one for one in near if one.state is not State.CANCELLED))
        waiting = minutes_view.waiting(conn, subject)
        asked = requests_view.waiting(conn, subject, found.when.today(now))
        deciding = requests_view.for_convenor(conn, subject, near, found.when.today(now))
        lines = line_news.near(found, conn, subject, tree, near, now)
        finished = views.rows(found, conn, subject, views.visible(
            conn, subject, tree, after=now - timedelta(days=60), before=now, states=(State.CONCLUDED,), newest_first=True))
    at_hand = [row for row in rows if row.live or (row.meeting.start < end and row.meeting.end > start
                                                   and row.meeting.state is not State.CONCLUDED)]
    at_hand.sort(key=lambda row: (not row.live, row.meeting.start))
    known = {row.meeting.meeting_id for row in at_hand}
    coming = [row for row in rows if row.meeting.start >= end and row.meeting.meeting_id not in known]
    open_minutes = [row for row in finished if row.stages[-1].state != "done"]
    return page(
        request, "today.html", place="today", rows=at_hand, waiting=waiting, coming=coming[:COMING],
        open_minutes=open_minutes[:COMING], asked=asked[:COMING], lines=lines, more_asked=max(0, len(asked) - COMING), deciding=deciding,
    )
