"""/meetings/{id}/delegates: who comes for each point, named by the point's own unit until the deadline, by the secretary always.

What may be changed, and until when, is decided by `scheduler.delegate_list`, as on the page Đăng ký đại biểu.  Whoever
reads here sees the delegates of the points for which they may name some, and no others.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection

from meetings import service
from meetings.access import Action, Subject
from meetings.errors import NotFound
from meetings.store import meeting_store
from meetings.store.seat_store import Seat
from scheduler import delegate_list, delegate_sheet
from web import views
from web.api import answers, body
from web.api.contract import contract
from web.api.paging import Cursor, Limit, part
from web.api.shapes import Listed, Out, Text
from web.api.shapes_people import (
    DelegateIn,
    DelegateOut,
    DueIn,
    DueOut,
    ReplaceIn,
    WithdrawIn,
    show_delegate,
)
from web.api.tokens import who
from web.container import container
from web.guard import allow
from web.routes.delegate_list import delegates_of

router = APIRouter(prefix="/api/v1/meetings/{meeting_id}", tags=["delegates"])
NAMES = allow(Action.DELEGATE_REGISTER, delegates_of, who=who)


@router.get("/delegates", **contract("listDelegates", Listed[DelegateOut], listed=True))
def listing(
    request: Request, meeting_id: str, point: Annotated[Text, Query(max_length=40, description="Code of one point.")] = "",
    limit: Limit = 100, cursor: Cursor = "", subject: Subject = Depends(NAMES),
) -> Response:
    """Delegates of the points that are yours to name some for, point by point."""
    with container(request).db.read() as conn:
        seats = {seat.point_id: seat for seat in _seats(conn, meeting_id, subject) if point in ("", seat.code)}
        rows = delegate_list.entries(conn, meeting_id, seats)
    lines = sorted((show_delegate(row, seats[row.point_id]) for row in rows), key=_key)
    return answers.listed(request, part(lines, _key, limit, cursor), lambda one: one)


@router.post("/delegates", **contract("registerDelegate", DelegateOut, 409, 413, 415, status=201))
def register(
    request: Request, meeting_id: str, subject: Subject = Depends(NAMES), wanted: DelegateIn = Depends(body.of(DelegateIn)),
) -> Response:
    """Names a delegate of a point; after the deadline only the meeting's secretary."""
    now = container(request).clock.now()

    def work(conn: Connection) -> tuple[Out, str]:
        seat = _seat(conn, meeting_id, subject, wanted.point)
        entry = delegate_sheet.entry(seat.point_id, wanted.name, wanted.post, wanted.phone)
        made = delegate_list.register(conn, meeting_id, entry, subject, now)
        return _one(conn, meeting_id, made, subject), f"{request.url.path}/{made}"

    answer, _new = answers.once(request, subject, work)
    return answer


@router.get("/delegates/{delegate_id}", **contract("getDelegate", DelegateOut))
def one(request: Request, meeting_id: str, delegate_id: str, subject: Subject = Depends(NAMES)) -> Response:
    """One delegate who stands."""
    with container(request).db.read() as conn:
        return answers.show(request, _one(conn, meeting_id, delegate_id, subject))


@router.post("/delegates/{delegate_id}/replace", **contract("replaceDelegate", DelegateOut, 409, 412, 413, 415))
def replace(
    request: Request, meeting_id: str, delegate_id: str, subject: Subject = Depends(NAMES),
    wanted: ReplaceIn = Depends(body.of(ReplaceIn)),
) -> Response:
    """Somebody else comes instead, with the reason; the answer is the new delegate, who `replaces` this one."""
    entry = delegate_sheet.entry(0, wanted.name, wanted.post, wanted.phone)  # the point stays that of the one who is replaced
    return answers.changed(
        request, lambda conn: _held(conn, meeting_id, delegate_id, subject),
        lambda conn, now: _one(
            conn, meeting_id, delegate_list.replace(conn, delegate_id, entry, wanted.reason, subject, now), subject))


@router.post("/delegates/{delegate_id}/withdraw", **contract("withdrawDelegate", DelegateOut, 409, 412, 413, 415))
def withdraw(
    request: Request, meeting_id: str, delegate_id: str, subject: Subject = Depends(NAMES),
    wanted: WithdrawIn = Depends(body.of(WithdrawIn)),
) -> Response:
    """Nobody comes instead; the answer is the delegate as last seen."""

    def work(conn: Connection, now: datetime) -> Out:
        last = _one(conn, meeting_id, delegate_id, subject)
        delegate_list.withdraw(conn, delegate_id, wanted.reason, subject, now)
        return last

    return answers.changed(request, lambda conn: _held(conn, meeting_id, delegate_id, subject), work)


@router.get("/delegate-deadline", **contract("getDelegateDeadline", DueOut))
def deadline(request: Request, meeting_id: str, subject: Subject = Depends(NAMES)) -> Response:
    """Until when points name their delegates themselves."""
    with container(request).db.read() as conn:
        return answers.show(request, DueOut(due=delegate_list.deadline(conn, service.get(conn, meeting_id))))


@router.put("/delegate-deadline", **contract("setDelegateDeadline", DueOut, 409, 412, 413, 415))
def set_deadline(
    request: Request, meeting_id: str, subject: Subject = Depends(allow(Action.MEETING_BOOK, views.meeting, who=who)),
    wanted: DueIn = Depends(body.of(DueIn)),
) -> Response:
    """Another deadline, not after the start; by the meeting's secretary."""
    return answers.changed(
        request, lambda conn: DueOut(due=delegate_list.deadline(conn, meeting_store.lock(conn, meeting_id))),
        lambda conn, now: delegate_list.set_deadline(conn, meeting_id, wanted.due, subject, now))


# --- steps ---------------------------------------------------------------------------------------------------------


def _key(one: DelegateOut) -> tuple[str, str, str]:
    return one.point, one.registered_at.isoformat(), one.id


def _seats(conn: Connection, meeting_id: str, subject: Subject) -> list[Seat]:
    return delegate_list.points_of(conn, service.get(conn, meeting_id), subject)


def _seat(conn: Connection, meeting_id: str, subject: Subject, code: str) -> Seat:
    """Raises NotFound("seat.unknown") for a point that is not of the meeting, or not this person's."""
    for seat in _seats(conn, meeting_id, subject):
        if seat.code == code:
            return seat
    raise NotFound("seat.unknown", point=code)


def _held(conn: Connection, meeting_id: str, delegate_id: str, subject: Subject) -> DelegateOut:
    """The same under the lock that the use cases take."""
    meeting_store.lock(conn, meeting_id)
    return _one(conn, meeting_id, delegate_id, subject)


def _one(conn: Connection, meeting_id: str, delegate_id: str, subject: Subject) -> DelegateOut:
    """Raises NotFound("delegate.unknown") for one of another meeting, of another's point, or who was withdrawn."""
    seats = {seat.point_id: seat for seat in _seats(conn, meeting_id, subject)}
    for row in delegate_list.entries(conn, meeting_id, seats):
        if row.entry_id == delegate_id:
            return show_delegate(row, seats[row.point_id])
    raise NotFound("delegate.unknown")
