"""Invariant I1: whatever clerks do, in whatever order, no two live bookings of a point overlap.

Hypothesis drives the real service on both databases beside the pure calendar; the two must always agree.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy.exc import IntegrityError

from meetings.errors import Conflict
from meetings.store.database import Database
from meetings.store.triggers import violated
from scheduler import service, store
from scheduler.booking import Booking, Calendar
from scheduler.readings import calendar
from scheduler.slots import Slot
from tests.scheduler.conftest import Office, Province
from tests.scheduler.stories import run
from tests.scheduler.test_race import overlapping_pairs

MEETINGS, POINTS = 4, 5
QUARTER = timedelta(minutes=15)
WEEKS = itertools.count(1)


class Clerks(RuleBasedStateMachine):
    """A few meetings want a few points within one day; every run has a week of its own in the same database."""

    database: Database
    office: Office
    points: list[int]
    at: datetime

    @initialize()
    def begin(self) -> None:
        self.zero = self.at + next(WEEKS) * timedelta(days=7)
        self.model = Calendar()
        self.slots = [Slot(self.zero, self.zero + 2 * QUARTER) for _ in range(MEETINGS)]
        self.ids = [self.office.draft(self.database, self.zero, hours=0.5) for _ in range(MEETINGS)]

    def slot(self, start: int, length: int) -> Slot:
        return Slot(self.zero + start * QUARTER, self.zero + (start + length) * QUARTER)

    @rule(which=st.integers(0, MEETINGS - 1), wanted=st.frozensets(st.integers(0, POINTS - 1), min_size=1))
    def book(self, which: int, wanted: frozenset[int]) -> None:
        chosen = [self.points[place] for place in sorted(wanted)]
        expected = self._model(lambda: self.model.book(self.ids[which], chosen, self.slots[which]))
        found = self._real(lambda conn: service.book(conn, self.ids[which], chosen, self.office.secretary, self.zero))
        assert found == expected

    @rule(which=st.integers(0, MEETINGS - 1), start=st.integers(0, 8), length=st.integers(1, 4))
    def move(self, which: int, start: int, length: int) -> None:
        to = self.slot(start, length)
        expected = self._model(lambda: self.model.move(self.ids[which], to))
        found = self._real(lambda conn: service.move(
            conn, self.ids[which], to.start, to.end, self.office.secretary, self.zero))
        assert found == expected
        if not expected:
            self.slots[which] = to

    @rule(which=st.integers(0, MEETINGS - 1))
    def release(self, which: int) -> None:
        self.model.release(self.ids[which])
        self._real(lambda conn: service.release(conn, self.ids[which], self.office.secretary, self.zero))

    @rule(which=st.integers(0, MEETINGS - 1))
    def cancel_and_begin_anew(self, which: int) -> None:
        self.model.release(self.ids[which])
        self._real(lambda conn: service.cancel(conn, self.ids[which], "Hoãn", self.office.secretary, self.zero))
        slot = self.slots[which]
        self.ids[which] = self.office.draft(self.database, slot.start, slot.length / timedelta(hours=1))

    @invariant()
    def database_and_rule_agree(self) -> None:
        day = Slot(self.zero, self.zero + timedelta(days=1))
        with self.database.read() as conn:
            found = calendar(conn, self.points, day).taken
        assert set(found) == set(self.model.taken)
        assert len(found) == len(self.model.taken)

    def teardown(self) -> None:
        assert overlapping_pairs(self.database) == 0

    def _model(self, step: object) -> set[Booking]:
        """What stands in the way, according to the rule."""
        try:
            step()  # type: ignore[operator]
        except Conflict as refused:
            return set(refused.params["conflicts"])
        return set()

    def _real(self, step: object) -> set[Booking]:
        """What stands in the way, according to the service on the database."""
        try:
            with self.database.write() as conn:
                step(conn)  # type: ignore[operator]
        except Conflict as refused:
            return {Booking(entry["meeting"], entry["point"], Slot(entry["start"], entry["end"]))
                    for entry in refused.params["conflicts"]}
        return set()


@pytest.fixture
def clerks(db: Database, province: Province, at: datetime) -> Iterator[type[Clerks]]:
    class Mine(Clerks):
        database, office = db, province.office("22")
        points = [point.point_id for point in province.under("202")][:POINTS]

    Mine.at = at
    yield Mine


def test_no_two_live_bookings_of_a_point_overlap(clerks: type[Clerks]) -> None:
    run(clerks, examples=6, steps=20)


@pytest.mark.parametrize("seed", range(3))
def test_the_database_says_the_same_of_rows_that_come_past_the_service(db: Database, province: Province, at: datetime, seed: int) -> None:
    """Blocks of two points are made and moved at random within twelve quarters; each is refused exactly where it overlaps another."""
    chosen = random.Random(seed)
    ids = [point.point_id for point in province.points[:2]]
    kept: dict[int, tuple[int, int, int]] = {}
    verdicts = set()
    with db.write() as conn:
        for number in range(1, 121):
            point, start = chosen.choice(ids), chosen.randrange(12)
            end = start + chosen.randrange(1, 5)
            moved = chosen.choice(list(kept)) if kept and number % 3 == 0 else None
            point = kept[moved][0] if moved else point
            clash = any(other != moved and where == point and start < last and first < end for other, (where, first, last) in kept.items())
            times = {"starts_at": at + start * QUARTER, "ends_at": at + end * QUARTER}
            if moved:
                statement = store.booking.update().where(store.booking.c.booking_id == moved).values(**times)
            else:
                statement = store.booking.insert().values(point_id=point, state="blocked", note="thử", booked_at=at, booking_id=number, **times)
            try:
                with conn.begin_nested():
                    conn.execute(statement)
            except IntegrityError as refused:
                assert clash and violated(refused, "booking_overlap")
            else:
                assert not clash, f"{moved or number}: {start}–{end} beside {kept}"
                kept[moved or number] = (point, start, end)
            verdicts.add((clash, moved is None))
            if len(kept) > 4:
                gone = chosen.choice(list(kept))
                conn.execute(store.booking.update().where(store.booking.c.booking_id == gone).values(state="released", released_at=at, why="lifted"))
                del kept[gone]
    assert len(verdicts) == 4, "made and moved, taken and refused"


@pytest.mark.long
def test_no_two_live_bookings_of_a_point_overlap_in_many_stories(clerks: type[Clerks]) -> None:
    run(clerks, examples=150, steps=40)
