"""Who is silenced, freed, asked to speak, shown large: what may be said by whom, and what the ledger keeps of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from meetings import muting, service
from meetings.errors import Conflict, Invalid, NotAllowed, NotFound
from meetings.meeting import PointRef
from meetings.store import voice_store
from meetings.store.database import Connection, Database
from meetings.store.ledger_store import events
from meetings.store.voice_table import room_setting, voice
from meetings.voices import Chat, Lobby, Voices
from tests.support.factories import CHAIR, CLERK, OFFICER, POINTS, SECRETARY, convened, opened, seat_of

MANY = tuple(PointRef(n, f"{n:05d}", f"Điểm cầu số {n}", f"u{n}", "commune") for n in range(1, 14))


def said(conn: Connection, meeting_id: str) -> Voices:
    return voice_store.voices_of(conn, meeting_id)


def tail(conn: Connection, meeting_id: str, count: int) -> list[tuple[str, Any]]:
    return [(one.kind, one.point["id"] if one.point else None) for one in events(conn, meeting_id)[-count:]]


def test_one_point_interprets_into_sign_language_and_every_change_is_an_event(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        assert muting.interpret(conn, meeting_id, 3, CHAIR, at) and not muting.interpret(conn, meeting_id, 3, SECRETARY, at)
        assert said(conn, meeting_id).setting.sign == 3
        assert muting.interpret(conn, meeting_id, None, SECRETARY, at) and not muting.interpret(conn, meeting_id, None, CHAIR, at)
        assert tail(conn, meeting_id, 2) == [("sign.set", 3), ("sign.set", None)]
        with pytest.raises(NotFound, match="seat.unknown"):
            muting.interpret(conn, meeting_id, 99, CHAIR, at)
        with pytest.raises((NotAllowed, NotFound)):
            muting.interpret(conn, meeting_id, 3, seat_of(meeting_id, POINTS[2]), at)


def test_one_point_is_muted_and_freed_and_every_step_is_an_event(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        assert muting.mute(conn, meeting_id, 3, True, by=CHAIR, at=at)
        assert not muting.mute(conn, meeting_id, 3, True, by=SECRETARY, at=at)
        assert said(conn, meeting_id).muted(3) and not said(conn, meeting_id).muted(4)
        assert muting.mute(conn, meeting_id, 3, False, by=SECRETARY, at=at)
        assert not muting.mute(conn, meeting_id, 3, False, by=CHAIR, at=at)
        assert said(conn, meeting_id).said == {}
        assert tail(conn, meeting_id, 2) == [("voice.muted", 3), ("voice.freed", 3)]


def test_all_are_muted_one_is_freed_and_the_next_word_for_all_voids_what_was_said_of_one(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        assert muting.mute_all(conn, meeting_id, True, by=CHAIR, at=at)
        assert not muting.mute_all(conn, meeting_id, True, by=CHAIR, at=at)
        assert muting.mute(conn, meeting_id, 4, False, by=CHAIR, at=at)
        assert [said(conn, meeting_id).muted(one) for one in (2, 4)] == [True, False]
        assert muting.mute_all(conn, meeting_id, True, by=CHAIR, at=at)
        assert said(conn, meeting_id).muted(4)
        assert muting.mute_all(conn, meeting_id, False, by=SECRETARY, at=at)
        assert not said(conn, meeting_id).muted(2)
        assert [kind for kind, _point in tail(conn, meeting_id, 4)] == ["room.muted", "voice.freed", "room.muted", "room.freed"]


def test_who_has_the_floor_is_muted_by_a_later_word_and_heard_again_with_the_next_floor(db: Database, at: datetime) -> None:
    later = [at + timedelta(minutes=number) for number in range(6)]
    with db.write() as conn:
        meeting_id = opened(conn, at)
        muting.mute(conn, meeting_id, 3, True, by=CHAIR, at=later[0])
        service.floor_give(conn, meeting_id, 3, by=CHAIR, at=later[1])
        assert not said(conn, meeting_id).muted_since(3, later[1])
        assert muting.mute(conn, meeting_id, 3, True, by=CHAIR, at=later[2])
        assert said(conn, meeting_id).muted_since(3, later[1])
        assert not muting.mute(conn, meeting_id, 3, True, by=CHAIR, at=later[3])


def test_the_chairs_own_point_is_never_muted_by_the_server(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        for deed in (lambda: muting.mute(conn, meeting_id, 1, True, by=SECRETARY, at=at), lambda: muting.ask(conn, meeting_id, 1, by=SECRETARY, at=at)):
            with pytest.raises(Conflict, match=r"voice\.main"):
                deed()


@pytest.mark.parametrize("who", [CLERK, OFFICER, seat_of("", POINTS[2])])
def test_only_who_conducts_says_who_is_heard(sqlite_db: Database, at: datetime, who: Any) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        who = seat_of(meeting_id, POINTS[2]) if who.seat else who
        for deed in (
            lambda: muting.mute(conn, meeting_id, 3, True, by=who, at=at), lambda: muting.mute_all(conn, meeting_id, True, by=who, at=at),
            lambda: muting.ask(conn, meeting_id, 3, by=who, at=at), lambda: muting.spotlight(conn, meeting_id, 3, by=who, at=at),
            lambda: muting.set_room(conn, meeting_id, by=who, at=at, chat="closed"),
        ):
            with pytest.raises((NotAllowed, NotFound)):
                deed()
        assert said(conn, meeting_id) == Voices()


def test_an_asked_point_frees_itself_and_nobody_else_does(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        own = seat_of(meeting_id, POINTS[2])
        muting.mute_all(conn, meeting_id, True, by=CHAIR, at=at)
        with pytest.raises(Conflict, match=r"voice\.not_asked"):
            muting.answer(conn, meeting_id, 3, True, by=own, at=at)
        assert muting.ask(conn, meeting_id, 3, by=CHAIR, at=at) and not muting.ask(conn, meeting_id, 3, by=CHAIR, at=at)
        assert said(conn, meeting_id).muted(3)  # asking alone opens no microphone
        for stranger in (seat_of(meeting_id, POINTS[3]), CHAIR):
            with pytest.raises(NotAllowed):
                muting.answer(conn, meeting_id, 3, True, by=stranger, at=at)
        muting.answer(conn, meeting_id, 3, True, by=own, at=at)
        assert said(conn, meeting_id).freed(3)
        muting.mute(conn, meeting_id, 3, True, by=CHAIR, at=at)
        muting.ask(conn, meeting_id, 3, by=CHAIR, at=at)
        muting.answer(conn, meeting_id, 3, False, by=own, at=at)
        assert said(conn, meeting_id).muted(3) and said(conn, meeting_id).said[3].asked_at is None
        assert [(one.kind, dict(one.data)) for one in events(conn, meeting_id) if one.kind.startswith("voice.a")] == [
            ("voice.asked", {}), ("voice.answered", {"accepted": True}), ("voice.asked", {}), ("voice.answered", {"accepted": False})]


def test_who_is_not_there_is_not_asked(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        service.seat_leave(conn, meeting_id, 3, "gone", at)
        with pytest.raises(Conflict, match=r"voice\.absent"):
            muting.ask(conn, meeting_id, 3, by=CHAIR, at=at)


def test_a_large_meeting_opens_silent_unless_it_was_set_otherwise(db: Database, at: datetime) -> None:
    with db.write() as conn:
        small, large, free = (convened(conn, at, points) for points in (MANY[:12], MANY, MANY))
        muting.set_room(conn, free, by=SECRETARY, at=at, muted_above="100")
        for meeting_id in (small, large, free):
            service.open(conn, meeting_id, by=CHAIR, at=at)
        assert [said(conn, one).setting.all_muted for one in (small, large, free)] == [False, True, False]
        assert (events(conn, large)[-1].kind, dict(events(conn, large)[-1].data)) == ("room.muted", {"opening": True})


def test_the_setting_changes_one_thing_at_a_time_and_refuses_what_it_does_not_know(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        assert muting.set_room(conn, meeting_id, by=CHAIR, at=at, lobby="free", chat="held")
        assert not muting.set_room(conn, meeting_id, by=CHAIR, at=at, lobby="free")
        now = said(conn, meeting_id).setting
        assert (now.lobby, now.chat, now.muted_above) == (Lobby.FREE, Chat.HELD, 12)
        assert dict(events(conn, meeting_id)[-1].data) == {"lobby": "free", "chat": "held"}
        for wrong in ({"lobby": "loud"}, {"chat": ""}, {"muted_above": -1}, {"muted_above": "²"}, {"muted_above": True}, {"muted_above": 10**9}):
            with pytest.raises(Invalid, match=r"setting\."):
                muting.set_room(conn, meeting_id, by=CHAIR, at=at, **wrong)


def test_the_spotlight_is_on_a_booked_point_or_on_nobody(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        assert muting.spotlight(conn, meeting_id, 3, by=CHAIR, at=at) and not muting.spotlight(conn, meeting_id, 3, by=CHAIR, at=at)
        assert muting.spotlight(conn, meeting_id, None, by=CHAIR, at=at)
        with pytest.raises(NotFound, match=r"seat\.unknown"):
            muting.spotlight(conn, meeting_id, 99, by=CHAIR, at=at)
        assert tail(conn, meeting_id, 2) == [("stage.set", 3), ("stage.set", None)]


def test_a_point_of_which_something_was_said_can_still_be_unbooked(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        muting.mute(conn, meeting_id, 5, True, by=CHAIR, at=at)
        service.seats_set(conn, meeting_id, POINTS[:4], by=SECRETARY, at=at)
        assert said(conn, meeting_id).said == {}


@pytest.mark.parametrize("values", [{"lobby": "loud"}, {"chat": "maybe"}, {"muted_above": -1}])
def test_the_database_refuses_a_setting_nobody_knows(db: Database, at: datetime, values: dict[str, Any]) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(insert(room_setting).values(**{
            "meeting_id": meeting_id, "all_muted": False, "lobby": "quiet", "chat": "open", "muted_above": 12, **values}))


def test_the_database_keeps_no_word_that_says_nothing_and_none_of_a_point_that_is_not_booked(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
    for values in ({"point_id": 2, "muted": None}, {"point_id": 99, "muted": True}):
        with pytest.raises(IntegrityError), db.write() as conn:
            conn.execute(insert(voice).values(meeting_id=meeting_id, since=at, asked_at=None, **values))
