"""/working-days: the days as deadlines, short notice and searches count them; told otherwise by who keeps the rules of all levels.

Every day is there, so none is created: a change names the version of the day it was made from.  The list has what is not
plain: public holidays, and days that were told.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.errors import Invalid
from meetings.store import ledger_store
from scheduler import workday_store
from web.api import answers, body
from web.api.contract import contract
from web.api.paging import Cursor, Limit, part
from web.api.points import LONGEST, Day
from web.api.shapes import Listed, Out
from web.api.shapes_people import DayIn, DayOut, show_day
from web.api.tokens import who
from web.container import container
from web.guard import allow
from web.when import FIRST_YEAR, LAST_YEAR

router = APIRouter(prefix="/api/v1/working-days", tags=["time"])
KEEPER = allow(Action.POLICY_KEEP, who=who)
Named = Annotated[date, Path(ge=date(FIRST_YEAR, 1, 1), le=date(LAST_YEAR, 12, 31))]


@router.get("", **contract("listWorkingDays", Listed[DayOut], listed=True))
def listing(
    request: Request, since: Annotated[Day | None, Query(alias="from", description="Default today.")] = None,
    until: Annotated[Day | None, Query(alias="to", description=f"This day too; at most {LONGEST} days on.")] = None,
    limit: Limit = 100, cursor: Cursor = "", subject: Subject = Depends(allow(Action.SELF, who=who)),
) -> Response:
    """Public holidays and days that were told, from one day to another."""
    found = container(request)
    first = since or found.when.today(found.clock.now())
    last = until or min(first + timedelta(days=LONGEST), date(LAST_YEAR, 12, 31))
    if not first <= last <= first + timedelta(days=LONGEST):
        raise Invalid("api.window", field="to", days=LONGEST)
    with found.db.read() as conn:
        known, told = workday_store.working_days(conn), {one.day: one for one in workday_store.told(conn)}
    span = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    lines = [show_day(day, known, told.get(day)) for day in span if day in told or known.name(day)]
    return answers.listed(request, part(lines, lambda one: (one.day.isoformat(),), limit, cursor), lambda one: one)


@router.get("/{day}", **contract("getWorkingDay", DayOut))
def one(request: Request, day: Named, subject: Subject = Depends(allow(Action.SELF, who=who))) -> Response:
    """Whether offices work on the day, and who says so."""
    with container(request).db.read() as conn:
        return answers.show(request, _day(conn, day))


@router.put("/{day}", **contract("tellWorkingDay", DayOut, 412, 413, 415))
def tell(request: Request, day: Named, subject: Subject = Depends(KEEPER), wanted: DayIn = Depends(body.of(DayIn))) -> Response:
    """Says of the day whether it is worked; counts for all levels, so an administrator of the highest unit says it."""
    return answers.changed(
        request, lambda conn: _held(conn, day),
        lambda conn, now: workday_store.tell(conn, day, wanted.works, wanted.note, subject, now))


@router.delete("/{day}", **contract("forgetWorkingDay", DayOut, 412))
def forget(request: Request, day: Named, subject: Subject = Depends(KEEPER)) -> Response:
    """Weekday and list decide again; the answer is the day as it then counts."""
    return answers.changed(
        request, lambda conn: _held(conn, day), lambda conn, now: workday_store.forget(conn, day, subject, now))


def _held(conn: Connection, day: date) -> Out:
    ledger_store.lock_chain(conn, None)  # the lock that the use cases end with: there may be no row yet to lock
    return _day(conn, day)


def _day(conn: Connection, day: date) -> DayOut:
    told = {one.day: one for one in workday_store.told(conn)}
    return show_day(day, workday_store.working_days(conn), told.get(day))
