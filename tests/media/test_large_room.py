"""A room of a whole province: what one change costs, how soon everybody has it, and how little one member weighs."""

from __future__ import annotations

import gc
import time

import pytest

from media.limits import FILL_AT_ONCE, TICK
from tests.media.rooms import KEY, Bench
from tests.support.weight import weight

POINTS = 239


def province(points: int) -> Bench:
    """So many points, each publishes and watches; three of them send."""
    bench = Bench()
    for number in range(points):
        bench.publisher(f"P{number}", now=1.0)
        bench.subscriber(f"P{number}", slots=2, now=1.0)
    speak(bench, range(3), 1.0)
    run(bench, 1.0, 1.0)
    return bench


def speak(bench: Bench, who: range, now: float) -> None:
    for number in who:
        member = bench.room.members[f"p-P{number}"]
        bench.send(member, "v", 1 + int(now * 50), KEY, now)
        bench.send(member, "a", 1 + int(now * 50), b"x", now)


def run(bench: Bench, now: float, seconds: float) -> list[int]:
    """Ticks; for each how many receivers were told of other slots."""
    told = []
    for step in range(round(seconds / TICK)):
        before = len(bench.events)
        bench.room.tick(now + step * TICK)
        told.append(sum(event["event"] == "slots" for event in bench.events[before:]))
    return told


def test_a_change_for_everybody_is_there_in_a_fifth_of_a_second_and_in_small_pieces() -> None:
    bench = province(POINTS)
    bench.room.policy(None, ["P7", "P8"])
    speak(bench, range(7, 9), 2.0)
    told = run(bench, 2.0, 0.2)
    assert sum(told) >= POINTS - 2 and max(told) <= FILL_AT_ONCE
    assert {tuple(bench.shown(f"s-P{n}").values())[2] for n in range(POINTS) if n not in (7, 8)} == {"P7"}


def test_who_leaves_while_slots_are_filled_is_passed_over() -> None:
    bench = province(60)
    bench.room.policy(None, ["P7"])
    speak(bench, range(7, 8), 2.0)
    run(bench, 2.0, TICK)
    for number in range(0, 60, 2):
        bench.room.leave(f"s-P{number}", "gone")
    bench.room.leave("p-P7", "gone")
    run(bench, 2.1, 0.3)
    assert all("P7" not in bench.shown(f"s-P{n}").values() for n in range(1, 60, 2)) and not bench.room.urgent


@pytest.mark.parametrize("what", ["idle", "change"])
def test_cost_grows_no_faster_than_the_room(what: str) -> None:
    costs = []
    for points in (40, 160):
        bench = province(points)
        best = float("inf")
        for turn in range(3):
            now = 10.0 + turn
            if what == "change":
                bench.room.policy(None, [f"P{10 + turn}"])
                speak(bench, range(10 + turn, 11 + turn), now)
            gc.collect()
            started = time.process_time()
            run(bench, now, 0.3)
            best = min(best, time.process_time() - started)
        costs.append(best)
    assert costs[1] < 4 * 1.8 * costs[0], f"{costs[1] / costs[0]:.1f} times for four times as many"


def test_a_receiver_weighs_far_less_than_half_a_mebibyte() -> None:
    bench = Bench()
    bench.publisher("A")
    gc.collect()
    before = weight(bench)
    for number in range(50):
        bench.subscriber(f"S{number}", slots=4)
    assert (weight(bench) - before) / 50 < 64 * 1024
