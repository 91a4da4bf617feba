"""200 points raise their hands at once, each from a thread whose clock is wrong by up to an hour: one order, on every look.

Over both databases; what screens are sent of it is held by tests/web/test_queue_on_screens.py.
"""

from __future__ import annotations

import random
import threading
from datetime import datetime, timedelta

from meetings import service, speaking
from meetings.ledger import verify_chain
from meetings.meeting import PointRef
from meetings.speech import Kind
from meetings.store.database import Database
from meetings.store.ledger_store import events
from tests.support.factories import opened, seat_of

HANDS, WORKERS = 200, 8
CROWD = tuple(PointRef(n, f"{n:05d}", f"Điểm cầu xã số {n}", f"unit-{n}", "commune") for n in range(1, HANDS + 1))


def test_two_hundred_hands_with_skewed_clocks_are_one_order(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at, CROWD)
    chance = random.Random(5)
    shares = [list(CROWD[worker::WORKERS]) for worker in range(WORKERS)]
    failed, seen, over = list[BaseException](), list[list[int]](), threading.Event()

    def raise_hands(share: list[PointRef]) -> None:
        try:
            for point in share:
                skew = timedelta(seconds=chance.uniform(-3600, 3600))
                with db.write() as conn:
                    speaking.ask(conn, meeting_id, point.point_id, Kind.CONTRIBUTION, by=seat_of(meeting_id, point), at=at + skew)
        except BaseException as error:  # noqa: BLE001 - told below, in the thread of the test
            failed.append(error)

    def look() -> None:
        while not over.wait(0.1):
            with db.read() as conn:
                seen.append([one.point_id for one in service.state(conn, meeting_id).queue])

    threads = [threading.Thread(target=raise_hands, args=(share,)) for share in shares]
    screens = [threading.Thread(target=look) for _screen in range(2)]
    for thread in [*threads, *screens]:
        thread.start()
    for thread in threads:
        thread.join(120)
    over.set()
    for screen in screens:
        screen.join(30)
    assert not failed
    with db.read() as conn:
        chain = events(conn, meeting_id)
        order = [one.point_id for one in service.state(conn, meeting_id).queue]
    assert sorted(order) == list(range(1, HANDS + 1))
    assert order == [e.point["id"] for e in chain if e.kind == "hand.raised" and e.point]
    assert seen and all(look == order[:len(look)] for look in seen), "nobody ever saw another order"
    assert verify_chain(chain) is None
    assert [e.at for e in chain] == sorted(e.at for e in chain)
