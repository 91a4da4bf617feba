"""Invariant I1 with requests: whatever secretaries and owners do, in whatever order, nothing is confirmed twice, nothing without
a yes, and no request loses its bookings or keeps them after its end.

Hypothesis drives the real service on both databases over the three levels of a real province.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from meetings import service as meetings
from meetings.access import Role, Subject
from meetings.errors import MeetingError
from meetings.meeting import CHANGEABLE, State
from meetings.store import seat_store
from meetings.store.database import Database
from scheduler import displacing, policies, request_store, requests, service, store
from scheduler.approval import OPEN, Offer, Request, Standing
from scheduler.points import points_of
from scheduler.slots import Slot
from tests.scheduler.conftest import Office, Province
from tests.scheduler.stories import run
from tests.scheduler.test_race import overlapping_pairs

WEEKS = itertools.count(1)
MEETINGS = 4
HOUR = timedelta(hours=1)


class Levels(RuleBasedStateMachine):
    """A province, two districts and their communes want each other's points within one day of a week of their own."""

    database: Database
    offices: list[Office]
    owners: dict[str, Office]
    points: list[int]
    at: datetime

    @initialize()
    def begin(self) -> None:
        self.now = self.at + next(WEEKS) * timedelta(days=14)
        self.day = self.now + timedelta(days=7)
        self.by = [self.offices[number % len(self.offices)] for number in range(MEETINGS)]
        self.ids = [office.draft(self.database, self.day + HOUR, hours=1) for office in self.by]

    which = st.integers(0, MEETINGS - 1)
    some = st.frozensets(st.integers(0, 7), min_size=1, max_size=4)
    hours = st.integers(0, 4)

    @rule(which=which, wanted=some, force=st.booleans())
    def book(self, which: int, wanted: frozenset[int], force: bool) -> None:
        chosen = [self.points[place] for place in sorted(wanted)]
        self._try(lambda conn: service.book(conn, self.ids[which], chosen, self.by[which].secretary, self.now, "Họp khẩn" if force else ""))

    @rule(which=which, start=hours, length=st.integers(1, 2))
    def move(self, which: int, start: int, length: int) -> None:
        begin = self.day + start * HOUR
        self._try(lambda conn: service.move(conn, self.ids[which], begin, begin + length * HOUR, self.by[which].secretary, self.now))

    @rule(which=which)
    def cancel(self, which: int) -> None:
        """Never refused before the meeting has opened."""
        if self._state(which) in CHANGEABLE:
            with self.database.write() as conn:
                service.cancel(conn, self.ids[which], "Hoãn", self.by[which].secretary, self.now)
            self._anew(which)

    @rule(which=which)
    def release(self, which: int) -> None:
        self._try(lambda conn: service.release(conn, self.ids[which], self.by[which].secretary, self.now))

    @rule(which=which, some=some)
    def forgo(self, which: int, some: frozenset[int]) -> None:
        """Never refused before the meeting has opened, as long as it is to come."""
        points = [self.points[place] for place in sorted(some)]
        with self.database.read() as conn:
            coming = meetings.get(conn, self.ids[which]).end > self.now
        if self._state(which) in CHANGEABLE and coming:
            with self.database.write() as conn:
                service.forgo(conn, self.ids[which], points, self.by[which].secretary, self.now)
                assert not set(points) & {*service.points_of_meeting(conn, self.ids[which]), *service.points_of_meeting(conn, self.ids[which], "pending")}

    @rule(which=which)
    def convene_and_open(self, which: int) -> None:
        """With what is confirmed; what still waits is answered, or lapses, while the meeting is open."""
        by, meeting_id = self.by[which].secretary, self.ids[which]
        if self._state(which) is State.DRAFT:
            self._try(lambda conn: meetings.convene(conn, meeting_id, by, self.now))
        elif self._state(which) is State.CONVENED:
            self._try(lambda conn: meetings.open(conn, meeting_id, by, self.now))

    @rule(which=which)
    def close(self, which: int) -> None:
        """As the page does: closing and giving back is one thing, and is never refused."""
        if self._state(which) is State.OPEN:
            with self.database.write() as conn:
                meetings.close(conn, self.ids[which], self.by[which].secretary, self.now)
                service.release(conn, self.ids[which], self.by[which].secretary, self.now)
            self._anew(which)

    @rule(number=st.integers(0, 30), verb=st.sampled_from(["agree", "agree", "agree", "decline", "counter", "counter_point", "counter_both"]), start=hours)
    def answer(self, number: int, verb: str, start: int) -> None:
        if (found := self._one(number, {Standing.ASKED})) is None:
            return
        request_id, request = found
        by = self.owners[request.asked].secretary
        begin = self.day + start * HOUR
        more: dict[str, tuple[Any, ...]] = {
            "agree": (), "decline": ("Không được",), "counter": (Offer(slot=Slot(begin, begin + HOUR)), ""),
            "counter_point": (Offer(point_ids=self._others(request)[:2]), ""),
            "counter_both": (Offer(self._others(request)[:1], Slot(begin, begin + HOUR)), ""),
        }
        self._try(lambda conn: getattr(requests, verb.partition("_")[0])(conn, request_id, *more[verb], by, self.now))

    @rule(number=st.integers(0, 30), take=st.booleans())
    def answer_the_offer(self, number: int, take: bool) -> None:
        if (found := self._one(number, {Standing.OFFERED})) is None:
            return
        request_id, request = found
        by = self._secretary(request.meeting_id)
        self._try(lambda conn: (service.accept if take else requests.insist)(conn, request_id, by, self.now))

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.now = min(self.now + hours * HOUR, self.day + 12 * HOUR)
        while requests.chore(self.database, self.now):
            pass
        with self.database.read() as conn:
            assert request_store.due(conn, self.now) == [], "what is due is done, whatever has become of its meeting"

    @rule(which=which)
    def take_the_proposal(self, which: int) -> None:
        with self.database.read() as conn:
            lost = displacing.losses(conn, self.ids[which])
        for loss in lost:
            self._try(lambda conn, loss=loss: service.rebook(conn, loss.displacement_id, self.by[which].secretary, self.now))

    @invariant()
    def rows_say_what_the_requests_say(self) -> None:
        b = store.booking.c
        with self.database.read() as conn:
            for meeting_id in self.ids:
                live: dict[str | None, dict[int, str]] = {}
                slots = set()
                own = meetings.get(conn, meeting_id)
                for row in conn.execute(select(b.request_id, b.point_id, b.state, b.starts_at, b.ends_at).where(
                        b.meeting_id == meeting_id, b.state.in_(("pending", "confirmed")))):
                    live.setdefault(row.request_id, {})[row.point_id] = row.state
                    slots.add(Slot(row.starts_at, row.ends_at))
                assert slots <= {Slot(own.start, own.end)}, "all points of a meeting have its time"
                seats = {seat.point_id for seat in seat_store.seats(conn, meeting_id)}
                assert {point for points in live.values() for point, state in points.items() if state == "confirmed"} <= seats
                direct = live.pop(None, {})
                assert set(direct.values()) <= {"confirmed"}
                for stored in request_store.of_meeting(conn, meeting_id):
                    request, mine = stored.request, live.pop(stored.request_id, {})
                    if request.standing in OPEN | {Standing.AGREED}:
                        wanted = "confirmed" if request.standing is Standing.AGREED else "pending"
                        assert mine == dict.fromkeys(request.point_ids, wanted), request
                        assert {request.slot} == slots
                    else:
                        assert mine == {}, request
                assert live == {}, "a booking of a request that is not this meeting's"

    def teardown(self) -> None:
        assert overlapping_pairs(self.database) == 0

    def _one(self, number: int, standings: set[Standing]) -> tuple[str, Request] | None:
        with self.database.read() as conn:
            found = [
                stored for meeting_id in self.ids for stored in request_store.of_meeting(conn, meeting_id)
                if stored.request.standing in standings
            ]
        return (found[number % len(found)].request_id, found[number % len(found)].request) if found else None

    def _state(self, which: int) -> State:
        with self.database.read() as conn:
            return meetings.get(conn, self.ids[which]).state

    def _anew(self, which: int) -> None:
        self.ids[which] = self.by[which].draft(self.database, self.day + HOUR, hours=1)

    def _others(self, request: Request) -> tuple[int, ...]:
        """The rooms of the owner, those first that were not asked for."""
        with self.database.read() as conn:
            theirs = [point.point_id for point in points_of(conn, request.owner)]
        return tuple(sorted(theirs, key=lambda point_id: point_id in request.point_ids))

    def _secretary(self, meeting_id: str) -> Subject:
        return self.by[self.ids.index(meeting_id)].secretary

    def _try(self, step: Callable[[Any], object]) -> None:
        """Refusals in words are right; anything else is not."""
        try:
            with self.database.write() as conn:
                step(conn)
        except MeetingError:
            pass


@pytest.fixture
def levels(db: Database, province: Province, at: datetime) -> Iterator[type[Levels]]:
    admin = Subject("u-admin", "Quản trị", "", "22", ("22",), frozenset({Role.ADMIN}))
    with db.write() as conn:
        policies.put(conn, {"confirms": ["district"], "displaces": [["province", "district"], ["district", "commune"]]}, admin, at)
    communes = [*province.under("202", "commune")[:2], *province.under("203", "commune")[:2]]
    with db.write() as conn:
        room = conn.execute(store.point.insert().values(code="ROOM2", name="Phòng họp 2", unit_id=communes[-1].unit_id).returning(
            store.point.c.point_id)).scalar_one()
    points = [province.point("22"), province.point("202"), province.point("203"), *communes]

    class Mine(Levels):
        database = db

    Mine.at = at
    Mine.points = [*(point.point_id for point in points), room]
    Mine.offices = [province.office(code) for code in ("22", "202", "203", communes[0].code)]
    Mine.owners = {point.unit_id: province.office(province.tree.get(point.unit_id).gso_code) for point in points}
    yield Mine


def test_no_request_is_lost_and_nothing_is_confirmed_twice(levels: type[Levels]) -> None:
    run(levels, examples=5, steps=20)


@pytest.mark.long
def test_no_request_is_lost_and_nothing_is_confirmed_twice_in_many_stories(levels: type[Levels]) -> None:
    run(levels, examples=200, steps=50)
