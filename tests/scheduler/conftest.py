"""The real province of 2020 with its 239 points, and two offices that convene in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from meetings import service as meetings
from meetings.access import Role, Subject
from meetings.meeting import NewMeeting, Person, UnitRef
from meetings.store import unit_store
from meetings.store.database import Database
from meetings.store.datasets import load_dataset
from meetings.units import Unit, UnitTree
from scheduler import points
from scheduler.booking import Point


@dataclass(frozen=True)
class Office:
    """A unit that convenes, and its secretary."""

    unit: UnitRef
    secretary: Subject

    def draft(self, db: Database, start: datetime, hours: float = 2, title: str = "Giao ban tuần") -> str:
        """A draft of this office; its id."""
        me = Person(self.secretary.user_id or "", self.secretary.name, "Chuyên viên")
        new = NewMeeting(title, self.unit, start, start + timedelta(hours=hours), me, me, me, me)
        with db.write() as conn:
            return meetings.create(conn, new, self.secretary, start - timedelta(days=1)).meeting_id


@dataclass(frozen=True)
class Province:
    """What the tests need of it: the tree, the points, two convening offices, a stranger."""

    tree: UnitTree
    points: list[Point]

    def point(self, code: str) -> Point:
        return next(point for point in self.points if point.code == code)

    def under(self, code: str, level: str | None = None) -> list[Point]:
        """Points of the subtree of the unit with this code."""
        root = self.tree.by_code(code)
        assert root is not None
        units = {unit.unit_id for unit in self.tree.subtree(root.unit_id, level)}
        return [point for point in self.points if point.unit_id in units]

    def office(self, code: str) -> Office:
        unit = self.tree.by_code(code)
        assert unit is not None
        path = self.tree.path(unit.unit_id)
        above = self.tree.get(path[-2]).name if len(path) > 1 else None
        user = Subject(f"u-{code}", f"Thư ký {unit.name}", "", unit.unit_id, path, frozenset({Role.SECRETARY}))
        return Office(UnitRef(unit.unit_id, unit.name, above, path), user)

    def unit(self, code: str) -> Unit:
        found = self.tree.by_code(code)
        assert found is not None
        return found


def settle(db: Database, at: datetime, name: str = "quang-ninh-2020") -> Province:
    """Loads a shipped set with its points."""
    with db.write() as conn:
        load_dataset(conn, name, at)
        tree = unit_store.tree(conn, at.date())
        points.ensure_points(conn, tree)
        return Province(tree, points.all_points(conn))


@pytest.fixture
def province(db: Database, at: datetime) -> Province:
    return settle(db, at)


@pytest.fixture
def settle_in() -> Callable[..., Province]:
    return settle
