"""Which worker a room goes to: the least loaded, always the same one, and another when that one is gone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.load import LAG_TICK, Meter
from media.placement import ROOM_PACKETS, SEEN_AFTER, Placement, Reservations


def test_a_room_goes_to_the_least_loaded_worker_and_stays_there() -> None:
    placement = Placement()
    assert placement.choose("a", {0: 5000.0, 1: 200.0, 2: 900.0}, 0.0) == 1
    assert placement.choose("a", {0: 0.0, 1: 9000.0, 2: 0.0}, 100.0) == 1, "a room does not wander with the load"
    assert placement.home("a") == 1 and placement.rooms(1) == ["a"]


def test_rooms_that_open_in_one_instant_are_spread_though_nothing_is_measured_yet() -> None:
    placement = Placement()
    homes = [placement.choose(str(number), {0: 0.0, 1: 0.0, 2: 0.0}, 1.0) for number in range(9)]
    assert sorted(homes) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_what_was_promised_counts_until_the_measures_hold_it() -> None:
    promised = Reservations()
    promised.add(0, ROOM_PACKETS, 10.0)
    promised.add(0, 122, 12.0)
    assert promised.of(0, 12.0) == ROOM_PACKETS + 122
    assert promised.of(0, 10.0 + SEEN_AFTER) == 122
    assert promised.of(0, 12.0 + SEEN_AFTER) == 0
    promised.add(1, 5, 0.0)
    promised.forget(1)
    assert promised.of(1, 0.0) == 0


def test_rooms_of_a_dead_worker_take_another_and_those_of_others_stay() -> None:
    placement = Placement()
    placement.choose("a", {0: 0.0}, 0.0)
    placement.choose("b", {1: 0.0}, 0.0)
    assert placement.move_from(0) == ["a"]
    assert placement.choose("a", {1: 10.0}, 1.0) == 1 and placement.home("b") == 1
    placement.forget("b")
    assert placement.home("b") is None
    assert placement.choose("c", {}, 2.0) is None


def test_a_home_that_does_not_run_just_now_is_replaced() -> None:
    placement = Placement()
    assert placement.choose("a", {0: 0.0, 1: 5.0}, 0.0) == 0
    assert placement.choose("a", {1: 5.0}, 1.0) == 1


@given(st.lists(st.integers(0, 9), max_size=60))
def test_no_worker_gets_two_rooms_more_than_another_while_nothing_is_measured(rooms: list[int]) -> None:
    placement = Placement()
    for now, room in enumerate(rooms):
        placement.choose(str(room), dict.fromkeys(range(4), 0.0), now / 100)
    counts = [len(placement.rooms(worker)) for worker in range(4)]
    assert max(counts) - min(counts) <= 1


def test_a_meter_tells_packets_a_second_share_of_the_core_and_how_late_the_loop_is() -> None:
    meter = Meter()
    assert meter.load() == {"packets_per_s": 0.0, "cpu": 0.0, "lag_ms": 0.0}
    for step in range(50):
        meter.note(step * LAG_TICK, step * LAG_TICK * 0.25, step * 100)
    load = meter.load()
    assert load["packets_per_s"] == 100 / LAG_TICK and load["cpu"] == 0.25 and load["lag_ms"] < 0.01
    late = Meter()
    for step in range(50):
        late.note(step * (LAG_TICK + 0.08), 0.0, 0)
    assert abs(late.load()["lag_ms"] - 80) < 0.1


def test_a_meter_forgets_a_crowd_within_two_seconds() -> None:
    meter, now = Meter(), 0.0
    for lag in [0.5] * 5 + [0.0] * 22:
        now += LAG_TICK + lag
        meter.note(now, 0.0, 0)
    assert meter.load()["lag_ms"] < 1
