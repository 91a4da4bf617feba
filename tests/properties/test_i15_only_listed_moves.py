"""I15.  Whatever anybody tries in whatever order, a meeting only makes the listed moves; CONCLUDED never reopens."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from meetings import service
from meetings.errors import MeetingError
from meetings.meeting import State
from meetings.store import tables
from meetings.store.database import Database
from meetings.store.ledger_store import events
from meetings.voting import Rule
from tests.support.factories import CHAIR, CLERK, OFFICER, POINTS, SECRETARY, STRANGER, draft

# Written by hand, in the words of the ledger: what may follow what.
MAY_FOLLOW = {
    "meeting.created": {"meeting.convened", "meeting.cancelled"},
    "meeting.convened": {"meeting.opened", "meeting.cancelled"},
    "meeting.opened": {"meeting.suspended", "meeting.closed"},
    "meeting.suspended": {"meeting.resumed", "meeting.closed"},
    "meeting.resumed": {"meeting.suspended", "meeting.closed"},
    "meeting.closed": set(),
    "meeting.cancelled": set(),
}
STATE_AFTER = {
    "meeting.created": "draft", "meeting.convened": "convened", "meeting.opened": "open",
    "meeting.suspended": "suspended", "meeting.resumed": "open", "meeting.closed": "concluded",
    "meeting.cancelled": "cancelled",
}
people = st.sampled_from([CHAIR, SECRETARY, CLERK, OFFICER, STRANGER])


class Life(RuleBasedStateMachine):
    """No model of its own: the ledger must tell an allowed story, and the table must agree with it."""

    def __init__(self, db: Database, at: datetime) -> None:
        super().__init__()
        self.db, self.at = db, at

    @initialize()
    def start(self) -> None:
        with self.db.write() as conn:
            self.meeting_id = draft(conn, self.at)

    def attempt(self, use_case: Any, *args: Any) -> None:
        try:
            with self.db.write() as conn:
                use_case(conn, self.meeting_id, *args)
        except MeetingError:
            return

    @rule(who=people, step=st.sampled_from([service.convene, service.open, service.suspend, service.resume]))
    def move(self, who: Any, step: Any) -> None:
        self.attempt(step, who, self.at)

    @rule(who=people, lucky=st.integers(0, 3))
    def end(self, who: Any, lucky: int) -> None:
        if lucky == 0:
            self.attempt(service.close, who, self.at)
        elif lucky == 1:
            self.attempt(service.cancel, "Lý do", who, self.at)

    @rule(who=people)
    def book(self, who: Any) -> None:
        self.attempt(service.seats_set, POINTS, who, self.at)

    @rule(who=people)
    def write(self, who: Any) -> None:
        self.attempt(service.conclusion_write, "Kết luận", who, self.at)

    @rule(who=people)
    def vote(self, who: Any) -> None:
        self.attempt(service.motion_open, "Thông qua", Rule(Fraction(0), Fraction(1, 2), "all"), who, self.at)

    @rule(to=st.sampled_from(list(State)))
    def force(self, to: State) -> None:
        """Past every rule, straight at the table, with whatever times would suit."""
        with self.db.read() as conn:
            before = service.get(conn, self.meeting_id).state
        table = tables.meeting
        statement = update(table).where(table.c.meeting_id == self.meeting_id).values(state=to.value)
        listed = to.value in {STATE_AFTER[kind] for last, kinds in MAY_FOLLOW.items() for kind in kinds
                              if STATE_AFTER[last] == before.value}
        if listed or (to is before and MAY_FOLLOW[self.last()]):
            return  # a move that exists is the use cases' to make
        with pytest.raises(IntegrityError), self.db.write() as conn:
            conn.execute(statement)

    def story(self) -> list[str]:
        with self.db.read() as conn:
            return [e.kind for e in events(conn, self.meeting_id) if e.kind in MAY_FOLLOW]

    def last(self) -> str:
        return self.story()[-1]

    @invariant()
    def the_story_is_an_allowed_one(self) -> None:
        story = self.story()
        for earlier, later in zip(story, story[1:], strict=False):
            assert later in MAY_FOLLOW[earlier]
        with self.db.read() as conn:
            meeting, chain = service.get(conn, self.meeting_id), events(conn, self.meeting_id)
        assert meeting.state.value == STATE_AFTER[story[-1]]
        if story[-1] in ("meeting.closed", "meeting.cancelled"):
            assert chain[-1].kind == story[-1]  # nothing is written after the end


def test_i15_on_sqlite(sqlite_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Life(sqlite_db, at), settings=settings(max_examples=15, stateful_step_count=30))


@pytest.mark.postgres
def test_i15_on_postgresql(postgres_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Life(postgres_db, at), settings=settings(max_examples=5, stateful_step_count=25))


@pytest.mark.long
def test_i15_long(db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Life(db, at), settings=settings(max_examples=300, stateful_step_count=60))
