"""Whether one more peer may come in: never so many that those inside suffer, and no yes and no in turn at the limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.admission import ASSUMED, CPU, FREE_SHARE, LAG, LATE_LOOKS, PACKETS, Capacity, Gate, cost

CALM = {"packets_per_s": 0.0, "cpu": 0.1, "lag_ms": 1.0}


def test_a_join_costs_fifty_packets_a_second_for_a_sound_and_seventy_two_for_a_picture() -> None:
    offer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=video 9 X 96\r\na=m=video 1\r\nm=video 9 X 96\r\nm=application 9 X 1\r\n"
    assert cost(offer) == 50 + 2 * 72
    assert cost("") == 0
    assert cost("m=audio 9 a b\r\n" * 4 + "m=video 9 a b\r\n" * 6) == 2 * 50 + 2 * 72, "a full stage is rare"


def test_capacity_is_what_was_measured_for_one_worker() -> None:
    document = {"schema": 1, "measured_at": "2026-11-27T14:00:00Z", "cpu_model": "x", "workers": 2, "packets_per_s": 90_000,
                "bits_per_s": 1}
    assert Capacity.read(document) == Capacity(45_000.0, True)


@pytest.mark.parametrize("document", [
    None, [], {}, {"schema": 2, "packets_per_s": 9}, {"schema": 1}, {"schema": 1, "packets_per_s": -1},
    {"schema": 1, "packets_per_s": "many"}, {"schema": 1, "packets_per_s": 9, "workers": 0},
    {"schema": 1, "packets_per_s": True}, {"schema": 1, "packets_per_s": float("nan")},
])
def test_what_cannot_be_used_counts_as_not_measured(document: object) -> None:
    assert Capacity.read(document) == Capacity(ASSUMED, False)


def test_packets_measured_and_promised_and_asked_for_stay_within_the_capacity() -> None:
    gate = Gate(Capacity(1000, True))
    gate.look({**CALM, "packets_per_s": 500})
    assert gate.refuses(122, 0) is None
    assert gate.refuses(122, 378) is None
    assert gate.refuses(122, 379) == PACKETS


def test_a_worker_that_was_full_takes_nobody_until_it_has_some_air() -> None:
    gate = Gate(Capacity(1000, True))
    gate.look({**CALM, "packets_per_s": 950})
    assert gate.refuses(100, 0) == PACKETS
    gate.look({**CALM, "packets_per_s": 850})
    assert gate.refuses(100, 0) == PACKETS, "a moment ago it said no"
    gate.look({**CALM, "packets_per_s": 1000 * FREE_SHARE - 100})
    assert gate.refuses(100, 0) is None
    gate.look({**CALM, "packets_per_s": 880})
    assert gate.refuses(100, 0) is None, "and now yes again, up to the limit"


@pytest.mark.parametrize(("field", "why", "full", "between", "free"), [
    ("lag_ms", LAG, 51.0, 40.0, 29.0), ("cpu", CPU, 0.95, 0.85, 0.5),
])
def test_a_late_loop_or_a_full_core_refuses_when_it_lasts(field: str, why: str, full: float, between: float, free: float) -> None:
    gate, at_work = Gate(Capacity()), {**CALM, "packets_per_s": 0.2 * ASSUMED}
    for look in range(LATE_LOOKS):
        assert gate.refuses(50, 0) is None, look
        gate.look({**at_work, field: full})
    assert gate.refuses(50, 0) == why
    gate.look({**at_work, field: between})
    assert gate.refuses(50, 0) == why
    gate.look({**at_work, field: free})
    assert gate.refuses(50, 0) is None
    for _ in range(LATE_LOOKS):  # the crowd of a meeting's beginning makes one bad measure, not three
        gate.look({**at_work, field: full})
        gate.look(at_work)
    assert gate.refuses(50, 0) is None


def test_a_worker_with_little_to_do_is_late_through_others_and_takes_everybody() -> None:
    gate = Gate(Capacity())
    for _ in range(LATE_LOOKS):
        gate.look({**CALM, "packets_per_s": 0.05 * ASSUMED, "lag_ms": 200.0})
    assert gate.refuses(500, 0) is None


@given(st.integers(1, 5000), st.lists(st.integers(0, 400), max_size=60))
def test_what_is_admitted_never_exceeds_the_capacity(capacity: int, joins: list[int]) -> None:
    gate, promised = Gate(Capacity(float(capacity), True)), 0
    for packets in joins:
        if gate.refuses(packets, promised) is None:
            promised += packets
    assert promised <= capacity


def test_an_assumed_capacity_refuses_nobody() -> None:
    assert Gate(Capacity()).refuses(10 * ASSUMED, 0) is None
