"""Downloads of minutes and packets, by account or by a delegate's personal link, and the giving of those links.

Each download asks `minutes.release`, which decides, reads the file again and writes the receipt before the first byte
goes out.  The ETag is the file's SHA-256, so a browser that has the file gets 304 and nothing is sent or receipted.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from sqlalchemy import Connection

from meetings import service as meetings
from meetings.access import Action, Resource, Subject
from meetings.errors import MeetingError, NotFound
from meetings.store import meeting_store
from minutes import release, service
from minutes.release import What
from web import rates, views
from web.container import Container, container
from web.guard import allow
from web.legible import number
from web.limits import DOWNLOADS_PER_ACCOUNT, DOWNLOADS_WINDOW
from web.pages import done, page
from web.routes.minutes import HERE, render

router = APIRouter(tags=["minutes"])
FILES = {"minutes.pdf": What.PDF, "minutes.docx": What.DOCX, "packet.asice": What.PACKET}
LINK_DAYS = release.DEFAULT.days


def by_link(found: Container, request: Request) -> Subject:
    """Who comes with the personal link in the path.  Raises NotFound or Closed, as `release.open_link`."""
    with found.db.read() as conn:
        ref = release.open_link(conn, found.keys.releases, request.path_params["token"], found.clock.now())
    request.state.delegate = ref
    return Subject(name=ref.name, delegate=ref)


def record(request: Request, conn: Connection) -> Resource:
    """The record of the meeting in the path, or of the delegate's link."""
    ref = getattr(request.state, "delegate", None)
    meeting_id = ref.meeting_id if ref else request.path_params["meeting_id"]
    request.state.meeting = meeting_store.load(conn, meeting_id)
    return release.resource(conn, meeting_id)


def _send(request: Request, meeting_id: str, name: str) -> Response:
    found, what = container(request), FILES[name]
    at, by = found.clock.now(), request.state.subject
    who, known = by.user_id or request.state.delegate.delegate_id, request.headers.get("if-none-match", "")
    with found.db.write() as conn:
        rates.count(conn, f"download:{who}", DOWNLOADS_PER_ACCOUNT, DOWNLOADS_WINDOW, at)
    file = release.deliver(found.db, found.blobs, meeting_id, what, by, at, known=known)
    headers = {"etag": f'"{file.sha256}"', "cache-control": "private, no-cache"}
    if file.known:
        return Response(status_code=304, headers=headers)
    headers["content-disposition"] = f'attachment; filename="{file.name}"'
    return FileResponse(found.blobs.path(file.sha256), media_type=file.media_type, headers=headers)


def _route(name: str) -> None:
    """One address for a signed-in person, one for a delegate."""
    def download(request: Request, meeting_id: str) -> Response:
        return _send(request, meeting_id, name)

    def by_delegate(request: Request, token: str) -> Response:
        return _send(request, request.state.delegate.meeting_id, name)

    options: dict[str, Any] = {"methods": ["GET"], "response_class": FileResponse}
    router.add_api_route(
        f"{HERE}/{name}", download, dependencies=[Depends(allow(Action.MINUTES_READ, views.meeting))],
        name=f"download {name}", **options)
    if FILES[name] is not What.DOCX:
        router.add_api_route(
            f"/d/{{token}}/{name}", by_delegate, name=f"delegate {name}",
            dependencies=[Depends(allow(Action.PACKET_READ, record, who=by_link))], **options)


for _name in FILES:
    _route(_name)


@router.get("/d/{token}", response_class=HTMLResponse,
            dependencies=[Depends(allow(Action.PACKET_READ, record, who=by_link))])
def delegate_page(request: Request, token: str) -> Response:
    """What a delegate finds behind the link: the record of the meeting, to take home."""
    found, ref = container(request), request.state.delegate
    with found.db.read() as conn:
        status = service.status(conn, ref.meeting_id)
    if status is None:
        raise NotFound("not_found")
    return page(request, "minutes/delegate.html", record=status, guest=ref.name, token=token,
                agency=service.agency_name(status.meeting))


@router.post(HERE + "/links/{delegate_id}", response_class=HTMLResponse,
             dependencies=[Depends(allow(Action.RELEASE_GRANT, views.meeting))])
def grant(request: Request, meeting_id: str, delegate_id: str) -> Response:
    """A new personal link; an earlier one of the same delegate ends."""
    days = number(str(request.state.form.get("days", LINK_DAYS))) or 0
    length = timedelta(days=days if days < 1000 else 0)
    return _change(request, meeting_id, delegate_id, lambda found, conn, at: release.grant(
        conn, found.keys.releases, delegate_id, request.state.subject, at, at + length))


@router.post(HERE + "/links/{delegate_id}/revoke", response_class=HTMLResponse,
             dependencies=[Depends(allow(Action.RELEASE_GRANT, views.meeting))])
def revoke(request: Request, meeting_id: str, delegate_id: str) -> Response:
    return _change(request, meeting_id, delegate_id, lambda found, conn, at: release.revoke(
        conn, delegate_id, request.state.subject, at))


def _change(request: Request, meeting_id: str, delegate_id: str, work: Any) -> Response:
    found = container(request)
    try:
        with found.db.write() as conn:
            if delegate_id not in {one.delegate_id for one in meetings.delegates(conn, meeting_id)}:
                raise NotFound("not_found")
            work(found, conn, found.clock.now())
    except NotFound:
        raise
    except MeetingError as error:
        return render(request, meeting_id, error)
    return done(f"{HERE.format(meeting_id=meeting_id)}#links", "saved")
