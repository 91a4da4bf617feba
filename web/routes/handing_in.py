"""Papers that come from a point: a file, or photographs of sheets; and what the secretary does with them and with all papers.

What a point hands in waits (`meetings/papers.py`); conductors are told how many wait and see them among the documents.
"""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.datastructures import FormData, UploadFile

from meetings import papers, service
from meetings.access import Action, Subject
from meetings.documents import MAX_BYTES
from meetings.errors import Invalid, MeetingError
from meetings.papers import File
from web import camera, legible, uploads, views
from web.container import Container, container
from web.errors import explain
from web.feed import CONDUCTORS, Person
from web.guard import allow
from web.i18n import _
from web.limits import FORM_FILES
from web.pages import done as finished
from web.pages import page
from web.routes import by_person
from web.routes.by_link import done, link, unhurried
from web.routes.by_person import own_page, person, person_of
from web.routes.meetings import documents_tab
from web.routes.join import seat_of
from web.routes.reading import meeting_of, whose
from web.uploads import Kept

router = APIRouter(tags=["papers"], default_response_class=HTMLResponse)
KEEPER = Depends(allow(Action.DOCUMENT_ADD, views.meeting))


@router.post("/j/{secret}/papers")
async def hand_in(request: Request, secret: str, by: Subject = link(Action.DOCUMENT_OFFER)) -> Response:
    """`document`: one file, or `photo`: up to twenty pictures that become one PDF.  → {id, name}"""
    unhurried(container(request), seat_of(by))
    return done(request, secret, "paper", await _handed_in(request, by))


@router.get("/p/{secret}/papers")
def handing_in(request: Request, secret: str, by: Subject = person(Action.DOCUMENT_OFFER)) -> Response:
    """The forms alone, for a telephone without scripts, whose page asks for itself anew."""
    return page(request, "person/handing_in.html", visit=request.state.caller, base=f"/p/{secret}", most=camera.MOST)


@router.post("/p/{secret}/papers")
async def hand_in_alone(request: Request, secret: str, by: Subject = person(Action.DOCUMENT_OFFER)) -> Response:
    """The same, by somebody behind the point, on a device of the own."""
    by_person.unhurried(container(request), person_of(by))
    return own_page(request, secret, "paper", await _handed_in(request, by))


async def _handed_in(request: Request, by: Subject) -> dict[str, str]:
    found, meeting_id = container(request), meeting_of(request, by)
    form = await legible.form(request, FORM_FILES, 5)
    try:
        document_id, name, waiting = await to_thread.run_sync(_offer, found, meeting_id, form, whose(request, by))
    finally:
        await form.close()
    found.hub.tell(meeting_id, "offered", {"n": waiting}, CONDUCTORS)
    if by.person:
        found.hub.tell(meeting_id, "you", {}, Person(by.person.person_id))
    return {"id": document_id, "name": name}


def _offer(found: Container, meeting_id: str, form: FormData, by: Subject) -> tuple[str, str, int]:
    with found.db.read() as conn:
        papers.offer_check(conn, service.get(conn, meeting_id), by)  # before its bytes take any room
    file = _received(found, form, by.name)
    with found.db.write() as conn:
        document_id = papers.document_offer(conn, meeting_id, _file(file), by, found.clock.now())
        return document_id, file.name, len(papers.documents(conn, meeting_id, "offered"))


def _received(found: Container, form: FormData, whose_name: str) -> Kept:
    """Raises Invalid("document.none"), and whatever judging the file raises."""
    called = _("Ảnh chụp {name}", name=f"{whose_name[:100]} {found.when.local(found.clock.now()):%H-%M}.pdf")
    kept = camera.sheets(found, form.getlist("photo"), called)
    if kept is not None:
        return kept
    file = form.get("document")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid("document.none", field="document")
    return uploads.keep(found, file.filename, file.file.read(MAX_BYTES + 1))


def _file(kept: Kept) -> File:
    return File(kept.name, kept.media_type, kept.size, kept.sha256, kept.pages)


@router.post("/meetings/{meeting_id}/photos")
def add_photos(request: Request, meeting_id: str, by: Subject = KEEPER) -> Response:
    """Photographs of sheets, taken by whoever prepares the meeting: one PDF, in at once.  `name` is what it is called."""
    found, form = container(request), request.state.form
    taken = f"{found.when.local(found.clock.now()):%d-%m %H-%M}"
    called = str(form.get("name", "")).strip() or _("Ảnh chụp {name}", name=taken)

    def work(by: Subject) -> None:
        kept = camera.sheets(found, form.getlist("photo"), called if called.endswith(".pdf") else f"{called}.pdf")
        if kept is None:
            raise Invalid("document.none", field="photo")
        with found.db.write() as conn:
            uploads.add(conn, meeting_id, kept, by, found.clock.now())

    return _told(request, meeting_id, by, work, "document")


@router.post("/meetings/{meeting_id}/documents/{document_id}/replace")
def replace(request: Request, meeting_id: str, document_id: str, by: Subject = KEEPER) -> Response:
    """`document`: the newer version."""
    found, form = container(request), request.state.form

    def work(by: Subject) -> None:
        file = form.get("document")
        if not isinstance(file, UploadFile) or not file.filename:
            raise Invalid("document.none", field="document")
        kept = uploads.keep(found, file.filename, file.file.read(MAX_BYTES + 1))
        with found.db.write() as conn:
            papers.document_replace(conn, meeting_id, document_id, _file(kept), by, found.clock.now())

    return _told(request, meeting_id, by, work, "replaced")


@router.post("/meetings/{meeting_id}/documents/{document_id}/withdraw")
def withdraw(request: Request, meeting_id: str, document_id: str, by: Subject = KEEPER) -> Response:
    """`reason`"""
    found, reason = container(request), str(request.state.form.get("reason", ""))

    def work(by: Subject) -> None:
        with found.db.write() as conn:
            papers.document_withdraw(conn, meeting_id, document_id, reason, by, found.clock.now())

    return _told(request, meeting_id, by, work, "withdrawn")


@router.post("/meetings/{meeting_id}/documents/{document_id}/settle")
def settle(request: Request, meeting_id: str, document_id: str, by: Subject = KEEPER) -> Response:
    """`do`: accept or refuse; `reason` of a refusal."""
    found, form = container(request), request.state.form

    def work(by: Subject) -> None:
        with found.db.write() as conn:
            paper = papers.document_settle(
                conn, meeting_id, document_id, form.get("do") == "accept", str(form.get("reason", "")), by, found.clock.now())
            left = len(papers.documents(conn, meeting_id, "offered"))
        found.hub.tell(meeting_id, "offered", {"n": left}, CONDUCTORS)
        if paper.person_id:
            found.hub.tell(meeting_id, "you", {}, Person(paper.person_id))

    return _told(request, meeting_id, by, work, "settled")


@router.get("/meetings/{meeting_id}/offered/{document_id}", response_class=FileResponse)
def look_at(request: Request, meeting_id: str, document_id: str, by: Subject = KEEPER) -> Response:
    """What a point handed in, before it is taken."""
    found = container(request)
    with found.db.read() as conn:
        paper = papers.document(conn, meeting_id, document_id, "offered")
    return FileResponse(found.blobs.path(paper.sha256), media_type=paper.media_type, filename=paper.name)


def _told(request: Request, meeting_id: str, by: Subject, work: Any, notice: str) -> Response:
    """The change, then the news; what is refused is said above the list."""
    try:
        work(by)
    except MeetingError as error:
        return documents_tab(request, meeting_id, 422, (explain(error),))
    container(request).hub.changed(meeting_id)
    return finished(f"/meetings/{meeting_id}/documents", notice)
