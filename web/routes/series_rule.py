"""Đổi quy tắc lặp: other days, another distance, a sooner or a later end of a series, for this and the following dates or all to come.

Like the booking form it shows the dates that are meant, those that are in conflict, and with `look` what becomes of each meeting; nothing
is done before "Lưu".  Which meeting goes where is `scheduler.series_turn`'s.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings.access import Action
from meetings.errors import Invalid, MeetingError
from scheduler import series_store, series_turn, workday_store
from scheduler.series import Series
from scheduler.series_store import Repeat, Scope
from scheduler.workdays import WorkingDays
from web import booking_form, repeat, repeating, series_preview, views
from web.booking_form import Typed
from web.container import container
from web.errors import explain, status_of
from web.guard import allow
from web.i18n import N_, _, language
from web.legible import number
from web.pages import done, page
from web.repeat import Plan
from web.routes.booking import blocked
from web.when import DAYS, When

router = APIRouter(prefix="/meetings/{meeting_id}/series", tags=["meetings"], default_response_class=HTMLResponse)
EDIT = [Depends(allow(Action.MEETING_EDIT, views.meeting))]
REASON = N_("Đổi quy tắc lặp của chuỗi họp")


def _scope(text: object) -> Scope:
    return Scope.ALL if text == Scope.ALL else Scope.FOLLOWING


def _part(request: Request, scope: Scope) -> tuple[Series, WorkingDays]:
    """The series as far as the change reaches.  Raises Invalid("series.unknown") where nothing of one is to come."""
    found = container(request)
    with found.db.read() as conn:
        series = series_store.part(conn, request.state.meeting.meeting_id, scope, found.clock.now())
        days = workday_store.working_days(conn, language())
    if series is None:
        raise Invalid("series.unknown")
    return series, days


@router.get("/rule", dependencies=EDIT)
def form(request: Request, meeting_id: str, scope: str = "") -> Response:
    """The rule as it is, to be changed."""
    when, reach = container(request).when, _scope(scope)
    series, days = _part(request, reach)
    first = series.occurrences()[0].slot
    typed = Typed(day=when.form_date(first.start), start=when.clock(first.start), end=when.clock(first.end), repeat=repeat.of(series, days, when))
    return _show(request, typed, reach, series, *_planned(typed, series, days, when), 200)


@router.post("/rule", dependencies=EDIT)
def save(request: Request, meeting_id: str) -> Response:
    """`scope`, `version`, `day`, `start`, `end` of the first date, `hurry`, and the fields of "Lặp lại".  `action`: look, save; else only the dates."""
    found, sent = container(request), request.state.form
    typed, scope = booking_form.read(sent, found.keys.csrf), _scope(sent.get("scope"))
    series, days = _part(request, scope)
    plan, errors = _planned(typed, series, days, found.when)
    action = sent.get("action")
    if plan is None or errors or action not in ("look", "save"):
        return _show(request, typed, scope, series, plan, errors, 422 if errors and action else 200)
    first, version = plan.rows[0], number(str(sent.get("version", "")))
    wanted = Repeat(plan.rule, datetime.fromisoformat(first.key), first.slot.length, _(REASON), plan.left_out)

    def change(conn: Connection, now: datetime) -> int:
        return repeating.repeat(conn, meeting_id, scope, wanted, request.state.subject, now, version, typed.hurry)

    try:
        if action == "look":
            return _show(request, typed, scope, series, plan, {}, 200, preview=series_preview.preview(found, meeting_id, change))
        with found.db.write() as conn:
            n = change(conn, found.clock.now())
    except MeetingError as error:
        field = "hurry" if error.params.get("field") == "reason" else str(error.params.get("field", "repeat"))
        return _show(request, typed, scope, series, plan, {field if field in booking_form.ORDER else "repeat": error}, status_of(error),
                     clashing={key: explain(why, request) for key, _slot, why in blocked(error)})
    found.hub.changed(meeting_id)
    return done(f"/meetings/{meeting_id}/series", "changed_many", n)


def _planned(typed: Typed, series: Series, days: WorkingDays, when: When) -> tuple[Plan | None, dict[str, MeetingError]]:
    """The dates that are meant.  One that was left out is proposed to be left out where it goes, unless nobody worked on it anyway."""
    wanted, errors = booking_form.times(typed, when)
    if not typed.repeat.kind:
        errors["repeat"] = Invalid("series.kind", field="repeat")
    plan, mistakes = booking_form.plan(typed, wanted, when, days)
    errors |= mistakes
    if plan is None:
        return None, errors
    goes = series_turn.follow(series.keys(), [datetime.fromisoformat(row.key) for row in plan.rows])
    along = {goes[key].isoformat() for key in series.excluded if key in goes and days.works(key.date()) and key.isoformat() in typed.repeat.left_out}
    if not along <= typed.repeat.left_out:
        typed.repeat = replace(typed.repeat, left_out=typed.repeat.left_out | along)
        plan, more = booking_form.plan(typed, wanted, when, days)
        errors |= more
    return plan, errors


def _show(
    request: Request, typed: Typed, scope: Scope, series: Series, plan: Plan | None, errors: dict[str, MeetingError], status: int, **more: Any,
) -> HTMLResponse:
    found, meeting = container(request), request.state.meeting
    with found.db.read() as conn:
        place = series_store.of_meeting(conn, meeting.meeting_id)
    kinds = {key: name for key, name in repeat.KINDS.items() if key} if typed.repeat.kind else {**repeat.KINDS, "": N_("Chọn quy tắc…")}
    values: dict[str, Any] = {"preview": None, "clashing": {}, **more}
    return page(
        request, "meetings/rule.html", status, place="meetings", meeting=meeting, typed=typed, scope=scope.value, series=place, plan=plan,
        words=repeat.words(series, found.when), errors={name: explain(error, request) for name, error in errors.items()},
        labels=booking_form.labels(), kinds=kinds, weekdays=list(zip(repeat.DAYS, DAYS, strict=True)), **values)
