"""An open meeting: agenda, floor, hands, votes, conclusions, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from meetings import conduct, motions, service, speaking
from meetings.errors import Closed, Conflict, Invalid, NotAllowed, NotFound
from meetings.meeting import AgendaLine
from meetings.replay.check import differences
from meetings.speech import Kind
from meetings.store import tables, vote_store, vote_table
from meetings.store.database import Database
from meetings.store.ledger_store import events
from meetings.voting import COUNCIL, Rule
from tests.support.factories import CHAIR, CLERK, OFFICER, POINTS, SECRETARY, convened, opened, seat_of

ANY = Rule(Fraction(0), Fraction(1, 2), "all")


def test_the_agenda_moves_and_its_times_stay(db: Database, at: datetime) -> None:
    later = at + timedelta(minutes=20)
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.agenda_go(conn, meeting_id, 1, by=CHAIR, at=at)
        service.agenda_go(conn, meeting_id, 2, by=SECRETARY, at=later)
        first, second = service.state(conn, meeting_id).agenda
        tail = [(e.kind, e.data) for e in events(conn, meeting_id)[-3:]]
        service.agenda_go(conn, meeting_id, None, by=CHAIR, at=later)
        assert service.state(conn, meeting_id).running is None
        service.agenda_go(conn, meeting_id, 1, by=CHAIR, at=later)  # taken up again
        again = service.state(conn, meeting_id).running
    assert (first.started_at, first.ended_at, second.running) == (at, later, True)
    assert tail == [("agenda.started", {"item": 1, "title": "Báo cáo kết quả"}), ("agenda.ended", {"item": 1}),
                    ("agenda.started", {"item": 2, "title": "Thảo luận"})]
    assert again is not None
    assert (again.item, again.started_at) == (1, later)


def test_the_programme_is_written_anew_while_the_meeting_is_on(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.agenda_go(conn, meeting_id, 1, by=CHAIR, at=at)
        waits = speaking.ask(conn, meeting_id, 2, Kind.CONTRIBUTION, by=seat_of(meeting_id, POINTS[1]), at=at, item=2)
        prepared = service.motion_prepare(conn, meeting_id, motions.Draft("Thông qua", ANY, item=2), by=SECRETARY, at=at)
        lines = [AgendaLine("Báo cáo kết quả", "Văn phòng", 10), AgendaLine("Ý kiến các xã"), AgendaLine("Thảo luận", "", 30)]
        conduct.agenda_write(conn, meeting_id, lines, by=SECRETARY, at=at)
        state, told = service.state(conn, meeting_id), events(conn, meeting_id)
        assert [(one.item, one.title, one.minutes, one.running) for one in state.agenda] == [
            (1, "Báo cáo kết quả", 10, True), (2, "Ý kiến các xã", None, False), (3, "Thảo luận", 30, False)]
        assert [(one.entry, one.item) for one in state.queue] == [(waits, 3)] and vote_store.load(conn, prepared).item == 3
        assert (told[-1].kind, told[-1].data["agenda"][2]) == ("meeting.changed", {"item": 3, "title": "Thảo luận", "presenter": "", "minutes": 30})
        service.motion_start(conn, prepared, by=CHAIR, at=at)
        for refused in ([*lines[:1], lines[2], lines[1]], lines[1:]):  # begun, or voted on
            with pytest.raises(Conflict, match=r"agenda\.begun"):
                conduct.agenda_write(conn, meeting_id, refused, by=CHAIR, at=at)
        for nobody in (CLERK, OFFICER, seat_of(meeting_id, POINTS[0])):
            with pytest.raises(NotAllowed):
                conduct.agenda_write(conn, meeting_id, lines, by=nobody, at=at)
        assert differences(conn, meeting_id) == [], "the record tells the same programme"
        service.motion_close(conn, prepared, by=CHAIR, at=at)
        service.close(conn, meeting_id, by=CHAIR, at=at)
        with pytest.raises(Closed):
            conduct.agenda_write(conn, meeting_id, lines, by=CHAIR, at=at)
    with db.write() as conn:
        waiting = convened(conn, at)
        with pytest.raises(Conflict, match=r"meeting\.state"):  # before it, those invited are told too
            conduct.agenda_write(conn, waiting, lines, by=SECRETARY, at=at)


def test_the_database_lets_one_item_run(db: Database, at: datetime) -> None:
    with db.write() as conn:
        opened(conn, at)
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(update(tables.agenda).values(started_at=at))


@pytest.mark.parametrize("voted", [False, True])
def test_what_was_begun_or_voted_on_keeps_number_and_title_in_the_database_too(db: Database, at: datetime, voted: bool) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        if voted:
            service.motion_open(conn, meeting_id, "Thông qua", ANY, by=CHAIR, at=at, item=1)
        else:
            service.agenda_go(conn, meeting_id, 1, by=CHAIR, at=at)
            service.agenda_go(conn, meeting_id, None, by=CHAIR, at=at)
    first, second = (tables.agenda.c.item == item for item in (1, 2))
    forbidden = [update(tables.agenda).where(first).values(title="Khác"), update(tables.agenda).where(first).values(item=9),
                 delete(tables.agenda).where(first), delete(tables.agenda)]
    if not voted:
        forbidden.append(update(tables.agenda).where(first).values(started_at=None, ended_at=None))
    for bare in forbidden:
        with pytest.raises(IntegrityError, match="agenda_begun_"), db.write() as conn:
            conn.execute(bare)
    with db.write() as conn:
        conn.execute(update(tables.agenda).where(first).values(presenter="Văn phòng", minutes=5))
        conn.execute(update(tables.agenda).where(second).values(title="Ý kiến"))
        conn.execute(delete(tables.agenda).where(second))
        with pytest.raises(Conflict, match=r"agenda\.begun"):  # the rule says it before the database must
            conduct.agenda_write(conn, meeting_id, [AgendaLine("Khác")], by=CHAIR, at=at)


def test_the_floor_is_one_point_at_a_time(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.hand(conn, meeting_id, 4, True, by=seat_of(meeting_id, POINTS[3]), at=at)
        service.floor_give(conn, meeting_id, 3, by=CHAIR, at=at)
        service.floor_give(conn, meeting_id, 4, by=CHAIR, at=at + timedelta(minutes=1))
        state = service.state(conn, meeting_id)
        tail = [(e.kind, e.point["id"]) for e in events(conn, meeting_id)[-5:] if e.point]
        with pytest.raises(Conflict, match=r"floor\.has"):
            service.floor_give(conn, meeting_id, 4, by=CHAIR, at=at)
        service.floor_give(conn, meeting_id, None, by=CHAIR, at=at)
        with pytest.raises(Conflict, match=r"floor\.free"):
            service.floor_give(conn, meeting_id, None, by=CHAIR, at=at)
    assert state.floor is not None
    assert (state.floor.point_id, state.floor_since, state.hands) == (4, at + timedelta(minutes=1), ())
    assert tail == [("hand.raised", 4), ("floor.given", 3), ("floor.taken", 3), ("floor.given", 4), ("hand.lowered", 4)]


def test_the_floor_goes_to_a_booked_and_present_point_only(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.seat_leave(conn, meeting_id, 3, "gone", at)
        with pytest.raises(Conflict) as absent:
            service.floor_give(conn, meeting_id, 3, by=CHAIR, at=at)
        with pytest.raises(NotFound, match=r"seat\.unknown"):
            service.floor_give(conn, meeting_id, 99, by=CHAIR, at=at)
    assert absent.value.params["point"]["name"] == "Điểm cầu xã Đạp Thanh"
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(insert(tables.floor).values(meeting_id=meeting_id, point_id=99, since=at))
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(insert(tables.floor), [{"meeting_id": meeting_id, "point_id": p, "since": at} for p in (1, 2)])


def test_a_point_that_drops_out_keeps_the_floor(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        service.floor_give(conn, meeting_id, 3, by=CHAIR, at=at)
        service.seat_leave(conn, meeting_id, 3, "gone", at)
        state = service.state(conn, meeting_id)
    assert state.floor is not None
    assert (state.floor.point_id, state.floor.joined_at) == (3, None)


def test_hands_queue_in_the_order_of_the_record_whatever_the_clocks_say(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        for delay, point in ((2, POINTS[1]), (1, POINTS[4]), (3, POINTS[2])):
            who = seat_of(meeting_id, point)
            assert service.hand(conn, meeting_id, point.point_id, True, by=who, at=at + timedelta(seconds=delay))
        assert not service.hand(conn, meeting_id, 2, True, by=seat_of(meeting_id, POINTS[1]), at=at)
        assert [seat.point_id for seat in service.state(conn, meeting_id).hands] == [2, 5, 3]
        assert service.hand(conn, meeting_id, 5, False, by=CHAIR, at=at)
        assert service.hand(conn, meeting_id, 2, False, by=seat_of(meeting_id, POINTS[1]), at=at)
        assert [seat.point_id for seat in service.state(conn, meeting_id).hands] == [3]


def test_a_hand_is_raised_by_its_own_point_only(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id, other = opened(conn, at), opened(conn, at)
        with pytest.raises(NotAllowed):
            service.hand(conn, meeting_id, 2, True, by=seat_of(meeting_id, POINTS[2]), at=at)
        with pytest.raises(NotAllowed):
            service.hand(conn, meeting_id, 2, True, by=CHAIR, at=at)
        with pytest.raises(NotAllowed):
            service.hand(conn, meeting_id, 2, False, by=seat_of(meeting_id, POINTS[2]), at=at)
        with pytest.raises(NotFound):
            service.hand(conn, meeting_id, 2, True, by=seat_of(other, POINTS[1]), at=at)


def test_a_vote_from_opening_to_result(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.seat_leave(conn, meeting_id, 5, "gone", at)
        motion = service.motion_open(conn, meeting_id, "Thông qua kế hoạch", COUNCIL, by=CHAIR, at=at)
        receipts = {}
        for point, choice in zip(POINTS, ["for", "for", "against", "abstain", "for"], strict=True):
            who = seat_of(meeting_id, point)
            receipts[point.point_id] = service.cast(conn, motion, point.point_id, choice, by=who, at=at)
        running = service.state(conn, meeting_id).motion
        result = service.motion_close(conn, motion, by=CHAIR, at=at)
        chain = events(conn, meeting_id)
        state = service.state(conn, meeting_id)
    assert running is not None
    assert (running.turnout, running.cast, running.voted) == (dict.fromkeys(range(1, 6), (1, 1)), 5, (1, 2, 3, 4, 5))
    assert (result.entitled, result.present, result.base, result.passed) == (5, 5, 5, True)
    opening = next(e for e in chain if e.kind == "motion.opened")
    assert opening.data == {
        "motion": motion, "title": "Thông qua kế hoạch", "options": ["for", "against", "abstain"], "labels": {}, "entitled": 5,
        "present": 4, "quorum_needed": 4, "rule": COUNCIL.as_data(), "method": "electronic", "item": None, "voters": 5, "chair": None,
        "due": None}
    there = [(v["id"], v["point"], v["present"]) for e in chain if e.kind == "motion.voters" for v in e.data["voters"]]
    assert there == [("1", "22", True), ("2", "204", True), ("3", "06970", True), ("4", "06973", True), ("5", "06976", False)]
    assert [e.data["voters"] for e in chain if e.kind == "motion.present"] == [["1", "2", "3", "4"]]
    cast = {e.point["id"]: e for e in chain if e.kind == "ballot.cast" and e.point}
    assert {point: e.data["receipt"] for point, e in cast.items()} == receipts
    assert cast[3].data["choice"] == "against"
    assert cast[3].actor is None
    assert chain[-1].data == {
        "motion": motion, "title": "Thông qua kế hoạch", "counts": {"for": 3, "against": 1, "abstain": 1},
        "entitled": 5, "present": 5, "base": 5, "passed": True, "won": "for", "tie": "", "cast": 5, "rule": COUNCIL.as_data(),
        "arithmetic": {"choice": "for", "votes": 3, "base": 5, "share": "1/2", "threshold": "5/2", "strict": True, "reached": True}}
    assert state.motion is None
    assert state.last_motion is not None
    assert state.last_motion.result == result


def test_without_the_quorum_no_vote_opens(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        for point in (1, 2):
            service.seat_leave(conn, meeting_id, point, "gone", at)
        with pytest.raises(Conflict) as refused:
            service.motion_open(conn, meeting_id, "Thông qua", COUNCIL, by=CHAIR, at=at)
        service.seat_join(conn, meeting_id, 1, at)
        service.motion_open(conn, meeting_id, "Thông qua", COUNCIL, by=CHAIR, at=at)
    assert (refused.value.code, refused.value.params) == (
        "motion.no_quorum", {"present": 3, "needed": 4, "entitled": 5})


def test_one_vote_at_a_time(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        motion = service.motion_open(conn, meeting_id, "Một", ANY, by=CHAIR, at=at)
        with pytest.raises(Conflict, match=r"motion\.open"):
            service.motion_open(conn, meeting_id, "Hai", ANY, by=CHAIR, at=at)
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(insert(vote_table.motion).values(
            motion_id="x", meeting_id=meeting_id, ord=2, title="Hai", rule={}, method="hands", prepared_at=at, entitled=1, present=1,
            quorum_needed=0, opened_at=at))
    with db.write() as conn:
        service.motion_close(conn, motion, by=CHAIR, at=at)
        service.motion_open(conn, meeting_id, "Hai", ANY, by=CHAIR, at=at)


def test_a_ballot_twice_late_foreign_or_senseless_is_refused(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        motion = service.motion_open(conn, meeting_id, "Thông qua", ANY, by=CHAIR, at=at)
        own, other = seat_of(meeting_id, POINTS[0]), seat_of(meeting_id, POINTS[1])
        service.cast(conn, motion, 1, "for", by=own, at=at)
        with pytest.raises(Conflict, match=r"ballot\.twice"):
            service.cast(conn, motion, 1, "against", by=own, at=at)
        with pytest.raises(NotAllowed, match=r"ballot\.not_entitled"):
            service.cast(conn, motion, 3, "for", by=other, at=at)
        for who in (CHAIR, SECRETARY, OFFICER, CLERK):
            with pytest.raises(NotAllowed):
                service.cast(conn, motion, 2, "for", by=who, at=at)
        with pytest.raises(Invalid, match=r"ballot\.choice"):
            service.cast(conn, motion, 2, "maybe", by=other, at=at)
        with pytest.raises(NotFound, match=r"motion\.unknown"):
            service.cast(conn, "nothing", 2, "for", by=other, at=at)
        service.motion_close(conn, motion, by=CHAIR, at=at)
        with pytest.raises(Closed, match=r"motion\.closed"):
            service.cast(conn, motion, 2, "for", by=other, at=at)
        with pytest.raises(Closed, match=r"motion\.closed"):
            service.motion_close(conn, motion, by=CHAIR, at=at)


def test_a_point_booked_after_the_opening_of_a_vote_may_not_vote_in_it(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at, POINTS[:4])
        motion = service.motion_open(conn, meeting_id, "Thông qua", ANY, by=CHAIR, at=at)
        service.seats_set(conn, meeting_id, POINTS, by=SECRETARY, at=at)
        with pytest.raises(NotAllowed, match=r"ballot\.not_entitled"):
            service.cast(conn, motion, 5, "for", by=seat_of(meeting_id, POINTS[4]), at=at)


def test_who_comes_late_and_votes_counts_as_present(sqlite_db: Database, at: datetime) -> None:
    rule = Rule(Fraction(0), Fraction(1, 2), "present")
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        for point in (3, 4, 5):
            service.seat_leave(conn, meeting_id, point, "gone", at)
        motion = service.motion_open(conn, meeting_id, "Thông qua", rule, by=CHAIR, at=at)
        service.cast(conn, motion, 3, "for", by=seat_of(meeting_id, POINTS[2]), at=at)
        result = service.motion_close(conn, motion, by=CHAIR, at=at)
    assert (result.present, result.base, result.passed) == (3, 3, False)


def test_the_database_itself_guards_the_ballots(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        motion = service.motion_open(conn, meeting_id, "Thông qua", ANY, by=CHAIR, at=at)
        service.cast(conn, motion, 1, "for", by=seat_of(meeting_id, POINTS[0]), at=at)
    good = {"motion_id": motion, "voter_id": "2", "choice": "for", "via": "room", "receipt": "r", "cast_at": at}
    more = {"motion_id": motion, "voter_id": "98", "point_id": 98, "name": "x", "weight": 1, "present": True}
    crimes = [
        insert(vote_table.ballot).values({**good, "voter_id": "1"}),
        insert(vote_table.ballot).values({**good, "voter_id": "99"}),
        insert(vote_table.ballot).values({**good, "choice": "perhaps"}),
        update(vote_table.ballot).values(choice="against"),
        delete(vote_table.ballot),
        insert(vote_table.voter).values(more),
        update(vote_table.voter).values(weight=5),
        delete(vote_table.voter),
        insert(vote_table.motion_option).values(motion_id=motion, choice="x", ord=4, text="x", means="for"),
        update(vote_table.motion_option).values(text="x"),
        delete(vote_table.motion_option),
        update(vote_table.motion).values(title="Khác"),
        update(vote_table.motion).values(rule={"majority": "1/2"}),
        update(vote_table.motion).values(entitled=3, present=1),
        update(vote_table.motion).values(opened_at=None, entitled=None, present=None, quorum_needed=None),
        delete(vote_table.motion),
    ]
    for crime in crimes:
        with pytest.raises(IntegrityError), db.write() as conn:
            conn.execute(crime)
    with db.write() as conn:
        service.motion_close(conn, motion, by=CHAIR, at=at)
    for crime, name in [
        (insert(vote_table.ballot).values(good), "ballot_closed"),
        (insert(vote_table.voter).values(more), "voter_late"),
        (insert(vote_table.turnout).values(motion_id=motion, voter_id="2"), "turnout_late"),
        (update(vote_table.motion).values(closed_at=None, tally=None), "motion_closed"),
        (update(vote_table.motion).values(tally={"passed": True}), "motion_closed"),
    ]:
        with pytest.raises(IntegrityError, match=name), db.write() as conn:
            conn.execute(crime)


def test_conclusions_are_numbered_once(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        assert service.conclusion_write(conn, meeting_id, "Giao Sở Nội vụ\nchủ trì.", by=CHAIR, at=at) == 1
        assert service.conclusion_write(conn, meeting_id, "Hạn 30/3.", by=SECRETARY, at=at) == 2
        service.conclusion_remove(conn, meeting_id, 2, by=CHAIR, at=at)
        assert service.conclusion_write(conn, meeting_id, "Hạn 31/3.", by=CHAIR, at=at) == 3
        with pytest.raises(NotFound, match=r"conclusion\.unknown"):
            service.conclusion_remove(conn, meeting_id, 2, by=CHAIR, at=at)
        with pytest.raises(Invalid, match=r"text\.empty"):
            service.conclusion_write(conn, meeting_id, " \n ", by=CHAIR, at=at)
        assert service.state(conn, meeting_id).conclusions == ((1, "Giao Sở Nội vụ\nchủ trì."), (3, "Hạn 31/3."))
        tail = [(e.kind, e.data) for e in events(conn, meeting_id)[-2:]]
    assert tail == [("conclusion.removed", {"ord": 2}), ("conclusion.written", {"ord": 3, "text": "Hạn 31/3."})]
    with pytest.raises(IntegrityError, match="conclusion_text"), db.write() as conn:
        conn.execute(update(tables.conclusion).values(text="Khác"))


def test_nothing_is_conducted_before_the_opening(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = convened(conn, at)
        for attempt in (
            lambda: service.agenda_go(conn, meeting_id, 1, by=CHAIR, at=at),
            lambda: service.floor_give(conn, meeting_id, 1, by=CHAIR, at=at),
            lambda: service.motion_open(conn, meeting_id, "x", ANY, by=CHAIR, at=at),
            lambda: service.conclusion_write(conn, meeting_id, "x", by=CHAIR, at=at),
        ):
            with pytest.raises(Conflict, match=r"meeting\.state"):
                attempt()
