"""Captions that an assistant types: the page and the panel of the console for it, the lines to read again, and as WebVTT after the meeting.

Rules are those of `meetings.captioning`.  News of a line are the room's section `captions`; nothing here is said to anybody directly.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from sqlalchemy import Connection

from meetings import captioning, recordings
from meetings.access import Action, Subject
from meetings.captions import LIMIT, Line, cues, webvtt
from meetings.errors import Conflict, Invalid, NotFound
from meetings.store import caption_store
from minutes import layout
from web import csrf, recordings_view, views
from web.conducting import number_of, said_in
from web.container import container
from web.errors import explain, status_of, wants_json
from web.guard import allow
from web.i18n import language
from web.pages import done, page, static
from web.parts.captions import shown
from web.parts.look import iso
from web.roomwords import room_words
from web.routes.by_link import link
from web.routes.chat import NO_STORE, from_number
from web.routes.join import seat_of
from web.routes.recordings import HERE as RECORDINGS
from web.routes.recordings import READ
from web.routes.recordings import show as show_recordings

router = APIRouter(tags=["captions"], default_response_class=HTMLResponse)

HERE = "/meetings/{meeting_id}/captions"
TYPIST = Depends(allow(Action.CAPTION_TYPE, views.meeting))


@router.get("/j/{secret}/captions")
def read(request: Request, secret: str, after: int = 0, subject: Subject = link(Action.MEETING_JOIN)) -> Response:
    """The newest lines, from the one after number `after` on."""
    with container(request).db.read() as conn:
        lines = captioning.read(conn, seat_of(subject).meeting_id, from_number(after))
    return JSONResponse({"lines": [{"line": one.ord, **shown(one)} for one in lines]}, headers=NO_STORE)


@router.get(HERE)
def typing(request: Request, meeting_id: str, after: int = 0, by: Subject = TYPIST) -> Response:
    """The page to type on; as JSON the newest lines, with who typed them and until when this person may correct them."""
    found, meeting = container(request), request.state.meeting
    with found.db.read() as conn:
        lines = captioning.read(conn, meeting_id, from_number(after))
        mine = captioning.open_lines(conn, meeting, lines, by, found.clock.now())
    told = [{"line": one.ord, "author": one.author, "until": iso(one.until) if one.ord in mine else None, **shown(one)} for one in lines]
    if wants_json(request):
        return JSONResponse({"lines": told}, headers=NO_STORE)
    view = found.hub.view(meeting_id)
    sections = dict(view.sections)
    data = {
        "base": f"/meetings/{meeting_id}", "room": meeting_id, "code": None, "lang": language(), "zone": found.settings.zone,
        "sprite": static("icons/sprite.svg"), "points": sections.pop("points"), "state": {"at": iso(view.at), **sections},
        "words": room_words(), "csrf": csrf.token(request), "line_limit": LIMIT,
    }
    return page(request, "room/typing.html", title=meeting.title, data=data, after=f"/meetings/{meeting_id}")


@router.post(HERE)
async def type_line(request: Request, meeting_id: str, by: Subject = TYPIST) -> Response:
    """{text}: one more line, of the point that has the floor."""
    text = str((await said_in(request)).get("text", ""))
    return await _written(request, meeting_id, by, lambda conn, now: captioning.type_line(conn, meeting_id, text, by, now))


@router.post(HERE + "/{line}")
async def correct(request: Request, meeting_id: str, line: str, by: Subject = TYPIST) -> Response:
    """{text}: the last line reads otherwise."""
    text, ord = str((await said_in(request)).get("text", "")), number_of(line, "line")
    return await _written(request, meeting_id, by, lambda conn, now: captioning.correct(conn, meeting_id, ord, text, by, now))


@router.post(HERE + "/{line}/withdraw")
async def withdraw(request: Request, meeting_id: str, line: str, by: Subject = TYPIST) -> Response:
    """The last line is taken back."""
    ord = number_of(line, "line")
    return await _written(request, meeting_id, by, lambda conn, now: captioning.withdraw(conn, meeting_id, ord, by, now))


async def _written(request: Request, meeting_id: str, by: Subject, work: Callable[[Connection, datetime], Line]) -> Response:
    found, now = container(request), container(request).clock.now()
    found.room_pace.take(f"{meeting_id} {by.user_id}", now)

    def write() -> Line:
        with found.db.write() as conn:
            return work(conn, now)

    line = await to_thread.run_sync(write)
    found.hub.changed(meeting_id)
    if wants_json(request):
        return JSONResponse({"line": line.ord, **shown(line)})
    return RedirectResponse(f"/meetings/{meeting_id}/captions", 303)


# --- after the meeting -----------------------------------------------------------------------------------------------


@router.get(RECORDINGS + "/captions.vtt", dependencies=[READ])
def whole(request: Request, meeting_id: str) -> Response:
    """All lines, at their times from the opening of the meeting on."""
    meeting = request.state.meeting
    if meeting.opened_at is None:
        raise NotFound("not_found")
    return _vtt(request, meeting_id, meeting.opened_at, None)


@router.get(RECORDINGS + "/{recording_id}/captions.vtt", dependencies=[READ])
def of_recording(request: Request, meeting_id: str, recording_id: str) -> Response:
    """The lines of one recording, at their times in its film."""
    found = container(request)
    with found.db.read() as conn:
        one = recordings.readable(conn, meeting_id, recording_id, request.state.subject)
    return _vtt(request, meeting_id, *recordings_view.captioned(found, one))


def _vtt(request: Request, meeting_id: str, zero: datetime, until: datetime | None) -> Response:
    with container(request).db.read() as conn:
        found = cues(caption_store.every(conn, meeting_id), zero, until)
    if not found:
        raise NotFound("not_found")
    name = layout.ascii_name(f"phu-de-{zero:%Y%m%d}.vtt")
    return Response(webvtt(found), media_type="text/vtt", headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-cache"})


@router.post(RECORDINGS + "/captions/erase", dependencies=[Depends(allow(Action.RECORDING_DELETE, views.meeting))])
def erase(request: Request, meeting_id: str) -> Response:
    """`reason`: the texts of all lines are gone for good."""
    found, reason = container(request), str(request.state.form.get("reason", ""))
    try:
        with found.db.write() as conn:
            captioning.erase(conn, meeting_id, reason, request.state.subject, found.clock.now())
    except (Conflict, Invalid) as error:
        return show_recordings(request, meeting_id, status_of(error), error=explain(error), about="captions", reason=reason[:500])
    found.hub.changed(meeting_id)
    return done(f"/meetings/{meeting_id}/recordings", "captions_erased")
