"""What is extra leaves at its rate, however much of it there is."""

from __future__ import annotations

from media.pace import Pacer


def test_a_burst_becomes_a_trickle() -> None:
    pacer, left, most = Pacer(100_000, 0.0), 0, 0
    window: list[float] = []
    for step in range(1000):
        now = step / 100
        while pacer.take(1000, now):
            left += 1000
            window.append(now)
        most = max(most, sum(1 for at in window if now - at < 0.1))
    assert 125_000 <= left <= 125_000 + 2600 and most <= 4


def test_a_pause_saves_up_no_more_than_two_packets_and_a_new_rate_counts_from_now() -> None:
    pacer = Pacer(1_000_000, 0.0)
    assert [pacer.take(1300, 60.0) for _ in range(3)] == [True, True, False]
    pacer.rate = 0
    assert not pacer.take(1300, 120.0), "what was not saved up before is not there after"
    pacer.rate = 8_000_000
    assert pacer.take(1300, 120.01)
