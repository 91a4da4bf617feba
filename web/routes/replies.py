"""Xác nhận tham dự: the page behind the personal link of an invitation.  Looking changes nothing; pressing a button answers.

The link is the invitee's alone and opens nothing else: it names the meeting, its time and place, as the letter does.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings import admission, service
from meetings.access import Action
from meetings.errors import NotFound
from meetings.meeting import Meeting, State
from meetings.texts import line
from scheduler import invitations, invitees, series_invitations
from scheduler.calendar_mail import MOST_COMMENT
from scheduler.invitees import Invitee
from web import rates
from web.container import Container, container
from web.guard import allow
from web.i18n import N_
from web.limits import ANSWERS_PER_INVITEE, ANSWERS_WINDOW
from web.pages import done, page

router = APIRouter(prefix="/r", tags=["replies"], default_response_class=HTMLResponse)
OPEN = [Depends(allow(Action.PUBLIC))]
Secret = Annotated[str, Path(max_length=100)]
NEWEST = 1_000_000_000  # as the number answered to: whoever sees the page answers to what stands on it
ANSWERS = {"accepted": N_("Sẽ dự"), "declined": N_("Vắng"), "tentative": N_("Chưa chắc"), "delegated": N_("Cử người khác"),
           "needs-action": N_("Chưa trả lời")}


@router.get("/{secret}", dependencies=OPEN)
def show(request: Request, secret: Secret) -> Response:
    found = container(request)
    with found.db.read() as conn:
        guest_id, _generation = admission.parse_link(found.keys.replies, secret)
        if (whole := series_invitations.find(conn, guest_id)) is not None:
            return _series(request, conn, whole)
        who, meeting = _who(found, conn, secret)
    return page(request, "replies/reply.html", who=who, meeting=meeting, answers=ANSWERS, most=MOST_COMMENT,
                open=meeting.state is State.CONVENED and not who.removed)


@router.post("/{secret}", dependencies=OPEN)
def answer(request: Request, secret: Secret) -> Response:
    """`answer`: accepted or declined; `comment`: why, or who comes instead."""
    found, form, now = container(request), request.state.form, container(request).clock.now()
    partstat = str(form.get("answer", ""))
    if partstat not in ("accepted", "declined"):
        raise NotFound("not_found")
    comment = line(str(form.get("comment", "")), "reason", MOST_COMMENT, empty=True)
    with found.db.write() as conn:
        guest_id, _generation = admission.parse_link(found.keys.replies, secret)
        if (whole := series_invitations.find(conn, guest_id)) is not None:
            rates.count(conn, f"reply:{guest_id}", ANSWERS_PER_INVITEE, ANSWERS_WINDOW, now)
            series_invitations.answer_all(conn, whole, whole.mine, partstat, NEWEST, now, comment, now)
            return done(f"/r/{secret}", "replied")
        who, meeting = _who(found, conn, secret)
        rates.count(conn, f"reply:{who.invitee_id}", ANSWERS_PER_INVITEE, ANSWERS_WINDOW, now)
        meeting.check_state(State.CONVENED)
        sequence = invitations.standing(conn, meeting.meeting_id)
        invitees.answer(conn, who, partstat, sequence[0] if sequence else 0, now, comment, now)
    return done(f"/r/{secret}", "replied")


def _series(request: Request, conn: Connection, whole: series_invitations.Standing) -> Response:
    """The dates of a series with what was answered to each; buttons answer all that are still to come."""
    found = container(request)
    rows = [(one, service.get(conn, one.meeting_id), admission.link_secret(found.keys.replies, one.invitee_id, 0))
            for one in whole.invitees(conn)]
    coming = [row for row in rows if row[1].state is State.CONVENED]
    return page(request, "replies/series.html", who=whole, rows=rows, answers=ANSWERS, most=MOST_COMMENT,
                open=bool(coming) and not whole.removed, coming=len(coming))


def _who(found: Container, conn: Connection, secret: str) -> tuple[Invitee, Meeting]:
    """Raises NotFound for whatever is no link of ours."""
    invitee_id, _generation = admission.parse_link(found.keys.replies, secret)
    who = invitees.get(conn, invitee_id)
    return who, service.get(conn, who.meeting_id)
