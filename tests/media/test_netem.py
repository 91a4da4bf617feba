"""The simulated line itself: every later figure stands on it."""

from __future__ import annotations

import pytest

from tests.support.netem import WIFI_BAD, WIFI_LOSSY, Burst, Netem


def carry(line: Netem, packets: int, octets: int, every: float) -> list[tuple[float, int]]:
    for number in range(packets):
        line.send(number, octets, number * every)
    return line.due(1e9)


def test_the_same_seed_is_the_same_line() -> None:
    lines = [Netem(7, loss=0.1, delay=0.02, jitter=0.03, reorder=0.05, duplicate=0.05) for _ in range(2)]
    assert carry(lines[0], 500, 100, 0.01) == carry(lines[1], 500, 100, 0.01)


def test_loss_is_what_was_asked_for() -> None:
    line = Netem(1, loss=0.05)
    assert len(carry(line, 40_000, 100, 0.001)) == pytest.approx(38_000, rel=0.01)


@pytest.mark.parametrize(("burst", "length"), [(WIFI_LOSSY, 2), (WIFI_BAD, 5)])
def test_loss_in_bursts(burst: Burst, length: int) -> None:
    arrived = {number for _, number in carry(Netem(1, burst=burst), 40_000, 100, 0.001)}
    assert len(arrived) == pytest.approx(40_000 * (1 - burst.mean), rel=0.01) and 0.04 < burst.mean < 0.06
    lost = [number for number in range(40_000) if number not in arrived]
    bursts = 1 + sum(b - a > 1 for a, b in zip(lost, lost[1:], strict=False))
    assert len(lost) / bursts == pytest.approx(length, rel=0.1)


def test_a_rate_holds_queues_and_drops() -> None:
    line = Netem(1, rate=800_000, queue=0.1, delay=0.02)
    arrived = carry(line, 1000, 1000, 0.005)  # 1.6 Mbit/s into 0.8
    assert len(arrived) == pytest.approx(510, abs=15) and line.dropped == 1000 - len(arrived)
    assert arrived[-1][0] - arrived[0][0] == pytest.approx(len(arrived) * 0.01, rel=0.02)
    late = [at - number * 0.005 for at, number in arrived]
    assert late[0] == pytest.approx(0.02) and max(late) <= 0.131, "20 ms of way and a full queue"


def test_order_is_kept_unless_it_shall_not_be() -> None:
    steady = carry(Netem(2, delay=0.05, jitter=0.05), 500, 100, 0.005)
    assert [n for _, n in steady] == sorted(n for _, n in steady) and len(steady) == 500
    loose = carry(Netem(2, delay=0.05, jitter=0.05, keep_order=False, duplicate=0.1), 500, 100, 0.005)
    assert [n for _, n in loose] != sorted(n for _, n in loose) and len(loose) > 520
