"""The cards of all points below one's unit as a file: out, changed in a spreadsheet, and back in, all rows or none.

A file that adds rooms shows them first and waits for a second press; meanwhile its bytes are kept, and their receipt travels in
the form.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings.access import Action, Resource, Subject
from meetings.errors import MeetingError
from scheduler import point_sheet, rooms
from scheduler import points as point_store
from scheduler.point_card import Kept
from web import places, uploads
from web.container import Container, container
from web.errors import explain, status_of
from web.guard import allow
from web.pages import done, page

router = APIRouter(prefix="/points", tags=["points"], default_response_class=HTMLResponse)
SHOWN = 100


def own(request: Request, _conn: Connection) -> Resource:
    """The points below the reader's own unit; those of a unit that has ended are nobody's."""
    return Resource("point", request.state.subject.unit_path or ("-",))


KEEPER = allow(Action.POINT_EDIT, own)


def below(conn: Connection, found: Container, subject: Subject) -> tuple[list[Kept], dict[str, str]]:
    """The cards of the subject's own unit and of all below it; and the codes of these units, by id."""
    tree = places.tree(conn, found.when.today(found.clock.now()))
    units = {unit.unit_id: unit.gso_code for unit in tree.subtree(subject.unit_path[-1])}
    return point_store.kept(conn, [point.point_id for point in point_store.all_points(conn) if point.unit_id in units]), units


@router.get("/sheet.csv")
def export(request: Request, subject: Subject = Depends(KEEPER)) -> Response:
    found = container(request)
    with found.db.read() as conn:
        text = point_sheet.write(*below(conn, found, subject))
    headers = {"content-disposition": 'attachment; filename="diem-cau.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/sheet")
def sheet(request: Request, subject: Subject = Depends(KEEPER)) -> Response:
    return _page(request)


@router.post("/sheet")
def load(request: Request, subject: Subject = Depends(KEEPER)) -> Response:
    """`file`: a CSV with the columns of the export, or some of them; or `kept`, the receipt of one whose rooms are to be made."""
    found = container(request)
    waited = uploads.redeem(found.keys.csrf, str(request.state.form.get("kept", "")))
    try:
        data = uploads.sheet(found, request.state.form, waited)
        with found.db.write() as conn:
            points, units = below(conn, found, subject)
            known = {kept.point.code: kept for kept in points}
            rows, bad = point_sheet.read(data, known, {code: unit_id for unit_id, code in units.items()})
            new = [row for row in rows if row.unit_id]
            n = rooms.load(conn, rows, known, subject, found.clock.now()) if not bad and (waited or not new) else 0
    except MeetingError as error:
        return _page(request, status_of(error), said={"file": explain(error)})
    if bad:
        return _page(request, 422, bad=[(one.line, one.code, explain(one.error)) for one in bad[:SHOWN]],
                     more=max(0, len(bad) - SHOWN), good=len(rows))
    if waited:
        found.aside.remove(waited.sha256)
    elif new:
        named = [(row.line, units[row.unit_id], row.name) for row in new]
        return _page(request, new=named, good=len(rows) - len(new), receipt=uploads.wait(found, data, "points.csv"))
    return done("/points", "sheet", n)


def _page(
    request: Request, status: int = 200, said: dict[str, str] | None = None, bad: list[tuple[int, str, str]] | None = None,
    more: int = 0, good: int = 0, new: list[tuple[int, str, str]] | None = None, receipt: str = "",
) -> HTMLResponse:
    return page(request, "points/sheet.html", status, place="points", errors=said or {}, bad=bad or [], more=more, good=good,
                new=new or [], receipt=receipt, columns=point_sheet.COLUMNS)
