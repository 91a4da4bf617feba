"""/feeds: calendars by address: one's own list, a new one, and its end.  The address itself is told once.

It stands in no answer that is kept: a creation that is sent again tells the same but for the address.  Whoever lost it revokes and
makes another.  What an address opens is `web/routes/feeds.py`'s matter.
"""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.errors import NotFound
from meetings.store import ledger_store
from scheduler import feeds
from scheduler import points as point_store
from web.api import answers, body
from web.api.contract import contract
from web.api.paging import Cursor, Limit, part
from web.api.shapes import Listed, Out
from web.api.shapes_people import FeedIn, FeedOut, show_feed
from web.api.tokens import who
from web.container import container
from web.guard import allow

router = APIRouter(prefix="/api/v1/feeds", tags=["feeds"])
OWN = allow(Action.SELF, who=who)


@router.get("", **contract("listFeeds", Listed[FeedOut], listed=True))
def listing(request: Request, limit: Limit = 100, cursor: Cursor = "", subject: Subject = Depends(OWN)) -> Response:
    """Your own, by age."""
    with container(request).db.read() as conn:
        lines = _own(conn, subject)
    return answers.listed(request, part(lines, _key, limit, cursor), lambda one: one)


@router.post("", **contract("createFeed", FeedOut, 409, 413, 415, status=201))
def create(request: Request, subject: Subject = Depends(OWN), wanted: FeedIn = Depends(body.of(FeedIn))) -> Response:
    """A calendar of a point, or of yourself.  `address` is told in this answer and never again."""
    found, now = container(request), container(request).clock.now()

    def work(conn: Connection) -> tuple[Out, str]:
        point_id = point_store.point_by_code(conn, wanted.point).point_id if wanted.point else None
        secret = feeds.make(conn, subject.user_id or "", now, point_id)
        made = feeds.by_secret(conn, secret)
        return (show_feed(made, wanted.point, f"{found.settings.base_url}/feeds/{secret}.ics"),
                f"{request.url.path}/{made.feed_id}")

    answer, _new = answers.once(request, subject, work, secret={"address": None})
    return answer


@router.get("/{feed_id}", **contract("getFeed", FeedOut))
def one(request: Request, feed_id: str, subject: Subject = Depends(OWN)) -> Response:
    """One of your own."""
    with container(request).db.read() as conn:
        return answers.show(request, _one(conn, subject, feed_id))


@router.delete("/{feed_id}", **contract("revokeFeed", FeedOut, 412))
def revoke(request: Request, feed_id: str, subject: Subject = Depends(OWN)) -> Response:
    """Its address opens nothing from now on; the answer is the calendar as it was."""

    def look(conn: Connection) -> Out:
        ledger_store.lock_chain(conn, None)
        return _one(conn, subject, feed_id)

    def work(conn: Connection, now: datetime) -> Out:
        last = _one(conn, subject, feed_id)
        feeds.revoke(conn, feed_id, subject.user_id or "", now)
        return last

    return answers.changed(request, look, work)


# --- steps ---------------------------------------------------------------------------------------------------------


def _key(one: FeedOut) -> tuple[str, str]:
    return one.made_at.isoformat(), one.id


def _own(conn: Connection, subject: Subject) -> list[FeedOut]:
    known = feeds.made_by(conn, subject.user_id or "")
    there = point_store.points_by_id(conn, [one.point_id for one in known if one.point_id is not None])
    return sorted((show_feed(one, there[one.point_id].code if one.point_id else None) for one in known), key=_key)


def _one(conn: Connection, subject: Subject, feed_id: str) -> FeedOut:
    """Raises NotFound("not_found") for another's, or one that was revoked."""
    for one in _own(conn, subject):
        if one.id == feed_id:
            return one
    raise NotFound("not_found")
