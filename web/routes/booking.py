"""Đặt lịch: one page, no wizard.  A new meeting, its papers and all its points in one action; or the points of a draft.

Every post shows the same page again until it works; with scripts, only the picture and the sum are replaced.  Who may
convene whom and what may be booked is decided by the use cases, in the one transaction of this request.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings import service
from meetings.access import Action, Role, Subject
from meetings.errors import Invalid, MeetingError
from meetings.meeting import MAX_LEADERS, Meeting, NewMeeting, State
from scheduler import audience_store, series_store, workday_store
from scheduler import service as booking
from scheduler.series_store import Change, Scope
from scheduler.slots import Slot
from scheduler.workdays import WorkingDays
from web import asking, booking_form, booking_view, calendar_free, capacity, convening, repeat, series_view, store, uploads, views
from web.booking_form import Typed, Wanted
from web.container import Container, container
from web.errors import explain, status_of
from web.guard import allow
from web.i18n import _, language
from web.pages import done, page
from web.repeat import Plan
from web.when import DAYS

router = APIRouter(prefix="/meetings", tags=["meetings"], default_response_class=HTMLResponse)

DEFAULT_ROLE = {
    "chair": Role.CHAIR, "secretary": Role.SECRETARY, "division_head": Role.DIVISION_HEAD, "clerk": Role.CLERK,
}


@router.get("/new")
def blank(request: Request, subject: Subject = Depends(allow(Action.MEETING_CREATE))) -> Response:
    found = container(request)
    with found.db.read() as conn:
        typed = booking_form.fresh(found.clock.now(), found.when, workday_store.working_days(conn))
    asked = request.query_params
    typed.day, typed.start, typed.end = asked.get("on", typed.day), asked.get("start", typed.start), asked.get("end", typed.end)
    typed.chosen = frozenset(calendar_free.read(asked.get("points", "")))  # a time that the search of free slots found
    typed.people |= {"chair": asked["chair"]} if "chair" in asked else {}
    typed.leaders = asked.getlist("leader")[:MAX_LEADERS]
    return _show(request, typed, subject)


@router.post("/new")
def create(request: Request, subject: Subject = Depends(allow(Action.MEETING_CREATE))) -> Response:
    """`action`: book, draft, or anything else = look again (also: pick=START-END, line=more)."""
    found, form = container(request), request.state.form
    typed = booking_form.read(form, found.keys.csrf)
    good, refused = uploads.receive(found, form.getlist("document"))
    typed.kept += [file for file in good if file.sha256 not in {kept.sha256 for kept in typed.kept}]
    _picked(typed, str(form.get("pick", "")))
    action = str(form.get("action", ""))
    if action not in ("book", "book_rest", "draft"):
        return _show(request, typed, subject, said={"document": " ".join(refused)} if refused else {})
    return _save(request, typed, subject, refused, book=action != "draft")


def _picked(typed: Typed, pick: str) -> None:
    """A suggested time was chosen: `2026-11-26 09:30-11:30`."""
    day, _space, hours = pick.partition(" ")
    start, _dash, end = hours.partition("-")
    if day and start and end:
        typed.day, typed.start, typed.end = day, start, end


def _save(request: Request, typed: Typed, subject: Subject, refused: list[str], *, book: bool) -> Response:
    found, now = container(request), container(request).clock.now()
    try:
        with found.db.write() as conn:
            wanted, plan = _checked(conn, found, typed, subject, refused, now, book=book)
            within = booking_view.scope(conn, subject.unit_id, _day(wanted, found, now))
            booking_view.tree(conn, within, typed)
            if book and not typed.chosen:
                raise Invalid("booking.nobody", field="audience")
            meeting = _create(conn, typed, wanted, within, subject, now)
            chosen = booking_view.chosen_ids(within, typed)
            n = _book(conn, meeting, plan, chosen, found, subject, now, typed) if book else None
            asked = len(booking.points_of_meeting(conn, meeting.meeting_id, "pending"))
            if book:
                members = _members(conn, meeting.meeting_id, Scope.ALL)
                audience_store.keep(conn, members, booking_view.rule(conn, within, typed), chosen, now)
    except _Wrong as wrong:
        said = {name: explain(error, request) for name, error in wrong.errors.items()}
        if wrong.refused:
            said["document"] = " ".join(wrong.refused)
        return _show(request, typed, subject, 422, said)
    except MeetingError as error:
        return _show(request, typed, subject, status_of(error), {_field(error): explain(error, request)}, blocked=blocked(error))
    if asked:
        return done(f"/meetings/{meeting.meeting_id}/approvals", "asked", asked)
    notice = "created" if not book else "series" if plan else "booked"
    return done(f"/meetings/{meeting.meeting_id}", notice, n)


def _checked(
    conn: Connection, found: Container, typed: Typed, subject: Subject, refused: list[str], now: datetime, *, book: bool
) -> tuple[Wanted, Plan | None]:
    """The form as values, and the dates where it comes again.  Raises _Wrong with every mistake."""
    first, _problems = booking_form.times(typed, found.when)
    plan, mistakes = booking_form.plan(typed, first, found.when, workday_store.working_days(conn, language()))
    hurried = _hurried(conn, first, plan, now)
    accounts = booking_view.people(conn, subject, found.when.today(now))
    wanted, errors = booking_form.check(typed, found.when, booking_view.as_people(accounts), hurried and book)
    errors |= mistakes
    if plan and not book:
        errors["repeat"] = Invalid("series.draft", field="repeat")
    if book and not (typed.chosen or typed.ticked or typed.named):
        errors["audience"] = Invalid("booking.nobody", field="audience")
    if errors or refused:
        raise _Wrong(errors, refused)
    if plan:
        wanted.start, wanted.end = plan.first.start, plan.first.end
    return wanted, plan


def _hurried(conn: Connection, wanted: Wanted, plan: Plan | None, now: datetime, meeting: Meeting | None = None) -> bool:
    """Whether booking it now takes a reason, of a series for its first date; a meeting that was convened has told everybody."""
    start = plan.first.start if plan else wanted.start
    if start is None or (meeting and meeting.state is not State.DRAFT):
        return False
    return workday_store.asks_why(conn, meeting.meeting_id if meeting else None, start, now)


def _book(
    conn: Connection, meeting: Meeting, plan: Plan | None, chosen: list[int], found: Container, subject: Subject, now: datetime,
    typed: Typed,
) -> int:
    """How many points, or how many meetings of a series.  A series takes nobody's time."""
    if plan is None:
        return convening.book(conn, meeting.meeting_id, chosen, subject, now, typed.displace.strip(), typed.hurry)
    stored = series_store.create(conn, meeting.meeting_id, plan.rule, found.when.zone.key, chosen, subject, now,
                                 leave_out=plan.left_out, acts=convening.Saying(typed.hurry))
    return len(stored.series.occurrences())


def blocked(error: MeetingError) -> list[tuple[str, Slot, MeetingError]]:
    """The dates of a series that cannot be booked: key, time, why."""
    if error.code != "series.blocked":
        return []
    return [(one["key"], Slot(one["start"], one["end"]), one["error"]) for one in error.params["occurrences"]]


class _Wrong(Exception):
    """The form has mistakes; the transaction is rolled back."""

    def __init__(self, errors: dict[str, MeetingError], refused: list[str]) -> None:
        super().__init__(errors, refused)
        self.errors = errors
        self.refused = refused


def _field(error: MeetingError) -> str:
    if error.code == "meeting.short_notice":
        return "hurry"
    field = str(error.params.get("field", "audience"))
    return field if field in booking_form.ORDER else "audience"


def _day(wanted: Wanted, found: Container, now: datetime) -> date:
    return found.when.local(wanted.start or now).date()


def _create(
    conn: Connection, typed: Typed, wanted: Wanted, within: booking_view.Scope, subject: Subject, now: datetime
) -> Meeting:
    assert wanted.start and wanted.end
    meeting = service.create(conn, NewMeeting(
        title=typed.title, unit=within.unit, start=wanted.start, end=wanted.end, **wanted.people, leaders=wanted.leaders, agenda=wanted.agenda,
        place=typed.place, main_point_id=_main_point(conn, within, typed, wanted.people["chair"].user_id),
    ), subject, now)
    for file in typed.kept:
        uploads.add(conn, meeting.meeting_id, file, subject, now)
    return meeting


def _main_point(conn: Connection, within: booking_view.Scope, typed: Typed, chair_id: str) -> int | None:
    """Where the chair sits: the point of the chair's unit, else of the convening unit, else the highest one chosen."""
    chosen = [point for point in booking_view.ordered(within) if point.point_id in typed.chosen]
    for unit_id in (store.get_account(conn, chair_id).unit_id, within.unit.id):
        for point in chosen:
            if point.unit_id == unit_id:
                return point.point_id
    return chosen[0].point_id if chosen else None


def _show(
    request: Request, typed: Typed, subject: Subject, status: int = 200, said: dict[str, str] | None = None,
    meeting: Meeting | None = None, blocked: list[tuple[str, Slot, MeetingError]] | None = None,
) -> HTMLResponse:
    found, now = container(request), container(request).clock.now()
    wanted, problems = booking_form.times(typed, found.when)
    with found.db.read() as conn:
        within = _scope_of(conn, meeting, found) if meeting else booking_view.scope(
            conn, subject.unit_id, _day(wanted, found, now))
        branches = booking_view.tree(conn, within, typed)
        others = booking_view.others(within, typed)
        needing = asking.needing(conn, within.tree, within.points, within.unit.id)
        own = meeting.meeting_id if meeting else None
        picture = booking_view.picture(conn, within, typed, wanted, found.when, subject, now, own)
        accounts = booking_view.people(conn, subject, found.when.today(now))
        days = workday_store.working_days(conn, language())
        plan, mistakes = booking_form.plan(typed, wanted, found.when, days)
        series = series_store.of_meeting(conn, own) if own else None
        clashing = {} if own else series_view.clashes(conn, plan, booking_view.chosen_ids(within, typed), subject)
        named = booking_view.named(conn, within)
        hurried = _hurried(conn, wanted, plan, now, meeting)
    said = said if said is not None else {}
    if status == 200:
        said = {**said, **{name: explain(error, request) for name, error in mistakes.items()}}
    if picture is None and status == 200:
        said = {**said, **{name: explain(error, request) for name, error in problems.items()}}
    _default_people(typed, accounts, subject)
    return page(
        request, "booking/book.html" if meeting else "booking/new.html", status, place="meetings", typed=typed,
        branches=branches, others=others, many=len(within.others) > booking_view.MANY, needing=needing,
        waits={point.point_id: one for one in picture.asked if one.sent for point in one.points} if picture else {}, picture=picture, accounts=accounts, directory=booking_view.directory(accounts), most_leaders=MAX_LEADERS, errors=said, labels=booking_form.labels(), meeting=meeting,
        receipts=[(file, uploads.receipt(found.keys.csrf, file)) for file in typed.kept], unit=within.unit,
        loud=status != 200, named=named, plan=plan, clashing={key: explain(error, request) for key, error in clashing.items()}, kinds=repeat.KINDS, weekdays=list(zip(repeat.DAYS, DAYS, strict=True)), hurried=hurried,
        holiday=_holiday(days, wanted, found), series=series, scope=str(request.state.form.get("scope", "one")) if request.state.form else "one",
        told=calendar_free.told, blocked=[(key, slot, explain(error, request)) for key, slot, error in blocked or []],
        server=capacity.sentence(picture.server.as_params()) if picture and picture.server else "",
    )


def _holiday(days: WorkingDays, wanted: Wanted, found: Container) -> str:
    """What is said beside the date where nobody works; empty on a working day."""
    if wanted.start is None:
        return ""
    day = found.when.local(wanted.start).date()
    return "" if days.works(day) else days.name(day) or _("ngày nghỉ")


def _default_people(typed: Typed, accounts: Any, subject: Subject) -> None:
    """Where only one person fits, or it is the one who asks, the form already says so."""
    for post, role in DEFAULT_ROLE.items():
        if typed.people.get(post):
            continue
        fitting = [account.user_id for account, _unit in accounts if role in account.roles]
        if post == "secretary" and subject.user_id in fitting:
            typed.people[post] = subject.user_id
        elif len(fitting) == 1:
            typed.people[post] = fitting[0]


@router.get("/{meeting_id}/book")
def points(request: Request, meeting_id: str,
           subject: Subject = Depends(allow(Action.MEETING_BOOK, views.meeting))) -> Response:
    """The points of a meeting that has not opened."""
    return _show(request, _typed_of(request, request.state.meeting), subject, meeting=request.state.meeting)


@router.post("/{meeting_id}/book")
def book(request: Request, meeting_id: str,
         subject: Subject = Depends(allow(Action.MEETING_BOOK, views.meeting))) -> Response:
    found, now, meeting = container(request), container(request).clock.now(), request.state.meeting
    typed = booking_form.read(request.state.form, found.keys.csrf)
    fixed = _typed_of(request, meeting)
    typed.day, typed.start, typed.end, typed.repeat = fixed.day, fixed.start, fixed.end, fixed.repeat
    typed.people, typed.leaders = fixed.people, fixed.leaders
    if request.state.form.get("action") != "book":
        return _show(request, typed, subject, meeting=meeting)
    try:
        with found.db.write() as conn:
            within = _scope_of(conn, meeting, found)
            booking_view.tree(conn, within, typed)
            chosen = booking_view.chosen_ids(within, typed)
            n = _rebook(request, conn, chosen, subject, now, typed)
            asked = len(booking.points_of_meeting(conn, meeting_id, "pending"))
            members = _members(conn, meeting_id, Scope.of(request.state.form.get("scope")))
            audience_store.keep(conn, members, booking_view.rule(conn, within, typed), chosen, now)
            if meeting.main_point_id not in typed.chosen:
                main = _main_point(conn, within, typed, meeting.chair.user_id)
                convening.change(conn, meeting_id, subject, now, main_point_id=main)
    except MeetingError as error:
        field = "hurry" if error.code == "meeting.short_notice" else "audience"
        return _show(request, typed, subject, status_of(error), {field: explain(error, request)}, meeting,
                     blocked=blocked(error))
    found.hub.changed(meeting_id)
    if asked:
        return done(f"/meetings/{meeting_id}/approvals", "asked", asked)
    return done(f"/meetings/{meeting_id}", "booked", n)


def _rebook(
    request: Request, conn: Connection, chosen: list[int], subject: Subject, now: datetime, typed: Typed,
) -> int:
    """These points for this meeting, or for more of its series (`scope`)."""
    scope, meeting_id = Scope.of(request.state.form.get("scope")), request.state.meeting.meeting_id
    if scope is Scope.ONE:
        return convening.book(conn, meeting_id, chosen, subject, now, typed.displace.strip(), typed.hurry)
    series_store.edit(conn, meeting_id, scope, Change(points=chosen), subject, now, acts=convening.Saying(typed.hurry))
    return len(chosen)


def _members(conn: Connection, meeting_id: str, scope: Scope) -> list[str]:
    """The meetings that were given these points: this one, or those of its series that the change reached."""
    place = series_store.of_meeting(conn, meeting_id)
    if place is None or scope is Scope.ONE:
        return [meeting_id]
    since = place.key.isoformat() if scope is Scope.FOLLOWING else ""
    return [row.meeting_id for row in series_store.members(conn, place.stored.series_id)
            if row.key >= since and row.state in (State.DRAFT.value, State.CONVENED.value)]


def _scope_of(conn: Connection, meeting: Meeting, found: Container) -> booking_view.Scope:
    """A meeting's points are chosen from its own unit's, whoever keeps it: its secretary may sit in a district."""
    return booking_view.scope(conn, meeting.unit.id, found.when.local(meeting.start).date(), _live(conn, meeting))


def _live(conn: Connection, meeting: Meeting) -> frozenset[int]:
    """Its points, those included that wait for a yes."""
    return frozenset(booking.live_points(conn, meeting.meeting_id))


def _typed_of(request: Request, meeting: Meeting) -> Typed:
    found = container(request)
    with found.db.read() as conn:
        held = _live(conn, meeting)
    return Typed(
        title=meeting.title, day=found.when.form_date(meeting.start), start=found.when.clock(meeting.start),
        end=found.when.clock(meeting.end), chosen=held, people=dict(meeting.signers),
        leaders=[leader.user_id for leader in meeting.leaders],
    )
