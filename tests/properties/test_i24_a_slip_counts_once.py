"""I24.  Whoever answers, in any order, whenever: each who is asked counts at most once, only until the deadline, nobody who voted in the
meeting counts again, and the result is the count of what was acknowledged, stated once."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from meetings import service, slips
from meetings.access import PersonRef, Subject
from meetings.errors import MeetingError
from meetings.ledger import verify_chain
from meetings.motions import Draft
from meetings.store import slip_store, vote_store
from meetings.store.database import Database
from meetings.store.ledger_store import events
from meetings.store.vote_store import Voter
from meetings.voting import Method, Rule
from tests.support.factories import CHAIR, POINTS, opened, seat_of

RULE = Rule(Fraction(0), Fraction(1, 2), "entitled", over="persons")
HOUR = timedelta(hours=1)
COUNT = 4
numbers = st.integers(0, COUNT + 1)  # the last two are not asked


class Slips(RuleBasedStateMachine):
    """The model: a deadline, who is asked, the acknowledged answers, and the ballots of the vote that the slips join, if any."""

    def __init__(self, db: Database, at: datetime) -> None:
        super().__init__()
        self.db, self.at = db, at
        self.motion: str | None = None
        self.answers: dict[int, str] = {}
        self.voted: dict[int, str] = {}
        self.result: dict[str, int] | None = None

    def do(self, use_case: Any, *args: Any) -> Any:
        """The use case's result, or the code of its refusal."""
        try:
            with self.db.write() as conn:
                return use_case(conn, *args, self.at)
        except MeetingError as error:
            return error.code

    def person(self, number: int) -> Subject:
        who = f"{number:036d}"
        return Subject(name=f"Đại biểu {number}", person=PersonRef(self.meeting_id, who, 1, "22", f"Đại biểu {number}", who))

    @initialize(joins=st.booleans(), ended=st.booleans(), casts=st.lists(st.sampled_from(["for", "against"]), max_size=3))
    def send(self, joins: bool, ended: bool, casts: list[str]) -> None:
        voters = [Voter(f"{number:036d}", 1, f"{number:036d}", f"Đại biểu {number}", 1, False) for number in range(COUNT)]
        with self.db.write() as conn:
            self.meeting_id = opened(conn, self.at)
            before = self._vote(conn, casts) if joins else None
            if ended:
                service.close(conn, self.meeting_id, CHAIR, self.at)
            draft = slips.like(conn, vote_store.load(conn, before)) if before else Draft("Lấy ý kiến", RULE, method=Method.SLIP)
            self.due = self.at + 24 * HOUR
            self.motion = slips.send(conn, self.meeting_id, draft, voters, self.due, CHAIR, self.at, before)
            self.before, self.entitled = before, COUNT + (len(self.present) if before else 0)

    def _vote(self, conn: Any, casts: list[str]) -> str:
        """Three persons are there and may vote."""
        self.present = [service.delegate_add(conn, self.meeting_id, 1, f"Có mặt {n}", "", True, seat_of(self.meeting_id, POINTS[0]), self.at)
                        for n in range(3)]
        motion: str = service.motion_open(conn, self.meeting_id, "Lấy ý kiến", RULE, CHAIR, self.at)
        for number, choice in enumerate(casts):
            by = Subject(name="x", person=PersonRef(self.meeting_id, self.present[number], 1, "22", "x", self.present[number]))
            service.cast(conn, motion, self.present[number], choice, by, self.at)
            self.voted[number] = choice
        service.motion_close(conn, motion, CHAIR, self.at)
        return motion

    @rule(number=numbers, choice=st.sampled_from(["for", "against", "abstain", "o1"]), text=st.sampled_from(["", "Sửa điều 3"]))
    def answer(self, number: int, choice: str, text: str) -> None:
        done = self.do(slips.answer, self.motion, choice, text, self.person(number))
        if number >= COUNT:
            assert done == "ballot.not_entitled"
        elif choice == "o1":
            assert done == "ballot.choice"
        elif choice == "abstain" and not text:
            assert done == "slip.opinion"
        elif self.result is not None or self.at > self.due:
            assert done == "motion.closed"
        elif number in self.answers:
            assert done == "ballot.twice"
        else:
            assert len(done) == 19
            self.answers[number] = choice
            if len(self.answers) == COUNT:
                self.result = self.count()

    @rule(hours=st.sampled_from([1, 5, 23, 24, 30]))
    def wait(self, hours: int) -> None:
        self.at += hours * HOUR

    @rule()
    def end(self) -> None:
        done = self.do(slips.end, self.motion)
        if self.result is not None or self.at < self.due:
            assert done is None
        else:
            self.result = self.count()
            assert done.counts == self.result and done.entitled == self.entitled

    @rule(hours=st.sampled_from([-3, 2, 30, 2000]))
    def extend(self, hours: int) -> None:
        done = self.do(lambda conn, at: slips.extend(conn, self.motion, self.due + hours * HOUR, CHAIR, at))
        if self.result is not None or self.at >= self.due:
            assert done == "motion.closed"
        elif done is None:
            assert hours > 0
            self.due += hours * HOUR
        else:
            assert done in ("slip.due", "slip.earlier") and hours != 2 or self.due + 2 * HOUR < self.at + HOUR

    @rule()
    def remind(self) -> None:
        done = self.do(slips.remind, self.motion, CHAIR)
        over = self.result is not None or self.at >= self.due
        assert done == "motion.closed" if over else isinstance(done, int) or done == "slip.reminded"

    @precondition(lambda self: self.result is not None)
    @rule()
    def nothing_reopens_it(self) -> None:
        assert self.do(slips.end, self.motion) is None and self.do(service.motion_close, self.motion, CHAIR) in ("motion.by_slip", "meeting.concluded")

    def count(self) -> dict[str, int]:
        given = [*self.answers.values(), *(self.voted.values() if self.before else ())]
        return {choice: given.count(choice) for choice in ("for", "against", "abstain")}

    @invariant()
    def what_was_acknowledged_is_what_is_stored_and_told(self) -> None:
        if self.motion is None:
            return
        with self.db.read() as conn:
            row, stored = vote_store.load(conn, self.motion), dict(vote_store.votes(conn, self.motion))
            said = {one.voter_id for one in slip_store.slips(conn, self.motion) if one.by}
            chain = events(conn, self.meeting_id)
        assert stored == {f"{number:036d}": choice for number, choice in self.answers.items()} and said == set(stored)
        told = [one.data["person"] for one in chain if one.kind == "ballot.cast" and one.data["motion"] == self.motion]
        assert sorted(told) == sorted(stored)
        closed = [one.data["counts"] for one in chain if one.kind == "motion.closed" and one.data["motion"] == self.motion]
        assert closed == ([self.result] if self.result is not None else []) and (row.closed_at is not None) == (self.result is not None)
        assert verify_chain(chain) is None


def test_i24_on_sqlite(sqlite_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Slips(sqlite_db, at), settings=settings(max_examples=15, stateful_step_count=25))


@pytest.mark.postgres
def test_i24_on_postgresql(postgres_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Slips(postgres_db, at), settings=settings(max_examples=5, stateful_step_count=20))


@pytest.mark.long
def test_i24_long(db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Slips(db, at), settings=settings(max_examples=200, stateful_step_count=60))
