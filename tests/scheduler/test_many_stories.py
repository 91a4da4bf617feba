"""Invariant I1 over everything that books: single meetings, series, maintenance, mergers of units, crashes in the middle.

There is no model beside it: whatever is refused or crashes leaves not one row changed, and of what stands no two that hold a
point overlap, every meeting's points have its time, and nothing is booked beyond the last day of a unit.  The long form
takes 20,000 steps in memory and 500 on PostgreSQL.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection, func, select

from meetings.access import Role, Subject
from meetings.errors import MeetingError
from meetings.store import unit_store
from meetings.store.database import Database
from meetings.store.tables import meeting
from meetings.store.unit_tables import unit_version
from scheduler import maintenance, series_store, service, store
from scheduler.points import all_points
from scheduler.series import wall_of
from scheduler.series_store import Change, Repeat, Scope
from scheduler.slots import Slot, civil_day
from tests.scheduler.conftest import Office, Province
from tests.scheduler.stories import databases, run
from tests.scheduler.test_race import overlapping_pairs
from tests.support.postgres import restore

DAYS, POINTS, MEETINGS = 4, 5, 5
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEKS = itertools.count(1)


class Crash(Exception):
    """The process died before it could commit."""


class Stories(RuleBasedStateMachine):
    """A province and a district want a few points within four days of a time of their own."""

    fresh: Callable[[], Database]
    done: Callable[[Database], None]
    offices: list[Office]
    technician: Subject
    points: list[int]
    units: list[str]
    at: datetime

    which = st.integers(0, MEETINGS - 1)
    some = st.frozensets(st.integers(0, POINTS - 1), min_size=1)
    hour = st.integers(0, 8)
    scope = st.sampled_from(list(Scope))
    crash = st.sampled_from([False, False, False, True])

    @initialize()
    def begin(self) -> None:
        self.database = self.fresh()
        self.zero = self.at + next(WEEKS) * timedelta(days=28)
        self.by = [self.offices[number % len(self.offices)] for number in range(MEETINGS)]
        self.ids = [office.draft(self.database, self.zero + 7 * DAY, hours=1) for office in self.by]
        self.series: list[str] = []
        self.blocks: list[int] = []
        self.ended: dict[str, Any] = {}

    def moment(self, day: int, hour: int) -> datetime:
        return self.zero + (7 + day) * DAY + hour * HOUR

    @rule(which=which, wanted=some, crash=crash)
    def book(self, which: int, wanted: frozenset[int], crash: bool) -> None:
        chosen = [self.points[place] for place in sorted(wanted)]
        self._try(crash, lambda conn: service.book(conn, self.ids[which], chosen, self.by[which].secretary, self.zero))

    @rule(which=which, day=st.integers(0, DAYS - 1), hour=hour, length=st.integers(1, 3), crash=crash)
    def move(self, which: int, day: int, hour: int, length: int, crash: bool) -> None:
        start = self.moment(day, hour)
        self._try(crash, lambda conn: service.move(
            conn, self.ids[which], start, start + length * HOUR, self.by[which].secretary, self.zero))

    @rule(which=which, crash=crash)
    def cancel(self, which: int, crash: bool) -> None:
        if self._try(crash, lambda conn: service.cancel(conn, self.ids[which], "Hoãn", self.by[which].secretary, self.zero)):
            self._anew(which)

    @rule(which=which, wanted=some, count=st.integers(2, 4), crash=crash)
    def repeat(self, which: int, wanted: frozenset[int], count: int, crash: bool) -> None:
        chosen = [self.points[place] for place in sorted(wanted)]
        made = self._try(crash, lambda conn: series_store.create(
            conn, self.ids[which], f"FREQ=DAILY;COUNT={count}", "Asia/Ho_Chi_Minh", chosen, self.by[which].secretary, self.zero))
        if made is not None:
            with self.database.read() as conn:
                self.series += [row.meeting_id for row in series_store.members(conn, made.series_id)]
            self._anew(which)

    @rule(number=st.integers(0, 99), scope=scope, hour=hour, length=st.integers(1, 2), crash=crash)
    def move_series(self, number: int, scope: Scope, hour: int, length: int, crash: bool) -> None:
        if (known := self._member(number)) is not None:
            meeting_id, by, start = known
            begin = start.replace(hour=self.at.hour, minute=0) + hour * HOUR
            self._try(crash, lambda conn: series_store.edit(
                conn, meeting_id, scope, Change(slot=Slot(begin, begin + length * HOUR)), by, self.zero))

    @rule(number=st.integers(0, 99), scope=st.sampled_from([Scope.FOLLOWING, Scope.ALL]), day=st.integers(0, DAYS - 1), hour=hour,
          count=st.integers(1, 4), crash=crash)
    def turn_series(self, number: int, scope: Scope, day: int, hour: int, count: int, crash: bool) -> None:
        if (known := self._member(number)) is not None:
            wanted = Repeat(f"FREQ=DAILY;COUNT={count}", wall_of(self.moment(day, hour), "Asia/Ho_Chi_Minh"), HOUR, "Đổi quy tắc")
            if self._try(crash, lambda conn: series_store.edit(conn, known[0], scope, Change(repeat=wanted), known[1], self.zero)) is not None:
                with self.database.read() as conn:
                    place = series_store.of_meeting(conn, known[0])
                    assert place is not None
                    fresh = {row.meeting_id for row in series_store.members(conn, place.stored.series_id)} - set(self.series)
                self.series += sorted(fresh)

    @rule(number=st.integers(0, 99), scope=scope, crash=crash)
    def cancel_series(self, number: int, scope: Scope, crash: bool) -> None:
        if (known := self._member(number)) is not None:
            self._try(crash, lambda conn: series_store.cancel(conn, known[0], scope, "Hoãn", known[1], self.zero))

    @rule(place=st.integers(0, POINTS - 1), day=st.integers(0, DAYS - 1), hour=hour, crash=crash)
    def block(self, place: int, day: int, hour: int, crash: bool) -> None:
        start = self.moment(day, hour)
        made = self._try(crash, lambda conn: maintenance.block(
            conn, self.points[place], Slot(start, start + HOUR), "Bảo trì", self.technician, self.zero))
        self.blocks += [made] if made is not None else []

    @rule(number=st.integers(0, 20), crash=crash)
    def lift(self, number: int, crash: bool) -> None:
        if self.blocks:
            block_id = self.blocks[number % len(self.blocks)]
            self._try(crash, lambda conn: maintenance.lift(conn, block_id, self.technician, self.zero))

    @rule(day=st.integers(1, DAYS - 1))
    def merge(self, day: int) -> None:
        """The last point's unit ends with one of the days; what was booked before stands, nothing new beyond it."""
        unit_id = self.units[-1]
        if unit_id in self.ended:
            return
        last = civil_day(self.moment(day, 0))
        with self.database.write() as conn:
            conn.execute(unit_version.update().where(unit_version.c.unit_id == unit_id, unit_version.c.valid_to.is_(None)).values(valid_to=last))
            b = store.booking.c
            beyond = conn.execute(select(func.max(b.booking_id)).where(b.point_id == self.points[-1])).scalar() or 0
        self.ended[unit_id] = (last, beyond)

    @invariant()
    def what_stands_is_whole(self) -> None:
        b = store.booking.c
        with self.database.read() as conn:
            live = conn.execute(select(b.booking_id, b.point_id, b.starts_at, b.ends_at, meeting.c.starts_at.label("start"),
                                       meeting.c.ends_at.label("end"), meeting.c.state.label("is"))
                                .join(meeting, b.meeting_id == meeting.c.meeting_id).where(b.state == "confirmed")).all()
        for row in live:
            assert (row.starts_at, row.ends_at) == (row.start, row.end), "all points of a meeting have its time"
            assert getattr(row, "is") != "cancelled"
        for last, before in self.ended.values():
            late = [row for row in live if row.point_id == self.points[-1] and civil_day(row.starts_at) >= last]
            assert all(row.booking_id <= before for row in late), "nothing is booked at a unit that is no more"

    def teardown(self) -> None:
        if hasattr(self, "database"):
            assert overlapping_pairs(self.database) == 0
            self.done(self.database)

    def _anew(self, which: int) -> None:
        self.ids[which] = self.by[which].draft(self.database, self.moment(0, 0), hours=1)

    def _member(self, number: int) -> tuple[str, Subject, datetime] | None:
        if not self.series:
            return None
        meeting_id = self.series[number % len(self.series)]
        with self.database.read() as conn:
            row = conn.execute(select(meeting.c.starts_at, meeting.c.unit).where(meeting.c.meeting_id == meeting_id)).one()
        by = next(office.secretary for office in self.offices if office.unit.id == row.unit["id"])
        return meeting_id, by, row.starts_at

    def _try(self, crash: bool, step: Callable[[Connection], Any]) -> Any:
        """What the step gave; None where it was refused or the process died: then nothing has changed."""
        before = self._rows()
        try:
            with self.database.write() as conn:
                made = step(conn)
                if crash:
                    raise Crash
            return made if made is not None else True
        except (MeetingError, Crash):
            assert self._rows() == before, "half of it was kept"
            return None

    def _rows(self) -> list[Any]:
        with self.database.read() as conn:
            return [tuple(row) for row in conn.execute(select(store.booking).order_by(store.booking.c.booking_id))]


def machine(province: Province, at: datetime, fresh: Callable[[], Database], done: Callable[[Database], None]) -> type[Stories]:
    points = province.under("202")[:POINTS]
    top = province.unit("22")

    class Mine(Stories):
        offices = [province.office("22"), province.office("202")]
        technician = Subject("u-tech", "Kỹ thuật", "", top.unit_id, (top.unit_id,), frozenset({Role.TECHNICIAN}))

    Mine.at, Mine.fresh, Mine.done = at, staticmethod(fresh), staticmethod(done)  # type: ignore[method-assign, assignment]
    Mine.points, Mine.units = [point.point_id for point in points], [point.unit_id for point in points]
    return Mine


@pytest.fixture
def in_memory(sqlite_land: Path, at: datetime) -> Iterator[type[Stories]]:
    """Every story has a database of its own, in memory where the machine has such a folder."""
    with databases(sqlite_land) as (fresh, done):
        first = fresh()
        with first.read() as conn:
            province = Province(unit_store.tree(conn, at.date()), all_points(conn))
        first.close()

        yield machine(province, at, fresh, done)


def test_whatever_books_leaves_the_calendar_whole(in_memory: type[Stories]) -> None:
    run(in_memory, examples=6, steps=30)


@pytest.mark.long
def test_whatever_books_leaves_the_calendar_whole_over_20_000_steps(in_memory: type[Stories]) -> None:
    run(in_memory, examples=200, steps=100)


@pytest.mark.long
@pytest.mark.parametrize("db", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_whatever_books_leaves_the_calendar_whole_on_a_server(db: Database, province: Province, at: datetime) -> None:
    run(machine(province, at, lambda: db, restore), examples=6, steps=100)  # the first story is always the simplest there is
