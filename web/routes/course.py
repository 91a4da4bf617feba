"""Diễn biến: a meeting's ledger as a line in time, in parts and by topic, point and hour; and the chain as a file to be checked elsewhere.

Every filter and the part stand in the address, so that it can be sent to somebody else and works without scripts.  Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse

from meetings import ledger_file
from meetings.access import Action
from meetings.ledger import Event, verify_on
from meetings.store import ledger_reading, ledger_store, seat_store, vote_store
from meetings.store.database import Connection
from meetings.store.ledger_reading import MOST_POINTS, Wanted
from meetings.units import Sought
from web import chains, course, views
from web.container import container
from web.course_words.topics import name_of
from web.guard import allow
from web.i18n import _
from web.legible import MOST
from web.pages import may
from web.routes.meetings import _page as meeting_page

router = APIRouter(prefix="/meetings", tags=["meetings"], default_response_class=HTMLResponse)
SIZE = 200
"""Events of one part."""
MARKED = frozenset({"meeting.opened", "meeting.suspended", "meeting.resumed", "meeting.closed", "agenda.started"})
MARKS = 200
First = Annotated[int, Query(alias="from", ge=0, le=MOST)]
"""seq of the first event shown; 0: the beginning."""


@router.get("/{meeting_id}/course", dependencies=[Depends(allow(Action.MEETING_READ, views.meeting))])
def happened(request: Request, meeting_id: str, first: First = 0, topic: str = "", point: str = "", check: str = "", last: str = "") -> Response:
    """One part of what happened, whether the chain of hashes holds, and where else one may look.  `check`: the whole chain anew.
    `last`: the end of it."""
    found, now = container(request), container(request).clock.now()
    sees = _sees(request)
    with found.db.read() as conn:
        codes = _codes(conn, meeting_id, point)
        wanted = course.wanted(sees, topic, codes)
        if last:
            first = ledger_reading.back(conn, meeting_id, wanted, None, SIZE) or 0
        events = ledger_reading.part(conn, meeting_id, wanted, first, SIZE + 1)
        shown, more = events[:SIZE], events[SIZE:]
        verdict = found.chains.again(conn, meeting_id, now) if check else found.chains.verdict(conn, meeting_id, now)
        by_hour = ledger_reading.hours(conn, meeting_id, wanted)
        start = shown[0].seq if shown else first
        before = ledger_reading.count(conn, meeting_id, wanted, before=start)
        earlier = ledger_reading.back(conn, meeting_id, wanted, start, SIZE) if before else None
        marks = ledger_reading.part(conn, meeting_id, Wanted(MARKED), 0, MARKS)
    return meeting_page(
        request, "course", entries=course.entries(shown), verdict=verdict, broken=_broken(verdict, shown), at=first, topic=topic, point=point,
        topics=[(key, _(name_of(key))) for key in course.topics(sees)], total=sum(n for _hour, _seq, n in by_hour), before=before,
        shown=len(shown), earlier=earlier, later=more[0].seq if more else None, hours=by_hour,
        marks=[(mark.seq, mark.at, course.sentence(mark)) for mark in marks], unknown=codes == () and bool(point),
        takes=may(request.state.subject, "minutes.edit", request.state.resource))


@router.get("/{meeting_id}/course.json", dependencies=[Depends(allow(Action.MINUTES_EDIT, views.meeting))], response_class=StreamingResponse)
def as_file(request: Request, meeting_id: str) -> Response:
    """The whole chain with its hashes, for those who answer for the record.  What they may not read, and ballots while their vote is
    open, are withheld: place and hash alone."""
    found, sees = container(request), _sees(request)

    def events() -> Iterator[tuple[Event, bool]]:
        after = 0
        while True:  # a transaction for each piece: whoever reads slowly holds nothing
            with found.db.read() as conn:
                piece = ledger_store.events(conn, meeting_id, after=after, limit=chains.SIZE)
                still = {row.motion_id for row in vote_store.motions(conn, meeting_id) if row.closed_at is None}
            if not piece:
                return
            for event in piece:
                yield event, course.visible(event.kind, sees) and not (event.kind in SECRET and event.data.get("motion") in still)
            after = piece[-1].seq

    headers = {"content-disposition": f'attachment; filename="dien-bien-{meeting_id}.json"'}
    return StreamingResponse(_together(ledger_file.lines(meeting_id, events())), media_type="application/json", headers=headers)


def _together(lines: Iterator[str]) -> Iterator[str]:
    """A thousand lines at once: each piece sent is a change of threads."""
    while piece := "".join(islice(lines, chains.SIZE)):
        yield piece


SECRET = frozenset({"ballot.cast"})
"""Kinds that tell how a vote stands."""


def _sees(request: Request) -> course.Sees:
    subject, resource = request.state.subject, request.state.resource
    return course.Sees(
        papers=may(subject, "document.read", resource), conduct=may(subject, "meeting.conduct", resource),
        record=may(subject, "minutes.edit", resource) or may(subject, "minutes.number", resource))


def _codes(conn: Connection, meeting_id: str, sought: str) -> tuple[str, ...] | None:
    """The points that are meant, at most `MOST_POINTS`; None: all."""
    words = Sought(sought)
    if not words:
        return None
    codes = tuple(seat.code for seat in seat_store.seats(conn, meeting_id) if words.within(seat.name, seat.code))
    return (sought.strip(),) if sought.strip() in codes else codes[:MOST_POINTS]


def _broken(verdict: chains.Verdict, shown: list[Event]) -> int | None:
    """The first event that does not hold, of the whole chain or of what this page shows."""
    here = next((event.seq for event in shown if verify_on(event.seq - 1, event.prev_hash, [event]) is not None), None)
    return min((seq for seq in (verdict.broken, here) if seq is not None), default=None)
