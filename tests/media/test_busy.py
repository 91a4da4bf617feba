"""A computer that is late is not a line that is full: pictures stay when everything arrives and the round trip is short."""

from __future__ import annotations

from media.bwe import Line
from media.twcc import Feedback


def estimate_of_a_late_receiver(rtt: float) -> int:
    """120 kbit/s over 12 s; every other second the receiver reads later and later, up to 0.12 s, then all at once."""
    line = Line(0.0)
    sent: dict[int, tuple[float, int]] = {}
    arrived: list[tuple[float, int]] = []
    octets, told, least = 0, 0, 1e9
    for number in range(600):
        now = number * 0.02
        sent[number] = (now, 300)
        octets += 300
        arrived.append((now + 0.01 + 0.12 * (now % 2.0 if now % 2.0 < 1.0 else 0.0), number))
        line.sent(octets, now)
        if number % 5 == 4:
            known = sorted((at, one) for at, one in arrived if at <= now)
            arrived = [(at, one) for at, one in arrived if at > now]
            if known:
                base = min(one for _, one in known)
                packets = sorted((one, at) for at, one in known)
                line.on_feedback(Feedback(base, len(packets), list(packets), told & 0xFF), sent.get, now)
                told += 1
        if number % 25 == 24:
            line.on_report(0.0, 0.01 if number < 50 else rtt, now)
        line.tick(now)
        if number > 100:
            least = min(least, line.estimate)
    return int(least)


def test_a_busy_computer_costs_no_picture_and_a_full_line_does() -> None:
    assert estimate_of_a_late_receiver(0.012) > 300_000
    assert estimate_of_a_late_receiver(0.25) < 200_000


def test_a_late_answer_counts_only_where_the_receiver_takes_its_estimate_back() -> None:
    estimates = []
    for remb in (5_000_000, 450_000):
        line = Line(0.0)
        for step in range(200):
            now = step * 0.1
            line.sent(step * 6250, now)  # 500 kbit/s
            line.on_remb(remb, now)
            if step % 10 == 9:
                line.on_report(0.0, 0.01 if step < 50 else 0.4, now)
            line.tick(now)
        estimates.append(line.estimate)
    assert estimates[0] > 2_000_000 and estimates[1] < 500_000
