"""The media server as a resource: the arithmetic, its peak over time, and two who want the last of it at one moment."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings import service as meetings
from meetings.errors import Conflict
from meetings.store.database import Database
from scheduler import capacity_store, service
from scheduler.capacity import Limit, Load, full, peak, reckon
from scheduler.slots import Slot
from tests.scheduler.conftest import Province

HOUR = timedelta(hours=1)


def at_(hours: float, length: float = 1) -> Slot:
    start = datetime.fromisoformat("2026-03-05T00:00+00:00") + hours * HOUR
    return Slot(start, start + length * HOUR)


def test_the_arithmetic_of_the_whole_province() -> None:
    limit = Limit(60_000, True)
    assert limit.cost(239) == 239 * (50 * 3 + 72 * 1) == 53_058
    assert Limit.assumed(2) == Limit(40_000, False)
    found = reckon(limit, 239, at_(8), [])
    assert found.fits and (found.wanted, found.others) == (53_058, 0)


def test_meetings_add_up_only_while_they_overlap_each_other() -> None:
    limit = Limit(1000, True, sounds=1, pictures=0)
    loads = [Load("a", at_(8), 5), Load("b", at_(8.5), 3), Load("c", at_(9.5, 0.5), 4), Load("d", at_(20), 100)]
    assert peak(limit, at_(8, 2), loads) == 400, "a and b"
    assert peak(limit, at_(9.5, 1), loads) == 200, "b has ended when c begins"
    assert peak(limit, at_(11), loads) == 0


def test_what_was_measured_refuses_and_says_why_and_an_assumption_does_not() -> None:
    loads = [Load("a", at_(8), 200)]
    with pytest.raises(Conflict, match=r"capacity\.full") as refused:
        reckon(Limit(60_000, True), 100, at_(8.5), loads).check()
    assert refused.value.params == {"points": 100, "sounds": 3, "pictures": 1, "wanted": 22_200, "others": 44_400, "limit": 60_000, "measured": True}
    assumed = reckon(Limit(60_000, False), 100, at_(8.5), loads)
    assumed.check()
    assert not assumed.fits


LOADS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12), st.integers(1, 50)), max_size=12).map(
    lambda rows: [Load(str(n), at_(start / 4, length / 4), points) for n, (start, length, points) in enumerate(rows)])


@given(LOADS, st.integers(0, 40), st.integers(1, 12), st.integers(1, 60))
def test_the_peak_is_the_most_of_any_moment_and_full_is_where_it_does_not_fit(loads: list[Load], start: int, length: int, points: int) -> None:
    limit, slot = Limit(20_000, True), at_(start / 4, length / 4)
    moments = [slot.start + n * timedelta(minutes=5) for n in range(int(slot.length / timedelta(minutes=5)))]
    by_moment = [sum(limit.cost(one.points) for one in loads if one.slot.start <= at < one.slot.end) for at in moments]
    assert peak(limit, slot, loads) == max(by_moment)
    stretches = full(limit, points, slot, loads)
    for at, carried in zip(moments, by_moment, strict=True):
        assert any(one.start <= at < one.end for one in stretches) == (carried + limit.cost(points) > limit.packets_per_s)


def test_it_is_told_once_and_changed_when_it_is_measured(db: Database, at: datetime) -> None:
    with db.write() as conn:
        assert capacity_store.check_capacity(conn, at_(8), 10_000) is None, "nobody has told what it carries"
        assert capacity_store.tell(conn, Limit.assumed(2), at) and not capacity_store.tell(conn, Limit.assumed(2), at)
        assert capacity_store.tell(conn, Limit(90_000, True), at)
        assert capacity_store.told(conn) == Limit(90_000, True)


def booked(db: Database, province: Province, at: datetime, start: datetime, points: slice) -> str:
    office = province.office("22")
    meeting_id = office.draft(db, start, hours=1)
    with db.write() as conn:
        service.book(conn, meeting_id, [one.point_id for one in province.points[points]], office.secretary, at)
    return meeting_id


def test_a_booking_beyond_it_is_refused_and_a_cancelled_one_gives_its_share_back(db: Database, province: Province, at: datetime) -> None:
    with db.write() as conn:
        capacity_store.tell(conn, Limit(30 * 222, True), at)
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
        assert capacity_store.look(conn, Slot(at, at + 5 * HOUR), 11).others == 20 * 222  # type: ignore[union-attr]


@pytest.mark.parametrize("rounds", [4, pytest.param(60, marks=pytest.mark.long)])
def test_of_two_who_want_the_last_of_it_at_once_one_gets_it(db: Database, province: Province, at: datetime, rounds: int) -> None:
    """Different points, so that nothing but the server stands between them."""
    office = province.office("22")
    with db.write() as conn:
        capacity_store.tell(conn, Limit(15 * 222, True), at)
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
