"""Ngày làm việc: the days that differ from the kept list of public holidays.

They count for all levels: every administrator reads them, one of the highest unit keeps them.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse

from meetings.access import Action, Subject
from meetings.errors import MeetingError
from scheduler import workday_store
from web.container import container
from web.errors import explain, status_of
from web.guard import allow
from web.i18n import language
from web.pages import done, page

router = APIRouter(prefix="/admin/days", tags=["administration"], default_response_class=HTMLResponse)
Day = Annotated[str, Path(pattern=r"^\d{4}-\d{2}-\d{2}$")]


@router.get("", dependencies=[Depends(allow(Action.USER_MANAGE))])
def days(request: Request) -> Response:
    """What the administrator told, and the public holidays of this year and the next as they stand."""
    return _show(request)


@router.post("")
def tell(request: Request, subject: Subject = Depends(allow(Action.POLICY_KEEP))) -> Response:
    """`day`, `works` (yes or no), `note`."""
    found, form = container(request), request.state.form
    typed = {name: str(form.get(name, ""))[:300] for name in ("day", "works", "note")}
    try:
        day = found.when.parse_day(typed["day"], "day")
        with found.db.write() as conn:
            workday_store.tell(conn, day, typed["works"] == "yes", typed["note"], subject, found.clock.now())
    except MeetingError as error:
        return _show(request, status_of(error), {str(error.params.get("field", "day")): explain(error)}, typed)
    return done("/admin/days", "saved")


@router.post("/{day}/forget")
def forget(request: Request, day: Day, subject: Subject = Depends(allow(Action.POLICY_KEEP))) -> Response:
    found = container(request)
    with found.db.write() as conn:
        workday_store.forget(conn, found.when.parse_day(day), subject, found.clock.now())
    return done("/admin/days", "saved")


def _show(
    request: Request, status: int = 200, said: dict[str, str] | None = None, typed: dict[str, str] | None = None
) -> HTMLResponse:
    found = container(request)
    year = found.when.today(found.clock.now()).year
    with found.db.read() as conn:
        told, known = workday_store.told(conn), workday_store.working_days(conn, language())
    return page(request, "admin/days.html", status, place="admin", tab="days", told=told, errors=said or {},
                typed=typed or {"day": "", "works": "no", "note": ""},
                holidays=[(day, name) for day, name in known.public(year, year + 1) if day >= date(year, 1, 1)])
