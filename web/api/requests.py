"""/requests: what other units ask of one's own, what one's own meetings ask of others, and every answer to both.

The same use cases as the pages Xác nhận; each answer names the version it was made from, compared under the locks that the use
case takes.  Who may read and who may answer is what the pages' loaders say.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from meetings import service
from meetings.access import Action, Resource, Subject
from meetings.errors import Invalid, NotFound
from scheduler import claims, request_store, requests
from scheduler import points as point_store
from scheduler import service as booking
from scheduler.approval import Offer
from scheduler.request_store import Stored
from scheduler.slots import Slot
from web import convening, requests_view, views
from web.api import answers, body, etag
from web.api.contract import contract
from web.api.paging import Cursor, Limit, part
from web.api.problem import for_field, wrong
from web.api.shapes import Listed
from web.api.shapes_requests import AcceptIn, AgreeIn, CounterIn, DeclineIn, RequestOut, show_request
from web.api.tokens import who
from web.container import container
from web.errors import explain
from web.guard import allow
from web.routes.requests import asked, concerned

router = APIRouter(prefix="/api/v1", tags=["requests"])


def convened(request: Request, conn: Connection) -> Resource:
    """The meeting of the request in the path, for whoever asked."""
    stored = request_store.load(conn, request.path_params["request_id"])
    return views.resource_of(conn, service.get(conn, stored.request.meeting_id))


ANSWER = allow(Action.REQUEST_ANSWER, asked, who=who)
ASK = allow(Action.MEETING_BOOK, convened, who=who)


@router.get("/requests", **contract("listRequests", Listed[RequestOut], listed=True))
def listing(
    request: Request, show: Literal["waiting", "settled"] = "waiting", limit: Limit = 100, cursor: Cursor = "",
    subject: Subject = Depends(allow(Action.REQUEST_READ, who=who)),
) -> Response:
    """What your unit has to answer (`waiting`, the most urgent first) or what concerned it before (`settled`)."""
    found = container(request)
    today = found.when.today(found.clock.now())
    with found.db.read() as conn:
        reading = requests_view.waiting if show == "waiting" else requests_view.settled
        lines = reading(conn, subject, today)
    lines.sort(key=lambda line: (line.request.deadline.isoformat(), line.request_id))
    return answers.listed(
        request, part(lines, lambda line: (line.request.deadline.isoformat(), line.request_id), limit, cursor), show_request)


@router.get("/meetings/{meeting_id}/requests", **contract("listMeetingRequests", Listed[RequestOut], listed=True))
def of_meeting(
    request: Request, meeting_id: str, limit: Limit = 100, cursor: Cursor = "",
    subject: Subject = Depends(allow(Action.MEETING_READ, views.meeting, who=who)),
) -> Response:
    """What the meeting asks of others, and where each stands."""
    found = container(request)
    with found.db.read() as conn:
        on = found.when.local(request.state.meeting.start).date()
        lines = requests_view.lines(conn, request_store.of_meeting(conn, meeting_id), on)
    return answers.listed(request, part(lines, lambda line: (line.request_id,), limit, cursor), show_request)


@router.get("/requests/{request_id}", **contract("getRequest", RequestOut))
def one(
    request: Request, request_id: str, subject: Subject = Depends(allow(Action.REQUEST_READ, concerned, who=who)),
) -> Response:
    """One request, for whoever has a word in it."""
    with container(request).db.read() as conn:
        return answers.show(request, _shown(request, conn, request_store.load(conn, request_id)))


@router.post("/requests/{request_id}/agree", **contract("agree", RequestOut, 409, 412, 413, 415))
def agree(
    request: Request, request_id: str, subject: Subject = Depends(ANSWER), wanted: AgreeIn = Depends(body.of(AgreeIn)),
) -> Response:
    """Yes: the next unit on the way is asked, or the points are confirmed and what waited for them is declined."""
    return _answered(request, request_id, lambda conn, now: requests.agree(conn, request_id, subject, now))


@router.post("/requests/{request_id}/decline", **contract("decline", RequestOut, 409, 412, 413, 415))
def decline(
    request: Request, request_id: str, subject: Subject = Depends(ANSWER), wanted: DeclineIn = Depends(body.of(DeclineIn)),
) -> Response:
    """No, with the reason."""
    return _answered(request, request_id, lambda conn, now: requests.decline(conn, request_id, wanted.reason, subject, now))


@router.post("/requests/{request_id}/counter", **contract("counter", RequestOut, 409, 412, 413, 415))
def counter(
    request: Request, request_id: str, subject: Subject = Depends(ANSWER), wanted: CounterIn = Depends(body.of(CounterIn)),
) -> Response:
    """Other points of the owner's, another time, or both."""

    def work(conn: Connection, now: datetime) -> None:
        requests.counter(conn, request_id, _offer(conn, wanted), wanted.reason, subject, now)

    return _answered(request, request_id, work)


@router.post("/requests/{request_id}/accept", **contract("acceptOffer", RequestOut, 409, 412, 413, 415))
def accept(
    request: Request, request_id: str, subject: Subject = Depends(ASK), wanted: AcceptIn = Depends(body.of(AcceptIn)),
) -> Response:
    """Takes what was offered; another time moves the whole meeting."""
    return _answered(request, request_id, lambda conn, now: convening.accept(conn, request_id, subject, now, wanted.reason))


@router.post("/requests/{request_id}/insist", **contract("insist", RequestOut, 409, 412, 413, 415))
def insist(
    request: Request, request_id: str, subject: Subject = Depends(ASK), wanted: AgreeIn = Depends(body.of(AgreeIn)),
) -> Response:
    """The offer does not help: the owner is asked for the same again."""
    return _answered(request, request_id, lambda conn, now: requests.insist(conn, request_id, subject, now))


@router.post("/requests/{request_id}/withdraw", **contract("withdraw", RequestOut, 409, 412, 413, 415))
def withdraw(
    request: Request, request_id: str, subject: Subject = Depends(ASK), wanted: AgreeIn = Depends(body.of(AgreeIn)),
) -> Response:
    """The points are no longer wanted, whatever was offered; the meeting goes on without them."""

    def work(conn: Connection, now: datetime) -> None:
        asked = request_store.load(conn, request_id).request
        booking.forgo(conn, asked.meeting_id, asked.point_ids, subject, now)

    return _answered(request, request_id, work)


# --- steps ---------------------------------------------------------------------------------------------------------


def _answered(request: Request, request_id: str, work: Callable[[Connection, datetime], object]) -> Response:
    """Runs `work` on the version named in If-Match, in one transaction; the answer is the request as it then stands."""
    found, now = container(request), container(request).clock.now()
    given = etag.wanted(request.headers.get("if-match"))
    with found.db.write() as conn:
        seen = request_store.load(conn, request_id).request
        claims.hold(conn, seen.meeting_id, seen.point_ids, seen.slot)  # the order of everything that books
        etag.check(given, answers.tag(_shown(request, conn, request_store.load(conn, request_id, lock=True))))
        work(conn, now)
        shown = _shown(request, conn, request_store.load(conn, request_id))
    found.hub.changed(seen.meeting_id)
    return answers.show(request, shown)


def _shown(request: Request, conn: Connection, stored: Stored) -> RequestOut:
    found = container(request)
    [line] = requests_view.lines(conn, [stored], found.when.today(found.clock.now()))
    return show_request(line)


def _offer(conn: Connection, wanted: CounterIn) -> Offer:
    if (wanted.start is None) != (wanted.end is None):
        raise Invalid("meeting.end_before_start", field="end")
    ids, errors = list[int](), list[dict[str, Any]]()
    for place, code in enumerate(wanted.points):
        try:
            ids.append(point_store.point_by_code(conn, code).point_id)
        except NotFound as error:
            errors.append(for_field(f"/points/{place}", error.code, explain(error)))
    if errors:
        raise wrong(errors)
    return Offer(tuple(ids), Slot(wanted.start, wanted.end) if wanted.start and wanted.end else None)
