"""Giờ và ngưỡng: when line tests, reminders and deadlines fall, and from where on a line is weak; kept at the top for all levels.

Shows what follows before it is saved.  What can be, and what becomes of what is planned already, is decided by `scheduler.times`
and `scheduler.times_store`.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from meetings.access import Action, Subject
from meetings.errors import MeetingError
from scheduler import times, times_store, workday_store
from scheduler.times import CLOCKS, OPTIONAL, Times
from web import times_form
from web.container import container
from web.errors import explain, status_of
from web.guard import allow
from web.i18n import _
from web.pages import done, page

router = APIRouter(prefix="/admin/times", tags=["administration"], default_response_class=HTMLResponse)


@router.get("")
def show(request: Request, _subject: Subject = Depends(allow(Action.POLICY_KEEP))) -> Response:
    found = container(request)
    with found.db.read() as conn:
        now = times_store.current(conn, found.settings.line_policy)
    return _show(request, times_form.shown(now), now, seen=now.mark)


@router.post("")
def save(request: Request, subject: Subject = Depends(allow(Action.POLICY_KEEP))) -> Response:
    """The fields of `scheduler.times`; `action`: save, or look at what follows; `seen`: the mark of what the form was made from."""
    found, form = container(request), request.state.form
    typed, seen = times_form.sent(form), str(form.get("seen", ""))[:16]
    wanted, errors = times.read(times_form.plain(typed))
    if wanted is None or form.get("action") == "look":
        return _show(request, typed, wanted, 422 if errors else 200, times_form.said(errors), seen=seen, looked=not errors)
    try:
        with found.db.write() as conn:
            n = times_store.put(conn, wanted, found.settings.line_policy, subject, found.clock.now(), seen)
    except MeetingError as error:
        return _show(request, typed, wanted, status_of(error), {"save": explain(error)}, seen=seen)
    return done("/admin/times", "times", n)


def _show(
    request: Request, typed: dict[str, str], times: Times | None, status: int = 200, errors: dict[str, str] | None = None, *,
    seen: str, looked: bool = False,
) -> HTMLResponse:
    found, now = container(request), container(request).clock.now()
    with found.db.read() as conn:
        follows = times_form.preview(times, found.when, workday_store.working_days(conn), now) if times else None
        planned = times_store.planned(conn)
    return page(
        request, "admin/times.html", status, place="admin", tab="times", typed=typed, errors=errors or {}, seen=seen, looked=looked,
        follows=follows, planned=planned, labels={name: _(text) for name, text in times_form.LABELS.items()},
        after={name: _(text) for name, text in times_form.AFTER.items()}, units={unit: _(text) for unit, text in times_form.UNITS.items()},
        groups=[(mark, _(name), names) for mark, name, names in times_form.GROUPS], optional=OPTIONAL, clocks=CLOCKS)
