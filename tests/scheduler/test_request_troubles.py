"""Requests where things go across each other: a meeting that ends, opens or moves while it is asked for, units that end meanwhile."""

from __future__ import annotations

from datetime import datetime

from meetings import service as meetings
from meetings.meeting import State
from meetings.store import seat_store
from meetings.store.database import Database
from meetings.store.unit_tables import unit_version
from scheduler import request_store, requests, service
from scheduler.approval import Standing
from scheduler.booking import Point
from scheduler.request_store import Stored
from tests.scheduler.conftest import Province
from tests.scheduler.test_requests import DAY, answer, asked, cascade, office_of, rows, whys
from tests.scheduler.test_service import HOUR, ids, one_engine, state


def agreed(db: Database, province: Province, at: datetime, days: int = 3) -> tuple[str, Stored]:
    """A request that everybody on its way has said yes to."""
    meeting_id, request = cascade(db, province, at, days=days)
    for unit in request.request.route:
        answer(db, "agree", request, office_of(province, unit), at)
    return meeting_id, request


def seated(db: Database, meeting_id: str) -> set[int]:
    with db.read() as conn:
        return {seat.point_id for seat in seat_store.seats(conn, meeting_id)}


def moved(db: Database, province: Province, meeting_id: str, start: datetime, at: datetime) -> None:
    with db.write() as conn:
        service.move(conn, meeting_id, start, start + HOUR, province.office("202").secretary, at)


def ended(db: Database, point: Point, on: datetime) -> None:
    """The unit of the point is none from that day on."""
    with db.write() as conn:
        conn.execute(unit_version.update().where(unit_version.c.unit_id == point.unit_id).values(valid_to=on.date()))


@one_engine
def test_a_meeting_with_agreed_points_can_be_cancelled(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request = agreed(db, province, at)
    with db.write() as conn:
        service.cancel(conn, meeting_id, "Hoãn", province.office("202").secretary, at)
    assert state(db, meeting_id) is State.CANCELLED and rows(db, meeting_id) == {}
    assert asked(db, meeting_id)[0].request.standing is Standing.WITHDRAWN
    assert request.request.point_ids[0] in seated(db, meeting_id), "who was invited stays in the record of what was cancelled"


@one_engine
def test_what_lapses_in_an_open_meeting_takes_no_seat_and_stops_nobody(db: Database, province: Province, at: datetime) -> None:
    """Asked for again after a move and never answered: the meeting is open when the time is over, and other requests go on."""
    secretary = province.office("202").secretary
    meeting_id, request = agreed(db, province, at, days=5)
    other, waiting = cascade(db, province, at, "205", days=20)
    with db.write() as conn:
        meetings.convene(conn, meeting_id, secretary, at)
    start = request.request.slot.start + DAY
    moved(db, province, meeting_id, start, at)
    seats = seated(db, meeting_id)
    with db.write() as conn:
        meetings.open(conn, meeting_id, secretary, start - HOUR)
    for _step in range(20):
        requests.chore(db, start)
    assert asked(db, meeting_id)[0].request.standing is Standing.LAPSED and whys(db, meeting_id) == ["lapsed"]
    assert seated(db, meeting_id) == seats
    assert asked(db, other)[0].request != waiting.request
    with db.read() as conn:
        assert request_store.due(conn, start) == []


@one_engine
def test_a_request_that_cannot_be_looked_after_keeps_no_other_waiting(db: Database, province: Province, at: datetime) -> None:
    first, broken = cascade(db, province, at, days=5)
    second, _fine = cascade(db, province, at, "205", days=6)
    with db.write() as conn:
        conn.exec_driver_sql("CREATE TRIGGER broken BEFORE UPDATE ON approval WHEN OLD.request_id = '%s'"
                             " BEGIN SELECT RAISE(ABORT, 'broken'); END" % broken.request_id)
    assert requests.chore(db, at + 2 * DAY) == 1
    assert asked(db, first)[0] == broken and asked(db, second)[0].version == 2


@one_engine
def test_a_meeting_that_is_over_before_its_time_gives_agreed_points_back(db: Database, province: Province, at: datetime) -> None:
    secretary = province.office("202").secretary
    meeting_id, request = agreed(db, province, at)
    with db.write() as conn:
        meetings.convene(conn, meeting_id, secretary, at)
        meetings.open(conn, meeting_id, secretary, at + HOUR)
        meetings.close(conn, meeting_id, secretary, at + 2 * HOUR)
        service.release(conn, meeting_id, secretary, at + 2 * HOUR)
    assert rows(db, meeting_id) == {} and request.request.point_ids[0] in seated(db, meeting_id)


@one_engine
def test_an_answer_stands_though_another_unit_of_the_meeting_has_ended(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request = cascade(db, province, at, days=20)
    [point], mine = request.request.point_ids, province.under("202", "commune")[0]
    with db.write() as conn:
        service.book(conn, meeting_id, [province.point("202").point_id, mine.point_id, point], province.office("202").secretary, at)
    ended(db, mine, at + 5 * DAY)
    for unit in request.request.route:
        answer(db, "agree", request, office_of(province, unit), at)
    assert rows(db, meeting_id)[point] == "confirmed" and seated(db, meeting_id) >= {point, *ids([mine])}
