"""/meetings/{id}/invitees: whom the invitations go to and what they answered; /meetings/{id}/invitation.{pdf,docx}: the paper itself.

Addresses are shown to those who prepare the meeting alone.  Reads only: answers come by mail and by the personal page.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from meetings.access import Action, Subject
from meetings.store import seat_store
from minutes import service as minutes
from minutes.release import MEDIA_TYPES, What
from scheduler import invitees, sent, series_invitations
from scheduler.sent import Fate, Sent
from web import views
from web.api import answers, etag
from web.api.contract import contract
from web.api.paging import Cursor, Limit, part
from web.api.shapes import Listed
from web.api.shapes_people import InviteeOut, show_invitee
from web.api.tokens import who
from web.container import container
from web.guard import allow
from web.routes import invitations

router = APIRouter(prefix="/api/v1/meetings/{meeting_id}", tags=["invitations"])
PREPARES = allow(Action.MEETING_EDIT, views.meeting, who=who)
READS = allow(Action.MEETING_READ, views.meeting, who=who)
Answer = Annotated[Literal["", "needs-action", "accepted", "declined", "tentative", "delegated"], Query(description="Those who answered so.")]


@router.get("/invitees", **contract("listInvitees", Listed[InviteeOut], listed=True))
def listing(
    request: Request, meeting_id: str, answer: Answer = "", limit: Limit = 100, cursor: Cursor = "", subject: Subject = Depends(PREPARES),
) -> Response:
    """Everybody who is invited by mail, by name: the answer that counts for the meeting's present time, and whether the letter went out."""
    with container(request).db.read() as conn:
        codes = {seat.point_id: seat.code for seat in seat_store.seats(conn, meeting_id)}
        rows = [one for one in invitees.of_meeting(conn, meeting_id) if answer in ("", one.partstat)]
        fates = sent.of_invitations(conn, meeting_id, series_invitations.of_meeting(conn, meeting_id))
    nothing = Fate(Sent.NO)
    lines = sorted((show_invitee(one, codes.get(one.point_id or 0), fates.get(one.address.casefold(), nothing)) for one in rows), key=_key)
    return answers.listed(request, part(lines, _key, limit, cursor), lambda one: one)


def _files() -> dict[str, Any]:
    told = contract("getInvitation", None)
    told["responses"][200] = {"headers": told["responses"][200]["headers"], "content": {
        MEDIA_TYPES[what]: {"schema": {"type": "string", "format": "binary"}} for what in (What.PDF, What.DOCX)}}
    return told


@router.get("/invitation.{ending}", response_class=Response, **_files())
def paper(request: Request, meeting_id: str, ending: Annotated[Literal["pdf", "docx"], Path()], subject: Subject = Depends(READS)) -> Response:
    """Giấy mời as it went out, from the convening on."""
    with container(request).db.read() as conn:
        model = minutes.invitation(conn, meeting_id)
    answer = invitations.send(model, ending)
    answer.headers["etag"] = version = etag.of(bytes(answer.body))
    if etag.matches(request.headers.get("if-none-match"), version):
        return Response(status_code=304, headers={"etag": version})
    return answer


def _key(one: InviteeOut) -> tuple[str, str]:
    return one.name, one.id
