"""Fixtures every suite shares: a migrated database of each kind, and a fixed instant."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from meetings.store.database import Database
from tests.support import compiled
from tests.support.postgres import PostgresServer, keep, restore
from web.i18n import speak

# Two slow cores are shared by many: a deadline would measure the neighbours.
settings.register_profile("short", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("short")

_numbers = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        compiled.share(patch)
        yield


@pytest.fixture
def at() -> datetime:
    """The instant at which a test's story starts: Thursday 5 March 2026, 08:00 in Ha Noi."""
    return datetime(2026, 3, 5, 1, 0, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file; copying it is cheaper than migrating again."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server a session, started by the first test that needs it; `template_diemcau` in it is migrated and empty."""
    server = PostgresServer()
    try:
        server.start()
        server.execute("CREATE DATABASE template_diemcau")
        database = Database(server.url("template_diemcau"))
        database.migrate()
        database.close()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresServer) -> Iterator[Database]:
    """One migrated database a session: emptying it between tests costs a tenth of making a new one."""
    postgres.execute("CREATE DATABASE diemcau TEMPLATE template_diemcau STRATEGY file_copy")
    database = Database(postgres.url("diemcau"))
    keep(database)
    yield database
    database.close()


@pytest.fixture
def sqlite_db(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A fresh SQLite database."""
    path = tmp_path / "diemcau.db"
    shutil.copyfile(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()


@pytest.fixture
def postgres_db(migrated_postgres: Database) -> Iterator[Database]:
    """An empty, migrated PostgreSQL database.  Mark the test `postgres`."""
    yield migrated_postgres
    restore(migrated_postgres)


@pytest.fixture
def new_postgres_db(postgres: PostgresServer) -> Iterator[Database]:
    """A PostgreSQL database without any table, for tests of the schema itself.  Mark the test `postgres`."""
    name = f"t{next(_numbers)}"
    postgres.execute(f"CREATE DATABASE {name}")
    database = Database(postgres.url(name))
    yield database
    database.close()
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def db(request: pytest.FixtureRequest) -> Database:
    """A fresh database: the test runs once on SQLite and once on PostgreSQL."""
    return request.getfixturevalue("sqlite_db" if request.param == "sqlite" else "postgres_db")


@pytest.fixture(autouse=True)
def vietnamese(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test begins in the product's first language, whatever this machine or the test before it speaks."""
    monkeypatch.setenv("DIEMCAU_LANGUAGE", "vi")
    speak("vi")
