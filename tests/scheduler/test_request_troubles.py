"""Requests where things go across each other: a meeting that ends, opens or moves while it is asked for, units that end meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from meetings import service as meetings
from meetings.access import Role
from meetings.errors import Conflict, Invalid, NotAllowed, NotFound
from meetings.meeting import State
from meetings.store import seat_store
from meetings.store.database import Database
from meetings.store.unit_tables import unit_version
from scheduler import displacing, invitations, request_store, requests, service, store
from scheduler.approval import Offer, Standing
from scheduler.booking import Point
from scheduler.readings import conflicts
from scheduler.request_store import Stored
from scheduler.slots import Slot
from tests.scheduler.conftest import Province
from tests.scheduler.test_request_offers import two_points
from tests.scheduler.test_requests import DAY, answer, asked, cascade, office_of, policy, rows, told, whys
from tests.scheduler.test_service import HOUR, booked, ids, one_engine, state


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


@one_engine
def test_what_was_refused_twice_is_asked_once_after_a_move(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request = cascade(db, province, at)
    [point], upper = request.request.point_ids, office_of(province, request.request.route[0])
    answer(db, "decline", request, upper, at, "Phòng họp đang sửa")
    with db.write() as conn:
        service.book(conn, meeting_id, [province.point("202").point_id, point], province.office("202").secretary, at + HOUR)
    answer(db, "decline", asked(db, meeting_id)[-1], upper, at + 2 * HOUR, "Phòng họp đang sửa")
    moved(db, province, meeting_id, request.request.slot.start + DAY, at)
    assert [one.request.standing for one in asked(db, meeting_id)] == [Standing.DECLINED, Standing.ASKED]
    assert rows(db, meeting_id) == {province.point("202").point_id: "confirmed", point: "pending"}


@one_engine
def test_what_was_refused_is_not_asked_for_when_it_is_closed_or_taken(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request = cascade(db, province, at)
    [point] = request.request.point_ids
    answer(db, "decline", request, office_of(province, request.request.route[0]), at, "Phòng họp đang sửa")
    owner = office_of(province, request.request.owner)
    booked(db, owner, [one for one in province.points if one.point_id == point], request.request.slot.start + DAY, at)
    moved(db, province, meeting_id, request.request.slot.start + DAY, at)
    assert asked(db, meeting_id)[0].request.standing is Standing.DECLINED
    with db.write() as conn:
        conn.execute(store.point.update().where(store.point.c.point_id == point).values(hours={"mon": [["07:00", "07:30"]]}))
    moved(db, province, meeting_id, request.request.slot.start + 2 * DAY, at)
    assert asked(db, meeting_id)[0].request.standing is Standing.DECLINED and point not in rows(db, meeting_id)


@one_engine
def test_what_the_secretary_gives_back_is_not_told_as_taken_by_others(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request, room = two_points(db, province, at)
    secretary, before = province.office("202").secretary, len(told(db, meeting_id))
    with db.write() as conn:
        service.book(conn, meeting_id, [province.point("202").point_id], secretary, at)
        service.book(conn, meeting_id, [province.point("202").point_id, room, *request.request.point_ids], secretary, at + HOUR)
    again = asked(db, meeting_id)[-1]
    for unit in again.request.route:
        answer(db, "agree", again, office_of(province, unit), at + 2 * HOUR)
    settled = [what for what, _to in told(db, meeting_id)].count("requests.settled")
    with db.write() as conn:
        assert service.forgo(conn, meeting_id, [room], secretary, at + 3 * HOUR) == 1
    after = [what for what, _to in told(db, meeting_id)[before:]]
    assert "request.overtaken" not in after and after.count("requests.settled") == settled == 1
    assert asked(db, meeting_id)[-1].request.point_ids == request.request.point_ids


def lost_by(db: Database, province: Province, at: datetime) -> tuple[str, str, Point]:
    """A commune has booked its own point, and the policy lets districts take from communes; (lost, mine, point) where
    `mine` is a draft of that commune's own district at the same time."""
    policy(db, at, displaces=[["district", "commune"], ["province", "district"]])
    point = province.under("203", "commune")[0]
    lost = booked(db, province.office(point.code), [point], at + 3 * DAY, at)
    return lost, province.office("203").draft(db, at + 3 * DAY), point


def taken(db: Database, province: Province, start: datetime, point_ids: Sequence[int], at: datetime) -> None:
    """The province takes the points' time for a meeting of its own."""
    top = province.office("22")
    mine = top.draft(db, start)
    with db.write() as conn:
        service.book(conn, mine, point_ids, top.secretary, at, displace="Họp khẩn")


@one_engine
def test_nobody_loses_a_point_to_a_mere_request(db: Database, province: Province, at: datetime) -> None:
    lost, mine, point = lost_by(db, province, at)
    stranger, slot = province.office("202"), Slot(at + 3 * DAY, at + 3 * DAY + HOUR)
    theirs = stranger.draft(db, at + 3 * DAY)
    with pytest.raises(Conflict) as refused, db.write() as conn:
        service.book(conn, theirs, [point.point_id], stranger.secretary, at, displace="Họp khẩn")
    assert refused.value.params["conflicts"][0]["meeting_title"] is None
    assert rows(db, lost) == {point.point_id: "confirmed"} and rows(db, theirs) == {}
    with db.read() as conn:
        found = conflicts(conn, [point.point_id], slot)
        may = {code: displacing.may_take(conn, province.unit(code).unit_id, found, province.tree) for code in ("202", "203", "22")}
    assert may == {"202": False, "203": True, "22": False}
    with db.write() as conn:
        service.book(conn, mine, [point.point_id], province.office("203").secretary, at, displace="Họp khẩn")
    assert rows(db, mine) == {point.point_id: "confirmed"} and rows(db, lost) == {}


@one_engine
def test_a_displaced_request_is_told_once_and_in_its_own_words(db: Database, province: Province, at: datetime) -> None:
    policy(db, at, displaces=[["province", "district"]])
    meeting_id, request = agreed(db, province, at)
    before = len(told(db, meeting_id))
    taken(db, province, at + 3 * DAY, request.request.point_ids, at + HOUR)
    after = told(db, meeting_id)[before:]
    assert [what for what, _to in after] == ["booking.displaced"] * 3
    assert {"unit": request.request.owner} in [to for _what, to in after], "it was asked, so it knows of the draft"
    assert asked(db, meeting_id)[0].request.standing is Standing.WITHDRAWN


@one_engine
def test_units_that_have_not_heard_of_a_draft_are_not_told_what_it_lost(db: Database, province: Province, at: datetime) -> None:
    policy(db, at, displaces=[["province", "district"]])
    own = province.under("202", "commune")[0]
    meeting_id, _request = cascade(db, province, at)
    with db.write() as conn:
        service.book(conn, meeting_id, [*rows(db, meeting_id), own.point_id], province.office("202").secretary, at)
    taken(db, province, at + 3 * DAY, [own.point_id], at)
    assert {"unit": own.unit_id} not in [to for _what, to in told(db, meeting_id)]


@one_engine
def test_what_is_proposed_is_a_time_that_can_be_taken(db: Database, province: Province, at: datetime) -> None:
    """Hours of the points count, and those that still wait for a yes are looked at too."""
    policy(db, at, displaces=[["province", "district"]])
    meeting_id, request = cascade(db, province, at, days=4)
    [waiting], own = request.request.point_ids, province.point("202")
    start = request.request.slot.start                                         # Monday, 08:00 in Ha Noi
    with db.write() as conn:
        conn.execute(store.point.update().where(store.point.c.point_id == own.point_id).values(hours={"tue": [["13:00", "17:00"]], "mon": [["08:00", "10:00"]]}))
    owner = office_of(province, request.request.owner)
    booked(db, owner, [one for one in province.points if one.point_id == waiting], start + DAY + 5 * HOUR, at, hours=2)
    taken(db, province, start, [own.point_id], at)
    with db.read() as conn:
        [loss] = displacing.losses(conn, meeting_id)
    assert loss.proposed == Slot(start + DAY + 7 * HOUR, start + DAY + 9 * HOUR)    # Tuesday 15:00, after the owner's own meeting
    with db.write() as conn:
        service.rebook(conn, loss.displacement_id, province.office("202").secretary, at)
    assert rows(db, meeting_id) == {own.point_id: "confirmed", waiting: "pending"}


@one_engine
def test_those_invited_learn_of_the_new_time_of_a_meeting_that_lost_all_its_points(db: Database, province: Province, at: datetime) -> None:
    lost, mine, point = lost_by(db, province, at)
    with db.write() as conn:
        service.book(conn, mine, [point.point_id], province.office("203").secretary, at, displace="Họp khẩn")
        before = invitations.standing(conn, lost)
        service.move(conn, lost, at + 5 * DAY, at + 5 * DAY + HOUR, province.office(point.code).secretary, at)
        after = invitations.standing(conn, lost)
    assert before is not None and after is not None and after[0] == before[0] + 1


@one_engine
def test_only_the_convenor_takes_or_refuses_an_offer(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request, room = two_points(db, province, at)
    owner = office_of(province, request.request.owner)
    answer(db, "counter", request, owner, at, Offer((room,)), "")
    later = Offer(slot=Slot(request.request.slot.start + DAY, request.request.slot.end + DAY))
    other, asking = cascade(db, province, at, "205")
    answer(db, "counter", asking, office_of(province, asking.request.asked), at, later, "")
    for stranger in (owner, province.office("203"), province.office("22")):
        for step in (service.accept, requests.insist):
            for one in (request, asking):
                with pytest.raises(NotFound), db.write() as conn:
                    step(conn, one.request_id, stranger.secretary, at)
    assert {asked(db, one)[0].request.standing for one in (meeting_id, other)} == {Standing.OFFERED}


@one_engine
def test_a_body_answers_for_the_unit_it_belongs_to_and_an_account_without_the_post_does_not(
    db: Database, province: Province, at: datetime
) -> None:
    body = next(point for point in province.points if province.tree.get(point.unit_id).level == "body")
    above = province.tree.get(body.unit_id).parent_id
    assert above is not None and province.tree.get(above).level == "province"
    meeting_id = province.office("202").draft(db, at + 3 * DAY)
    with db.write() as conn:
        service.book(conn, meeting_id, [province.point("22").point_id], province.office("202").secretary, at)
    [request] = asked(db, meeting_id)
    clerk = province.office(province.tree.get(body.unit_id).gso_code).secretary
    with pytest.raises(NotAllowed), db.write() as conn:
        requests.agree(conn, request.request_id, replace(clerk, roles=frozenset({Role.CLERK, Role.TECHNICIAN, Role.ADMIN})), at)
    with db.write() as conn:
        assert requests.agree(conn, request.request_id, clerk, at).standing is Standing.AGREED


@one_engine
def test_an_offer_that_was_refused_comes_back_to_who_made_it(db: Database, province: Province, at: datetime) -> None:
    """After an escalation that is the unit above: the one that was silent is not asked a second time."""
    meeting_id, request = cascade(db, province, at, days=20)
    answer(db, "agree", request, office_of(province, request.request.route[0]), at)
    for _reminded_and_escalated in range(2):
        with db.read() as conn:
            due = request_store.load(conn, request.request_id).request.next_at
        assert due is not None and requests.chore(db, due) == 1
    upper = office_of(province, request.request.route[0])
    slot = Slot(request.request.slot.start + DAY, request.request.slot.end + DAY)
    answer(db, "counter", request, upper, due, Offer(slot=slot), "")
    before = len(told(db, meeting_id))
    with db.write() as conn:
        requests.insist(conn, request.request_id, province.office("202").secretary, due + HOUR)
    assert asked(db, meeting_id)[0].request.asked == upper.unit.id
    assert told(db, meeting_id)[before:] == [("request.asked", {"unit": upper.unit.id})]


def test_a_time_no_meeting_can_have_is_not_offered(at: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        Offer(slot=Slot(at, at + 366 * DAY))
    assert refused.value.code == "meeting.too_long"
    assert Offer((2, 1, 2)).point_ids == (2, 1)


@one_engine
def test_who_has_been_in_the_room_keeps_its_seat_when_its_point_is_given_back(db: Database, province: Province, at: datetime) -> None:
    office, points = province.office("202"), [province.point("202"), *province.under("202", "commune")[:1]]
    meeting_id = booked(db, office, points, at + DAY, at)
    with db.write() as conn:
        meetings.seat_join(conn, meeting_id, points[1].point_id, at + HOUR)
        assert service.forgo(conn, meeting_id, ids(points[1:]), office.secretary, at + 2 * HOUR) == 1
    assert rows(db, meeting_id) == {points[0].point_id: "confirmed"} and seated(db, meeting_id) == set(ids(points))


@one_engine
def test_what_ends_now_has_passed(db: Database, province: Province, at: datetime) -> None:
    office, start = province.office("202"), at + DAY
    meeting_id = office.draft(db, start, hours=1)
    with pytest.raises(Invalid) as refused, db.write() as conn:
        service.book(conn, meeting_id, ids([province.point("202")]), office.secretary, start + HOUR)
    assert refused.value.code == "booking.past"
