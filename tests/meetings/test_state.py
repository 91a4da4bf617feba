"""The state of a room: complete, cheap, and without secrets."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

import pytest
from sqlalchemy import event

from meetings import service
from meetings.errors import NotFound
from meetings.meeting import PointRef
from meetings.store.database import Database
from meetings.voting import COUNCIL, Rule
from tests.support.factories import CHAIR, POINTS, opened, seat_of

PROVINCE_POINTS = tuple(
    PointRef(n, f"{n:05d}", f"Điểm cầu xã số {n}", f"unit-{n}", "commune") for n in range(1, 240)
)


def test_a_browser_gets_what_stands(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.agenda_go(conn, meeting_id, 1, by=CHAIR, at=at)
        service.hand(conn, meeting_id, 5, True, by=seat_of(meeting_id, POINTS[4]), at=at)
        service.seat_leave(conn, meeting_id, 2, "gone", at)
        service.floor_give(conn, meeting_id, 3, by=CHAIR, at=at)
        rule = Rule(Fraction(0), Fraction(1, 2), "cast")
        first = service.motion_open(conn, meeting_id, "Một", rule, by=CHAIR, at=at)
        service.cast(conn, first, 1, "for", by=seat_of(meeting_id, POINTS[0]), at=at)
        service.motion_close(conn, first, by=CHAIR, at=at)
        second = service.motion_open(conn, meeting_id, "Hai", rule, by=CHAIR, at=at)
        service.cast(conn, second, 4, "against", by=seat_of(meeting_id, POINTS[3]), at=at)
        service.conclusion_write(conn, meeting_id, "Kết luận", by=CHAIR, at=at)
    with db.read() as conn:
        state = service.state(conn, meeting_id)
    assert state.meeting.state.value == "open" and state.running is not None and state.running.item == 1
    assert state.floor is not None and (state.floor.code, state.floor_since) == ("06970", at)
    assert [seat.code for seat in state.hands] == ["06976"] and (len(state.seats), state.present) == (5, 4)
    assert state.motion is not None and (state.motion.motion_id, state.motion.entitled, state.motion.present) == (second, 5, 4)
    assert (state.motion.turnout[4], state.motion.cast, state.motion.voted) == ((1, 1), 1, (4,))
    assert state.last_motion is not None and (state.last_motion.motion_id, state.last_motion.result.passed) == (first, True)
    assert state.conclusions == ((1, "Kết luận"),)


def test_the_version_grows_with_every_change(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        before = service.state(conn, meeting_id).version
        service.agenda_go(conn, meeting_id, 1, by=CHAIR, at=at)
        assert service.state(conn, meeting_id).version == before + 1


def test_an_unknown_room_is_not_found(sqlite_db: Database) -> None:
    with sqlite_db.read() as conn, pytest.raises(NotFound):
        service.state(conn, "nothing")


def test_the_state_of_a_whole_province_holds_every_seat_and_asks_the_database_a_few_questions(
    sqlite_db: Database, at: datetime
) -> None:
    """239 seats, an open vote with 200 ballots: the number of questions does not grow with the points."""
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at, PROVINCE_POINTS)
        motion = service.motion_open(conn, meeting_id, "Một", COUNCIL, by=CHAIR, at=at)
        for point in PROVINCE_POINTS[:200]:
            service.cast(conn, motion, point.point_id, "for", by=seat_of(meeting_id, point), at=at)
    with sqlite_db.read() as conn:
        asked: list[str] = []
        event.listen(conn, "before_cursor_execute", lambda *call: asked.append(call[2]))
        state = service.state(conn, meeting_id)
    assert (state.present, len(state.seats), state.version) == (239, 239, 247 + 200)
    assert len(asked) <= 16, asked
