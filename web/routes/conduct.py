"""What the chair and the secretary do to a running meeting, one POST each; the console in the room page uses these.

Rules live in `meetings.service`.  Every change is told to the hub, which silences or opens microphones at the media
worker and sends the news.  Closing also drafts the minutes, from the ledger, within the same request.
"""

from __future__ import annotations

import logging

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection

from meetings import service
from meetings.access import Subject
from meetings.admission import link_secret
from meetings.errors import Conflict, MeetingError
from minutes import service as minutes
from scheduler import roll_call
from web import convening
from web.conducting import CONDUCTOR, answer, conducted, number_of, said_in
from web.container import Container, container

router = APIRouter(prefix="/meetings/{meeting_id}/conduct", tags=["conduct"], default_response_class=HTMLResponse)

log = logging.getLogger("web.conduct")


@router.get("")
def enter(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """Chair and secretary sit at the meeting's main point: to the door of that point, where the console waits."""
    found = container(request)
    with found.db.read() as conn:
        meeting = service.get(conn, meeting_id)
        main = next((one for one in service.links(conn, meeting_id) if one.point_id == meeting.main_point_id), None)
    if main is None or main.revoked:
        raise Conflict("meeting.no_main_point", title=meeting.title)
    return RedirectResponse(f"/j/{link_secret(found.keys.links, main.link_id, main.generation)}", 303)


@router.post("/open")
async def open_meeting(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """Khai mạc: and who was there, where anybody was expected."""
    now = container(request).clock.now()

    def work(conn: Connection) -> None:
        service.open(conn, meeting_id, by, now)
        roll_call.noted(conn, meeting_id, "opened", by, now)

    return await conducted(request, meeting_id, work)


@router.post("/suspend")
async def suspend(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    now = container(request).clock.now()
    return await conducted(request, meeting_id, lambda conn: service.suspend(conn, meeting_id, by, now))


@router.post("/resume")
async def resume(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    now = container(request).clock.now()
    return await conducted(request, meeting_id, lambda conn: service.resume(conn, meeting_id, by, now))


@router.post("/agenda")
async def agenda(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{item}: go to this item; nothing ends the running one."""
    said, now = await said_in(request), container(request).clock.now()
    item = number_of(said["item"], "item") if said.get("item") not in (None, "") else None
    return await conducted(request, meeting_id, lambda conn: service.agenda_go(conn, meeting_id, item, by, now))


@router.post("/conclusion")
async def conclusion(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{text}: one numbered conclusion."""
    said, now = await said_in(request), container(request).clock.now()
    text = str(said.get("text", ""))
    return await conducted(
        request, meeting_id, lambda conn: service.conclusion_write(conn, meeting_id, text, by, now), "ord"
    )


@router.post("/conclusion/remove")
async def conclusion_remove(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{ord}: strike a conclusion; the ledger keeps what it was."""
    said, now = await said_in(request), container(request).clock.now()
    number = number_of(said.get("ord"), "ord")
    return await conducted(request, meeting_id, lambda conn: service.conclusion_remove(conn, meeting_id, number, by, now))


@router.post("/close")
async def close(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """Kết thúc: for everybody and for ever.  The draft of the minutes stands when this answers."""
    found = container(request)

    await conducted(request, meeting_id, lambda conn: convening.close(conn, meeting_id, by, found.clock.now()))
    drafted = await to_thread.run_sync(_draft, found, meeting_id)
    return answer(request, meeting_id, {"closed": True, "drafted": drafted, "next": f"/meetings/{meeting_id}"})


def _draft(found: Container, meeting_id: str) -> bool:
    """Drafts after the closing stands: nothing that fails here may call a closed meeting back or answer as if it were
    not closed.  False = to be drafted by hand, on the page of the minutes."""
    try:
        minutes.draft(
            found.db, found.blobs, meeting_id, None, found.clock.now(), base_url=found.settings.base_url,
            test=found.signers is None or found.signers.test,
        )
    except Exception as error:  # whatever it was: a busy database, a disk, a text that cannot be printed
        log.warning("minutes of %s not drafted: %s", meeting_id, error, exc_info=not isinstance(error, MeetingError))
        return False
    return True
