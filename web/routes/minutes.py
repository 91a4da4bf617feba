"""Biên bản: the text and its evidence, the stages of signing, and the one step that waits for whoever looks.

Every form posts to an address below the page, does one use case of `minutes.service`, and comes back to the page.
Forms that sign carry the digest of the text that the page showed.  Downloads are in `routes/packets.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection

from meetings import service as meetings
from meetings.access import Action, Resource, Subject, decide, require
from meetings.errors import Invalid, MeetingError
from meetings.meeting import State
from minutes import register, service, store
from minutes.editing import outside
from minutes.release import token
from minutes.service import Status
from scheduler import workday_store
from web import course, minutes_page, places, register_page, views
from web.container import Container, container
from web.errors import explain, status_of
from web.guard import allow
from web.pages import done, page

router = APIRouter(tags=["minutes"], default_response_class=HTMLResponse)
HERE = "/meetings/{meeting_id}/minutes"
EDIT_PREFIX = "block."
Year = Annotated[int, Query(ge=0, le=9999)]


def action(name: Action) -> Any:
    return Depends(allow(name, views.meeting))


def of_minutes(request: Request, conn: Connection) -> Resource:
    """The meeting that these minutes are of: who may not know of it learns nothing from their number."""
    request.path_params["meeting_id"] = store.load(conn, request.path_params["minutes_id"]).meeting_id
    return views.meeting(request, conn)


@router.get("/minutes/{minutes_id}", dependencies=[Depends(allow(Action.MEETING_READ, of_minutes))])
def by_id(request: Request, minutes_id: str) -> Response:
    """The page has one address, below its meeting; this one is for lists."""
    return RedirectResponse(HERE.format(meeting_id=request.path_params["meeting_id"]), 303)


@router.get(HERE, dependencies=[action(Action.MEETING_READ)])
def show(request: Request, meeting_id: str) -> Response:
    return render(request, meeting_id)


def render(request: Request, meeting_id: str, error: MeetingError | None = None, kept: Any = None) -> HTMLResponse:
    """The page; `error` says what went wrong with the form just sent, `kept` is what was typed into it."""
    found, subject, resource = container(request), request.state.subject, request.state.resource
    with found.db.read() as conn:
        row = views.row(found, conn, subject, request.state.meeting, resource)
        frame = {
            "meeting": request.state.meeting, "row": row, "tab": "minutes", "resource": resource, "action": None,
            "counts": {"audience": row.booked, "documents": len(meetings.documents(conn, meeting_id))},
        }
        known = decide(subject, Action.MINUTES_READ, resource).allowed
        status = service.status(conn, meeting_id) if known else None
        values = _values(found, conn, subject, resource, status) if status else {}
    values["error"] = explain(error, request) if error else ""
    values["field"] = str(error.params.get("field", "")) if error else ""
    values["kept"] = kept or {}
    ended = request.state.meeting.state is State.CONCLUDED
    drafting = status is None and ended and decide(subject, Action.MINUTES_EDIT, resource).allowed
    code = status_of(error) if error else 200
    return page(request, "minutes/page.html" if status else "minutes/none.html", code, place="meetings",
                drafting=drafting, **frame, **values)


def _values(
    found: Container, conn: Connection, subject: Subject, resource: Resource, status: Status
) -> dict[str, Any]:
    editable = status.state == "draft" and decide(subject, Action.MINUTES_EDIT, resource).allowed
    working = decide(subject, Action.MINUTES_EDIT, resource).allowed or decide(
        subject, Action.MINUTES_NUMBER, resource).allowed
    model = service.model_of(conn, status.minutes.minutes_id, len(status.versions))
    releasing = status.issued and decide(subject, Action.RELEASE_GRANT, resource).allowed
    step = minutes_page.step(status, subject, resource)
    return {
        "record": status, "model": model, "number": minutes_page.number(model), "editable": editable, "working": working,
        "bodies": minutes_page.parts(model, editable), "stages": minutes_page.stages(status), "step": step,
        "outside": outside(model), "refusable": (refusable := step is not None and step.do.startswith(("sign/", "seal"))),
        "withdrawable": not refusable and minutes_page.withdrawable(status, subject, resource),
        "posts": minutes_page.posts(conn, status, subject, resource, found.when.today(found.clock.now())),
        "evidence": [(event, course.sentence(event)) for event in minutes_page.evidence(
            conn, status.meeting.meeting_id)] if working else [],
        "delegates": [(one, f"{found.settings.base_url}/d/{token(found.keys.releases, one.link_id)}" if one.link_id
                       else "") for one in minutes_page.delegates(conn, status)] if releasing else [],
        "releasing": releasing,
        "packet_readable": decide(subject, Action.PACKET_READ, resource).allowed and status.packet is not None,
        "prefix": EDIT_PREFIX,
    }


def change(request: Request, meeting_id: str, work: Callable[[Container, Status], object]) -> Response:
    """One use case; what it refuses is said on the page itself."""
    found = container(request)
    try:
        with found.db.read() as conn:
            status = service.status(conn, meeting_id)
        if status is None:
            return RedirectResponse(HERE.format(meeting_id=meeting_id), 303)
        work(found, status)
    except MeetingError as error:
        typed = request.state.form
        return render(request, meeting_id, error, {name: str(value) for name, value in typed.items()})
    return done(HERE.format(meeting_id=meeting_id), "saved")


def _test(found: Container) -> bool:
    return found.signers is None or bool(found.signers.test)


def _text(request: Request, name: str) -> str:
    return str(request.state.form.get(name, ""))


@router.post(HERE + "/draft", dependencies=[action(Action.MINUTES_EDIT)])
def draft(request: Request, meeting_id: str) -> Response:
    """Where closing could not draft (a full disk), or by hand at any time after it."""
    found = container(request)
    try:
        service.draft(found.db, found.blobs, meeting_id, request.state.subject, found.clock.now(),
                      base_url=found.settings.base_url, test=_test(found))
    except MeetingError as error:
        return render(request, meeting_id, error)
    return done(HERE.format(meeting_id=meeting_id), "saved")


@router.post(HERE + "/edit", dependencies=[action(Action.MINUTES_EDIT)])
def edit(request: Request, meeting_id: str) -> Response:
    edits = {name.removeprefix(EDIT_PREFIX): str(value) for name, value in request.state.form.items()
             if name.startswith(EDIT_PREFIX)}
    return change(request, meeting_id, lambda found, status: service.edit(
        found.db, found.blobs, status.minutes.minutes_id, edits, _text(request, "base"), request.state.subject,
        found.clock.now()))


@router.post(HERE + "/number", dependencies=[action(Action.MINUTES_NUMBER)])
def number(request: Request, meeting_id: str) -> Response:
    return change(request, meeting_id, lambda found, status: service.number(
        found.db, found.blobs, status.minutes.minutes_id, request.state.subject, found.clock.now(),
        shown=_text(request, "shown"), test=_test(found), production=found.settings.production))


@router.post(HERE + "/sign/{role}", dependencies=[action(Action.MINUTES_SIGN)])
def sign(request: Request, meeting_id: str, role: str) -> Response:
    if role not in ("initials", "secretary", "chair"):
        raise Invalid("bad_request")
    return change(request, meeting_id, lambda found, status: service.sign(
        found.db, found.blobs, found.signers, status.minutes.minutes_id, role, request.state.subject,
        found.clock.now(), shown=_text(request, "shown"), production=found.settings.production))


@router.post(HERE + "/seal", dependencies=[action(Action.MINUTES_SEAL)])
def seal(request: Request, meeting_id: str) -> Response:
    return change(request, meeting_id, lambda found, status: service.seal(
        found.db, found.blobs, found.signers, status.minutes.minutes_id, request.state.subject, found.clock.now(),
        shown=_text(request, "shown"), production=found.settings.production))


@router.post(HERE + "/refuse", dependencies=[action(Action.MINUTES_READ)])
def refuse(request: Request, meeting_id: str) -> Response:
    """Whoever's turn it is; the use case asks for the right that belongs to the turn."""
    return change(request, meeting_id, lambda found, status: service.refuse(
        found.db, found.blobs, status.minutes.minutes_id, status.next_role.value if status.next_role else "chair",
        _text(request, "reason"), request.state.subject, found.clock.now()))


@router.post(HERE + "/withdraw", dependencies=[action(Action.MINUTES_NUMBER)])
def withdraw(request: Request, meeting_id: str) -> Response:
    """The clerk takes the minutes back, for whatever keeps a signer from signing."""
    return change(request, meeting_id, lambda found, status: service.withdraw(
        found.db, found.blobs, status.minutes.minutes_id, _text(request, "reason"), request.state.subject,
        found.clock.now()))


@router.post(HERE + "/posts", dependencies=[action(Action.MINUTES_NUMBER)])
def reassign(request: Request, meeting_id: str) -> Response:
    """`post`, `person`: who holds a post from now on."""
    def work(found: Container, status: Status) -> None:
        post, now = _text(request, "post"), found.clock.now()
        with found.db.write() as conn:
            fitting = minutes_page.fitting(conn, post, request.state.subject, found.when.today(now))
            person = fitting.get(_text(request, "person"))
            if person is None:
                raise Invalid("meeting.role_missing", field="person")
            service.reassign(conn, status.minutes.minutes_id, post, person, request.state.subject, now)

    return change(request, meeting_id, work)


@router.post(HERE + "/issue", dependencies=[action(Action.MINUTES_ISSUE)])
def issue(request: Request, meeting_id: str) -> Response:
    return change(request, meeting_id, lambda found, status: service.issue(
        found.db, found.blobs, found.signers, status.minutes.minutes_id, request.state.subject, found.clock.now(),
        production=found.settings.production))


@router.post(HERE + "/packet", dependencies=[action(Action.MINUTES_ISSUE)])
def packet(request: Request, meeting_id: str) -> Response:
    return change(request, meeting_id, lambda found, status: service.build_packet(
        found.db, found.blobs, found.signers, status.minutes.minutes_id, request.state.subject, found.clock.now(),
        work=found.settings.data, production=found.settings.production))


@router.get("/register")
def outgoing(
    request: Request, year: Year = 0, subject: Subject = Depends(allow(Action.SELF))
) -> Response:
    """Sổ đăng ký văn bản đi of the clerk's own unit."""
    require(subject, Action.MINUTES_NUMBER, Resource("register", subject.unit_path))
    found = container(request)
    year = year or found.when.today(found.clock.now()).year
    with found.db.read() as conn:
        entries = register.entries(conn, subject.unit_id or "", year)
        hurried = workday_store.hurried(conn, {entry.meeting_id for entry in entries if entry.meeting_id})
        rows = register_page.lines(entries, hurried)
        unit = places.name(conn, subject.unit_id, found.when.today(found.clock.now()))
    return page(request, "minutes/register.html", place="documents", rows=rows, year=year, unit=unit)
