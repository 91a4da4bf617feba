"""The page of somebody behind a point, on a device of the own: check in, leave, ask to speak, vote, read, write, hand in papers.  No sound, no camera.

It works by plain forms, without scripts and on an old telephone; where there are scripts the page follows the room.  What stands
on it are the places of `web.person_places`; whoever opens it never becomes the point, and the point's presence is not touched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, StreamingResponse
from sqlalchemy import Connection

from meetings import papers, service
from meetings.access import Action, Subject
from meetings.errors import MeetingError, NotFound
from meetings.people import How, Wanted
from meetings.store import vote_store
from scheduler import person_links, roll_call
from web import person_places
from web.container import Container, container
from web.errors import wants_json
from web.feed import CONDUCTORS, Point
from web.i18n import N_, _
from web.pages import page
from web.person_places.look import Look
from web.routes.by_link import fields
from web.routes.by_person import own_page, person, person_of, unhurried
from web.routes.events import stream
from web.routes.hand import raised
from web.routes.papers_by_link import SHOWN_INLINE

SILENT = {"permissions-policy": "camera=(), microphone=(), display-capture=(), autoplay=(), geolocation=()"}
"""A device beside others of its room makes no sound and hears none, or the room would echo."""

router = APIRouter(prefix="/p", tags=["person"], default_response_class=HTMLResponse)

SAID = {
    "here": N_("Đã ghi bạn có mặt."), "left": N_("Đã ghi bạn rời họp."), "hand": N_("Đã ghi nhận."),
    "vote": N_("Đã ghi nhận phiếu của bạn."), "chat": N_("Đã gửi tin nhắn."), "held": N_("Đã gửi; chủ trì hoặc thư ký duyệt rồi mọi người mới đọc được."),
    "paper": N_("Đã gửi thư ký. Mọi người đọc được khi thư ký nhận."),
}


@router.get("/{secret}")
def show(request: Request, secret: str, subject: Subject = person(Action.PERSON_SELF, after=True)) -> Response:
    found, visit = container(request), request.state.caller
    view = found.hub.view(visit.ref.meeting_id)
    with found.db.read() as conn:
        places = person_places.shown(Look(conn, visit, view.sections, found.clock.now(), f"/p/{secret}"))
    said = SAID.get(request.query_params.get("done", ""))
    return page(request, "person/page.html", headers=SILENT, visit=visit, meeting=visit.meeting, person=visit.person, places=places, sections=view.sections,
                base=f"/p/{secret}", said=_(said) if said else "", point_name=view.sections["points"].get(visit.ref.code, visit.ref.code))


@router.get("/{secret}/events")
async def events(request: Request, secret: str, subject: Subject = person(Action.PERSON_SELF)) -> StreamingResponse:
    """state, change, you (something was said of this person), beat."""
    found, ref = container(request), person_of(subject)
    listener = found.hub.feed.listen(ref.meeting_id, None, person=ref.person_id)

    def keeps() -> bool:
        try:
            with found.db.read() as conn:
                person_links.open(conn, found.keys.persons, secret)
        except MeetingError:
            return False
        return True

    return stream(found.hub, listener, keeps)


@router.post("/{secret}/here")
async def here(request: Request, secret: str, subject: Subject = person(Action.PERSON_SELF)) -> Response:
    """Tôi có mặt."""
    return await _say(request, secret, subject, Wanted.PRESENT, "here")


@router.post("/{secret}/left")
async def left(request: Request, secret: str, subject: Subject = person(Action.PERSON_SELF)) -> Response:
    """Tôi rời họp."""
    return await _say(request, secret, subject, Wanted.LEFT, "left")


@router.post("/{secret}/hand")
async def hand(request: Request, secret: str, subject: Subject = person(Action.HAND_RAISE)) -> Response:
    """{up, kind?, item?, note?}: into the queue of speakers, by the own name; {up: false, entry?}: out of it."""
    body, ref = await fields(request), person_of(subject)
    return await _do(request, secret, subject, "hand", lambda conn, found: raised(
        conn, ref.meeting_id, ref.point_id, body, subject, found.clock.now()))


@router.post("/{secret}/vote")
async def vote(request: Request, secret: str, subject: Subject = person(Action.MOTION_VOTE)) -> Response:
    """{motion, choice} → {receipt}: the person's one ballot, where persons vote."""
    found, ref, body = container(request), person_of(subject), await fields(request)
    motion, choice = str(body.get("motion", "")), str(body.get("choice", ""))
    via = "room" if wants_json(request) else "plain"
    unhurried(found, ref)

    def work(conn: Connection) -> str:
        if vote_store.meeting_of(conn, motion) != ref.meeting_id:  # one transaction is about one meeting
            raise NotFound("motion.unknown")
        return service.cast(conn, motion, ref.person_id, choice, subject, found.clock.now(), via)

    receipt = await found.ballots.keep(ref.meeting_id, work)
    found.hub.changed(ref.meeting_id)
    return own_page(request, secret, "vote", {"receipt": receipt})


@router.get("/{secret}/documents/{document_id}")
def document(request: Request, secret: str, document_id: str, subject: Subject = person(Action.DOCUMENT_READ)) -> Response:
    """A document of the meeting; what browsers can show opens in the browser."""
    found, ref = container(request), person_of(subject)
    with found.db.read() as conn:
        one = papers.document(conn, ref.meeting_id, document_id)
    return FileResponse(found.blobs.path(one.sha256), media_type=one.media_type, filename=one.name,
                        content_disposition_type="inline" if one.media_type in SHOWN_INLINE else "attachment")


async def _say(request: Request, secret: str, subject: Subject, to: Wanted, done: str) -> Response:
    ref = person_of(subject)

    def work(conn: Connection, found: Container) -> bool:
        return roll_call.say(conn, ref.meeting_id, ref.point_id, ref.person_id, to, subject, found.clock.now(), how=How.PHONE)

    answer = await _do(request, secret, subject, done, work)
    for who in (Point(ref.code), CONDUCTORS):
        container(request).hub.tell(ref.meeting_id, "people", {"point": ref.code}, who)
    return answer


async def _do(request: Request, secret: str, subject: Subject, done: str, work: Callable[[Connection, Container], Any]) -> Response:
    """One transaction, then the news; back to the page for plain forms."""
    found, ref = container(request), person_of(subject)
    unhurried(found, ref)

    def run() -> Any:
        with found.db.write() as conn:
            return work(conn, found)

    result = await to_thread.run_sync(run)
    found.hub.changed(ref.meeting_id)
    return own_page(request, secret, done, {done: True if result is None else result})
