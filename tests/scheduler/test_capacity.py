"""The media server as a resource: the arithmetic, its peak over time, and two who want the last of it at one moment."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings import service as meetings
from meetings.access import Role, Subject
from meetings.errors import Conflict, Invalid, NotFound
from meetings.store.database import Database
from scheduler import capacity_store, requests, service
from scheduler.approval import Standing
from scheduler.capacity import Limit, Load, busiest, full, reckon
from scheduler.slots import Slot
from tests.scheduler.conftest import Province
from tests.scheduler.test_requests import cascade, office_of

HOUR = timedelta(hours=1)


def at_(hours: float, length: float = 1) -> Slot:
    start = datetime.fromisoformat("2026-03-05T00:00+00:00") + hours * HOUR
    return Slot(start, start + length * HOUR)


def test_the_arithmetic_of_the_whole_province_on_a_fresh_machine_of_two_cores() -> None:
    limit = Limit.assumed(2)
    assert limit == Limit(40_000, False) and limit.cost(239) == 239 * (50 * 1 + 72 * 1) == 29_158
    found = reckon(limit, 239, at_(8), [])
    assert found.fits and found.near and (found.wanted, found.others, found.room) == (29_158, 0, 327)
    found.check()


@pytest.mark.parametrize("limit", [Limit(40_000, True), Limit(40_000, False), Limit(40_000, False, declared=True)])
def test_the_last_point_that_fits_is_booked_and_one_more_refused_whether_it_was_measured_or_not(limit: Limit) -> None:
    loads = [Load("a", at_(8), 227)]
    reckon(limit, 100, at_(8.5), loads).check()
    with pytest.raises(Conflict, match=r"capacity\.full") as refused:
        reckon(limit, 101, at_(8.5), loads).check()
    assert refused.value.params == {
        "points": 101, "sounds": 1, "pictures": 1, "wanted": 101 * 122, "others": 227 * 122, "limit": 40_000, "room": 100,
        "measured": limit.measured, "declared": limit.declared, "meetings": [{"start": at_(8).start, "end": at_(8).end, "points": 227}]}
    reckon(limit, 327, at_(9), loads).check()


def test_meetings_add_up_only_while_they_overlap_each_other() -> None:
    loads = [Load("a", at_(8), 5), Load("b", at_(8.5), 3), Load("c", at_(9.5, 0.5), 4), Load("d", at_(20), 100)]
    assert [load.meeting_id for load in busiest(at_(8, 2), loads)] == ["a", "b"]
    assert [load.meeting_id for load in busiest(at_(9.5, 1), loads)] == ["c"], "b has ended when c begins"
    assert busiest(at_(11), loads) == ()


def minutes(start: int, length: int) -> Slot:
    return at_(start / 60, length / 60)


LOADS = st.lists(st.tuples(st.integers(0, 240), st.integers(1, 200), st.integers(1, 300)), max_size=12).map(
    lambda rows: [Load(str(n), minutes(start, length), points) for n, (start, length, points) in enumerate(rows)])
LIMITS = st.builds(Limit, st.integers(1, 200_000), st.booleans(), st.integers(1, 4), st.integers(0, 5), st.booleans())


@given(LIMITS, LOADS, st.integers(0, 240), st.integers(1, 200), st.integers(1, 400))
def test_the_sum_at_the_busiest_moment_is_right_and_decides(limit: Limit, loads: list[Load], start: int, length: int, points: int) -> None:
    """Beside a reckoning that looks at every minute."""
    slot = minutes(start, length)
    moments = [slot.start + n * timedelta(minutes=1) for n in range(length)]
    by_minute = [sum(limit.cost(one.points) for one in loads if one.slot.start <= at < one.slot.end) for at in moments]
    found = reckon(limit, points, slot, loads)
    assert found.others == max(by_minute)
    assert found.fits == all(limit.cost(points) + carried <= limit.packets_per_s for carried in by_minute)
    assert (points <= found.room) == found.fits
    if found.fits:
        found.check()
    else:
        with pytest.raises(Conflict, match=r"capacity\.full"):
            found.check()
    stretches = full(limit, points, slot, loads)
    for at, carried in zip(moments, by_minute, strict=True):
        assert any(one.start <= at < one.end for one in stretches) == (carried + limit.cost(points) > limit.packets_per_s)


def test_it_is_told_and_what_an_administrator_says_holds_before_it(db: Database, province: Province, at: datetime) -> None:
    root = province.tree.roots()[0].unit_id
    admin = Subject("admin", unit_id=root, unit_path=(root,), roles=frozenset({Role.ADMIN}))
    with db.write() as conn:
        assert capacity_store.check_capacity(conn, at_(8), 10_000) is None, "nobody has told what it carries"
        assert not capacity_store.knows(conn, 40_000, False)
        capacity_store.tell(conn, 40_000, False, at)
        assert capacity_store.knows(conn, 40_000, False) and capacity_store.told(conn) == Limit.assumed(2)
        capacity_store.put(conn, 2, 3, None, admin, at)
        capacity_store.tell(conn, 90_000, True, at)
        assert capacity_store.told(conn) == Limit(90_000, True, 2, 3)
        capacity_store.put(conn, 1, 1, 50_000, admin, at)
        capacity_store.tell(conn, 95_000, True, at)
        assert capacity_store.told(conn) == Limit(50_000, False, declared=True)
        for sounds, pictures, declared in ((0, 1, None), (5, 1, None), (1, -1, None), (1, 6, None), (None, 1, None), (1, 1, 0)):
            with pytest.raises(Invalid, match=r"capacity\.numbers"):
                capacity_store.put(conn, sounds, pictures, declared, admin, at)
        with pytest.raises(NotFound):
            capacity_store.put(conn, 1, 1, None, province.office("22").secretary, at)


def booked(db: Database, province: Province, at: datetime, start: datetime, points: slice) -> str:
    office = province.office("22")
    meeting_id = office.draft(db, start, hours=1)
    with db.write() as conn:
        service.book(conn, meeting_id, [one.point_id for one in province.points[points]], office.secretary, at)
    return meeting_id


@pytest.mark.parametrize("measured", [True, False])
def test_a_booking_beyond_it_is_refused_and_a_cancelled_one_gives_its_share_back(
    db: Database, province: Province, at: datetime, measured: bool
) -> None:
    with db.write() as conn:
        capacity_store.tell(conn, 30 * 122, measured, at)
    first = booked(db, province, at, at + HOUR, slice(20))
    with pytest.raises(Conflict, match=r"capacity\.full"):
        booked(db, province, at, at + 1.5 * HOUR, slice(100, 120))
    booked(db, province, at, at + 2 * HOUR, slice(100, 120))
    office = province.office("22")
    with pytest.raises(Conflict, match=r"capacity\.full"), db.write() as conn:
        service.move(conn, first, at + 1.5 * HOUR, at + 2.5 * HOUR, office.secretary, at)
    with db.write() as conn:
        service.move(conn, first, at + 3 * HOUR, at + 4 * HOUR, office.secretary, at)
        with pytest.raises(Conflict):
            service.book(conn, first, [one.point_id for one in province.points[:31]], office.secretary, at)
        service.cancel(conn, first, "Hoãn", office.secretary, at)
        assert capacity_store.full_slots(conn, Slot(at, at + 5 * HOUR), 11) == [Slot(at + 2 * HOUR, at + 3 * HOUR)]
        assert capacity_store.look(conn, Slot(at, at + 5 * HOUR), 11).others == 20 * 122  # type: ignore[union-attr]


def test_a_yes_that_comes_when_the_server_is_full_is_refused_and_given_later(db: Database, province: Province, at: datetime) -> None:
    """Pending points are in nobody's sum: what was booked meanwhile may have taken the room."""
    meeting_id, request = cascade(db, province, at, days=3)
    upper, owner = (office_of(province, unit).secretary for unit in request.request.route)
    start = request.request.slot.start
    with db.write() as conn:
        capacity_store.tell(conn, 5 * 122, False, at)
        requests.agree(conn, request.request_id, upper, at)
    other = booked(db, province, at, start, slice(230, 234))
    with pytest.raises(Conflict, match=r"capacity\.full") as refused, db.write() as conn:
        requests.agree(conn, request.request_id, owner, at)
    assert (refused.value.params["points"], refused.value.params["room"]) == (2, 1)
    with db.write() as conn:
        service.cancel(conn, other, "Hoãn", province.office("22").secretary, at)
        assert requests.agree(conn, request.request_id, owner, at).standing is Standing.AGREED
        assert len(service.points_of_meeting(conn, meeting_id)) == 2


@pytest.mark.parametrize("rounds", [4, pytest.param(60, marks=pytest.mark.long)])
def test_of_two_who_want_the_last_of_it_at_once_one_gets_it(db: Database, province: Province, at: datetime, rounds: int) -> None:
    """Different points, so that nothing but the server stands between them."""
    office = province.office("22")
    with db.write() as conn:
        capacity_store.tell(conn, 15 * 122, False, at)
    for round_ in range(rounds):
        start = at + (1 + round_) * HOUR
        drafts = [office.draft(db, start, hours=1) for _ in range(3)]
        gate, outcomes = threading.Barrier(3), list[str]()

        def run(place: int, meeting_id: str) -> None:
            gate.wait(60)
            try:
                with db.write() as conn:
                    chosen = province.points[place * 10:place * 10 + 10]
                    service.book(conn, meeting_id, [one.point_id for one in chosen], office.secretary, at)
                outcomes.append("booked")
            except Conflict as refused:
                outcomes.append(refused.code)

        threads = [threading.Thread(target=run, args=pair) for pair in enumerate(drafts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(outcomes) == ["booked", "capacity.full", "capacity.full"]
        with db.read() as conn:
            assert sorted(meetings.get(conn, one).state.value for one in drafts) == ["convened", "draft", "draft"]
