"""A slip answered by somebody's own link: the question, the papers, one answer, its receipt.  Plain forms, no scripts; during the meeting
and after it, until the deadline."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from sqlalchemy import Connection

from meetings import papers, slips
from meetings.access import Action, Subject
from meetings.errors import Closed, MeetingError, NotFound
from meetings.store import vote_store
from scheduler import slip_rounds
from web import slips_view
from web.container import container
from web.errors import explain, status_of, wants_json
from web.pages import page
from web.routes.by_link import fields
from web.routes.by_person import person, person_of, unhurried
from web.routes.papers_by_link import SHOWN_INLINE

router = APIRouter(prefix="/p", tags=["person"], default_response_class=HTMLResponse)
HERE = "/{secret}/slips/{motion}"


@router.get(HERE)
def show(request: Request, secret: str, motion: str, subject: Subject = person(Action.SLIP_ANSWER, after=True)) -> Response:
    return _show(request, secret, motion, subject)


@router.post(HERE)
async def answer(request: Request, secret: str, motion: str, subject: Subject = person(Action.SLIP_ANSWER, after=True)) -> Response:
    """{choice, opinion?} → {receipt}: the one answer."""
    found, ref, said = container(request), person_of(subject), await fields(request)
    unhurried(found, ref)

    def work(conn: Connection) -> str:
        if vote_store.meeting_of(conn, motion) != ref.meeting_id:  # one transaction is about one meeting
            raise NotFound("motion.unknown")
        return slip_rounds.answer(conn, motion, str(said.get("choice") or ""), str(said.get("opinion") or ""), subject, found.clock.now())

    try:
        receipt = await found.ballots.keep(ref.meeting_id, work)
    except MeetingError as error:
        if wants_json(request) or isinstance(error, NotFound):
            raise
        refused = error
        return await to_thread.run_sync(
            lambda: _show(request, secret, motion, subject, status_of(refused), error=explain(refused), said=said))
    found.hub.changed(ref.meeting_id)
    return JSONResponse({"receipt": receipt}) if wants_json(request) else RedirectResponse(f"/p/{secret}/slips/{motion}?done=1", 303)


@router.get(HERE + "/documents/{document_id}")
def document(
    request: Request, secret: str, motion: str, document_id: str, subject: Subject = person(Action.SLIP_ANSWER, after=True),
) -> Response:
    """A paper of the meeting, for whoever is asked, as long as the slips run: after the meeting no other link of a person opens it."""
    found, ref = container(request), person_of(subject)
    with found.db.read() as conn:
        row, _own = slips.asked(conn, motion, ref)
        if row.closed_at is not None or found.clock.now() > row.due_at:
            raise Closed("motion.closed", title=row.title)
        one = papers.document(conn, ref.meeting_id, document_id, "in")
    return FileResponse(found.blobs.path(one.sha256), media_type=one.media_type, filename=one.name,
                        content_disposition_type="inline" if one.media_type in SHOWN_INLINE else "attachment")


def _show(
    request: Request, secret: str, motion: str, subject: Subject, status: int = 200, *, error: str = "", said: dict[str, Any] | None = None,
) -> HTMLResponse:
    found, ref = container(request), person_of(subject)
    with found.db.read() as conn:
        if vote_store.meeting_of(conn, motion) != ref.meeting_id:
            raise NotFound("motion.unknown")
        slip = slips_view.of_person(conn, motion, ref, found.clock.now())
    return page(request, "person/slip.html", status, visit=request.state.caller, meeting=request.state.caller.meeting, slip=slip,
                base=f"/p/{secret}", error=error, said=said or {}, fresh="done" in request.query_params)
