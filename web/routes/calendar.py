"""Lịch họp: month, week and day of one's own meetings; points as lanes; a meeting moved by hand, by the rules of the form.

A move is `convening.move`, whoever asks for it: a drag, the keyboard or the plain form.  Pages show what `calendar_view` found; filters
and days are in the address.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection

from meetings import service
from meetings.access import Action, Subject
from meetings.errors import Conflict, Invalid, MeetingError, Stale
from meetings.meeting import Meeting
from scheduler import claims, people, series_store
from scheduler import service as booking
from scheduler.series_store import Change, Place, Scope
from scheduler.slots import Slot
from web import calendar_free, calendar_view, convening, places, views
from web.calendar_model import DAYS, Day, Span, month_after, month_days, week_of
from web.calendar_view import wall
from web.container import Container, container
from web.errors import explain, status_of
from web.guard import allow
from web.pages import done, page
from web.routes.booking import blocked

router = APIRouter(prefix="/calendar", tags=["calendar"], default_response_class=HTMLResponse)


@router.get("")
def calendar(request: Request, subject: Subject = Depends(allow(Action.SELF))) -> Response:
    return RedirectResponse(f"/calendar/week{'?' + request.url.query if request.url.query else ''}", 303)


def _day(found: Container, on: str) -> tuple[date, date]:
    """(the day the address names, today)."""
    today = found.when.today(found.clock.now())
    return (found.when.parse_day(on) if on else today), today


@router.get("/month")
def month(request: Request, on: str = "", q: str = "", subject: Subject = Depends(allow(Action.SELF))) -> Response:
    """The month of one's own meetings, holidays by name."""
    found = container(request)
    chosen, today = _day(found, on)
    shown = month_days(chosen)
    days, owned = _own(found, subject, shown[0], len(shown), q)
    by_day = {day.on: [one for one in owned if _touches(found, one.meeting, day.on)] for day in days}
    return page(
        request, "calendar/month.html", place="meetings", view="month", on=chosen, today=today, q=q, days=days, by_day=by_day,
        before=month_after(chosen, -1), after=month_after(chosen, 1), icons=calendar_view.ICONS, total=len(owned))


def _touches(found: Container, meeting: Meeting, on: date) -> bool:
    begin, end = found.when.day_bounds(on)
    return meeting.start < end and meeting.end > begin


def _own(found: Container, subject: Subject, first: date, count: int, query: str) -> tuple[list[Day], list[calendar_view.Own]]:
    """The days from `first` on, and the meetings of this person in them."""
    today = found.when.today(found.clock.now())
    window = Slot(found.when.day_bounds(first)[0], found.when.day_bounds(first + timedelta(days=count - 1))[1])
    with found.db.read() as conn:
        owned = calendar_view.own(conn, subject, places.tree(conn, first), window, query, found.clock.now())
        return calendar_view.days_of(conn, first, count, today), owned


@router.get("/week")
def week(request: Request, on: str = "", q: str = "", subject: Subject = Depends(allow(Action.SELF))) -> Response:
    chosen, _today = _day(container(request), on)
    return _grid(request, subject, "week", chosen, week_of(chosen), DAYS, q)


@router.get("/day")
def day(request: Request, on: str = "", q: str = "", subject: Subject = Depends(allow(Action.SELF))) -> Response:
    chosen, _today = _day(container(request), on)
    return _grid(request, subject, "day", chosen, chosen, 1, q)


def _grid(request: Request, subject: Subject, view: str, chosen: date, first: date, count: int, query: str) -> Response:
    """Days as rows, hours across: a title has room, and a day with many meetings grows downwards."""
    found = container(request)
    today = found.when.today(found.clock.now())
    days, owned = _own(found, subject, first, count, query)
    span = Span.of(days, (Slot(one.meeting.start, one.meeting.end) for one in owned), found.when)
    return page(
        request, "calendar/week.html", place="meetings", view=view, on=chosen, today=today, q=query, span=span,
        lanes=calendar_view.day_lanes(owned, span, found.when), total=len(owned), before=chosen - timedelta(days=count),
        after=chosen + timedelta(days=count))


@router.get("/timeline")
def timeline(
    request: Request, on: str = "", span: str = "week", q: str = "", unit: str = "", busy: str = "",
    subject: Subject = Depends(allow(Action.POINT_READ)),
) -> Response:
    """Points as lanes, folded by the tree; `busy` leaves out those without anything."""
    found = container(request)
    chosen, today = _day(found, on)
    one_day = span == "day"
    first, count = (chosen, 1) if one_day else (week_of(chosen), DAYS)
    with found.db.read() as conn:
        days = calendar_view.days_of(conn, first, count, today)
        shown = calendar_view.timeline(found, conn, subject, days, q, unit, everything=not busy)
        units = calendar_view.around(places.tree(conn, first), subject)
        parents = {one.parent_id for one in units}
        choices = [one for one in units if one.parent_id in units and one.unit_id in parents]
    return page(
        request, "calendar/timeline.html", place="meetings", view="timeline", on=chosen, today=today, q=q, unit=unit, busy=bool(busy),
        shown=shown, span=shown.span, one_day=one_day, units=choices, before=chosen - timedelta(days=count),
        after=chosen + timedelta(days=count))


# --- another time -------------------------------------------------------------------------------------------------

MOVE = Depends(allow(Action.MEETING_EDIT, views.meeting))


@router.get("/move/{meeting_id}", dependencies=[MOVE])
def move_form(request: Request, meeting_id: str) -> Response:
    """The plain form: what a drag does, without scripts."""
    meeting = request.state.meeting
    return _form(request, meeting, meeting.start, meeting.end, series=_series(request))


def _form(request: Request, meeting: Meeting, start: datetime, end: datetime, status: int = 200, **said: Any) -> HTMLResponse:
    found = container(request)
    values: dict[str, Any] = {
        "error": None, "clashes": [], "more": 0, "choices": (), "blocked": (), "series": None, "scope": "", "to_reach": False, "asked": None,
        "hurry": "", **said}
    return page(
        request, "calendar/move.html", status, place="meetings", meeting=meeting, start=start, end=end, was=_was(found, meeting), wall=wall,
        **values)


def _was(found: Container, meeting: Meeting) -> dict[str, str]:
    return {"was_start": wall(meeting.start, found.when), "was_end": wall(meeting.end, found.when)}


@router.post("/move/{meeting_id}", dependencies=[MOVE])
def move(request: Request, meeting_id: str) -> Response:
    """Another time by the use case of the form; refused where the meeting was given another time meanwhile.

    `hurry`: why those invited are told so late; `sure`: though the chair or a leader is elsewhere.  Both are asked in place.
    """
    found, subject, now = container(request), request.state.subject, container(request).clock.now()
    meeting, part = request.state.meeting, request.headers.get("x-part") == "1"
    form = {name: str(request.state.form.get(name, "")) for name in ("day", "start", "end", "was_start", "was_end", "hurry")}
    start, end, scope, series = meeting.start, meeting.end, Scope.of(request.state.form.get("scope")), _series(request)
    busy = list[people.Clash]()
    try:
        start, end = _times(found, form)
        if series and "scope" not in request.state.form:
            _same(found, meeting, form)
            return _form(request, meeting, start, end, series=series, to_reach=True)
        with found.db.write() as conn:
            before = people.reach(conn, meeting_id)
            if series and scope is not Scope.ONE:
                current = service.get(conn, meeting_id)  # the use case locks it, after its series, and compares
                _same(found, current, form)
                change = Change(slot=Slot(start, end), was=Slot(current.start, current.end))
                n = series_store.edit(conn, meeting_id, scope, change, subject, now, acts=convening.Saying(form["hurry"]))
            else:
                current = claims.hold_whole(conn, meeting_id, (), Slot(start, end))
                _same(found, current, form)
                convening.move(conn, meeting_id, start, end, subject, now, form["hurry"])
                n = 1
            busy[:] = people.changed(conn, meeting_id, before, subject)
            if request.state.form.get("sure") != "yes":
                people.check(busy)
            moved = service.get(conn, meeting_id)
            again = len(booking.points_of_meeting(conn, meeting_id, "pending"))
    except MeetingError as error:
        return _refused(request, meeting, start, end, error, form["hurry"], busy, scope=scope.value if series else "", series=series)
    found.hub.changed(meeting_id)
    if not part:
        return done(f"/meetings/{meeting_id}", "moved" if n == 1 else "changed_many", n if n > 1 else None)
    return page(request, "calendar/moved.html", place="meetings", meeting=moved, again=again, wall=wall, n=n, scope=scope.value if series else "",
                was=_was(found, moved), back=(wall(current.start, found.when), wall(current.end, found.when)))


def _series(request: Request) -> Place | None:
    """The meeting's place in its series, where more of it than this one can be moved."""
    with container(request).db.read() as conn:
        place = series_store.of_meeting(conn, request.state.meeting.meeting_id)
    return place if place and place.coming > 1 else None


def _times(found: Container, form: dict[str, str]) -> tuple[datetime, datetime]:
    """The wanted times: `start` and `end` on the wall, or a `day` with two clocks.  Raises Invalid("time.…")."""
    when = found.when
    ends = []
    for name in ("start", "end"):
        day, _t, clock = form[name].rpartition("T")
        ends.append(when.parse(day or form["day"], clock, name))
    if not timedelta(0) < ends[1] - ends[0]:
        raise Invalid("meeting.end_before_start", field="end")
    return ends[0], ends[1]


def _same(found: Container, meeting: Meeting, form: dict[str, str]) -> None:
    """Raises Stale("calendar.stale", when) where the page showed other times than the meeting has now."""
    if _was(found, meeting) != {name: form[name] for name in ("was_start", "was_end")}:
        raise Stale("calendar.stale", when=found.when.span(meeting.start, meeting.end))


def _refused(
    request: Request, meeting: Meeting, start: datetime, end: datetime, error: MeetingError, hurry: str, busy: Sequence[people.Clash], **more: Any,
) -> HTMLResponse:
    """Why not, who is in the way, and when all of the meeting's points are free; or what is asked before it is done."""
    found = container(request)
    clashes = list(error.params.get("conflicts", ())) if isinstance(error, Conflict) else []
    with found.db.read() as conn:
        choices = _free(conn, request, meeting, start, end) if clashes else ()
        asked = _asked(conn, request, meeting, Slot(start, end), error, hurry, busy)
    said = {"error": explain(error, request), "clashes": clashes[:calendar_free.NAMED], "more": len(clashes) - calendar_free.NAMED,
            "choices": choices, "asked": asked, "hurry": hurry, "blocked": [(slot, explain(why, request)) for _key, slot, why in blocked(error)],
            **more}
    return _form(request, meeting, start, end, status_of(error), **said)


def _asked(
    conn: Connection, request: Request, meeting: Meeting, slot: Slot, error: MeetingError, hurry: str, busy: Sequence[people.Clash],
) -> dict[str, Any] | None:
    """Both questions at once, whichever came first: why so late (`wrong`: what is wrong with the reason given), and who is
    elsewhere then.  None for a refusal that no answer changes."""
    reason = error.params.get("field") == "reason"
    if not reason and error.code != "person.elsewhere":
        return None
    return {"why": bool(hurry) or convening.asks_why(conn, meeting, slot.start, container(request).clock.now()),
            "wrong": explain(error, request) if reason and hurry else "",
            "people": [one.as_param() for one in busy or people.clashes(conn, meeting, slot, request.state.subject, meeting)]}


def _free(conn: Connection, request: Request, meeting: Meeting, start: datetime, end: datetime) -> Any:
    found = container(request)
    points = booking.live_points(conn, meeting.meeting_id)
    ask = calendar_free.ask(conn, found.when, points, end - start, found.when.local(start).date(), found.clock.now(),
                            people=(meeting.chair.user_id, *(leader.user_id for leader in meeting.leaders)), own=meeting.meeting_id, chosen=True)
    return calendar_free.find(conn, ask, request.state.subject).choices
