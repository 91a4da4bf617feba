"""Sửa cuộc họp: name, place and time of one meeting, of this and the following of its series, or of all; and the series itself.

Cancelling reaches as far in the same way.  What may be changed is decided by the use cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings.access import Action
from meetings.errors import Invalid, MeetingError, NotFound
from meetings.meeting import CHANGEABLE, MAX_LEADERS, Person, State
from scheduler import audience_store, people, series_store
from scheduler.series_store import Change, Scope
from scheduler.slots import Slot
from web import booking_form, booking_view, convening, repeat, series_preview, series_view, views
from web.booking_form import Typed
from web.container import container
from web.errors import explain, status_of
from web.guard import allow
from web.legible import number
from web.pages import done, page
from web.routes import invitations, meetings
from web.routes.booking import blocked
from web.series_preview import Preview

router = APIRouter(prefix="/meetings/{meeting_id}", tags=["meetings"], default_response_class=HTMLResponse)
READ = [Depends(allow(Action.MEETING_READ, views.meeting))]
EDIT = [Depends(allow(Action.MEETING_EDIT, views.meeting))]


@router.get("/edit", dependencies=EDIT)
def form(request: Request, meeting_id: str) -> Response:
    found, meeting = container(request), request.state.meeting
    return _form(request, Typed(
        title=meeting.title, place=meeting.place, day=found.when.form_date(meeting.start),
        start=found.when.clock(meeting.start), end=found.when.clock(meeting.end),
        leaders=[leader.user_id for leader in meeting.leaders]))


@router.post("/edit", dependencies=EDIT)
def save(request: Request, meeting_id: str) -> Response:
    """`title`, `place`, `day`, `start`, `end`, `leader`s where the form has them (`leaders_shown`), `hurry`; in a series `scope` and
    the `version` the form was made from.  `action`: look, to see what it would do.  `sure`: of these times and leaders it was told
    who is elsewhere.
    """
    found, meeting, sent = container(request), request.state.meeting, request.state.form
    typed, scope = booking_form.read(sent, found.keys.csrf), Scope.of(sent.get("scope"))
    wanted, errors = booking_form.times(typed, found.when)
    if not typed.title.strip():
        errors["title"] = Invalid("text.empty", field="title")
    if errors:
        return _form(request, typed, 422, {name: explain(error, request) for name, error in errors.items()})
    assert wanted.start and wanted.end
    fields = {name: value for name, value in (("title", typed.title), ("place", typed.place)) if value != getattr(meeting, name)}
    slot, version = Slot(wanted.start, wanted.end), number(str(sent.get("version", "")))

    by, busy = request.state.subject, list[people.Clash]()

    def edit(conn: Connection, now: datetime) -> int:
        change = Change(fields | (_leaders(conn, request, typed) if sent.get("leaders_shown") else {}), slot)
        before = people.reach(conn, meeting_id)
        n = series_store.edit(conn, meeting_id, scope, change, by, now, version=version, acts=convening.Saying(typed.hurry))
        busy[:] = people.changed(conn, meeting_id, before, by)
        return n

    try:
        if sent.get("action") == "look":
            preview = series_preview.preview(found, meeting_id, edit)
            return _form(request, typed, preview=preview, busy=busy)
        with found.db.write() as conn:
            n = edit(conn, found.clock.now())
            if sent.get("sure") != _sure(typed):
                people.check(busy)
    except MeetingError as error:
        if error.code == "person.elsewhere":
            return _form(request, typed, status_of(error), busy=busy)
        field = "hurry" if error.params.get("field") == "reason" else str(error.params.get("field", "start"))
        return _form(request, typed, status_of(error), {field if field in booking_form.ORDER else "start": explain(error, request)}, error)
    found.hub.changed(meeting_id)
    return done(f"/meetings/{meeting_id}", "saved" if n == 1 else "changed_many", n)


def _sure(typed: Typed) -> str:
    """What was told of: another time or other leaders ask anew."""
    return " ".join((typed.day, typed.start, typed.end, *sorted(typed.leaders)))


def _leaders(conn: Connection, request: Request, typed: Typed) -> dict[str, tuple[Person, ...]]:
    """Those ticked, where they are others than before; who is named keeps the name and title of that day."""
    meeting = request.state.meeting
    near = booking_view.as_people(booking_view.people(conn, request.state.subject, container(request).when.today(container(request).clock.now())))
    known = {**near, **{leader.user_id: leader for leader in meeting.leaders}}
    before = [leader.user_id for leader in meeting.leaders]
    wanted = [one for one in before if one in typed.leaders] + [one for one in typed.leaders if one in known and one not in before]
    return {} if wanted == before else {"leaders": tuple(known[one] for one in wanted)}


def _form(
    request: Request, typed: Typed, status: int = 200, said: dict[str, str] | None = None, error: MeetingError | None = None,
    preview: Preview | None = None, busy: Sequence[people.Clash] = (),
) -> HTMLResponse:
    meeting, sent = request.state.meeting, request.state.form
    meeting.check_state(State.DRAFT, State.CONVENED)
    found = container(request)
    with found.db.read() as conn:
        series = series_store.of_meeting(conn, meeting.meeting_id)
        accounts = booking_view.people(conn, request.state.subject, found.when.today(found.clock.now()))
    return page(
        request, "meetings/edit.html", status, place="meetings", meeting=meeting, typed=typed, errors=said or {},
        labels=booking_form.labels(), directory=booking_view.directory(accounts, meeting.leaders), most_leaders=MAX_LEADERS, series=series,
        preview=preview, busy=[one.as_param() for one in busy], sure=_sure(typed), scope=Scope.of(sent.get("scope") if sent else None).value,
        blocked=[(slot, explain(why, request)) for _key, slot, why in blocked(error)] if error else [],
    )


@router.get("/series", dependencies=READ)
def whole(request: Request, meeting_id: str) -> Response:
    """Every meeting of the series that this one is of: what is to come, and what was."""
    found, now = container(request), container(request).clock.now()
    with found.db.read() as conn:
        series = series_store.of_meeting(conn, meeting_id)
        if series is None:
            raise Invalid("series.unknown")
        rows: list[Any] = series_store.members(conn, series.stored.series_id)
    stored = series.stored
    words = "" if stored.ended_at else repeat.words(stored.series, found.when)
    by_rule = {one.key.isoformat(): one.slot for one in stored.series.occurrences()}
    apart = {row.meeting_id for row in rows if row.key in by_rule and by_rule[row.key] != Slot(row.starts_at, row.ends_at)}
    coming = [row for row in rows if row.ends_at > now and row.state in CHANGEABLE]
    return page(request, "meetings/series.html", place="meetings", meeting=request.state.meeting, resource=request.state.resource, series=series, words=words, apart=apart,
                coming=coming, others=[row for row in rows if row not in coming], convened=[row for row in coming if row.state == "convened"],
                left_out=sorted(key for key in stored.series.excluded if key.isoformat() not in {row.key for row in rows}))


@router.get("/series/invitation.{ending}", dependencies=READ)
def document(request: Request, meeting_id: str, ending: str) -> Response:
    """The invitation to all dates of the series that are to come, as PDF or DOCX, as the letters have it."""
    found, now = container(request), container(request).clock.now()
    with found.db.read() as conn:
        place = series_store.of_meeting(conn, meeting_id)
        rows = [row for row in series_store.members(conn, place.stored.series_id) if row.state == "convened" and row.ends_at > now] if place else []
        if place is None or not rows:
            raise NotFound("not_found")
        model = series_view.document(conn, rows[0].meeting_id, place.stored.series.rule, [(row.starts_at, row.ends_at) for row in rows])
    return invitations.send(model, ending)


@router.post("/audience/apply", dependencies=[Depends(allow(Action.MEETING_BOOK, views.meeting))])
def apply(request: Request, meeting_id: str) -> Response:
    """Takes over what a merger of units made of the meeting's audience; `hurry`, where that convenes it late."""
    found, hurry = container(request), str(request.state.form.get("hurry", ""))
    try:
        with found.db.write() as conn:
            n = audience_store.apply(conn, meeting_id, request.state.subject, found.clock.now(), acts=convening.Saying(hurry))
    except Invalid as error:
        if error.params.get("field") != "reason":
            raise
        return meetings.front(request, meeting_id, status_of(error), hurry=hurry, hurry_error=explain(error, request))
    found.hub.changed(meeting_id)
    return done(f"/meetings/{meeting_id}", "booked", n)
