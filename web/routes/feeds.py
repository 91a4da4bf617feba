"""Lịch theo địa chỉ: addresses under which a calendar program reads one's own meetings, or what takes up a point.

An address is shown once, when it is made, and can be revoked.  Whoever has it reads what its maker may see, and nothing else.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings.access import Action, Subject
from scheduler import feeds, points
from web import feed_entries, rates
from web.container import container
from web.guard import allow
from web.limits import FEED_READS, FEED_WINDOW
from web.pages import done, page

router = APIRouter(prefix="/feeds", tags=["feeds"], default_response_class=HTMLResponse)
Secret = Annotated[str, Path(max_length=100)]


@router.get("/{secret}.ics", dependencies=[Depends(allow(Action.PUBLIC))])
def read(request: Request, secret: Secret) -> Response:
    """The calendar; 304 where the program has it already."""
    found, now = container(request), container(request).clock.now()
    with found.db.read() as conn:
        feed = feeds.by_secret(conn, secret)  # before anything is written: strangers hold no lock
    with found.db.write() as conn:
        rates.count(conn, f"feed:{feed.feed_id}", FEED_READS, FEED_WINDOW, now)
    with found.db.read() as conn:
        body = feed_entries.calendar(found, conn, feed, now)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, max-age=300", "content-disposition": 'inline; filename="diem-cau.ics"'}
    if tag in [known.strip().removeprefix("W/") for known in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)


@router.get("")
def listing(request: Request, point: str = "", subject: Subject = Depends(allow(Action.SELF))) -> Response:
    """One's own addresses; `point`: the code of one that is to get another."""
    return _page(request, subject, point)


def _page(request: Request, subject: Subject, code: str = "", made: str = "") -> HTMLResponse:
    found = container(request)
    with found.db.read() as conn:
        point = points.point_by_code(conn, code) if code else None
        rows = _rows(conn, subject)
    address = f"{found.settings.base_url}/feeds/{made}.ics" if made else ""
    return page(request, "feeds/list.html", rows=rows, point=point, address=address, most=feeds.MOST,
                subscribe=f"webcal{address.removeprefix('https').removeprefix('http')}" if address else "")


def _rows(conn: Connection, subject: Subject) -> list[tuple[feeds.Feed, Any]]:
    """(address, its point or None)."""
    known = feeds.made_by(conn, subject.user_id or "")
    there = points.points_by_id(conn, [one.point_id for one in known if one.point_id is not None])
    return [(one, there.get(one.point_id or 0)) for one in known]


@router.post("")
def make(request: Request, subject: Subject = Depends(allow(Action.SELF))) -> Response:
    """`point`: the code of a point; without it, the calendar of whoever asks.  The answer shows the address, once."""
    found, code = container(request), str(request.state.form.get("point", ""))
    with found.db.write() as conn:
        point_id = points.point_by_code(conn, code).point_id if code else None
        secret = feeds.make(conn, subject.user_id or "", found.clock.now(), point_id)
    return _page(request, subject, made=secret)


@router.post("/{feed_id}/revoke")
def revoke(request: Request, feed_id: str, subject: Subject = Depends(allow(Action.SELF))) -> Response:
    found = container(request)
    with found.db.write() as conn:
        feeds.revoke(conn, feed_id, subject.user_id or "", found.clock.now())
    return done("/feeds", "feed_revoked")
