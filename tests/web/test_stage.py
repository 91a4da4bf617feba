"""Who is on the stage of a room: who has the floor, the chair's point, and the one who is next; and whose sound passes."""

from __future__ import annotations

from datetime import datetime, timedelta

from meetings import service
from meetings.store.database import Database
from tests.support.factories import CHAIR, POINTS, opened, seat_of
from web import roompolicy


def test_those_who_only_wait_do_not_fill_the_sounds(sqlite_db: Database, at: datetime) -> None:
    """Four sounds are relayed; those that go before whoever speaks are the floor's and the chair's."""
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        for number, place in enumerate((4, 3, 2)):
            service.hand(conn, meeting_id, POINTS[place].point_id, True, by=seat_of(meeting_id, POINTS[place]), at=at + timedelta(seconds=number))
        state = service.state(conn, meeting_id)
        main = roompolicy.main_code(state)
        free = roompolicy.policy(state)
        service.floor_give(conn, meeting_id, POINTS[4].point_id, by=CHAIR, at=at + timedelta(minutes=1))
        held = roompolicy.policy(service.state(conn, meeting_id))
    ready = [code for code in (main, POINTS[4].code) if code]
    assert free.heard is None and list(free.stage) == ready and list(free.voices) == [main] * bool(main)
    assert held.voices == held.heard
    assert held.heard is not None and set(held.heard) == {POINTS[4].code, *([main] if main else [])}
    assert held.stage[0] == POINTS[4].code and held.stage[-1] == POINTS[3].code and len(held.stage) <= 3
