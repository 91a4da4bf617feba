"""Whether as many packets as the page of a line test waits for make its word on loss the right one: a simulation of its rule.

The page (static/linetest/measure.js) counts packets while a drawing goes up and comes back.  It looks twice a second; after nine
seconds it stops where enough packets were seen, or none was lost, and goes on where some were lost and it cannot say how many.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from scheduler.readiness import SURE, Limits, packets_needed

MEASURE = Path(__file__).parents[2] / "web/static/linetest/measure.js"
RUNS = 1000
WEAK = Limits().loss_weak


def constant(name: str) -> int:
    found = re.search(rf"^const {name} = ([\d_]+);", MEASURE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found, name
    return int(found[1].replace("_", ""))


LOOP, LONGEST, SETTLING, LOOK, CLEAN = (constant(name) for name in ("LOOP", "LONGEST", "SETTLING", "LOOK", "CLEAN"))


def run(luck: random.Random, share: float, rate: int, *, patient: bool = True) -> tuple[bool, int]:
    """One test of a line that loses `share` of its packets, `rate` of which come in a second: (called weak, milliseconds).

    Without patience it stops after nine seconds, as the page once did.
    """
    needed, seen, lost, now = packets_needed(WEAK), 0, 0, SETTLING
    while True:
        now += LOOK
        packets = rate * LOOK // 1000
        seen += packets
        lost += sum(luck.random() < share for _packet in range(packets))
        wanted = seen < needed and (lost > 0 or seen < CLEAN)
        if now >= LOOP and (not patient or not wanted or now >= LONGEST):
            return round(1000 * lost / seen) >= WEAK, now


def right(share: float, rate: int, **how: bool) -> float:
    """How many of the runs call such a line what it is."""
    luck = random.Random(5)
    return sum(run(luck, share, rate, **how)[0] == (share >= WEAK / 1000) for _run in range(RUNS)) / RUNS


@pytest.mark.parametrize("rate", [30, 60, 150])
@pytest.mark.parametrize("share", [0.0, 0.005, 0.01, 0.05, 0.08, 0.2])
def test_ninety_nine_runs_of_a_hundred_call_a_line_what_it_is(share: float, rate: int) -> None:
    assert right(share, rate) >= 0.99


def test_nine_seconds_alone_were_not_enough_where_few_packets_go() -> None:
    """What the rule is for: a browser on a busy machine sends thirty to sixty packets a second."""
    assert right(0.05, 30, patient=False) < 0.97


def test_a_clean_line_is_not_held_up_and_none_for_longer_than_the_page_says() -> None:
    luck = random.Random(5)
    assert {run(luck, 0.0, rate)[1] for rate in (30, 60, 150)} == {LOOP}
    assert max(run(luck, 0.05, 10)[1] for _run in range(50)) == LONGEST


def test_the_number_grows_as_the_limit_falls_and_always_ends() -> None:
    numbers = [packets_needed(limit) for limit in (10, 30, 100, 300)]
    assert numbers == sorted(numbers, reverse=True) and 500 <= packets_needed(30) <= 800 and SURE > 0.99
    assert all(packets_needed(limit) <= 5000 for limit in (1, 2, 600, 999, 1000))
