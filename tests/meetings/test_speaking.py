"""The queue and the floor with their records, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from meetings import service, speaking
from meetings.access import PersonRef, Subject
from meetings.errors import Conflict, Invalid, NotAllowed, NotFound
from meetings.meeting import AgendaLine
from meetings.speech import Kind, Standing, Times
from meetings.store.database import Connection, Database
from meetings.store.ledger_store import events
from meetings.store.speech_table import speech
from tests.support.factories import CHAIR, OFFICER, POINTS, SECRETARY, convened, draft, opened, seat_of

TALK, ORDER, QUESTION = Kind.CONTRIBUTION, Kind.ORDER, Kind.QUESTION


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def asks(conn: Connection, meeting_id: str, point: int, kind: Kind, at: datetime, **words: Any) -> int:
    return speaking.ask(conn, meeting_id, point, kind, by=seat_of(meeting_id, POINTS[point - 1]), at=at, **words)


def person(meeting_id: str, name: str, point: int) -> Subject:
    return Subject(name=name, person=PersonRef(meeting_id, f"p-{name}", point, POINTS[point - 1].code, name, "link"))


def queued(conn: Connection, meeting_id: str) -> list[int]:
    return [one.point_id for one in service.state(conn, meeting_id).queue]


def told(conn: Connection, meeting_id: str, count: int) -> list[tuple[Any, ...]]:
    return [(e.kind, e.point and e.point["id"], dict(e.data)) for e in events(conn, meeting_id)[-count:]]


def test_points_of_order_come_first_then_questions_then_contributions(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.floor_give(conn, meeting_id, 1, by=CHAIR, at=at)
        asks(conn, meeting_id, 2, TALK, at)
        asks(conn, meeting_id, 3, QUESTION, at)
        asks(conn, meeting_id, 4, ORDER, at)
        asks(conn, meeting_id, 2, QUESTION, at)
        assert queued(conn, meeting_id) == [4, 3, 2, 2]
        assert [seat.point_id for seat in service.state(conn, meeting_id).hands] == [2]


def test_a_question_needs_a_speaker_and_a_contribution_may_be_registered_before_the_opening(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        first = asks(conn, meeting_id, 3, TALK, at, item=2, note="Về nhà tạm")
        assert asks(conn, meeting_id, 3, TALK, at) == first
        with pytest.raises(Conflict, match=r"meeting\.state"):
            asks(conn, meeting_id, 3, ORDER, at)
        with pytest.raises(NotFound, match=r"agenda\.unknown"):
            asks(conn, meeting_id, 2, TALK, at, item=9)
        with pytest.raises(Invalid, match=r"text\.too_long"):
            asks(conn, meeting_id, 2, TALK, at, note="x" * 201)
        service.open(conn, meeting_id, by=CHAIR, at=at)
        with pytest.raises(Conflict, match=r"speech\.nobody_speaks"):
            asks(conn, meeting_id, 2, QUESTION, at)
        [one] = service.state(conn, meeting_id).queue
        raised = next(e for e in events(conn, meeting_id) if e.kind == "hand.raised")
    assert (one.entry, one.item, one.note, one.standing) == (raised.seq, 2, "Về nhà tạm", Standing.WAITING)
    assert raised.data == {"item": 2, "note": "Về nhà tạm"}


def test_nobody_asks_for_another_point(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id, other = opened(conn, at), opened(conn, at)
        for who in (CHAIR, seat_of(meeting_id, POINTS[2]), person(meeting_id, "An", 3)):
            with pytest.raises(NotAllowed):
                speaking.ask(conn, meeting_id, 2, TALK, by=who, at=at)
        for stranger in (seat_of(other, POINTS[1]), person(other, "An", 2)):
            with pytest.raises(NotFound):
                speaking.ask(conn, meeting_id, 2, TALK, by=stranger, at=at)
        entry = asks(conn, meeting_id, 2, TALK, at)
        for who in (seat_of(meeting_id, POINTS[2]), person(meeting_id, "An", 2), OFFICER):
            with pytest.raises(NotAllowed):
                speaking.withdraw(conn, meeting_id, entry, by=who, at=at)
        for act in (speaking.order, speaking.decline):
            with pytest.raises(NotAllowed):
                act(conn, meeting_id, entry, "không" if act is speaking.decline else None, seat_of(meeting_id, POINTS[1]), at)


def test_withdrawing_twice_is_once_and_what_was_answered_is_not_there_to_be_withdrawn(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        here = seat_of(meeting_id, POINTS[1])
        mine, given, declined = asks(conn, meeting_id, 2, TALK, at), asks(conn, meeting_id, 3, TALK, at), asks(conn, meeting_id, 4, TALK, at)
        for who in (here, here, CHAIR):
            speaking.withdraw(conn, meeting_id, mine, by=who, at=at)
        assert [kind for kind, _point, _data in told(conn, meeting_id, 2)] == ["hand.raised", "hand.lowered"]
        with pytest.raises(NotAllowed):
            speaking.withdraw(conn, meeting_id, mine, by=seat_of(meeting_id, POINTS[2]), at=at)
        service.floor_give(conn, meeting_id, 3, by=CHAIR, at=at)
        speaking.decline(conn, meeting_id, declined, "hết giờ", CHAIR, at)
        for entry, who in ((given, seat_of(meeting_id, POINTS[2])), (declined, seat_of(meeting_id, POINTS[3])), (10_000, CHAIR)):
            with pytest.raises(NotFound, match=r"speech\.unknown"):
                speaking.withdraw(conn, meeting_id, entry, by=who, at=at)


def test_people_behind_a_point_ask_for_themselves(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        an, binh = person(meeting_id, "An", 2), person(meeting_id, "Bình", 2)
        entries = [speaking.ask(conn, meeting_id, 2, TALK, by=who, at=at) for who in (an, binh, seat_of(meeting_id, POINTS[1]), an)]
        assert entries[3] == entries[0] and len(set(entries)) == 3
        raised = [e for e in events(conn, meeting_id) if e.kind == "hand.raised"]
        speaking.withdraw(conn, meeting_id, entries[0], by=an, at=at)
        speaking.withdraw(conn, meeting_id, entries[1], by=seat_of(meeting_id, POINTS[1]), at=at)   # whoever answers for the point
        assert [one.entry for one in service.state(conn, meeting_id).queue] == [entries[2]]
        assert service.state(conn, meeting_id).hands
        service.hand(conn, meeting_id, 2, False, by=CHAIR, at=at)
        assert not service.state(conn, meeting_id).hands
    assert raised[0].actor == {"user": None, "name": "An", "person": "p-An"}
    assert raised[0].data == {"person": {"id": "p-An", "name": "An"}}


def test_an_interposed_question_pauses_the_speaker_who_gets_the_floor_back(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        speaking.times_set(conn, meeting_id, Times(speech_s=300, aside_s=60), by=CHAIR, at=at)
        service.floor_give(conn, meeting_id, 2, by=CHAIR, at=at)
        question = asks(conn, meeting_id, 3, QUESTION, at)
        speaking.floor_call(conn, meeting_id, question, by=CHAIR, at=at + seconds(100))
        during = service.state(conn, meeting_id)
        service.floor_give(conn, meeting_id, None, by=CHAIR, at=at + seconds(130))
        after = service.state(conn, meeting_id)
        service.floor_give(conn, meeting_id, None, by=CHAIR, at=at + seconds(200))
        free = service.state(conn, meeting_id)
        given = next(e.seq for e in events(conn, meeting_id) if e.kind == "floor.given")
        tail = told(conn, meeting_id, 6)
    assert during.floor is not None and during.speaking is not None and during.paused is not None
    assert (during.floor.point_id, during.speaking.limit_s, during.paused.point_id, during.paused.spoken_ms) == (3, 60, 2, 100_000)
    assert after.floor is not None and after.speaking is not None
    assert (after.floor.point_id, after.floor_since, after.paused) == (2, at + seconds(130), None)
    assert after.speaking.ends_at == at + seconds(130 + 200)
    assert (free.floor, free.speaking, free.paused) == (None, None, None)
    assert free.used == {"h1": 170_000}    # what was asked in between is nobody's budget
    assert tail == [
        ("speech.asked", 3, {"kind": "question"}),
        ("floor.paused", 2, {"entry": given, "spoken_ms": 100_000}),
        ("floor.given", 3, {"entry": question, "kind": "question", "limit_s": 60}),
        ("floor.taken", 3, {"entry": question, "spoken_ms": 30_000, "limit_s": 60}),
        ("floor.continued", 2, {"entry": given}),
        ("floor.taken", 2, {"entry": given, "spoken_ms": 170_000, "limit_s": 300}),
    ]


def test_who_is_interrupted_twice_is_paused_once_and_the_next_contribution_ends_all(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.floor_give(conn, meeting_id, 2, by=CHAIR, at=at)
        service.floor_give(conn, meeting_id, 3, by=CHAIR, at=at + seconds(10), kind=QUESTION)
        service.floor_give(conn, meeting_id, 4, by=CHAIR, at=at + seconds(20), kind=ORDER)
        state = service.state(conn, meeting_id)
        assert state.speaking is not None and state.paused is not None
        assert (state.speaking.point_id, state.paused.point_id, state.paused.spoken_ms) == (4, 2, 10_000)
        service.floor_give(conn, meeting_id, 5, by=CHAIR, at=at + seconds(30))
        state = service.state(conn, meeting_id)
        assert state.floor is not None
        assert (state.floor.point_id, state.paused) == (5, None)
        ended = [(e.point["id"], e.data["spoken_ms"]) for e in events(conn, meeting_id) if e.kind == "floor.taken" and e.point]
        assert ended == [(3, 10_000), (4, 10_000), (2, 10_000)]
        service.floor_give(conn, meeting_id, 3, by=CHAIR, at=at + seconds(40), kind=QUESTION)
        service.floor_give(conn, meeting_id, 5, by=CHAIR, at=at + seconds(50))      # called again by name: goes on
        state = service.state(conn, meeting_id)
        assert state.speaking is not None and (state.speaking.point_id, state.speaking.spoken_ms, state.paused) == (5, 10_000, None)


def test_the_budget_of_a_unit_and_another_length_for_who_speaks(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        speaking.times_set(conn, meeting_id, Times(speech_s=300, unit_s=400, bell_s=30), by=SECRETARY, at=at)
        speaking.times_set(conn, meeting_id, Times(speech_s=300, unit_s=400, bell_s=30), by=SECRETARY, at=at)
        limits = []
        for start in (0, 400, 800):
            service.floor_give(conn, meeting_id, 2, by=CHAIR, at=at + seconds(start))
            limits.append(service.state(conn, meeting_id).speaking.limit_s)  # type: ignore[union-attr]
            service.floor_give(conn, meeting_id, None, by=CHAIR, at=at + seconds(start + 250))
        service.floor_give(conn, meeting_id, 2, by=CHAIR, at=at + seconds(2000), limit_s=90)
        speaking.floor_limit(conn, meeting_id, 120, by=CHAIR, at=at + seconds(2010))
        speaking.floor_limit(conn, meeting_id, 120, by=CHAIR, at=at + seconds(2010))
        state = service.state(conn, meeting_id)
        kinds = [e.kind for e in events(conn, meeting_id)]
        service.floor_give(conn, meeting_id, None, by=CHAIR, at=at + seconds(2020))
        with pytest.raises(Conflict, match=r"floor\.free"):
            speaking.floor_limit(conn, meeting_id, 120, by=CHAIR, at=at)
    assert limits == [300, 150, 0]
    assert state.used == {"h1": 750_000} and state.times.bell_s == 30
    assert state.speaking is not None and state.speaking.ends_at == at + seconds(2120)
    assert (kinds.count("speech.timed"), kinds.count("floor.limited")) == (1, 1)


def test_a_pause_of_the_meeting_stops_the_clock(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.floor_give(conn, meeting_id, 2, by=CHAIR, at=at, limit_s=60)
        service.suspend(conn, meeting_id, by=CHAIR, at=at + seconds(20))
        resting = service.state(conn, meeting_id).speaking
        service.resume(conn, meeting_id, by=CHAIR, at=at + seconds(920))
        going_on = service.state(conn, meeting_id).speaking
    assert resting is not None and (resting.spoken_ms, resting.began_at, resting.ends_at) == (20_000, None, None)
    assert going_on is not None and going_on.ends_at == at + seconds(960)


def test_the_chair_puts_in_order_declines_and_lowers_all(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        two, three, four, five = (asks(conn, meeting_id, point, TALK, at) for point in (2, 3, 4, 5))
        speaking.order(conn, meeting_id, five, two, by=CHAIR, at=at)
        speaking.order(conn, meeting_id, two, None, by=CHAIR, at=at)
        assert queued(conn, meeting_id) == [5, 3, 4, 2]
        assert told(conn, meeting_id, 1) == [("speech.ordered", 2, {"entry": two, "before": None})]
        speaking.order(conn, meeting_id, two, None, by=CHAIR, at=at)
        assert told(conn, meeting_id, 1)[0][0] == "speech.ordered" and events(conn, meeting_id)[-2].data == {"entry": five, "before": two}
        with pytest.raises(Invalid, match=r"text\.empty"):
            speaking.decline(conn, meeting_id, three, " ", by=CHAIR, at=at)
        speaking.decline(conn, meeting_id, three, "Đã hết giờ", by=CHAIR, at=at)
        assert told(conn, meeting_id, 1) == [("speech.declined", 3, {"entry": three, "kind": "contribution", "reason": "Đã hết giờ"})]
        with pytest.raises(NotFound, match=r"speech\.unknown"):
            speaking.floor_call(conn, meeting_id, three, by=CHAIR, at=at)
        assert asks(conn, meeting_id, 3, TALK, at) > five
        assert queued(conn, meeting_id) == [5, 4, 2, 3]
        assert speaking.lower_all(conn, meeting_id, by=SECRETARY, at=at) == 4
        assert speaking.lower_all(conn, meeting_id, by=SECRETARY, at=at) == 0
        assert told(conn, meeting_id, 1) == [("hands.lowered", None, {"count": 4})]
        state = service.state(conn, meeting_id)
        assert (state.queue, state.hands, [seat.hand_at for seat in state.seats if seat.hand_at]) == ((), (), [])
        assert four


def test_what_waits_ends_with_the_meeting_and_what_is_over_stays_so(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        asks(conn, meeting_id, 3, TALK, at)
        service.floor_give(conn, meeting_id, 2, by=CHAIR, at=at)
        service.floor_give(conn, meeting_id, 4, by=CHAIR, at=at, kind=ORDER)
        service.close(conn, meeting_id, by=CHAIR, at=at + seconds(5))
        standings = dict(conn.execute(select(speech.c.point_id, speech.c.standing)).all())  # type: ignore[arg-type]
        assert [(e.kind, e.point["id"]) for e in events(conn, meeting_id)[-3:-1] if e.point] == [("floor.taken", 4), ("floor.taken", 2)]
    assert standings == {2: "done", 3: "lapsed", 4: "done"}
    with pytest.raises(IntegrityError, match="speech_over"), db.write() as conn:
        conn.execute(update(speech).values(standing="waiting", ended_at=None))


def test_the_database_knows_one_speaker_one_paused_and_one_waiting_a_point_and_kind(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
    for standing, points in (("speaking", (2, 3)), ("paused", (2, 3)), ("waiting", (2, 2))):
        rows = [{"meeting_id": meeting_id, "entry": number, "point_id": point, "kind": "order", "standing": standing, "lane": 0,
                 "place": number, "asked_at": at} for number, point in enumerate(points, start=1)]
        with pytest.raises(IntegrityError), db.write() as conn:
            conn.execute(insert(speech), rows)


def test_a_point_that_registered_to_speak_is_no_longer_taken_out(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        asks(conn, meeting_id, 5, TALK, at)
        with pytest.raises(Conflict, match=r"seat\.used"):
            service.seats_set(conn, meeting_id, POINTS[:4], by=SECRETARY, at=at)


def test_who_registered_for_an_item_follows_it_when_the_programme_is_written_anew(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        asks(conn, meeting_id, 2, TALK, at, item=1)
        asks(conn, meeting_id, 3, TALK, at, item=2)
        lines = [AgendaLine("Khai mạc", minutes=10), AgendaLine("Thảo luận", "Các điểm cầu", 45)]
        service.change(conn, meeting_id, by=SECRETARY, at=at, agenda=lines)
        state = service.state(conn, meeting_id)
        changed = events(conn, meeting_id)[-1].data
    assert [one.item for one in state.queue] == [None, 2]
    assert [item.minutes for item in state.agenda] == [10, 45]
    assert changed["agenda"] == [{"item": 1, "title": "Khai mạc", "presenter": "", "minutes": 10},
                                 {"item": 2, "title": "Thảo luận", "presenter": "Các điểm cầu", "minutes": 45}]


def test_a_clock_that_was_set_back_takes_no_time_away(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.floor_give(conn, meeting_id, 2, by=CHAIR, at=at + seconds(60))
        service.floor_give(conn, meeting_id, None, by=CHAIR, at=at)
        assert told(conn, meeting_id, 1)[0][2]["spoken_ms"] == 0


def test_a_draft_has_no_queue(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = draft(conn, at)
        with pytest.raises(Conflict, match=r"meeting\.state"):
            speaking.lower_all(conn, meeting_id, by=CHAIR, at=at)
        speaking.times_set(conn, meeting_id, Times(speech_s=60), by=CHAIR, at=at)
        assert service.state(conn, meeting_id).times == Times(speech_s=60)
