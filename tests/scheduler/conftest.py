"""The real province of 2020 with its 239 points, and two offices that convene in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

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
from tests.support.postgres import PostgresServer, keep, restore


@dataclass(frozen=True)
class Office:
    """A unit that convenes, and its secretary."""

    unit: UnitRef
    secretary: Subject

    def draft(self, db: Database, start: datetime, hours: float = 2, title: str = "Giao ban tuần") -> str:
        """A draft of this office; its id."""
        me = Person(self.secretary.user_id or "", self.secretary.name, "Chuyên viên")
        chair, head = Person("chair", "Phạm Minh Hải", "Phó Chủ tịch"), Person("head", "Trần Văn Đức", "Trưởng phòng")
        new = NewMeeting(title, self.unit, start, start + timedelta(hours=hours), chair, me, head, me)
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


def look(db: Database, at: datetime) -> Province:
    """What is loaded."""
    with db.read() as conn:
        return Province(unit_store.tree(conn, at.date()), points.all_points(conn))


def settle(db: Database, at: datetime, name: str = "quang-ninh-2020") -> Province:
    """Loads a shipped set with its points."""
    with db.write() as conn:
        load_dataset(conn, name, at)
        points.ensure_points(conn, unit_store.tree(conn, at.date()))
    return look(db, at)


SETTLED = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.fixture(scope="session")
def sqlite_land(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the province in it; copying it is cheaper than loading again."""
    path = tmp_path_factory.mktemp("land") / "land.db"
    shutil.copyfile(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    settle(database, SETTLED)
    with database.read() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_land(postgres: PostgresServer) -> Iterator[Database]:
    """A PostgreSQL database with the province in it; putting it back after a test costs a tenth of making another."""
    postgres.execute("CREATE DATABASE land TEMPLATE template_diemcau")
    database = Database(postgres.url("land"))
    settle(database, SETTLED)
    keep(database)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with the province in it and nothing else, on both engines."""
    if request.param == "postgresql":
        database = request.getfixturevalue("postgres_land")
        yield database
        restore(database)
        return
    path = tmp_path / "land-copy.db"
    shutil.copyfile(request.getfixturevalue("sqlite_land"), path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()


@pytest.fixture(scope="module")
def field(sqlite_land: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Province]]:
    """One database for many examples, each of which is rolled back."""
    path = tmp_path_factory.mktemp("field") / "land.db"
    shutil.copyfile(sqlite_land, path)
    database = Database(f"sqlite:///{path}")
    yield database, look(database, SETTLED)
    database.close()


@pytest.fixture
def province(db: Database, at: datetime) -> Province:
    return look(db, at)


@pytest.fixture
def settle_in() -> Callable[..., Province]:
    """`settle`, for tests that load another set into a database of their own."""
    return settle
