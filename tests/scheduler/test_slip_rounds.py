"""Opinion slips: who is asked, answered once by whom, counted by themselves or with the vote of the meeting, reminded, ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from meetings import polling, slips
from meetings import service as meetings
from meetings.access import Subject
from meetings.errors import Closed, Conflict, Invalid, MeetingError, NotAllowed, NotFound
from meetings.ledger import verify_chain
from meetings.motions import Draft
from meetings.people import Wanted
from meetings.store import ledger_store, slip_store, vote_store
from meetings.store.database import Database
from meetings.store.slip_table import slip_answer, slip_join
from meetings.store.vote_table import ballot, motion, voter
from meetings.voting import Method, Rule
from scheduler import person_links, roll_call, slip_rounds
from scheduler.outbox_table import outbox
from scheduler.slip_rounds import Whom
from tests.scheduler.conftest import Province
from tests.scheduler.test_roll_call import HOUR, Hall

KEY = b"k" * 32
DAY = timedelta(days=1)
RULE = Rule(Fraction(0), Fraction(1, 2), "entitled", over="persons")
POINTS = Rule(Fraction(0), Fraction(1, 2), "entitled", over="points")


class Asked(Hall):
    """The meeting is on; An is there, Bình and Dũng are not."""

    def __init__(self, db: Database, province: Province, at: datetime) -> None:
        super().__init__(db, province, at)
        self.open()
        self.now = at + 2 * HOUR
        self.say(self.an, Wanted.PRESENT)

    def say(self, person: str, to: Wanted) -> None:
        with self.db.write() as conn:
            roll_call.say(conn, self.meeting, self.first, person, to, self.secretary, self.now)

    def person(self, name: str) -> Subject:
        with self.db.read() as conn:
            secret = next(card.secret for card in person_links.cards(conn, KEY, self.meeting, self.secretary) if card.person.name == name)
            ref = person_links.open(conn, KEY, secret, after=True).ref
        return Subject(name=ref.name, person=ref)

    def send(self, whom: Whom = Whom.ABSENT, rule: Rule = RULE, due: timedelta = 2 * DAY, **more: Any) -> str:
        draft = None if "joins" in more else Draft("Thông qua quy chế", rule, method=Method.SLIP)
        with self.db.write() as conn:
            return slip_rounds.send(conn, self.meeting, draft, whom, self.now + due, self.secretary, self.now, **more)

    def answer(self, motion: str, name: str, choice: str = "for", text: str = "", after: timedelta = HOUR) -> str:
        with self.db.write() as conn:
            return slip_rounds.answer(conn, motion, choice, text, self.person(name), self.now + after)

    def end(self, motion: str, after: timedelta) -> bool:
        with self.db.write() as conn:
            return slip_rounds.end(conn, motion, self.now + after)

    def close(self) -> None:
        with self.db.write() as conn:
            meetings.close(conn, self.meeting, self.secretary, self.now)

    def vote(self, rule: Rule, choice: str = "for") -> str:
        """A vote of the meeting in which An (or the first point) votes; closed."""
        with self.db.write() as conn:
            found = meetings.motion_open(conn, self.meeting, "Thông qua quy chế", rule, self.secretary, self.now)
            if rule.over == "persons":
                meetings.cast(conn, found, self.an, choice, self.person("Lê An"), self.now)
            else:
                meetings.cast(conn, found, self.second, choice, Subject(name="x", seat=self.link.seat.__class__(
                    self.meeting, self.second, "207", "l")), self.now)  # type: ignore[union-attr]
            meetings.motion_close(conn, found, self.secretary, self.now)
        return found

    def row(self, motion_id: str) -> Any:
        with self.db.read() as conn:
            return vote_store.load(conn, motion_id)

    def asked(self, motion_id: str) -> list[str]:
        with self.db.read() as conn:
            return [one.name for one in vote_store.voters(conn, motion_id)]

    def kinds(self) -> list[str]:
        with self.db.read() as conn:
            chain = ledger_store.events(conn, self.meeting)
        assert verify_chain(chain) is None
        return [one.kind for one in chain]


@pytest.fixture
def hall(db: Database, province: Province, at: datetime) -> Asked:
    return Asked(db, province, at)


def refused(code: str, act: Any, *args: Any, **more: Any) -> None:
    with pytest.raises(MeetingError) as error:
        act(*args, **more)
    assert error.value.code == code


def test_the_absent_are_asked_answer_once_and_the_last_answer_ends_it_after_the_meeting(hall: Asked) -> None:
    motion_id = hall.send()
    assert hall.asked(motion_id) == ["Vũ Bình", "Đỗ Dũng"]
    hall.close()
    refused("ballot.not_entitled", hall.answer, motion_id, "Lê An")
    receipt = hall.answer(motion_id, "Vũ Bình", "against")
    assert len(receipt) == 19
    refused("ballot.twice", hall.answer, motion_id, "Vũ Bình", "for")
    refused("slip.opinion", hall.answer, motion_id, "Đỗ Dũng", "abstain")
    refused("ballot.choice", hall.answer, motion_id, "Đỗ Dũng", "o1")
    hall.answer(motion_id, "Đỗ Dũng", "abstain", "Đề nghị bổ sung điều 3")
    row = hall.row(motion_id)
    assert row.closed_at == hall.now + HOUR and row.tally["counts"] == {"for": 0, "against": 1, "abstain": 1} and not row.tally["passed"]
    refused("motion.closed", hall.answer, motion_id, "Đỗ Dũng", "for")
    assert hall.kinds()[-4:] == ["meeting.closed", "ballot.cast", "ballot.cast", "motion.closed"]
    with hall.db.read() as conn:
        told = [one.data for one in ledger_store.events(conn, hall.meeting) if one.kind == "ballot.cast"]
        assert [(one["via"], len(one.get("opinion", ""))) for one in told] == [("slip", 0), ("slip", 64)]
        assert [(one.by, one.opinion) for one in slip_store.slips(conn, motion_id)] == [
            ("Vũ Bình", ""), ("Đỗ Dũng", "Đề nghị bổ sung điều 3")]
        notices = conn.execute(select(outbox.c.key).where(outbox.c.kind == "notice")).scalars().all()
    assert sum(":slip.ended:" in key for key in notices) >= 1


def test_at_the_deadline_late_ones_are_refused_and_the_silent_count_in_the_base(hall: Asked) -> None:
    motion_id = hall.send(Whom.ALL)
    assert hall.asked(motion_id) == ["Lê An", "Vũ Bình", "Đỗ Dũng"]
    hall.answer(motion_id, "Lê An")
    assert not hall.end(motion_id, 2 * DAY - HOUR) and hall.row(motion_id).closed_at is None
    refused("motion.closed", hall.answer, motion_id, "Vũ Bình", after=2 * DAY + timedelta(seconds=1))
    assert hall.end(motion_id, 2 * DAY) and not hall.end(motion_id, 3 * DAY)
    told = hall.row(motion_id).tally
    assert (told["counts"]["for"], told["entitled"], told["present"], told["base"], told["passed"]) == (1, 3, 1, 3, False)


def test_slips_are_counted_with_the_vote_of_the_meeting(hall: Asked) -> None:
    before = hall.vote(RULE)
    motion_id = hall.send(joins=before)
    assert hall.asked(motion_id) == ["Vũ Bình", "Đỗ Dũng"]
    refused("slip.joined", hall.send, joins=before)
    hall.close()
    hall.answer(motion_id, "Vũ Bình", "for")
    hall.end(motion_id, 2 * DAY)
    told = hall.row(motion_id).tally
    assert (told["counts"], told["entitled"], told["present"], told["passed"]) == ({"for": 2, "against": 0, "abstain": 0}, 3, 2, True)
    assert hall.row(before).tally["counts"]["for"] == 1, "the vote of the meeting stands as it was"
    with hall.db.read() as conn:
        [opened] = [one for one in ledger_store.events(conn, hall.meeting) if one.kind == "motion.opened" and one.data["method"] == "slip"]
        ended = ledger_store.events(conn, hall.meeting)[-1]
    assert opened.data["joins"] == before and ended.data["slips"] == {"counts": {"for": 1}, "asked": 2, "answered": 1}


def test_points_are_answered_for_by_one_of_their_people(hall: Asked) -> None:
    with hall.db.write() as conn:
        meetings.seat_join(conn, hall.meeting, hall.second, hall.now)
    refused("slip.nobody_there", hall.send, Whom.ALL, POINTS)
    before = hall.vote(POINTS)
    motion_id = hall.send(joins=before)
    assert len(hall.asked(motion_id)) == 1, "the point that was not there"
    hall.answer(motion_id, "Vũ Bình", "for")
    refused("motion.closed", hall.answer, motion_id, "Đỗ Dũng", "against")
    told = hall.row(motion_id).tally
    assert (told["counts"]["for"], told["entitled"], told["present"]) == (2, 2, 2)


def test_more_time_a_reminder_by_hand_and_one_by_the_clock(hall: Asked) -> None:
    motion_id = hall.send()
    now = hall.now
    with hall.db.write() as conn:
        assert slip_rounds.remind(conn, motion_id, hall.secretary, now + HOUR) == 1
        with pytest.raises(Conflict, match=r"slip\.reminded"):
            slip_rounds.remind(conn, motion_id, hall.secretary, now + HOUR)
        assert slips.remind_by_clock(conn, motion_id, now + HOUR) is None and slips.remind_by_clock(conn, motion_id, now + DAY) == 2
        for due, code in ((now + DAY, "slip.earlier"), (now + 61 * DAY, "slip.due"), (now, "slip.due")):
            with pytest.raises(MeetingError) as error:
                slip_rounds.extend(conn, motion_id, due, hall.secretary, now)
            assert error.value.code == code
        slip_rounds.extend(conn, motion_id, now + 5 * DAY, hall.secretary, now + DAY)
        planned = dict(conn.execute(select(outbox.c.key, outbox.c.due_at).where(outbox.c.kind == slip_rounds.END)).all())
    assert sorted(planned.values()) == [now + 2 * DAY, now + 5 * DAY]
    assert not hall.end(motion_id, 2 * DAY) and hall.end(motion_id, 5 * DAY)
    assert [kind for kind in hall.kinds() if kind.startswith("slip.")] == ["slip.reminded", "slip.reminded", "slip.extended"]
    with pytest.raises(Closed), hall.db.write() as conn:
        slip_rounds.extend(conn, motion_id, now + 9 * DAY, hall.secretary, now + 6 * DAY)


def test_what_cannot_be_asked_is_refused_in_words(hall: Asked, province: Province) -> None:
    refused("slip.due", hall.send, due=timedelta(minutes=5))
    refused("slip.quorum", hall.send, rule=Rule(Fraction(2, 3), Fraction(1, 2), "entitled", over="persons"))
    refused("motion.members", hall.send, rule=Rule(Fraction(0), Fraction(1, 2), "members", over="persons", members=1))
    refused("motion.nobody", hall.send, rule=Rule(Fraction(0), Fraction(1, 2), "cast", over="persons", weights={"202": 0}))
    refused("motion.no_chair", hall.send, rule=Rule(Fraction(0), Fraction(1, 2), "entitled", over="persons", tie="chair"))
    with pytest.raises((NotAllowed, NotFound)), hall.db.write() as conn:
        slip_rounds.send(conn, hall.meeting, Draft("x", RULE, method=Method.SLIP), Whom.ALL, hall.now + DAY, hall.person("Lê An"), hall.now)
    with pytest.raises(Conflict, match=r"motion\.by_slip"), hall.db.write() as conn:
        meetings.motion_prepare(conn, hall.meeting, Draft("x", RULE, method=Method.SLIP), hall.secretary, hall.now)
    motion_id = hall.send(Whom.ALL)
    with pytest.raises(Conflict, match=r"motion\.by_slip"), hall.db.write() as conn:
        meetings.cast(conn, motion_id, hall.an, "for", hall.person("Lê An"), hall.now)
    room = hall.vote(RULE)
    refused("motion.unknown", hall.answer, room, "Lê An")
    stranger = Asked(hall.db, province, hall.at + 9 * DAY)
    with pytest.raises((NotAllowed, NotFound)), hall.db.write() as conn:
        slip_rounds.answer(conn, motion_id, "for", "", stranger.person("Lê An"), hall.now)


def test_the_database_keeps_the_rules_too(hall: Asked) -> None:
    before = hall.vote(RULE)
    motion_id = hall.send(Whom.ALL)

    def broken(name: str, statement: Any) -> None:
        with pytest.raises(IntegrityError) as error, hall.db.write() as conn:
            conn.execute(statement)
        assert name in str(error.value)

    values = {"motion_id": motion_id, "voter_id": hall.an, "choice": "for", "receipt": "r", "cast_at": hall.now}
    broken("ballot_way", insert(ballot).values(**values, via="plain"))
    broken("ballot_closed", insert(ballot).values(**{**values, "cast_at": hall.now + 3 * DAY}, via="slip"))
    broken("slip_early", update(motion).where(motion.c.motion_id == motion_id).values(closed_at=hall.now + HOUR, tally={}))
    broken("slip_answer_way", insert(slip_answer).values(motion_id=before, voter_id=hall.an, person_id=hall.an, name="An", opinion=""))
    broken("slip_join_late", insert(slip_join).values(motion_id=motion_id, joins=before))
    with hall.db.write() as conn:
        draft = slips.like(conn, vote_store.load(conn, before))
        vote_store.add(conn, "m2", hall.meeting, draft.options, hall.now, **draft.as_values())
        slip_store.join(conn, "m2", before)
    broken("voter_voted", insert(voter).values(
        motion_id="m2", voter_id=hall.an, point_id=hall.first, person_id=hall.an, name="An", weight=1, present=False))
    assert hall.kinds()


def test_terms_are_told_apart() -> None:
    at = datetime.fromisoformat("2026-03-05T01:00:00+00:00")
    assert polling.reminded_at(at, at + 10 * DAY) == at + 9 * DAY and polling.reminded_at(at, at + 2 * HOUR) == at + HOUR
    with pytest.raises(Invalid):
        polling.check_due(at, at + 61 * DAY, at)
