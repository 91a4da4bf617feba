"""A computer that is late is not a line that is full: pictures stay where what was sent a moment ago has arrived."""

from __future__ import annotations

import random

from media.bwe import Line
from media.twcc import Feedback


def least_estimate(*, queue: bool) -> int:
    """160 kbit/s for 20 s.  From the fifth second on packets wait: in a queue that only lets 90 kbit/s pass, or in a socket
    that a busy computer reads all at once, later and later for a while."""
    line, draw = Line(0.0), random.Random(7)
    sent: dict[int, tuple[float, int]] = {}
    arrived: list[tuple[float, int]] = []
    octets, told, least, free, read = 0, 0, 1e9, 0.0, 0.0
    for number in range(1000):
        now = number * 0.02
        sent[number] = (now, 400)
        octets += 400
        busy = now > 5.0
        if busy and queue:
            free = max(free, now) + 400 * 8 / 90_000
            arrived.append((free + 0.01, number))
        elif busy:
            while read < now:  # turns of 50 to 350 ms that grow over a second and begin anew
                read += 0.05 + 0.3 * (read % 1.0) * draw.random()
            arrived.append((read + 0.01, number))
        else:
            arrived.append((now + 0.01, number))
        line.sent(octets, now)
        reads = read <= now + 0.02 if busy and not queue else number % 5 == 4  # who does not read does not write either
        if reads:
            known = sorted((one, at) for at, one in arrived if at <= now + 0.03)
            arrived = [(at, one) for at, one in arrived if at > now + 0.03]
            if known:
                line.on_feedback(Feedback(list(known), told & 0xFF), sent.get, now + 0.03)
                told += 1
        line.tick(now)
        if number > 250:
            least = min(least, line.estimate)
    return int(least)


def test_a_busy_computer_costs_no_picture_and_a_full_line_does() -> None:
    assert least_estimate(queue=False) > 300_000
    assert least_estimate(queue=True) < 100_000


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
