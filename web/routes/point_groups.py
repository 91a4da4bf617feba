"""Nhóm điểm cầu: named groups of points that a secretary's unit convenes again and again; kept by its secretaries."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from meetings.access import Action, Subject
from meetings.errors import MeetingError
from scheduler import audience_store
from web import booking_form, booking_view
from web.booking_form import Typed
from web.container import container
from web.errors import explain, status_of
from web.guard import allow
from web.i18n import _
from web.legible import number
from web.pages import done, page

router = APIRouter(prefix="/points/groups", tags=["points"], default_response_class=HTMLResponse)
KEEPER = allow(Action.MEETING_CREATE)


@router.get("")
def listing(request: Request, subject: Subject = Depends(KEEPER)) -> Response:
    with container(request).db.read() as conn:
        groups = audience_store.groups(conn, subject.unit_id)
    return page(request, "points/groups.html", place="points", groups=groups)


@router.get("/new")
def blank(request: Request, subject: Subject = Depends(KEEPER)) -> Response:
    return _form(request, subject, Typed())


@router.post("/new")
def create(request: Request, subject: Subject = Depends(KEEPER)) -> Response:
    return _save(request, subject, None)


@router.get("/{group_id}")
def form(request: Request, group_id: str, subject: Subject = Depends(KEEPER)) -> Response:
    group = _own(request, group_id, subject)
    return _form(request, subject, Typed(title=group.name, chosen=group.points), group)


@router.post("/{group_id}")
def save(request: Request, group_id: str, subject: Subject = Depends(KEEPER)) -> Response:
    """`title`, `point` (ids), `version`; `action` remove takes the group away."""
    found, group = container(request), _own(request, group_id, subject)
    if request.state.form.get("action") == "remove":
        with found.db.write() as conn:
            audience_store.group_remove(conn, subject.unit_path, group_id, subject)
        return done("/points/groups", "saved")
    return _save(request, subject, group)


def _own(request: Request, group_id: str, subject: Subject) -> audience_store.Group:
    """Another unit's group does not exist."""
    with container(request).db.read() as conn:
        found = [one for one in audience_store.groups(conn, subject.unit_id) if one.group_id == group_id]
        return found[0] if found else audience_store.group(conn, "-")


def _save(request: Request, subject: Subject, group: audience_store.Group | None) -> Response:
    found, form = container(request), request.state.form
    typed = booking_form.read(form, found.keys.csrf)
    if form.get("action") not in ("save", None):
        return _form(request, subject, typed, group)
    now = found.clock.now()
    try:
        with found.db.write() as conn:
            within = booking_view.scope(conn, subject.unit_id, found.when.today(now))
            booking_view.tree(conn, within, typed)
            audience_store.group_save(
                conn, subject.unit_path, typed.title, typed.chosen, subject, now,
                group_id=group.group_id if group else None, version=number(str(form.get("version", ""))))
    except MeetingError as error:
        field = "audience" if error.params.get("field") == "audience" else "title"
        return _form(request, subject, typed, group, status_of(error), {field: explain(error)})
    return done("/points/groups", "saved")


def _form(
    request: Request, subject: Subject, typed: Typed, group: audience_store.Group | None = None, status: int = 200,
    said: dict[str, str] | None = None,
) -> HTMLResponse:
    found = container(request)
    with found.db.read() as conn:
        within = booking_view.scope(conn, subject.unit_id, found.when.today(found.clock.now()))
        branches = booking_view.tree(conn, within, typed)
        others = booking_view.others(within, typed)
    return page(request, "points/group.html", status, place="points", typed=typed, branches=branches, others=others,
                many=len(within.others) > booking_view.MANY, group=group, errors=said or {},
                labels={"title": _("Tên nhóm"), "audience": _("Thành phần")})
