"""/meetings: list, make, change, book, move, cancel, and what stands in the way.

Every change names the version it was made from and is compared under the meeting's lock, in the transaction of the use
case; every creation carries its Idempotency-Key.  What is done is done by `web/convening.py`, as on the pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection

from meetings import service
from meetings.access import Action, Subject
from meetings.errors import Invalid
from meetings.meeting import AgendaLine, Meeting, NewMeeting, Person, State
from meetings.store import meeting_store, seat_store
from meetings.units import Sought
from scheduler import claims, series_store
from scheduler import people as persons
from scheduler import points as point_store
from scheduler import readings
from scheduler import service as booking
from scheduler.series import wall_of
from scheduler.series_store import Change, Scope
from scheduler.slots import Slot, civil_day
from web import asking, booking_view, convening, places, views
from web.api import answers, audience, body, etag, warnings
from web.api.contract import contract
from web.api.paging import Cursor, Limit, part
from web.api.points import LONGEST, Words, stretch
from web.api.problem import conflict, for_field, wrong
from web.api.shapes import Code, Conflict, Listed, Moment, Out
from web.api.shapes_meetings import (
    CancelIn,
    ConflictsOut,
    ConveneIn,
    Elsewhere,
    MeetingBrief,
    MeetingDone,
    MeetingIn,
    MeetingOut,
    MeetingPatch,
    MoveIn,
    PointsIn,
    show_brief,
    show_meeting,
)
from web.api.tokens import who
from web.booking_form import POSTS
from web.container import Container, container
from web.errors import explain
from web.guard import allow

router = APIRouter(prefix="/api/v1/meetings", tags=["meetings"])

AHEAD = timedelta(days=120)
READ = allow(Action.MEETING_READ, views.meeting, who=who)
EDIT = allow(Action.MEETING_EDIT, views.meeting, who=who)
BOOK = allow(Action.MEETING_BOOK, views.meeting, who=who)
Since = Annotated[Moment | None, Query(alias="from", description="Meetings that end after this; default now.")]
Until = Annotated[Moment | None, Query(alias="to", description=f"Meetings that begin before this; at most {LONGEST} days on.")]

Reach = Annotated[Scope, Query(description="Of a meeting that comes again: this one, this and the following, or all that have not begun.")]


def detail(conn: Connection, meeting: Meeting) -> MeetingOut:
    """The meeting with its agenda and points, as everybody sees it who may read it."""
    waiting = point_store.points_by_id(conn, booking.points_of_meeting(conn, meeting.meeting_id, "pending"))
    asked = asking.of_meeting(conn, meeting.meeting_id, Slot(meeting.start, meeting.end)) if waiting else []
    return show_meeting(meeting, meeting_store.agenda_of(conn, meeting.meeting_id),
                        seat_store.seats(conn, meeting.meeting_id), list(waiting.values()),
                        series_store.of_meeting(conn, meeting.meeting_id), asked)


@router.get("", **contract("listMeetings", Listed[MeetingBrief], listed=True))
def listing(
    request: Request, since: Since = None, until: Until = None, state: State | None = None, q: Words = "",
    limit: Limit = 100, cursor: Cursor = "", subject: Subject = Depends(allow(Action.SELF, who=who)),
) -> Response:
    """Meetings you may read, by start."""
    found = container(request)
    now = found.clock.now()
    start = since or now
    window = stretch(start, until or start + AHEAD)
    sought = Sought(q)
    with found.db.read() as conn:
        seen = views.visible(conn, subject, places.tree(conn, found.when.today(now)), after=window.start,
                             before=window.end, states=(state,) if state else None)
    kept = [one for one in seen if sought.within(one.title, one.unit.name, one.chair.name)]
    return answers.listed(request, part(kept, lambda one: (one.start.isoformat(), one.meeting_id), limit, cursor), show_brief)


@router.post("", **contract("createMeeting", MeetingDone, 409, 413, 415, status=201))
def create(
    request: Request, subject: Subject = Depends(allow(Action.MEETING_CREATE, who=who)),
    wanted: MeetingIn = Depends(body.of(MeetingIn)),
) -> Response:
    """A draft of your unit; with `audience` booked and convened, all points or none; with `repeat` every date of it."""
    found, now = container(request), container(request).clock.now()
    if wanted.repeat and not wanted.audience:
        raise Invalid("series.draft", field="repeat")

    def work(conn: Connection) -> tuple[Out, str]:
        on = civil_day(wanted.start)
        unit = booking_view.scope(conn, subject.unit_id, on).unit
        people = _people(conn, subject, {post: getattr(wanted, post) for post in POSTS}, now, request)
        leaders = _leaders(conn, subject, wanted.leaders, now, request)
        meant = audience.resolve(conn, wanted.audience, on, unit.id) if wanted.audience else None
        meeting = service.create(conn, NewMeeting(
            title=wanted.title, unit=unit, start=wanted.start, end=wanted.end, **people, leaders=leaders, place=wanted.place,
            agenda=[AgendaLine(line.title, line.presenter, line.minutes) for line in wanted.agenda],
            main_point_id=audience.main_point(conn, meant.points, wanted.chair, unit.id) if meant else None,
        ), subject, now)
        if meant:
            _book(conn, found, meeting, wanted, meant.ids, subject, now)
            audience.keep(conn, meeting.meeting_id, Scope.ALL, meant, now)
        made = service.get(conn, meeting.meeting_id)
        return warnings.done(conn, detail(conn, made), made, found.when, subject, now), f"{request.url.path}/{meeting.meeting_id}"

    answer, _new = answers.once(request, subject, work)
    return answer


@router.get("/{meeting_id}", **contract("getMeeting", MeetingOut))
def one(request: Request, meeting_id: str, subject: Subject = Depends(READ)) -> Response:
    """One meeting."""
    with container(request).db.read() as conn:
        return answers.show(request, detail(conn, service.get(conn, meeting_id)))


@router.patch("/{meeting_id}", **contract("changeMeeting", MeetingDone, 409, 412, 413, 415))
def change(
    request: Request, meeting_id: str, subject: Subject = Depends(EDIT),
    wanted: MeetingPatch = Depends(body.of(MeetingPatch)), scope: Reach = Scope.ONE,
) -> Response:
    """Title, place, agenda, posts or leaders, before the meeting opens."""
    if not wanted.model_fields_set:
        raise Invalid("api.nothing")

    def work(conn: Connection, now: datetime) -> None:
        given = {name: getattr(wanted, name) for name in wanted.model_fields_set}
        values: dict[str, Any] = {name: given[name] for name in ("title", "place") if name in given}
        values |= _people(conn, subject, {post: given[post] for post in POSTS if post in given}, now, request)
        if "leaders" in given:
            values["leaders"] = _leaders(conn, subject, given["leaders"], now, request, service.get(conn, meeting_id).leaders)
        if "agenda" in given:
            values["agenda"] = [AgendaLine(line.title, line.presenter, line.minutes) for line in wanted.agenda]
        series_store.edit(conn, meeting_id, scope, Change(fields=values), subject, now, acts=convening)

    return _changed(request, meeting_id, work)


@router.put("/{meeting_id}/points", **contract("bookPoints", MeetingDone, 409, 412, 413, 415))
def book(
    request: Request, meeting_id: str, subject: Subject = Depends(BOOK), wanted: PointsIn = Depends(body.of(PointsIn)),
    scope: Reach = Scope.ONE,
) -> Response:
    """Exactly these points for the meeting's time, all or none; owners of points that are not yours are asked."""
    meant: list[audience.Meant] = []

    def hold(conn: Connection) -> Meeting:
        first = service.get(conn, meeting_id)
        meant.append(audience.resolve(conn, wanted.audience, civil_day(first.start), first.unit.id))
        return claims.hold_whole(conn, meeting_id, meant[0].ids)

    def work(conn: Connection, now: datetime) -> None:
        [chosen] = meant
        if scope is Scope.ONE:
            convening.book(conn, meeting_id, chosen.ids, subject, now, wanted.displace.strip(), wanted.reason)
        else:
            series_store.edit(conn, meeting_id, scope, Change(points=chosen.ids), subject, now, acts=convening.Saying(wanted.reason))
        audience.keep(conn, meeting_id, scope, chosen, now)
        meeting = service.get(conn, meeting_id)
        if meeting.main_point_id not in chosen.ids:
            main = audience.main_point(conn, chosen.points, meeting.chair.user_id, meeting.unit.id)
            convening.change(conn, meeting_id, subject, now, main_point_id=main)

    return _changed(request, meeting_id, work, hold, first=True)


@router.post("/{meeting_id}/move", **contract("moveMeeting", MeetingDone, 409, 412, 413, 415))
def move(
    request: Request, meeting_id: str, subject: Subject = Depends(EDIT), wanted: MoveIn = Depends(body.of(MoveIn)),
    scope: Reach = Scope.ONE,
) -> Response:
    """Another time for the meeting and all its points, or none of it; who had answered is asked again."""
    slot = Slot(wanted.start, wanted.end)
    return _changed(
        request, meeting_id, lambda conn, now: series_store.edit(
            conn, meeting_id, scope, Change(slot=slot), subject, now, acts=convening.Saying(wanted.reason)),
        lambda conn: claims.hold_whole(conn, meeting_id, (), slot))


@router.post("/{meeting_id}/convene", **contract("conveneMeeting", MeetingDone, 409, 412, 413, 415))
def convene(
    request: Request, meeting_id: str, subject: Subject = Depends(BOOK), wanted: ConveneIn = Depends(body.of(ConveneIn)),
) -> Response:
    """With the points that are confirmed now, whoever has not answered yet."""
    return _changed(request, meeting_id, lambda conn, now: convening.convene(conn, meeting_id, subject, now, wanted.reason), first=True)


@router.post("/{meeting_id}/cancel", **contract("cancelMeeting", MeetingOut, 409, 412, 413, 415))
def cancel(
    request: Request, meeting_id: str, subject: Subject = Depends(EDIT), wanted: CancelIn = Depends(body.of(CancelIn)),
    scope: Reach = Scope.ONE,
) -> Response:
    """Cancels it and gives its points back."""
    return _changed(request, meeting_id, lambda conn, now: series_store.cancel(
        conn, meeting_id, scope, wanted.reason, subject, now, acts=convening), warn=False)


@router.get("/{meeting_id}/conflicts", **contract("listConflicts", ConflictsOut))
def conflicts(
    request: Request, meeting_id: str, start: Moment | None = None, end: Moment | None = None,
    point: Annotated[list[Code], Query(max_length=500, description="Codes of points, where it is not about those the meeting has.")] = [],  # noqa: B006
    subject: Subject = Depends(READ),
) -> Response:
    """What would stand in the way of the meeting's points, or of other ones (`point`), from `start` to `end` (default: its own time)."""
    now = container(request).clock.now()
    with container(request).db.read() as conn:
        meeting = service.get(conn, meeting_id)
        slot = _slot(meeting, start, end)
        held = [point_store.point_by_code(conn, code).point_id for code in point] or booking.points_of_meeting(conn, meeting_id)
        found = booking.conflicts(conn, held, slot, meeting_id, subject)
        waiting = readings.waiting(conn, _direct(conn, meeting, held, slot, now), slot, subject, meeting_id)
        named = {person.user_id: person.name for person in (
            *(getattr(meeting, post) for post in POSTS), *meeting.leaders)}
        busy = persons.elsewhere(conn, named, slot, subject, meeting_id)
    shown, asking_too = ([Conflict.model_validate(conflict(one.as_param())) for one in those] for those in (found, waiting))
    people = [Elsewhere(id=who, name=named[who], start=one.start, end=one.end, unit=one.unit,
                        meeting=one.meeting_id or None, title=one.title or None, pending=one.pending) for who, one in busy]
    return answers.show(request, ConflictsOut(start=slot.start, end=slot.end, conflicts=shown, waiting=asking_too, people=people))


# --- steps ---------------------------------------------------------------------------------------------------------


def _direct(conn: Connection, meeting: Meeting, held: list[int], slot: Slot, now: datetime) -> set[int]:
    """Those of the points that nobody is asked for."""
    chosen = list(point_store.points_by_id(conn, held).values())
    asked = asking.of_form(conn, meeting.unit.id, chosen, slot, now)
    return set(held) - {point.point_id for one in asked for point in one.points}


def _slot(meeting: Meeting, start: datetime | None, end: datetime | None) -> Slot:
    """A start alone keeps the length."""
    begins = start or meeting.start
    return stretch(begins, end or begins + (meeting.end - meeting.start))


def _book(
    conn: Connection, found: Container, meeting: Meeting, wanted: MeetingIn, points: list[int], subject: Subject, now: datetime,
) -> None:
    if wanted.repeat is None:
        convening.book(conn, meeting.meeting_id, points, subject, now, hurry=wanted.reason)
        return
    zone, repeat = found.when.zone.key, wanted.repeat
    series_store.create(conn, meeting.meeting_id, repeat.rule, zone, points, subject, now, acts=convening.Saying(wanted.reason),
                        leave_out=frozenset(wall_of(start, zone) for start in repeat.leave_out))


def _changed(
    request: Request, meeting_id: str, work: Callable[[Connection, datetime], object],
    hold: Callable[[Connection], Meeting] | None = None, *, warn: bool = True, first: bool = False,
) -> Response:
    """Runs `work` on the version named in If-Match, in one transaction; the answer is the meeting as it then stands.

    `warn`: with what is to be known of the change; `first`: also of people who were elsewhere before it.
    """
    found, now = container(request), container(request).clock.now()
    given = etag.wanted(request.headers.get("if-match"))
    with found.db.write() as conn:
        stands = hold(conn) if hold else meeting_store.lock(conn, meeting_id)
        etag.check(given, answers.tag(detail(conn, stands)))
        work(conn, now)
        now_stands = service.get(conn, meeting_id)
        shown = detail(conn, now_stands)
        if warn:
            by = request.state.subject
            shown = warnings.done(conn, shown, now_stands, found.when, by, now, None if first else stands)
    found.hub.changed(meeting_id)
    return answers.show(request, shown)


def _people(
    conn: Connection, subject: Subject, wanted: Mapping[str, str], now: datetime, request: Request
) -> dict[str, Person]:
    """The posts by account.  Raises Invalid("meeting.role_missing") for somebody who may hold none."""
    if not wanted:
        return {}
    known = booking_view.as_people(booking_view.people(conn, subject, container(request).when.today(now)))
    for post, user_id in wanted.items():
        if user_id not in known:
            raise Invalid("meeting.role_missing", field=post)
    return {post: known[user_id] for post, user_id in wanted.items()}


def _leaders(
    conn: Connection, subject: Subject, wanted: list[str], now: datetime, request: Request, before: tuple[Person, ...] = (),
) -> tuple[Person, ...]:
    """By account; who is named already keeps the name of that day.  Raises Refused naming each that is nobody."""
    known = booking_view.as_people(booking_view.people(conn, subject, container(request).when.today(now)))
    known |= {person.user_id: person for person in before}
    if unknown := [place for place, user_id in enumerate(wanted) if user_id not in known]:
        raise wrong([for_field(f"/leaders/{place}", "meeting.role_missing", explain(Invalid("meeting.role_missing", field="leader")))
                     for place in unknown])
    return tuple(known[user_id] for user_id in wanted)
