"""I19.  Whatever anybody does in whatever order, with whatever clock: one speaks, and the queue is what the record tells."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from meetings import service, speaking
from meetings.access import PersonRef, Subject
from meetings.errors import MeetingError
from meetings.ledger import Event
from meetings.speech import Kind, Standing
from meetings.store.database import Database
from meetings.store.ledger_store import events
from meetings.store.speech_table import speech
from tests.support.factories import CHAIR, POINTS, SECRETARY, convened, seat_of

points = st.sampled_from(POINTS)
kinds = st.sampled_from(list(Kind))
skews = st.integers(min_value=-3600, max_value=3600)
picks = st.integers(min_value=0, max_value=12)
LANE = {"order": 0, "question": 1, "contribution": 2}


def queue_of(chain: list[Event]) -> list[int]:
    """The queue as somebody reads it who has the record alone and none of our code."""
    lanes: list[list[int]] = [[], [], []]

    def out(entry: Any) -> None:
        for lane in lanes:
            if entry in lane:
                lane.remove(entry)

    for event in chain:
        data = event.data
        if event.kind == "hand.raised":
            lanes[2].append(event.seq)
        elif event.kind == "speech.asked":
            lanes[LANE[data["kind"]]].append(event.seq)
        elif event.kind in ("hand.lowered", "speech.withdrawn", "speech.declined", "floor.given"):
            out(data.get("entry"))
        elif event.kind in ("hands.lowered", "meeting.closed"):
            lanes = [[], [], []]
        elif event.kind == "speech.ordered":
            last = max(index for index, lane in enumerate(lanes) if lane)
            out(data["entry"])
            lane = lanes[last] if data["before"] is None else next(one for one in lanes if data["before"] in one)
            lane.insert(len(lane) if data["before"] is None else lane.index(data["before"]), data["entry"])
    return [entry for lane in lanes for entry in lane]


def floor_of(chain: list[Event]) -> tuple[int | None, int | None]:
    """Who has the floor and who waits to get it back."""
    speaks, paused = None, None
    for event in chain:
        here = event.point["id"] if event.point else None
        if event.kind in ("floor.given", "floor.continued"):
            assert speaks is None
            speaks, paused = here, None if event.kind == "floor.continued" else paused
        elif event.kind == "floor.paused":
            assert (speaks, paused) == (here, None)
            speaks, paused = None, here
        elif event.kind == "floor.taken":
            assert here in (speaks, paused)
            speaks, paused = (None, paused) if here == speaks else (speaks, None)
    return speaks, paused


class Hall(RuleBasedStateMachine):
    """The chair, the secretary, five points and a person behind each, all at once."""

    def __init__(self, db: Database, at: datetime) -> None:
        super().__init__()
        self.db, self.at = db, at

    @initialize()
    def start(self) -> None:
        with self.db.write() as conn:
            self.meeting_id = convened(conn, self.at)

    def attempt(self, use_case: Any, *args: Any, by: Subject, skew: int, **more: Any) -> None:
        try:
            with self.db.write() as conn:
                use_case(conn, self.meeting_id, *args, by=by, at=self.at + timedelta(seconds=skew), **more)
        except MeetingError:
            return

    def waiting(self, pick: int) -> int:
        with self.db.read() as conn:
            queue = service.state(conn, self.meeting_id).queue
        return queue[pick % len(queue)].entry if queue else 1

    @rule(skew=skews)
    def open(self, skew: int) -> None:
        self.attempt(service.open, by=CHAIR, skew=skew)
        with self.db.write() as conn:
            for point in POINTS[:4]:
                service.seat_join(conn, self.meeting_id, point.point_id, self.at)

    @rule(step=st.sampled_from([service.suspend, service.resume]), skew=skews)
    def rest(self, step: Any, skew: int) -> None:
        self.attempt(step, by=CHAIR, skew=skew)

    @rule(point=points, kind=kinds, skew=skews, personal=st.booleans())
    def ask(self, point: Any, kind: Kind, skew: int, personal: bool) -> None:
        who = seat_of(self.meeting_id, point)
        if personal:
            who = Subject(name="An", person=PersonRef(self.meeting_id, "p1", point.point_id, point.code, "An", "link"))
        self.attempt(speaking.ask, point.point_id, kind, by=who, skew=skew)

    @rule(point=points, up=st.booleans(), skew=skews)
    def hand(self, point: Any, up: bool, skew: int) -> None:
        self.attempt(service.hand, point.point_id, up, by=seat_of(self.meeting_id, point), skew=skew)

    @rule(pick=picks, other=st.none() | picks, skew=skews)
    def order(self, pick: int, other: int | None, skew: int) -> None:
        self.attempt(speaking.order, self.waiting(pick), None if other is None else self.waiting(other), by=SECRETARY, skew=skew)

    @rule(pick=picks, skew=skews, reason=st.sampled_from(["Hết giờ", ""]))
    def decline(self, pick: int, skew: int, reason: str) -> None:
        self.attempt(speaking.decline, self.waiting(pick), reason, by=CHAIR, skew=skew)

    @rule(pick=picks, skew=skews)
    def call(self, pick: int, skew: int) -> None:
        self.attempt(speaking.floor_call, self.waiting(pick), by=CHAIR, skew=skew)

    @rule(point=st.none() | points, kind=kinds, skew=skews)
    def give(self, point: Any, kind: Kind, skew: int) -> None:
        self.attempt(service.floor_give, point and point.point_id, by=CHAIR, skew=skew, kind=kind)

    @rule(skew=skews, lucky=st.integers(0, 4))
    def clear(self, skew: int, lucky: int) -> None:
        if lucky == 0:
            self.attempt(speaking.lower_all, by=CHAIR, skew=skew)

    @invariant()
    def the_queue_is_what_the_record_tells(self) -> None:
        with self.db.read() as conn:
            state, chain = service.state(conn, self.meeting_id), events(conn, self.meeting_id)
        assert [one.entry for one in state.queue] == queue_of(chain)
        raised = {one.point_id for one in state.queue if one.kind is Kind.CONTRIBUTION}
        assert raised == {seat.point_id for seat in state.hands} == {seat.point_id for seat in state.seats if seat.hand_at}

    @invariant()
    def one_speaks_and_the_floor_is_his(self) -> None:
        with self.db.read() as conn:
            state, chain = service.state(conn, self.meeting_id), events(conn, self.meeting_id)
            rows = list(conn.execute(select(speech.c.standing).where(
                speech.c.meeting_id == self.meeting_id, speech.c.standing.in_(("speaking", "paused")))).scalars())
        assert sorted(rows) in ([], ["speaking"], ["paused", "speaking"])
        assert (state.floor.point_id if state.floor else None) == (state.speaking.point_id if state.speaking else None)
        assert floor_of(chain) == (state.speaking and state.speaking.point_id, state.paused and state.paused.point_id)
        assert not state.speaking or state.speaking.standing is Standing.SPEAKING


def test_i19_on_sqlite(sqlite_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Hall(sqlite_db, at), settings=settings(max_examples=8, stateful_step_count=25))


@pytest.mark.postgres
def test_i19_on_postgresql(postgres_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Hall(postgres_db, at), settings=settings(max_examples=2, stateful_step_count=20))


@pytest.mark.long
def test_i19_long(db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Hall(db, at), settings=settings(max_examples=200, stateful_step_count=60))
