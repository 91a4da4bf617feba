"""Quy tắc đặt lịch: what the levels have agreed on about bookings, for administrators, a new row for each change; and what
the media server is reckoned to carry."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from meetings.access import Action, Subject
from meetings.errors import Invalid, MeetingError
from meetings.store import unit_store
from scheduler import capacity_store, policies
from scheduler.capacity import Limit
from web import capacity, places
from web.container import container
from web.errors import explain, status_of
from web.guard import allow
from web.legible import number
from web.pages import done, page

router = APIRouter(prefix="/admin/rules", tags=["administration"], default_response_class=HTMLResponse)
HOUR = 60  # minutes


@router.get("")
def show(request: Request, _subject: Subject = Depends(allow(Action.POLICY_KEEP))) -> Response:
    with container(request).db.read() as conn:
        data = policies.as_data(policies.current(conn))
    return _show(request, data)


def _show(
    request: Request, data: dict[str, Any], status: int = 200, error: str = "", typed: dict[str, str] | None = None,
) -> HTMLResponse:
    with container(request).db.read() as conn:
        limit = capacity_store.told(conn) or Limit.assumed(1)
        levels = [(level.level_id, places.level_name(level)) for level in unit_store.levels(conn) if level.code_digits is not None]
    return page(request, "admin/rules.html", status, place="admin", tab="rules", levels=levels, data=data, error=error,
                pairs={tuple(pair) for pair in data["displaces"]}, limit=limit, number=capacity.number, typed=typed or {
                    "sounds": str(limit.sounds), "pictures": str(limit.pictures), "declared": str(limit.packets_per_s) if limit.declared else ""})


@router.post("")
def keep(request: Request, subject: Subject = Depends(allow(Action.POLICY_KEEP))) -> Response:
    """`confirms` (levels), `displaces` (higher>lower), `answer:LEVEL` and `remind:LEVEL` in hours; "" is every other level."""
    found, form = container(request), request.state.form
    data: dict[str, Any] = {
        "confirms": [str(level) for level in form.getlist("confirms")],
        "displaces": [str(pair).split(">") for pair in form.getlist("displaces")],
        "answer_within": _hours(form, "answer:"), "remind_before": _hours(form, "remind:"),
    }
    try:
        with found.db.write() as conn:
            policies.put(conn, data, subject, found.clock.now())
    except MeetingError as error:
        return _show(request, data, status_of(error), explain(error, request))
    return done("/admin/rules", "saved")


@router.post("/capacity")
def carries(request: Request, subject: Subject = Depends(allow(Action.POLICY_KEEP))) -> Response:
    """`sounds`, `pictures`, `declared` (packets a second; empty: as measured or assumed)."""
    found, form = container(request), request.state.form
    typed = {name: str(form.get(name, "")).strip()[:12] for name in ("sounds", "pictures", "declared")}
    sounds, pictures, declared = (number(text) for text in typed.values())
    try:
        if typed["declared"] and declared is None:
            raise Invalid("capacity.numbers", field="declared", least=1, most=capacity_store.MOST_DECLARED)
        with found.db.write() as conn:
            capacity_store.put(conn, sounds, pictures, declared, subject, found.clock.now())
    except MeetingError as error:
        with found.db.read() as conn:
            data = policies.as_data(policies.current(conn))
        return _show(request, data, status_of(error), explain(error, request), typed)
    return done("/admin/rules", "saved")


def _hours(form: Any, prefix: str) -> dict[str, int]:
    """Levels whose field is left empty are like all others; what is no number is refused as 0 is."""
    given = {name.removeprefix(prefix): str(value).strip() for name, value in form.items() if name.startswith(prefix)}
    return {level: (number(text) or 0) * HOUR for level, text in given.items() if text}
