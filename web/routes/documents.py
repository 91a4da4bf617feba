"""Văn bản: the records of all meetings this person may read, where each stands, and what waits for them."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from meetings.access import Action, Subject
from meetings.meeting import State
from meetings.units import fold
from web import minutes_view, places, views
from web.container import container
from web.guard import allow
from web.pages import page

router = APIRouter(prefix="/documents", tags=["pages"], default_response_class=HTMLResponse)
BACK = timedelta(days=800)


@router.get("")
def listing(request: Request, q: str = "", subject: Subject = Depends(allow(Action.SELF))) -> Response:
    found = container(request)
    now = found.clock.now()
    words = fold(q).split()
    with found.db.read() as conn:
        tree = places.tree(conn, found.when.today(now))
        seen = views.visible(conn, subject, tree, after=now - BACK, states=(State.CONCLUDED,))
        rows = []
        for meeting, thing in reversed(seen):
            record = minutes_view.summary(conn, subject, meeting, thing)
            if record and all(word in fold(f"{meeting.title} {record.title}") for word in words):
                rows.append((meeting, record, views.stages(meeting, minutes_view.step(conn, meeting))))
        waiting = minutes_view.waiting(conn, subject)
    return page(request, "documents.html", place="documents", rows=rows, waiting=waiting, q=q)
