"""Use cases of the one page that all see: chair and secretary turn the pages, or the point that has the floor.

Only numbers travel: every page of the room fetches the picture itself.  The record has one event a turn.  Called by
`web/routes/presenting.py`, which tells the room at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from meetings.access import Action, Subject, decide
from meetings.errors import Conflict, NotAllowed
from meetings.meeting import Meeting, State
from meetings.pages import check_page
from meetings.papers import document
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store, paper_store, seat_store
from meetings.store.database import Connection


@dataclass(frozen=True, slots=True)
class Shown:
    """What all see now; `point_id` of the point that turns the pages, None when the chair's side does."""

    document_id: str
    name: str
    page: int
    pages: int
    media_type: str
    point_id: int | None
    since: datetime


def show(conn: Connection, meeting_id: str, document_id: str, page: int, by: Subject, at: datetime) -> Shown:
    """Show this page to all.  Raises NotAllowed("present.no_floor"), Invalid("page.unknown"), NotFound, Conflict("meeting.state")."""
    meeting = _presenting(conn, meeting_id, by)
    paper = document(conn, meeting_id, document_id, "in")
    check_page(page, paper.pages)
    before = paper_store.shown(conn, meeting_id)
    point_id = by.seat.point_id if by.seat and not _conducts(by, meeting) else None
    paper_store.show(conn, meeting_id, document_id, page, point_id, at)
    point = seat_store.one(conn, meeting_id, point_id).point if point_id is not None else None
    if before is None or before.document_id != document_id:
        ledger_store.append(conn, meeting_id, "document.shown", at, by, point=point, data={
            "document": document_id, "name": paper.name, "page": page, "pages": paper.pages})
    elif before.page != page:
        ledger_store.append(conn, meeting_id, "page.shown", at, by, point=point, data={"document": document_id, "page": page})
    return Shown(document_id, paper.name, page, paper.pages or 0, paper.media_type, point_id, at)


def hide(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> None:
    """Show no page any more.  Raises Conflict("present.nothing"), NotAllowed("present.no_floor")."""
    _presenting(conn, meeting_id, by)
    before = paper_store.shown(conn, meeting_id)
    if before is None:
        raise Conflict("present.nothing")
    paper_store.hide(conn, meeting_id)
    ledger_store.append(conn, meeting_id, "document.hidden", at, by, data={"document": before.document_id})


def shown(conn: Connection, meeting_id: str) -> Shown | None:
    """What all see now."""
    row = paper_store.shown(conn, meeting_id)
    if row is None:
        return None
    paper = document(conn, meeting_id, row.document_id)
    return Shown(paper.document_id, paper.name, row.page, paper.pages or 0, paper.media_type, row.point_id, row.since)


def _presenting(conn: Connection, meeting_id: str, by: Subject) -> Meeting:
    """The locked meeting in session, if `by` may turn its pages now."""
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.DOCUMENT_PRESENT)
    meeting.check_state(State.OPEN, State.SUSPENDED)
    if not _conducts(by, meeting):
        floor = seat_store.floor_of(conn, meeting_id)
        if by.seat is None or floor is None or floor[0] != by.seat.point_id:
            raise NotAllowed("present.no_floor")
    return meeting


def _conducts(by: Subject, meeting: Meeting) -> bool:
    return decide(by, Action.MEETING_CONDUCT, meeting.resource()).allowed
