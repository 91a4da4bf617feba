"""Letters of one meeting that were refused, sent once more by whoever prepares it; the page of operations has those of all."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from meetings.access import Action
from meetings.errors import NotFound
from scheduler import outbox, sent, series_invitations
from web import views
from web.container import container
from web.guard import allow
from web.legible import number
from web.pages import done

router = APIRouter(prefix="/meetings/{meeting_id}/letters", tags=["meetings"], default_response_class=HTMLResponse)
PAGES = ("audience", "approvals")


@router.post("/again", dependencies=[Depends(allow(Action.MEETING_EDIT, views.meeting))])
def again(request: Request, meeting_id: str) -> Response:
    """`item`: what was refused, or waits for another try; `back`: the tab on which it was seen."""
    found, form = container(request), request.state.form
    item, back = number(str(form.get("item", ""))), str(form.get("back", ""))
    with found.db.write() as conn:
        if item is None or not sent.belongs(conn, item, meeting_id, series_invitations.of_meeting(conn, meeting_id)):
            raise NotFound("not_found")
        n = outbox.again(conn, item, found.clock.now())
    return done(f"/meetings/{meeting_id}/{back if back in PAGES else PAGES[0]}", "again", int(n))
