"""Xác nhận: what other units ask of one's own: the list, and one request with its answers.

Every answer is a use case of `scheduler.requests` in one transaction; a person who looked at an older version is told.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings.access import Action, Resource, Subject
from meetings.errors import Invalid, MeetingError
from meetings.store import unit_store
from scheduler import approval, request_store, requests
from scheduler.approval import Offer, Standing
from scheduler.slots import Slot, civil_day
from web import requests_view
from web.container import Container, container
from web.errors import explain, status_of
from web.guard import allow
from web.legible import number
from web.pages import done, may, page

router = APIRouter(prefix="/requests", tags=["requests"], default_response_class=HTMLResponse)


def concerned(request: Request, conn: Connection) -> Resource:
    """The request in the path, for whoever has a word in it: the units on its way, its owner, who is asked next where nobody answers,
    and the bodies of all of them."""
    stored = request_store.load(conn, request.path_params["request_id"])
    request.state.stored = stored
    tree = unit_store.tree(conn, civil_day(stored.request.slot.start))
    territories = requests.territorial(conn)
    above = approval.after(tree, stored.request.asked, stored.request.convenor)
    units = (*stored.request.route, stored.request.owner, stored.request.asked, above)
    whole = frozenset[str]().union(*(requests.answerers(tree, unit, territories) for unit in units if unit))
    return replace(requests.resource(conn, stored.request, tree), attending_units=whole)


def asked(request: Request, conn: Connection) -> Resource:
    """The request in the path, for whoever answers it now."""
    stored = request_store.load(conn, request.path_params["request_id"])
    request.state.stored = stored
    return requests.resource(conn, stored.request, unit_store.tree(conn, civil_day(stored.request.slot.start)))


@router.get("")
def listing(request: Request, subject: Subject = Depends(allow(Action.REQUEST_READ))) -> Response:
    found = container(request)
    today = found.when.today(found.clock.now())
    with found.db.read() as conn:
        waiting = requests_view.waiting(conn, subject, today)
        settled = requests_view.settled(conn, subject, today)
    return page(request, "requests/list.html", place="meetings", waiting=waiting, settled=settled)


@router.get("/{request_id}")
def one(request: Request, request_id: str, subject: Subject = Depends(allow(Action.REQUEST_READ, concerned))) -> Response:
    return _show(request, subject)


def _show(request: Request, subject: Subject, status: int = 200, errors: dict[str, str] | None = None) -> HTMLResponse:
    found = container(request)
    form = request.state.form or {}
    with found.db.read() as conn:
        resource = asked(request, conn)
        stored = request_store.load(conn, request.path_params["request_id"])
        [line] = requests_view.lines(conn, [stored], found.when.today(found.clock.now()))
        beside = requests_view.beside(conn, line, subject)
        others = requests_view.others(conn, line)
    can = line.request.standing is Standing.ASKED and may(subject, "request.answer", resource)
    typed = {name: str(form.get(name, "")) for name in ("reason", "note", "day", "start", "end")}
    if not typed["day"]:
        slot = line.request.slot
        typed |= {"day": found.when.form_date(slot.start), "start": found.when.clock(slot.start), "end": found.when.clock(slot.end)}
    return page(request, "requests/one.html", status, place="meetings", line=line, beside=beside, others=others, can=can,
                errors=errors or {}, typed=typed, offered=_points(form))


@router.post("/{request_id}/{answer}")
def reply(
    request: Request, request_id: str, answer: str, subject: Subject = Depends(allow(Action.REQUEST_ANSWER, asked)),
) -> Response:
    """`answer`: agree, decline (`reason`), counter (`point` and `day` `start` `end`, `note`); `version`: what was looked at."""
    found, form, now = container(request), request.state.form, container(request).clock.now()
    version = number(str(form.get("version", "")))
    try:
        with found.db.write() as conn:
            if answer == "agree":
                requests.agree(conn, request_id, subject, now, version)
            elif answer == "decline":
                requests.decline(conn, request_id, str(form.get("reason", "")), subject, now, version)
            elif answer == "counter":
                offer = _offer(request, found, now)
                requests.counter(conn, request_id, offer, str(form.get("note", "")), subject, now, version)
            else:
                raise Invalid("request.answer", field="answer")
    except MeetingError as error:
        field = {"decline": "reason", "counter": "offer"}.get(answer, "agree")
        return _show(request, subject, status_of(error), {field: explain(error, request)})
    found.hub.changed(request.state.stored.request.meeting_id)
    return done("/requests", "answered")


def _points(form: Any) -> tuple[int, ...]:
    """Points that the answer offers instead."""
    return tuple(point for value in (form.getlist("point") if form else ()) if (point := number(str(value))) is not None)


def _offer(request: Request, found: Container, now: datetime) -> Offer:
    form, stored = request.state.form, request.state.stored
    points = _points(form)
    day, start, end = (str(form.get(name, "")) for name in ("day", "start", "end"))
    slot = None
    if day and start and end:
        slot = Slot(found.when.parse(day, start, "start"), found.when.parse(day, end, "end"))
    return Offer(points, None if slot == stored.request.slot else slot)
