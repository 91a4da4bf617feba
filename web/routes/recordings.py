"""Ghi hình: the tab of a meeting's recordings, their files, and the start and stop from the console.

Rules are those of `meetings.recordings`.  A file goes out in pieces as players want them, after its receipt; never to a seat.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse

from meetings import recordings
from meetings.access import Action, Subject
from meetings.errors import Conflict, Invalid, NotFound
from meetings.recording import CLOSED_KINDS, FORMATS, Recording
from meetings.store import caption_store, recording_store
from minutes import layout
from web import rates, recordings_view, views
from web.composer import file_of
from web.conducting import said_in
from web.container import Container, container
from web.errors import explain, status_of, wants_json
from web.guard import allow
from web.legible import number
from web.limits import DOWNLOADS_PER_ACCOUNT, DOWNLOADS_WINDOW
from web.pages import done
from web.recording import folder_of
from web.recordings import erase
from web.routes.by_link import fields, link, unhurried
from web.routes.meetings import _page as meeting_page

router = APIRouter(tags=["recordings"], default_response_class=HTMLResponse)
HERE = "/meetings/{meeting_id}/recordings"
READ = Depends(allow(Action.RECORDING_READ, views.meeting))
RUN = Depends(allow(Action.RECORDING_RUN, views.meeting))
TYPES = {"mp4": "video/mp4", "webm": "video/webm"}


# --- the console ---------------------------------------------------------------------------------------------------


@router.post("/meetings/{meeting_id}/conduct/recording")
async def run(request: Request, meeting_id: str, by: Subject = RUN) -> Response:
    """{do: start, purpose, notice, keep (days), asks} or {do: stop}."""
    found = container(request)
    said = await said_in(request)
    if said.get("do") not in ("start", "stop"):
        raise Invalid("bad_request", field="do")

    def work() -> Recording:
        with found.db.write() as conn:
            if said["do"] == "stop":
                return recordings.stop(conn, meeting_id, by, found.clock.now())
            days = number(str(said.get("keep", ""))) or 0
            return recordings.start(conn, meeting_id, str(said.get("purpose", "")), str(said.get("notice", "")), days,
                                    bool(said.get("asks")), by, found.clock.now())

    one = await to_thread.run_sync(work)
    found.recordings.wake()
    found.hub.changed(meeting_id)
    if wants_json(request):
        return JSONResponse({"recording": one.recording_id, "stand": one.stand.value})
    return done(f"/meetings/{meeting_id}/recordings")


@router.get("/meetings/{meeting_id}/conduct/recording")
def status(request: Request, meeting_id: str, by: Subject = RUN) -> Response:
    """{recording, stand, told, aware, seconds, tracks, bytes, gaps, full}: how many points were told and show it, and what its
    recorder said last; nothing of that while none is in the room.  Where nothing is recorded {asks, ended}: what the form
    proposes, and why the last one ended."""
    found = container(request)
    with found.db.read() as conn:
        going = recording_store.running(conn, meeting_id)
        told = recording_store.told(conn, going[0].recording_id) if going else []
        last = None if going else next(reversed(recording_store.of_meeting(conn, meeting_id)), None)
    if not going:
        return JSONResponse({"asks": request.state.meeting.kind in CLOSED_KINDS, "ended": last.reason if last else None})
    one = going[0]
    said = found.recordings.status(one.recording_id) or {}
    return JSONResponse({"recording": one.recording_id, "stand": one.stand.value, "told": len(told), "aware": sum(one.knows(row) for row in told),
                         **{name: said[name] for name in ("seconds", "tracks", "bytes", "gaps", "full") if name in said}})


@router.post("/j/{secret}/recording")
async def told(request: Request, secret: str, subject: Subject = link(Action.MEETING_JOIN)) -> Response:
    """{agreed} → {new, agreed}: the point's page shows the notice; agreed: somebody there said that they know."""
    seat = request.state.seat
    found, said = container(request), await fields(request)
    unhurried(found, seat)

    def work() -> dict[str, bool]:
        with found.db.write() as conn:
            new = recordings.told(conn, seat.meeting_id, subject, bool(said.get("agreed")), found.clock.now())
            one = recording_store.running(conn, seat.meeting_id)[0]
            row = recording_store.told_of(conn, one.recording_id, seat.point_id)
            return {"new": new, "agreed": row is not None and row.agreed_at is not None}

    return JSONResponse(await to_thread.run_sync(work))


# --- the tab -------------------------------------------------------------------------------------------------------


@router.get(HERE, dependencies=[READ])
def listing(request: Request, meeting_id: str) -> Response:
    return show(request, meeting_id)


def show(request: Request, meeting_id: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The tab; `values`: what was typed in a form of it, and what is wrong with it."""
    found = container(request)
    with found.db.read() as conn:
        listed, lines = recordings_view.shown(found, conn, meeting_id), caption_store.times(conn, meeting_id)
    spans = {shown.one.recording_id: recordings_view.captioned(found, shown.one) for shown in listed} if lines else {}
    captioned = {key for key, (zero, until) in spans.items() if any(zero <= at <= (until or at) for at in lines)}
    return meeting_page(request, "recordings", status, listed=listed, captions=len(lines), captioned=captioned, lasted=recordings_view.lasted,
                        **{"error": "", "about": "", "reason": "", **values})


@router.post(HERE + "/{recording_id}/compose", dependencies=[READ])
def compose(request: Request, meeting_id: str, recording_id: str) -> Response:
    """`format`: one file of everything; it is made when the machine has time."""
    found, form = container(request), str(request.state.form.get("format", ""))
    try:
        with found.db.write() as conn:
            recordings.compose(conn, meeting_id, recording_id, form, request.state.subject, found.clock.now())
    except (Conflict, Invalid) as error:
        return show(request, meeting_id, status_of(error), error=explain(error), about=recording_id)
    found.composer.wake()
    return done(f"/meetings/{meeting_id}/recordings")


@router.post(HERE + "/{recording_id}/delete", dependencies=[Depends(allow(Action.RECORDING_DELETE, views.meeting))])
def delete(request: Request, meeting_id: str, recording_id: str) -> Response:
    """`reason`; the files are gone when this answers, unless one is just being made of them."""
    found, reason = container(request), str(request.state.form.get("reason", ""))
    try:
        with found.db.write() as conn:
            recordings.delete(conn, meeting_id, recording_id, reason, request.state.subject, found.clock.now())
    except (Conflict, Invalid) as error:
        return show(request, meeting_id, status_of(error), error=explain(error), about=recording_id, reason=reason[:500])
    erase(found.db, found.settings.data, found.clock.now())
    return done(f"/meetings/{meeting_id}/recordings", "recording_deleted")


@router.get(HERE + "/{recording_id}/file.{form}", dependencies=[READ], response_class=FileResponse)
def single(request: Request, meeting_id: str, recording_id: str, form: str) -> Response:
    """The single file.  `range` is honoured: players and broken downloads go on where they were."""
    found = container(request)
    one = _readable(request, found, meeting_id, recording_id)
    with found.db.read() as conn:
        made = recording_store.composition_of(conn, recording_id, form) if form in FORMATS else None
    if made is None or made.sha256 is None:
        raise NotFound("not_found")
    name = layout.ascii_name(f"ghi-hinh-{one.started_at:%Y%m%d}-{one.folder[-4:]}.{form}")
    return _send(request, one, file_of(found.settings.data, one, form), form, made.sha256, TYPES[form], name)


@router.get(HERE + "/{recording_id}/tracks/{file}", dependencies=[READ], response_class=FileResponse)
def track(request: Request, meeting_id: str, recording_id: str, file: str) -> Response:
    """What one point sent, as it came."""
    found = container(request)
    one = _readable(request, found, meeting_id, recording_id)
    known = next((track for track in recordings_view.manifest(found, one)["tracks"] if track["file"] == file), None)
    if known is None or not known["sha256"]:
        raise NotFound("not_found")
    path = folder_of(found.settings.data, meeting_id) / one.folder / file
    media_type = f"{known['kind']}/webm" if path.suffix == ".webm" else "video/x-matroska"
    return _send(request, one, path, file, known["sha256"], media_type, file)


def _readable(request: Request, found: Container, meeting_id: str, recording_id: str) -> Recording:
    with found.db.read() as conn:
        return recordings.readable(conn, meeting_id, recording_id, request.state.subject)


def _send(request: Request, one: Recording, path: Path, file: str, sha256: str, media_type: str, name: str) -> Response:
    """The receipt first, then the bytes; whoever has them already gets neither."""
    found, by, at = container(request), request.state.subject, container(request).clock.now()
    headers = {"etag": f'"{sha256}"', "cache-control": "private, no-cache"}
    if f'"{sha256}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if not path.is_file():
        raise NotFound("not_found")
    if found.receipts.due(by.user_id, sha256, "range" in request.headers, at):
        with found.db.write() as conn:
            rates.count(conn, f"download:{by.user_id}", DOWNLOADS_PER_ACCOUNT, DOWNLOADS_WINDOW, at)
            recordings.released(conn, one.recording_id, file, sha256, by, at)
        found.receipts.given(by.user_id, sha256, at)
    headers["content-disposition"] = f'attachment; filename="{name}"'
    return FileResponse(path, media_type=media_type, headers=headers)
