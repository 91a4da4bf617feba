"""GET /meetings/{id}/readiness: how each point's line stands before a meeting, why, and whom to phone.

Who may see the whole meeting sees all its points, others those they look after, as on the wall.  Reads only.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from meetings.access import Action, Subject
from web import readiness, views
from web.api import answers
from web.api.contract import contract
from web.api.paging import Cursor, Limit, part
from web.api.points import Words
from web.api.shapes import Listed
from web.api.shapes_lines import StandingOut, show_standing
from web.api.tokens import who
from web.container import container
from web.guard import allow
from web.readiness import Row
from web.routes.readiness import of_meeting

router = APIRouter(prefix="/api/v1/meetings/{meeting_id}", tags=["readiness"])
Shown = Annotated[Literal["", "phone", "failed", "none", "weak", "ready"], Query(
    description="One verdict, or `phone`: all who are to be phoned, that is all but the ready.")]


@router.get("/readiness", **contract("listReadiness", Listed[StandingOut], listed=True))
def listing(
    request: Request, meeting_id: str, show: Shown = "", q: Words = "", limit: Limit = 100, cursor: Cursor = "",
    subject: Subject = Depends(allow(Action.READINESS_READ, of_meeting, who=who)),
) -> Response:
    """The newest test of each point you may see, those to be phoned first: verdict, reasons, figures, technician and deputy."""
    found, meeting = container(request), request.state.meeting
    with found.db.read() as conn:
        tree = readiness.tree_of(found, conn, meeting)
        seen = readiness.visible(conn, tree, meeting, views.resource_of(conn, meeting), subject)
        rows = readiness.rows(conn, tree, meeting, seen)
    lines = sorted(readiness.chosen(rows, show, q), key=_key)
    return answers.listed(request, part(lines, _key, limit, cursor), show_standing)


def _key(row: Row) -> tuple[int, str, str]:
    return *row.rank, row.standing.seat.code
