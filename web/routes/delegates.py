"""Đại biểu: who sits behind a point, as chair or secretary record them.  Those recorded as present may get the record."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from meetings import service
from meetings.access import Action
from meetings.errors import Invalid
from web import views
from web.container import container
from web.guard import allow
from web.legible import number
from web.pages import done

router = APIRouter(prefix="/meetings/{meeting_id}/delegates", tags=["meetings"], default_response_class=HTMLResponse)
RECORD = [Depends(allow(Action.MEETING_CONDUCT, views.meeting))]


@router.post("", dependencies=RECORD)
def add(request: Request, meeting_id: str) -> Response:
    """`point` (id), `name`, `post`, `present`: one delegate more."""
    found, form = container(request), request.state.form
    point = number(str(form.get("point", "")))
    if point is None:
        raise Invalid("delegate.point", field="point")
    with found.db.write() as conn:
        service.delegate_add(
            conn, meeting_id, point, str(form.get("name", "")), str(form.get("post", "")), bool(form.get("present")),
            request.state.subject, found.clock.now(),
        )
    return done(f"/meetings/{meeting_id}/audience", "saved")


@router.post("/{delegate_id}", dependencies=RECORD)
def correct(request: Request, meeting_id: str, delegate_id: str) -> Response:
    """`present`: whether the delegate is there."""
    found = container(request)
    present = request.state.form.get("present") == "yes"
    with found.db.write() as conn:
        service.delegate_present(conn, delegate_id, present, request.state.subject, found.clock.now())
    return done(f"/meetings/{meeting_id}/audience", "saved")
