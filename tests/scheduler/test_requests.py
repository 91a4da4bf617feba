"""Requests in both databases: whose yes is asked, what becomes of the rows, who is told; and what a higher level may take."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from meetings import service as meetings
from meetings.access import Role, Subject
from meetings.errors import Closed, Conflict, Invalid, NotAllowed, NotFound, Stale
from meetings.meeting import State
from meetings.store import ledger_store, seat_store
from meetings.store.database import Database
from meetings.store.triggers import violated
from scheduler import displacing, policies, request_store, requests, service, store
from scheduler.approval import Offer, Policy, Standing
from scheduler.outbox_table import outbox
from scheduler.readings import bookings
from scheduler.request_store import Stored
from scheduler.slots import Slot
from tests.scheduler.conftest import Office, Province
from tests.scheduler.test_service import HOUR, book, booked, ids, one_engine, refused, state

DAY = timedelta(days=1)
ADMIN = Subject("u-admin", "Quản trị", "", "22", ("22",), frozenset({Role.ADMIN}))


def asked(db: Database, meeting_id: str) -> list[Stored]:
    with db.read() as conn:
        return request_store.of_meeting(conn, meeting_id)


def rows(db: Database, meeting_id: str) -> dict[int, str]:
    """point → state of its live booking."""
    b = store.booking.c
    with db.read() as conn:
        return dict(conn.execute(select(b.point_id, b.state).where(b.meeting_id == meeting_id, b.state != "released")).all())  # type: ignore[arg-type]


def whys(db: Database, meeting_id: str) -> list[str]:
    b = store.booking.c
    with db.read() as conn:
        return sorted(conn.execute(select(b.why).where(b.meeting_id == meeting_id, b.state == "released")).scalars())


def told(db: Database, meeting_id: str) -> list[tuple[str, dict[str, Any]]]:
    with db.read() as conn:
        found = conn.execute(select(outbox.c.payload).where(outbox.c.kind == "notice").order_by(outbox.c.item_id)).scalars()
        return [(one["what"], one["to"]) for one in found if one["meeting_id"] == meeting_id]


def answer(db: Database, verb: str, request: Stored, office: Office, at: datetime, *more: Any) -> None:
    with db.write() as conn:
        getattr(requests, verb)(conn, request.request_id, *more, office.secretary, at)


def policy(db: Database, at: datetime, **data: Any) -> None:
    with db.write() as conn:
        policies.put(conn, data, ADMIN, at)


def cascade(db: Database, province: Province, at: datetime, convenor: str = "202", days: int = 3) -> tuple[str, Stored]:
    """A district wants a point of a commune of district 203: 203 is asked first, then the commune."""
    commune = province.under("203", "commune")[0]
    meeting_id = province.office(convenor).draft(db, at + days * DAY)
    book(db, province.office(convenor), meeting_id, [province.point(convenor), commune], at)
    [request] = asked(db, meeting_id)
    return meeting_id, request


def office_of(province: Province, unit_id: str) -> Office:
    return province.office(province.tree.get(unit_id).gso_code)


def test_a_request_goes_down_the_tree_and_the_point_is_confirmed_at_the_end(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request = cascade(db, province, at)
    point = request.request.point_ids[0]
    assert rows(db, meeting_id) == {province.point("202").point_id: "confirmed", point: "pending"}
    assert state(db, meeting_id) is State.DRAFT
    upper, owner = request.request.route
    with pytest.raises(NotFound):
        answer(db, "agree", request, office_of(province, owner), at)
    answer(db, "agree", request, office_of(province, upper), at + HOUR)
    assert rows(db, meeting_id)[point] == "pending"
    answer(db, "agree", request, office_of(province, owner), at + 2 * HOUR)
    assert rows(db, meeting_id)[point] == "confirmed"
    with db.read() as conn:
        assert {seat.point_id for seat in seat_store.seats(conn, meeting_id)} == {province.point("202").point_id, point}
        kinds = [event.kind for event in ledger_store.events(conn, meeting_id)]
    assert kinds.count("request.asked") == 1 and kinds.count("request.changed") == 2
    secretary = {"user": province.office("202").secretary.user_id}
    assert told(db, meeting_id) == [
        ("request.asked", {"unit": upper}), ("request.asked", {"unit": owner}),
        ("request.agreed", secretary), ("requests.settled", secretary),
    ]
    with db.write() as conn:
        meetings.convene(conn, meeting_id, province.office("202").secretary, at + 3 * HOUR)
    assert state(db, meeting_id) is State.CONVENED


def test_a_refusal_gives_the_point_back_with_its_reason(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request = cascade(db, province, at)
    with pytest.raises(Invalid):
        answer(db, "decline", request, office_of(province, request.request.route[0]), at, " ")
    answer(db, "decline", request, office_of(province, request.request.route[0]), at, "Phòng họp đang sửa")
    [after] = asked(db, meeting_id)
    assert (after.request.standing, after.request.reason) == (Standing.DECLINED, "Phòng họp đang sửa")
    assert rows(db, meeting_id) == {province.point("202").point_id: "confirmed"} and whys(db, meeting_id) == ["declined"]
    with pytest.raises(Closed):
        answer(db, "agree", request, office_of(province, request.request.route[0]), at + HOUR)


def test_an_offered_point_is_taken_and_goes_on_down(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request = cascade(db, province, at)
    upper, owner = request.request.route
    other = province.under("203", "commune")[1]
    with pytest.raises(Invalid) as wrong:
        answer(db, "counter", request, office_of(province, upper), at, Offer((other.point_id,)), "")
    assert wrong.value.code == "offer.points"
    slot = Slot(request.request.slot.start + DAY, request.request.slot.end + DAY)
    answer(db, "counter", request, office_of(province, upper), at, Offer(slot=slot), "Hôm đó có họp huyện")
    [offered] = asked(db, meeting_id)
    assert offered.request.offer == Offer(slot=slot) and rows(db, meeting_id)[request.request.point_ids[0]] == "pending"
    with db.write() as conn:
        moved = service.accept(conn, request.request_id, province.office("202").secretary, at + HOUR)
    assert Slot(moved.start, moved.end) == slot
    [again] = asked(db, meeting_id)
    assert (again.request.standing, again.request.round, again.request.asked, again.request.slot) == (Standing.ASKED, 2, upper, slot)
    assert set(rows(db, meeting_id).values()) == {"confirmed", "pending"}


def test_a_change_of_time_asks_again_and_a_change_of_title_does_not(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request = cascade(db, province, at)
    for unit in request.request.route:
        answer(db, "agree", request, office_of(province, unit), at)
    with db.write() as conn:
        meetings.change(conn, meeting_id, province.office("202").secretary, at, title="Tên khác")
    assert asked(db, meeting_id)[0].request.standing is Standing.AGREED
    start = request.request.slot.start + DAY
    with db.write() as conn:
        service.move(conn, meeting_id, start, start + HOUR, province.office("202").secretary, at)
    [again] = asked(db, meeting_id)
    assert (again.request.standing, again.request.round) == (Standing.ASKED, 2)
    assert rows(db, meeting_id) == {province.point("202").point_id: "confirmed", request.request.point_ids[0]: "pending"}
    with db.read() as conn:
        assert len(seat_store.seats(conn, meeting_id)) == 2, "the seat and its link stay good while it is asked again"


def test_what_is_confirmed_first_declines_what_waited_for_the_same_point(db: Database, province: Province, at: datetime) -> None:
    first, one = cascade(db, province, at)
    second, other = cascade(db, province, at, "205")
    assert one.request.point_ids == other.request.point_ids
    for unit in one.request.route:
        answer(db, "agree", one, office_of(province, unit), at)
    [lost] = asked(db, second)
    assert (lost.request.standing, lost.request.reason) == (Standing.DECLINED, requests.OVERTAKEN)
    assert whys(db, second) == ["overtaken"] and ("request.overtaken", {"user": "u-205"}) in told(db, second)
    third = booked_by_owner(db, province, other, at)
    assert third["conflicts"][0]["unit"] == "Huyện Ba Chẽ"
    assert rows(db, first)[one.request.point_ids[0]] == "confirmed"


def booked_by_owner(db: Database, province: Province, request: Stored, at: datetime) -> dict[str, Any]:
    """What the owner of the point is told who wants it for itself."""
    owner = office_of(province, request.request.owner)
    meeting_id = owner.draft(db, request.request.slot.start)
    [point] = [point for point in province.points if point.point_id == request.request.point_ids[0]]
    return refused(db, owner, meeting_id, [point], at)


def test_a_direct_booking_declines_what_waits(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request = cascade(db, province, at)
    owner = office_of(province, request.request.owner)
    [point] = [point for point in province.points if point.point_id == request.request.point_ids[0]]
    booked(db, owner, [point], request.request.slot.start, at)
    assert asked(db, meeting_id)[0].request.standing is Standing.DECLINED
    with pytest.raises(Closed):
        answer(db, "agree", request, office_of(province, request.request.route[0]), at)


def test_time_reminds_escalates_and_lapses(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request = cascade(db, province, at, days=14)
    answer(db, "agree", request, office_of(province, request.request.route[0]), at)
    upper, owner = request.request.route
    now = at
    for what in ("request.reminder", "request.escalated", "request.reminder", "request.escalated", "request.reminder_last", "request.lapsed"):
        with db.read() as conn:
            due = request_store.load(conn, request.request_id).request.next_at
        assert due is not None and requests.chore(db, due - timedelta(seconds=1)) == 0
        assert requests.chore(db, due) == 1 and requests.chore(db, due) == 0
        assert what in {said for said, _to in told(db, meeting_id)}
        now = due
    [after] = asked(db, meeting_id)
    assert after.request.standing is Standing.LAPSED and whys(db, meeting_id) == ["lapsed"] and now <= after.request.slot.start
    assert [to for said, to in told(db, meeting_id) if said == "request.asked"] == [
        {"unit": upper}, {"unit": owner}, {"unit": upper}, {"unit": province.unit("22").unit_id}]


def test_cancelling_withdraws_and_tells_whoever_was_asked(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request = cascade(db, province, at)
    with db.write() as conn:
        service.cancel(conn, meeting_id, "Hoãn", province.office("202").secretary, at)
    assert asked(db, meeting_id)[0].request.standing is Standing.WITHDRAWN and rows(db, meeting_id) == {}
    assert ("request.withdrawn", {"unit": request.request.asked}) in told(db, meeting_id)


def test_whoever_looked_at_an_older_version_is_told(db: Database, province: Province, at: datetime) -> None:
    _meeting, request = cascade(db, province, at)
    office = office_of(province, request.request.route[0])
    with pytest.raises(Stale), db.write() as conn:
        requests.agree(conn, request.request_id, office.secretary, at, version=2)


def test_a_level_that_wants_a_word_is_asked_by_its_own_superior(db: Database, province: Province, at: datetime) -> None:
    policy(db, at, confirms=["district"])
    meeting_id = province.office("22").draft(db, at + 3 * DAY)
    book(db, province.office("22"), meeting_id, [province.point("202"), province.point("06970")], at)
    assert rows(db, meeting_id) == {province.point("202").point_id: "pending", province.point("06970").point_id: "confirmed"}


def test_the_higher_level_takes_a_point_only_where_the_policy_says_so(db: Database, province: Province, at: datetime) -> None:
    district, top = province.office("202"), province.office("22")
    points = [province.point("202"), province.point("06970")]
    lost = booked(db, district, points, at + 3 * DAY, at, title="Giao ban huyện")
    mine = top.draft(db, at + 3 * DAY)
    with pytest.raises(NotAllowed) as no, db.write() as conn:
        service.book(conn, mine, ids(points[:1]), top.secretary, at, displace="Họp khẩn phòng chống bão")
    assert no.value.code == "displace.not_allowed" and set(rows(db, lost).values()) == {"confirmed"}
    policy(db, at, displaces=[["province", "district"]])
    with pytest.raises(Conflict):
        book(db, top, mine, points[:1], at)
    with db.write() as conn:
        service.book(conn, mine, ids(points[:1]), top.secretary, at, displace="Họp khẩn phòng chống bão")
    assert rows(db, mine) == {points[0].point_id: "confirmed"} and rows(db, lost) == {points[1].point_id: "confirmed"}
    assert whys(db, lost) == ["displaced"]
    with db.read() as conn:
        [loss] = displacing.losses(conn, lost)
    assert loss.reason == "Họp khẩn phòng chống bão" and loss.proposed is not None
    told_to = [to for what, to in told(db, lost) if what == "booking.displaced"]
    assert {"user": district.secretary.user_id} in told_to and {"unit": points[0].unit_id} in told_to
    with db.write() as conn:
        service.rebook(conn, loss.displacement_id, district.secretary, at)
    assert set(rows(db, lost)) == {point.point_id for point in points}
    with db.read() as conn:
        assert displacing.losses(conn, lost) == []
        found = bookings(conn, ids(points), loss.proposed)
    assert {one.meeting_id for one in found} == {lost}
    with pytest.raises(Closed), db.write() as conn:
        service.rebook(conn, loss.displacement_id, district.secretary, at)


@one_engine
def test_maintenance_cannot_be_displaced_and_says_what_it_is(db: Database, province: Province, at: datetime) -> None:
    policy(db, at, displaces=[["province", "district"]])
    point, top = province.point("202"), province.office("22")
    with db.write() as conn:
        conn.execute(store.booking.insert().values(
            point_id=point.point_id, starts_at=at + DAY, ends_at=at + 2 * DAY, state="blocked", booked_at=at, note="Thay máy chiếu"))
    meeting_id = top.draft(db, at + DAY + HOUR)
    for reason in ("", "Họp khẩn"):
        with pytest.raises(Conflict) as stopped, db.write() as conn:
            service.book(conn, meeting_id, [point.point_id], top.secretary, at, displace=reason)
        assert stopped.value.params["conflicts"][0]["note"] == "Thay máy chiếu"


@pytest.mark.parametrize("data", [
    {"displaces": [["province", "province"]]}, {"displaces": [["province", "district"], ["district", "province"]]},
    {"confirms": ["moon"]}, {"answer_within": {"": 0}}, {"answer_within": {"": True}}, {"other": 1}, {"displaces": [["province"]]},
    {"remind_before": {"": 10**9}}, {"confirms": "district"},
])
@one_engine
def test_a_policy_that_says_nonsense_is_refused(db: Database, province: Province, at: datetime, data: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        policy(db, at, **data)
    with db.read() as conn:
        assert policies.current(conn) == Policy()


@pytest.mark.parametrize(("name", "change"), [
    ("booking_unanswered", {"state": "confirmed"}), ("booking_overlap", None), ("approval_answered", {"standing": "agreed"}),
    ("ck_approval_self", {"asked": "convenor"}),
])
def test_the_database_itself_keeps_to_the_answers(
    db: Database, province: Province, at: datetime, name: str, change: dict[str, Any] | None
) -> None:
    meeting_id, request = cascade(db, province, at)
    a, b = store.approval, store.booking
    with pytest.raises(IntegrityError) as stopped, db.write() as conn:
        if name == "booking_unanswered":
            conn.execute(b.update().where(b.c.request_id == request.request_id).values(change))
        elif name == "booking_overlap":
            row = {"point_id": province.point("202").point_id, "starts_at": request.request.slot.start,
                   "ends_at": request.request.slot.end, "state": "blocked", "booked_at": at, "note": "x"}
            conn.execute(b.insert().values(row))
        elif name == "approval_answered":
            conn.execute(a.update().where(a.c.request_id == request.request_id).values(standing="declined", next_at=None))
            conn.execute(a.update().where(a.c.request_id == request.request_id).values(change))
        else:
            conn.execute(a.update().where(a.c.request_id == request.request_id).values(asked=request.request.convenor))
    assert violated(stopped.value, name), stopped.value


def test_a_request_cannot_stop_being_agreed_under_a_confirmed_booking(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request = cascade(db, province, at)
    for unit in request.request.route:
        answer(db, "agree", request, office_of(province, unit), at)
    a = store.approval
    with pytest.raises(IntegrityError) as stopped, db.write() as conn:
        conn.execute(a.update().where(a.c.request_id == request.request_id).values(standing="withdrawn"))
    assert violated(stopped.value, "approval_answered")
