"""The readiness wall: how every point's line stands, of one meeting or of all of a day, live; and whom to phone.

Who may see the whole meeting sees all its points, others those they look after; a reader of nothing learns nothing.  News
are server-sent events: first everything, then what changed.  Never measures and never judges: it shows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from sqlalchemy import Connection

from meetings import service
from meetings.access import Action, Resource, Subject, decide
from meetings.errors import NotFound
from meetings.meeting import ROOM_OPEN, Meeting
from meetings.store import meeting_store, seat_store, unit_store
from meetings.units import UnitTree
from scheduler import line_tests, times_store
from scheduler.line_tests import Standing
from scheduler.readiness import Verdict
from web import places, readiness, readiness_tree, readiness_words, session, views, words
from web.container import Container, container
from web.feed import BEAT_FRAME, compact, joined
from web.guard import allow
from web.i18n import _, language, speak
from web.pages import done, page
from web.readiness import Row
from web.routes.events import HEADERS
from web.walls import Visible, Wall

router = APIRouter(tags=["readiness"], default_response_class=HTMLResponse)
HERE = "/meetings/{meeting_id}/readiness"
VIEWS = ("tree", "map", "list")


def of_meeting(request: Request, conn: Connection) -> Resource:
    """The meeting; for whoever may not see all of it, one of its points that they look after, if there is one."""
    resource, subject = views.meeting(request, conn), request.state.subject
    request.state.whole = resource
    return readiness.seen_of(container(request), conn, subject, request.state.meeting, resource, Action.READINESS_READ)


READ = Depends(allow(Action.READINESS_READ, of_meeting))
DAY = Depends(allow(Action.READINESS_READ))


@dataclass(frozen=True, slots=True)
class Scope:
    """The meetings that one wall shows, each with the standings its reader may see."""

    meetings: tuple[tuple[Meeting, UnitTree, tuple[Standing, ...]], ...]

    def rows(self, conn: Connection) -> list[Row]:
        return [row for meeting, tree, found in self.meetings for row in readiness.rows(conn, tree, meeting, found)]


def _one(found: Container, conn: Connection, subject: Subject, meeting: Meeting) -> Scope:
    tree = readiness.tree_of(found, conn, meeting)
    resource = views.resource_of(conn, meeting)
    return Scope(((meeting, tree, tuple(readiness.visible(conn, tree, meeting, resource, subject))),))


def _today(found: Container, conn: Connection, subject: Subject) -> Scope:
    """Every meeting that is on today and has a point that this reader may see."""
    scopes = (_one(found, conn, subject, meeting) for meeting in _near(found, conn))
    return Scope(tuple(part for scope in scopes for part in scope.meetings if part[2]))


def _near(found: Container, conn: Connection) -> list[Meeting]:
    start, end = found.when.day_bounds(found.when.today(found.clock.now()))
    return meeting_store.find(conn, after=start, before=end, states=tuple(ROOM_OPEN))


# --- one meeting -------------------------------------------------------------------------------------------------


@router.get(HERE, dependencies=[READ])
def wall(request: Request, meeting_id: str, show: str = "", q: str = "", view: str = "") -> Response:
    found, subject, meeting = container(request), request.state.subject, request.state.meeting
    with found.db.read() as conn:
        scope = _one(found, conn, subject, meeting)
        frame_ = _frame(found, conn, request)
        values = _wall(found, conn, scope, show, q, view)
    return page(request, "readiness/meeting.html", here=f"/meetings/{meeting_id}/readiness", **frame_, **values)


@router.get(f"{HERE}/events", dependencies=[READ])
async def events(request: Request, meeting_id: str) -> StreamingResponse:
    """`tested` [{key, verdict, rank, look, icon, word, line, note}]: everything first, then what changed; `beat`."""
    return await _stream(request, lambda conn: [service.get(conn, meeting_id)])


@router.get(f"{HERE}/phone", dependencies=[READ])
def phone(request: Request, meeting_id: str) -> Response:
    """Whom to phone, to print."""
    found = container(request)
    with found.db.read() as conn:
        rows = _one(found, conn, request.state.subject, request.state.meeting).rows(conn)
    return _phone(request, rows, request.state.meeting.title, f"/meetings/{meeting_id}/readiness")


@router.get(f"{HERE}.csv", dependencies=[READ], response_class=Response)
def sheet(request: Request, meeting_id: str) -> Response:
    found = container(request)
    with found.db.read() as conn:
        rows = _one(found, conn, request.state.subject, request.state.meeting).rows(conn)
    return _sheet(found, rows)


@router.post(f"{HERE}/remind", dependencies=[Depends(allow(Action.LINETEST_OPEN, views.meeting))])
def remind(request: Request, meeting_id: str) -> Response:
    """Everybody who has not tested is told once more; one point alone where the form names it."""
    found, now = container(request), container(request).clock.now()
    text = str(request.state.form.get("point", ""))
    with found.db.write() as conn:
        points = [int(text)] if text.isascii() and text.isdigit() and len(text) < 10 else []
        told = line_tests.remind(conn, found.keys.tests, times_store.policy(conn, found.settings.line_policy), meeting_id, now, points)
        standings = line_tests.with_links(conn, meeting_id, [
            one for one in line_tests.standings(conn, meeting_id) if not points or one.seat.point_id in points])
    for one in standings:
        found.walls.publish(meeting_id, one)
    return done(f"/meetings/{meeting_id}/readiness", "reminded", told)


def own_link(request: Request, conn: Connection) -> Resource:
    """The link of the point in the path: whoever may join with it may test with it."""
    meeting = service.get(conn, request.path_params["meeting_id"])
    seat = next((seat for seat in seat_store.seats(conn, meeting.meeting_id) if seat.code == request.path_params["code"]), None)
    if seat is None:
        raise NotFound("not_found")
    request.state.seat = seat
    return views.link_of(meeting, seat.unit)


@router.post(f"{HERE}/{{code}}/test", dependencies=[Depends(allow(Action.LINK_READ, own_link))])
def test_now(request: Request, meeting_id: str, code: str) -> Response:
    """From a page of the point's own people to its test, at any time until the meeting ends."""
    found = container(request)
    with found.db.write() as conn:
        secret = line_tests.extra(conn, found.keys.tests, meeting_id, request.state.seat.point_id, found.clock.now())
    return RedirectResponse(f"/t/{secret}", 303)


@router.get(f"{HERE}/{{code}}", dependencies=[READ])
def point(request: Request, meeting_id: str, code: str) -> Response:
    """One point: what is wrong, what to do, whom to phone, the figures, and how its line was before other meetings."""
    found, subject, meeting = container(request), request.state.subject, request.state.meeting
    with found.db.read() as conn:
        rows = [row for row in _one(found, conn, subject, meeting).rows(conn) if row.standing.seat.code == code]
        if not rows:
            raise NotFound("not_found")
        frame_ = _frame(found, conn, request)
        past = line_tests.history(conn, rows[0].standing.seat.point_id)
        readable = {one.meeting_id: _readable(conn, subject, one.meeting_id) for one in past}
    standing = rows[0].standing
    return page(
        request, "readiness/point.html", **frame_, one=rows[0], tile=readiness.tile(found, meeting_id, standing),
        said=[readiness_words.said(reason) for reason in standing.reasons], head=_(readiness_words.HEADS[standing.verdict]),
        figures=readiness_words.figures(standing.measured) if standing.measured else [],
        past=[(one, readiness_words.LOOKS[one.verdict], readiness_words.verdict(one.verdict),
               readiness_words.line(one.verdict, one.reasons), readable[one.meeting_id], readiness_words.round_name(one.round))
              for one in past])


def _readable(conn: Connection, subject: Subject, meeting_id: str) -> bool:
    return views.may(conn, subject, Action.MEETING_READ, service.get(conn, meeting_id))


# --- the day -----------------------------------------------------------------------------------------------------


@router.get("/readiness")
def day(request: Request, show: str = "", q: str = "", view: str = "", subject: Subject = DAY) -> Response:
    """All meetings of today in which this person looks after points."""
    found = container(request)
    with found.db.read() as conn:
        values = _wall(found, conn, _today(found, conn, subject), show, q, view)
    return page(request, "readiness/day.html", place="points", here="/readiness", today=found.when.today(found.clock.now()), **values)


@router.get("/readiness/events", dependencies=[DAY])
async def day_events(request: Request) -> StreamingResponse:
    found = container(request)
    return await _stream(request, lambda conn: _near(found, conn))


@router.get("/readiness/phone")
def day_phone(request: Request, subject: Subject = DAY) -> Response:
    found = container(request)
    with found.db.read() as conn:
        rows = _today(found, conn, subject).rows(conn)
    return _phone(request, rows, found.when.day(found.clock.now()), "/readiness")


@router.get("/readiness.csv", response_class=Response)
def day_sheet(request: Request, subject: Subject = DAY) -> Response:
    found = container(request)
    with found.db.read() as conn:
        rows = _today(found, conn, subject).rows(conn)
    return _sheet(found, rows)


# --- parts -------------------------------------------------------------------------------------------------------


def _frame(found: Container, conn: Connection, request: Request) -> dict[str, Any]:
    """What the frame of a meeting's page wants.  Who may not read the meeting sees its name and time and no tabs."""
    meeting, subject, resource = request.state.meeting, request.state.subject, request.state.whole
    row = views.row(found, conn, subject, meeting, resource)
    tended = readiness.seen_of(found, conn, subject, meeting, resource, Action.ROOM_WATCH)
    return {"watches": decide(subject, Action.ROOM_WATCH, tended).allowed, "place": "meetings", "meeting": meeting, "row": row, "tab": "readiness", "resource": resource, "action": None,
            "counts": {"audience": row.booked, "documents": len(service.documents(conn, meeting.meeting_id))}}


def _wall(found: Container, conn: Connection, scope: Scope, show: str, query: str, view: str) -> dict[str, Any]:
    """`view`: tree, map (the tree is under it) or list."""
    rows = scope.rows(conn)
    shown = readiness.chosen(rows, show, query)
    counted = readiness.counts(rows)
    view = view if view in VIEWS else VIEWS[0]
    values = {
        "total": len(rows), "counted": counted, "ready": counted[Verdict.READY.value], "show": show, "q": query, "view": view,
        "several": len(scope.meetings) > 1, "shown": shown, "refs": {row.key: number for number, row in enumerate(shown, 1)},
        "tiles": {row.key: readiness.tile(found, row.meeting.meeting_id, row.standing) for row in shown},
        "verdicts": [(verdict.value, readiness_words.verdict(verdict), *readiness_words.LOOKS[verdict]) for verdict in Verdict],
        "words": {verdict: _(word) for verdict, word in words.LINE_VERDICTS.items()},
        "newest": max((row.standing.tried_at for row in rows if row.standing.tried_at), default=None),
    }
    if view == "list":
        return {**values, "groups": readiness.groups(shown)}
    levels = {level.level_id: places.level_name(level) for level in unit_store.levels(conn)}
    return {**values, "top": readiness_tree.folded(shown, levels), "sketch": readiness_tree.sketch(shown) if view == "map" else None}


def _phone(request: Request, rows: Sequence[Row], title: str, back: str) -> Response:
    phoned = sorted(readiness.chosen(rows, "phone", ""), key=lambda row: row.rank)
    listed = [(row, readiness_words.verdict(row.standing.verdict), readiness_words.line(row.standing.verdict, row.standing.reasons),
               readiness_words.LOOKS[row.standing.verdict], [readiness_words.said(reason) for reason in row.standing.reasons]) for row in phoned]
    several = len({row.meeting.meeting_id for row in rows}) > 1
    return page(request, "readiness/phone.html", place="points", listed=listed, title=title, back=back, several=several)


def _sheet(found: Container, rows: Sequence[Row]) -> Response:
    data = readiness.sheet(found, readiness.chosen(rows, "phone", ""))
    return Response(data, media_type="text/csv; charset=utf-8", headers={"content-disposition": 'attachment; filename="goi-dien.csv"'})


async def _stream(request: Request, meetings: Callable[[Connection], Sequence[Meeting]]) -> StreamingResponse:
    """The news of a wall for as long as its reader's session lives and sees anything; judged again at every beat."""
    found, token = container(request), session.token_of(container(request), request)

    def seen() -> Visible | None:
        known = session.person(found, token, touch=False)
        if known is None or known[0].must_change:
            return None
        with found.db.read() as conn:
            try:
                points = {one.meeting_id: frozenset(seat.point_id for seat in readiness.seen_by(found, conn, known[1], one)) for one in meetings(conn)}
            except NotFound:
                return None
        return {meeting_id: ids for meeting_id, ids in points.items() if ids}

    return StreamingResponse(_news(found, found.walls.listen({}), seen, language()), media_type="text/event-stream", headers=HEADERS)


async def _news(found: Container, wall: Wall, seen: Callable[[], Visible | None], spoken: str) -> AsyncIterator[bytes]:
    """Listens before it reads: what changes in between is told twice rather than never.

    Whether the reader still may is asked at every beat, after what is known was told: news never wait for that.
    """

    def write(meeting_id: str, standing: Standing) -> bytes:
        return compact(readiness.tile(found, meeting_id, standing))

    def everything(visible: Visible) -> list[tuple[str, Standing]]:
        with found.db.read() as conn:
            return [(meeting_id, one) for meeting_id, ids in visible.items()
                    for one in line_tests.with_links(conn, meeting_id, line_tests.standings(conn, meeting_id)) if one.seat.point_id in ids]

    try:
        yield b"retry: 2000\n\n"
        if (visible := await to_thread.run_sync(seen)) is None:
            return
        wall.visible = visible
        first = await to_thread.run_sync(everything, visible)
        judged = found.clock.now()
        speak(spoken)
        yield joined("tested", (write(meeting_id, one) for meeting_id, one in first))
        async for told in wall.news(found.walls.beat):
            speak(spoken)
            yield joined("tested", (one.text(spoken, write) for one in told.values())) if told else BEAT_FRAME
            if (found.clock.now() - judged).total_seconds() >= found.walls.beat:
                if (visible := await to_thread.run_sync(seen)) is None:
                    return
                wall.visible, judged = visible, found.clock.now()
    finally:
        found.walls.leave(wall)
