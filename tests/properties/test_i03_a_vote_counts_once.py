"""I3.  Whoever votes, in any order, however often: each entitled point counts at most once, only while the vote is
open, and the result is the count of what was acknowledged."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from meetings import service
from meetings.errors import MeetingError
from meetings.store import vote_store
from meetings.store.database import Database
from meetings.store.ledger_store import events
from meetings.voting import Rule
from tests.support.factories import CHAIR, POINTS, SECRETARY, opened, seat_of

BOOKED = POINTS[:4]  # the fifth is booked later, if at all
points = st.sampled_from(POINTS)
choices = st.sampled_from(["for", "against", "abstain"])


class Hall(RuleBasedStateMachine):
    """The model is a dictionary of acknowledged ballots and the set of those entitled."""

    def __init__(self, db: Database, at: datetime) -> None:
        super().__init__()
        self.db, self.at = db, at
        self.motion: str | None = None
        self.entitled: set[int] = set()
        self.ballots: dict[int, str] = {}
        self.closed: dict[str, dict[str, int]] = {}
        self.booked = [point.point_id for point in BOOKED]

    def do(self, use_case: Any, *args: Any, **kwargs: Any) -> Any:
        """The use case's result, or the code of its refusal."""
        self.at += timedelta(seconds=1)
        try:
            with self.db.write() as conn:
                return use_case(conn, *args, **kwargs, at=self.at)
        except MeetingError as error:
            return error.code

    @initialize()
    def open_meeting(self) -> None:
        with self.db.write() as conn:
            self.meeting_id = opened(conn, self.at, BOOKED)

    @rule(base=st.sampled_from(["entitled", "present", "cast"]))
    def open_motion(self, base: str) -> None:
        wanted = Rule(Fraction(0), Fraction(1, 2), base)
        done = self.do(service.motion_open, self.meeting_id, "Thông qua", wanted, CHAIR)
        if self.motion:
            assert done == "motion.open"
        else:
            self.motion, self.entitled, self.ballots = done, set(self.booked), {}

    @precondition(lambda self: self.motion or self.closed)
    @rule(point=points, sits_at=points, choice=choices, old=st.booleans())
    def cast(self, point: Any, sits_at: Any, choice: str, old: bool) -> None:
        motion = next(iter(self.closed)) if self.closed and (old or not self.motion) else self.motion
        done = self.do(service.cast, motion, point.point_id, choice, seat_of(self.meeting_id, sits_at))
        if point != sits_at:
            assert done == "ballot.not_entitled"
        elif motion in self.closed:
            assert done in ("motion.closed", "ballot.not_entitled")
        elif point.point_id not in self.entitled:
            assert done == "ballot.not_entitled"
        elif point.point_id in self.ballots:
            assert done == "ballot.twice"
        else:
            assert len(done) == 19
            self.ballots[point.point_id] = choice

    @precondition(lambda self: self.motion)
    @rule()
    def close_motion(self) -> None:
        result = self.do(service.motion_close, self.motion, CHAIR)
        counted = {choice: list(self.ballots.values()).count(choice) for choice in ("for", "against", "abstain")}
        assert result.counts == counted
        assert result.entitled == len(self.entitled)
        assert self.motion is not None
        self.closed[self.motion], self.motion = counted, None

    @precondition(lambda self: len(self.booked) == 4)
    @rule()
    def book_a_fifth_point(self) -> None:
        self.do(service.seats_set, self.meeting_id, POINTS, SECRETARY)
        self.booked = [point.point_id for point in POINTS]

    @rule(point=st.sampled_from(BOOKED), up=st.booleans())
    def come_and_go(self, point: Any, up: bool) -> None:
        if up:
            self.do(service.seat_join, self.meeting_id, point.point_id)
        else:
            self.do(service.seat_leave, self.meeting_id, point.point_id, "gone")

    @invariant()
    def what_was_acknowledged_is_what_is_stored(self) -> None:
        with self.db.read() as conn:
            stored = {int(who): choice for who, choice in vote_store.votes(conn, self.motion)} if self.motion else self.ballots
            chain = events(conn, self.meeting_id) if hasattr(self, "meeting_id") else []
        assert stored == self.ballots
        recorded = [(e.data["motion"], e.point["id"]) for e in chain if e.kind == "ballot.cast" and e.point]
        assert len(recorded) == len(set(recorded))
        for motion, counts in self.closed.items():
            assert sum(counts.values()) == sum(1 for of, _ in recorded if of == motion)


def test_i3_on_sqlite(sqlite_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Hall(sqlite_db, at),
                              settings=settings(max_examples=12, stateful_step_count=25))


@pytest.mark.postgres
def test_i3_on_postgresql(postgres_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Hall(postgres_db, at), settings=settings(max_examples=5, stateful_step_count=20))


@pytest.mark.long
def test_i3_long(db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Hall(db, at), settings=settings(max_examples=200, stateful_step_count=60))
