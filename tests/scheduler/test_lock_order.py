"""Points are locked before meetings, whatever is done: who holds a meeting never waits for a point, so nobody waits in a circle."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, event

from meetings.errors import Stale
from meetings.store.database import Database
from scheduler import displacing, requests, service, store
from scheduler.approval import Offer
from scheduler.request_store import Stored
from scheduler.slots import Slot
from tests.scheduler.conftest import Province
from tests.scheduler.test_request_troubles import moved
from tests.scheduler.test_requests import DAY, answer, asked, cascade, office_of, policy, rows
from tests.scheduler.test_service import HOUR, booked, ids

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("db", ["postgresql"], indirect=True)]


@contextmanager
def in_order(db: Database, *needed: int) -> Iterator[Connection]:
    """A transaction that locks the points it needs, and none once it holds a meeting.  What is rolled back is let go."""
    points, meetings, wrong = set[int](), list[str](), list[set[int]]()

    def watch(_conn: Any, _cursor: Any, statement: str, values: dict[str, Any], *_more: Any) -> None:
        if "FOR NO KEY UPDATE" in statement and "FROM point" in statement:
            wanted = {one for value in values.values() for one in (value if isinstance(value, list) else [value])}
            if meetings and not wanted <= points:
                wrong.append(wanted - points)
            points.update(wanted)
        elif "FOR UPDATE" in statement and "FROM meeting" in statement:
            meetings.append(statement)

    def forget(*_more: Any) -> None:
        points.clear()
        meetings.clear()

    with db.write() as conn:
        event.listen(conn, "before_cursor_execute", watch)
        event.listen(conn, "rollback_savepoint", forget)
        yield conn
    assert meetings and points >= set(needed) and not wrong, f"locked points after a meeting: {wrong}"


def rooms(db: Database, province: Province, at: datetime) -> tuple[Stored, list[int]]:
    """Two meetings of district 202 want the same two rooms of one commune; the request of the one, the rooms."""
    meeting_id, request = cascade(db, province, at)
    with db.write() as conn:
        values = {"code": "ROOM2", "name": "Phòng họp 2", "unit_id": request.request.owner}
        room = conn.execute(store.point.insert().values(values).returning(store.point.c.point_id)).scalar_one()
    both = sorted([*request.request.point_ids, room])
    with db.write() as conn:
        service.cancel(conn, meeting_id, "Hoãn", province.office("202").secretary, at)
    for code in ("202", "205"):
        office = province.office(code)
        again = office.draft(db, request.request.slot.start)
        with db.write() as conn:
            service.book(conn, again, [province.point(code).point_id, *both], office.secretary, at)
    return asked(db, again)[0], both


def first_of(db: Database, stored: Stored, province: Province, at: datetime) -> None:
    """All but the owner have said yes."""
    for unit in stored.request.route[:-1]:
        answer(db, "agree", stored, office_of(province, unit), at)


def test_a_yes_and_a_booking_that_overtake_a_request_for_more(db: Database, province: Province, at: datetime) -> None:
    request, both = rooms(db, province, at)
    owner = office_of(province, request.request.owner)
    own = owner.draft(db, request.request.slot.start)
    with in_order(db, both[0]) as conn:
        service.book(conn, own, both[:1], owner.secretary, at)
    first_of(db, request, province, at)
    with in_order(db, both[1]) as conn:
        requests.agree(conn, request.request_id, owner.secretary, at)
    assert rows(db, request.request.meeting_id)[both[1]] == "confirmed"


@pytest.mark.parametrize("later", [False, True])
def test_an_offer_that_is_taken(db: Database, province: Province, at: datetime, later: bool) -> None:
    request, both = rooms(db, province, at)
    first_of(db, request, province, at)
    with db.write() as conn:
        service.forgo(conn, request.request.meeting_id, both[:1], province.office("205").secretary, at)
    slot = Slot(request.request.slot.start + DAY, request.request.slot.end + DAY) if later else None
    answer(db, "counter", request, office_of(province, request.request.owner), at, Offer(tuple(both[:1]), slot), "")
    with in_order(db, both[0]) as conn:
        service.accept(conn, request.request_id, province.office("205").secretary, at)
    assert rows(db, request.request.meeting_id)[both[0]] == ("pending" if later else "confirmed")


def test_a_time_that_was_proposed_is_taken(db: Database, province: Province, at: datetime) -> None:
    policy(db, at, displaces=[["province", "district"]])
    district, top = province.office("202"), province.office("22")
    lost = booked(db, district, [province.point("202"), province.point("06970")], at + 3 * DAY, at)
    mine = top.draft(db, at + 3 * DAY)
    with in_order(db) as conn:
        service.book(conn, mine, [province.point("202").point_id], top.secretary, at, displace="Họp khẩn")
    with db.read() as conn:
        [loss] = displacing.losses(conn, lost)
    with in_order(db, *ids([province.point("202"), province.point("06970")])) as conn:
        service.rebook(conn, loss.displacement_id, district.secretary, at)
    assert len(rows(db, lost)) == 2


def test_points_that_came_to_the_meeting_in_that_moment(db: Database, province: Province, at: datetime) -> None:
    """Between the look at a meeting's points and their locks somebody else gives it two more."""
    office = province.office("22")
    meeting_id = booked(db, office, [province.point("202")], at + DAY, at)
    more = [province.point("06970"), province.point("203")]
    once = [lambda: booked_more(db, province, meeting_id, [province.point("202"), *more], at)]

    def meanwhile(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "FOR NO KEY UPDATE" in statement and once:
            once.pop()()

    with in_order(db) as conn:
        event.listen(conn, "before_cursor_execute", meanwhile)
        service.move(conn, meeting_id, at + 2 * DAY, at + 2 * DAY + HOUR, office.secretary, at)
    with db.read() as conn:
        held = service.bookings(conn, ids([province.point("202"), *more]), Slot(at, at + 9 * DAY))
    assert [one.slot.start for one in held] == [at + 2 * DAY] * 3


def booked_more(db: Database, province: Province, meeting_id: str, points: Collection[Any], at: datetime) -> None:
    with db.write() as conn:
        service.book(conn, meeting_id, ids(list(points)), province.office("22").secretary, at)


def test_an_answer_to_what_was_changed_in_that_moment_is_refused(db: Database, province: Province, at: datetime) -> None:
    """The meeting moves between the look at its request and the locks: nobody says yes to a time it has not seen."""
    meeting_id, request = cascade(db, province, at)
    start = request.request.slot.start + DAY
    once = [lambda: moved(db, province, meeting_id, start, at)]

    def meanwhile(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "FOR NO KEY UPDATE" in statement and once:
            once.pop()()

    upper = office_of(province, request.request.asked).secretary
    with pytest.raises(Stale), db.write() as conn:
        event.listen(conn, "before_cursor_execute", meanwhile)
        requests.agree(conn, request.request_id, upper, at)
    [after] = asked(db, meeting_id)
    assert (after.request.round, after.request.step, after.request.slot.start) == (2, 0, start)
