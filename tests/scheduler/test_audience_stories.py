"""A kept audience through whatever may happen to it: points asked for, answered, lapsed, taken, added, taken out, and units that merge,
move and are called otherwise.  A merger is told once, nothing else ever is; applying it touches what it changed and nothing more.

What is expected is reckoned here from the story alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Connection, select, update

from meetings.errors import MeetingError
from meetings.ids import new_id
from meetings.store import seat_store, unit_store
from meetings.store.database import Database
from meetings.store.unit_tables import unit, unit_succession, unit_version
from meetings.units import Unit
from scheduler import audience_store, displacing, policies, request_store, requests, service, store
from scheduler.approval import OPEN
from scheduler.audience import Rule
from scheduler.outbox_table import outbox
from scheduler.points import all_points, ensure_points
from scheduler.slots import civil_day
from tests.scheduler.conftest import Province
from tests.scheduler.stories import databases, run
from tests.scheduler.test_requests import ADMIN
from tests.support.postgres import restore

DAY = timedelta(days=1)
OWN, ASKED, OUTSIDE = "202", "203", "205"  # the district that convenes, one whose communes it asks, one that no rule names


def merged(conn: Connection, unit_ids: Sequence[str], day: date, name: str, at: datetime) -> str:
    """These units become one of another name, with a point, in the place of the first; its id."""
    made, now = new_id(at), unit_version.c.valid_to.is_(None)
    first = conn.execute(select(unit_version).where(unit_version.c.unit_id == unit_ids[0], now)).mappings().one()
    conn.execute(update(unit_version).where(unit_version.c.unit_id.in_(unit_ids), now).values(valid_to=day))
    conn.execute(unit.insert().values(unit_id=made, made_at=at))
    conn.execute(unit_version.insert().values({**first, "unit_id": made, "valid_from": day, "name": name}))
    conn.execute(unit_succession.insert(), [{"from_id": ended, "to_id": made, "share": "whole", "since": day} for ended in unit_ids])
    ensure_points(conn, unit_store.tree(conn, day))
    return made


class Kept(RuleBasedStateMachine):
    """Huyện Ba Chẽ convenes its own communes and asks those of another district, both by rule."""

    fresh: Callable[[], Database]
    done: Callable[[Database], None]
    at: datetime

    number = st.integers(0, 99)

    @initialize()
    def begin(self) -> None:
        self.database, self.now = self.fresh(), self.at
        with self.database.write() as conn:
            policies.put(conn, {"displaces": [["province", "district"]], "answer_within": {"": 24}}, ADMIN, self.at)
        self.start = self.at + 60 * DAY
        self.names = itertools.count(1)
        self.news = 0
        self.added: set[int] = set()      # by hand, and those that came after them
        self.heir: dict[str, str] = {}
        with self.database.read() as conn:
            self.province = Province(unit_store.tree(conn, self.at.date()), all_points(conn))
        self.office, self.top = self.province.office(OWN), self.province.office("22")
        chosen = [point.point_id for code in (OWN, ASKED) for point in self.province.under(code, "commune")[:3]]
        out = {point.point_id for code in (OWN, ASKED) for point in self.province.under(code, "commune")[3:]}
        self.meeting = self.office.draft(self.database, self.start, hours=2)
        kept = Rule(tuple((self.province.unit(code).unit_id, "commune") for code in (OWN, ASKED)), removed=frozenset(out))
        with self.database.write() as conn:
            service.book(conn, self.meeting, chosen, self.office.secretary, self.now)
            audience_store.keep(conn, [self.meeting], kept, chosen, self.now)
        self.ever, self.out = set(chosen), out

    # --- what people do --------------------------------------------------------------------------------------------

    @rule(number=number, inside=st.booleans())
    def add(self, number: int, inside: bool) -> None:
        """On the tab Xác nhận: all it has, and one point more."""
        have = self.live()
        with self.database.read() as conn:
            tree = unit_store.tree(conn, civil_day(self.start))
            other = [point.point_id for point in all_points(conn) if point.unit_id in tree and point.point_id not in have
                     and tree.within(point.unit_id, self.province.unit(OWN).unit_id if inside else self.province.unit(OUTSIDE).unit_id)]
        if other and self.act(lambda conn: service.book(conn, self.meeting, [*sorted(have), other[number % len(other)]],
                                                        self.office.secretary, self.now)):
            self.decide({other[number % len(other)]}, set())

    @rule(number=number, alone=st.booleans())
    def take_out(self, number: int, alone: bool) -> None:
        """By itself, or by choosing all the others anew."""
        have = sorted(self.live())
        if len(have) < 2:
            return
        one, by = have[number % len(have)], self.office.secretary
        if self.act(lambda conn: service.forgo(conn, self.meeting, [one], by, self.now) if alone else service.book(
                conn, self.meeting, [point for point in have if point != one], by, self.now)):
            self.decide(set(), {one})

    @rule(number=number, yes=st.sampled_from([True, False, False]))
    def answer(self, number: int, yes: bool) -> None:
        with self.database.read() as conn:
            waiting = [one for one in request_store.of_meeting(conn, self.meeting) if one.request.standing.value == "asked"]
            tree = unit_store.tree(conn, civil_day(self.start))
        one = waiting[number % len(waiting)] if waiting else None
        if one is not None and one.request.asked in tree:
            by = Province(tree, []).office(tree.get(one.request.asked).gso_code).secretary
            self.act(lambda conn: requests.agree(conn, one.request_id, by, self.now) if yes else
                     requests.decline(conn, one.request_id, "Bận", by, self.now))

    @rule(hours=st.sampled_from([5, 30, 100]))
    def time_passes(self, hours: int) -> None:
        self.now = min(self.now + timedelta(hours=hours), self.start - DAY)
        while requests.chore(self.database, self.now):
            pass

    @rule(number=number)
    def displace(self, number: int) -> None:
        """The province takes the time of a point that the district has."""
        have = sorted(self.live("confirmed"))
        if have:
            mine = self.top.draft(self.database, self.start, hours=1)
            self.act(lambda conn: service.book(conn, mine, [have[number % len(have)]], self.top.secretary, self.now, "Họp khẩn"))

    @rule()
    def dismiss(self) -> None:
        with self.database.read() as conn:
            lost = displacing.losses(conn, self.meeting)
        if lost:
            self.act(lambda conn: displacing.answer(conn, lost[0].displacement_id, self.now))

    # --- what happens to units -------------------------------------------------------------------------------------

    @rule(first=number, second=number)
    def merge(self, first: int, second: int) -> None:
        """Two communes of one district become one, some days before the meeting."""
        communes = self.communes()
        one = communes[first % len(communes)]
        near = [other for other in communes if other.parent_id == one.parent_id and other != one]
        if not near:
            return
        two = near[second % len(near)]
        day = self.a_day(one, two)
        if day is None:
            return
        points, shown = self.points_of(one.unit_id) | self.points_of(two.unit_id), self.change()
        going = {point for point, *_names in shown.removed} if shown else set()      # whose commune left before: known already
        with self.database.write() as conn:
            made = merged(conn, [one.unit_id, two.unit_id], day, f"Xã {next(self.names)}", self.now)
        self.heir |= {one.unit_id: made, two.unit_id: made}
        self.told(bool(points & self.live() - going) or one.parent_id in self.ruled() or made in self.by_hand())

    @rule(number=number)
    def rename(self, number: int) -> None:
        communes = self.communes()
        one = communes[number % len(communes)]
        points, shown = self.points_of(one.unit_id), self.change()
        if not self.version(one, name=f"Xã {next(self.names)}"):
            return
        with self.database.read() as conn:
            seated = {seat.point_id for seat in seat_store.seats(conn, self.meeting)}
        meant = one.parent_id in self.ruled() or one.unit_id in self.by_hand()
        news = {point for point, _name in shown.added} if shown else set()
        self.told(bool(points & seated & self.live() and meant) or bool(points & news))

    @rule(number=number, out=st.booleans())
    def rearrange(self, number: int, out: bool) -> None:
        """A commune comes under another district."""
        outside = self.province.unit(OUTSIDE).unit_id
        communes = [one for one in self.communes() if (one.parent_id == outside) is not out]
        if not communes:
            return
        one = communes[number % len(communes)]
        points = self.points_of(one.unit_id)
        if self.version(one, parent_id=outside if out else self.province.unit(ASKED).unit_id):
            meant = one.unit_id in self.by_hand()
            self.told(not meant and (bool(points & self.live()) if out else not points & (self.ever | self.out)))

    @precondition(lambda self: self.change() is not None)
    @rule()
    def apply(self) -> None:
        shown, before, with_whom = self.change(), self.live(), self.asked()
        assert shown is not None
        added, gone = ({point_id for point_id, *_names in part} for part in (shown.added, shown.removed))
        assert not added & (self.ever | self.out), "nobody who was asked, or left out, before"
        with self.database.read() as conn:
            tree = unit_store.tree(conn, civil_day(self.start))
            units = {point.point_id: point.unit_id for point in all_points(conn)}
        assert not {one for one in gone & self.added if units[one] in tree}, "nobody whom somebody added, and who is there"
        if self.act(lambda conn: audience_store.apply(conn, self.meeting, self.office.secretary, self.now)):
            assert self.live() == (before - gone) | added
            assert {units[point] for point in self.asked() - with_whom} <= {units[point] for point in added}
            self.ever |= added
            self.added = {point for unit_id in self.by_hand() if unit_id in tree for point in self.points_of(unit_id)}

    # --- what always holds -----------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_told_without_a_merger(self) -> None:
        before = self.change()
        with self.database.write() as conn:
            assert self.meeting not in audience_store.reresolve(conn, self.now)
        after = self.change()
        assert after is None or (before is not None and after.only(before) == after), "it can only become less"
        with self.database.read() as conn:
            notices = [one for one in conn.execute(select(outbox.c.payload)).scalars() if one.get("meeting_id") == self.meeting]
        assert sum(one.get("what") == "audience.changed" for one in notices) == self.news

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.done(self.database)

    def told(self, affected: bool) -> None:
        """Looked at once after units changed: told, or not."""
        self.now += timedelta(minutes=1)
        with self.database.write() as conn:
            found = audience_store.reresolve(conn, self.now)
        assert (self.meeting in found) is affected
        self.news += affected

    # --- steps -----------------------------------------------------------------------------------------------------

    def act(self, step: Callable[[Connection], Any]) -> bool:
        """Whether it was done; what is refused in words leaves everything as it was."""
        try:
            with self.database.write() as conn:
                step(conn)
        except MeetingError:
            return False
        return True

    def decide(self, added: set[int], removed: set[int]) -> None:
        self.added = (self.added - removed) | added
        self.out = (self.out - added) | removed
        self.ever |= added

    def live(self, *states: str) -> set[int]:
        b = store.booking.c
        with self.database.read() as conn:
            return set(conn.execute(select(b.point_id).where(
                b.meeting_id == self.meeting, b.state.in_(states or ("confirmed", "pending")))).scalars())

    def asked(self) -> set[int]:
        with self.database.read() as conn:
            stored = request_store.of_meeting(conn, self.meeting)
        return {point for one in stored if one.request.standing in OPEN for point in one.request.point_ids}

    def change(self) -> Any:
        with self.database.read() as conn:
            return audience_store.change_of(conn, self.meeting)

    def ruled(self) -> set[str | None]:
        return {self.province.unit(code).unit_id for code in (OWN, ASKED)}

    def by_hand(self) -> set[str]:
        """The units of what somebody added; of those that have ended the last that came after them."""
        with self.database.read() as conn:
            units = {point.unit_id for point in all_points(conn) if point.point_id in self.added}

        def last(unit_id: str) -> str:
            return last(self.heir[unit_id]) if unit_id in self.heir else unit_id

        return {last(unit_id) for unit_id in units}

    def communes(self) -> list[Unit]:
        """Those of the three districts on the day of the meeting."""
        with self.database.read() as conn:
            tree = unit_store.tree(conn, civil_day(self.start))
        return [one for code in (OWN, ASKED, OUTSIDE) for one in tree.subtree(self.province.unit(code).unit_id, "commune")]

    def points_of(self, unit_id: str) -> set[int]:
        with self.database.read() as conn:
            return set(conn.execute(select(store.point.c.point_id).where(store.point.c.unit_id == unit_id)).scalars())

    def version(self, one: Unit, **other: Any) -> bool:
        """The unit is different from some day before the meeting on; whether there is one left."""
        if (day := self.a_day(one)) is None:
            return False
        with self.database.write() as conn:
            mine = (unit_version.c.unit_id == one.unit_id) & unit_version.c.valid_to.is_(None)
            old = conn.execute(select(unit_version).where(mine)).mappings().one()
            conn.execute(update(unit_version).where(mine).values(valid_to=day))
            conn.execute(unit_version.insert().values({**old, "valid_from": day, **other}))
        return True

    def a_day(self, *units: Unit) -> date | None:
        """On which they may change: after they last did, before the meeting."""
        day = max(civil_day(self.start - 20 * DAY), *(one.valid_from + DAY for one in units))
        return day if day < civil_day(self.start) else None


@pytest.fixture
def stories(sqlite_land: Path, at: datetime) -> Iterator[type[Kept]]:
    """Every story has a database of its own, in memory where the machine has such a folder."""
    with databases(sqlite_land) as (fresh, done):
        class Mine(Kept):
            pass

        Mine.at, Mine.fresh, Mine.done = at, staticmethod(fresh), staticmethod(done)  # type: ignore[method-assign, assignment]
        yield Mine


def test_a_merger_is_told_once_and_nothing_else_is(stories: type[Kept]) -> None:
    run(stories, examples=4, steps=12)


@pytest.mark.long
def test_a_merger_is_told_once_and_nothing_else_is_in_many_stories(stories: type[Kept]) -> None:
    run(stories, examples=200, steps=40)


@pytest.mark.long
@pytest.mark.parametrize("db", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_a_merger_is_told_once_on_a_server(db: Database, at: datetime) -> None:
    class Mine(Kept):
        pass

    Mine.at, Mine.fresh, Mine.done = at, staticmethod(lambda: db), staticmethod(restore)  # type: ignore[method-assign, assignment]
    run(Mine, examples=6, steps=40)  # the first story is always the simplest there is
