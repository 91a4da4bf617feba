"""The programme of a meeting, edited on a page of its own: before the opening by those who prepare it, while it is on by chair and secretary.

Items come, go, move and get other minutes; what was begun or voted on keeps number and title.  The room is told at once.
"""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings import conduct, service
from meetings.access import Action, Subject
from meetings.agenda import AgendaItem
from meetings.errors import Conflict, Invalid, MeetingError
from meetings.meeting import MAX_MINUTES, AgendaLine, State
from meetings.store import meeting_store
from web import convening, programme_form, views
from web.container import container
from web.errors import explain, status_of
from web.guard import allow
from web.i18n import _
from web.pages import done, page
from web.programme_form import Row

router = APIRouter(prefix="/meetings/{meeting_id}/agenda", tags=["meetings"], default_response_class=HTMLResponse)

EDIT = Depends(allow(Action.MEETING_EDIT, views.meeting))
RUNNING = (State.OPEN, State.SUSPENDED)


@router.get("/edit")
def form(request: Request, meeting_id: str, by: Subject = EDIT) -> Response:
    with container(request).db.read() as conn:
        items, bound = _standing(conn, meeting_id)
    return _page(request, programme_form.rows_of(items, bound), programme_form.mark(items))


@router.post("/edit")
def save(request: Request, meeting_id: str, by: Subject = EDIT) -> Response:
    """Rows of `agenda_item, agenda_order, agenda_title, agenda_presenter, agenda_minutes`; `was`: the programme the form was made from."""
    found, sent = container(request), request.state.form
    with found.db.read() as conn:
        items, bound = _standing(conn, meeting_id)
    rows = programme_form.read(sent, bound)
    try:
        lines = programme_form.lines(rows)
        with found.db.write() as conn:
            meeting = meeting_store.lock(conn, meeting_id)
            items = meeting_store.agenda_of(conn, meeting_id)
            if sent.get("was") != programme_form.mark(items):
                raise Conflict("agenda.stale")
            _write(conn, meeting_id, meeting.state, lines, by, found.clock.now())
    except MeetingError as error:
        said = explain(error)
        if isinstance(error, Invalid) and "line" in error.params:
            said = _("Dòng {n}: {said}", n=error.params["line"], said=said)
        was = programme_form.mark(items) if error.code == "agenda.stale" else str(sent.get("was", ""))[:64]
        return _page(request, rows, was, said, status_of(error))
    found.hub.changed(meeting_id)
    return done(f"/meetings/{meeting_id}/agenda", "agenda")


def _write(conn: Connection, meeting_id: str, state: State, lines: list[AgendaLine], by: Subject, at: datetime) -> None:
    """Before the opening those invited are told of it too."""
    if state in RUNNING:
        conduct.agenda_write(conn, meeting_id, lines, by, at)
    else:
        convening.change(conn, meeting_id, by, at, agenda=lines)


def _standing(conn: Connection, meeting_id: str) -> tuple[list[AgendaItem], frozenset[int]]:
    """The programme, and which of its items keep number and title."""
    items = meeting_store.agenda_of(conn, meeting_id)
    on = service.get(conn, meeting_id).state in RUNNING
    return items, conduct.bound(conn, meeting_id, items) if on else frozenset()


def _page(request: Request, rows: list[Row], mark: str, refused: str = "", status: int = 200) -> Response:
    meeting = request.state.meeting
    return page(request, "meetings/programme.html", status, place="meetings", meeting=meeting, rows=rows, mark=mark, refused=refused,
                running=meeting.state in RUNNING, most_minutes=MAX_MINUTES, ended=meeting.state in (State.CONCLUDED, State.CANCELLED))
