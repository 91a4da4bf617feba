"""Thêm điểm cầu: another room for a unit, made by whoever looks after its points; its card is filled in on the next page."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from meetings.access import Action, Resource, Subject
from meetings.errors import MeetingError
from scheduler import rooms
from web import places, point_form
from web.container import container
from web.errors import explain, status_of
from web.guard import allow
from web.pages import done, may, page
from web.routes.point_sheet import own

router = APIRouter(prefix="/points", tags=["points"], default_response_class=HTMLResponse)
KEEPER = allow(Action.POINT_EDIT, own)


@router.get("/new")
def blank(request: Request, unit: str = "", subject: Subject = Depends(KEEPER)) -> Response:
    return _form(request, subject, {"unit": unit or str(subject.unit_id), "name": ""})


@router.post("/new")
def create(request: Request, subject: Subject = Depends(KEEPER)) -> Response:
    """`unit` (id) and `name`; the code is given."""
    found, form = container(request), request.state.form
    typed = {name: str(form.get(name, ""))[:2000] for name in ("unit", "name")}
    try:
        with found.db.write() as conn:
            [point] = rooms.make(conn, [rooms.Room(typed["unit"], typed["name"])], subject, found.clock.now())
    except MeetingError as error:
        field = "name" if error.params.get("field") == "name" else "unit"
        return _form(request, subject, typed, status_of(error), {field: explain(error, request)})
    return done(f"/points/{point.code}/edit", "made")


def _form(
    request: Request, subject: Subject, typed: dict[str, str], status: int = 200, said: dict[str, str] | None = None,
) -> HTMLResponse:
    found = container(request)
    with found.db.read() as conn:
        tree = places.tree(conn, found.when.today(found.clock.now()))
    units = [unit for unit in tree.subtree(subject.unit_path[-1]) if may(subject, "point.edit", Resource("point", tree.path(unit.unit_id)))]
    above = {unit.unit_id: tree.get(unit.parent_id).name if unit.parent_id in tree else "" for unit in units}
    return page(request, "points/new.html", status, place="points", units=units, above=above, typed=typed, errors=said or {},
                labels=point_form.labels())
