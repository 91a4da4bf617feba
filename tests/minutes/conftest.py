"""Sealed minutes and a packet, made once a session: verifying and tampering only read them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from meetings.store.database import Database
from tests.support.record import Record


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Record]:
    """A meeting whose minutes went all the way to the packet."""
    directory = tmp_path_factory.mktemp("record")
    (directory / "diemcau.db").write_bytes(sqlite_template.read_bytes())
    db = Database(f"sqlite:///{directory / 'diemcau.db'}")
    yield Record(db, directory, datetime(2026, 3, 5, 1, 0, tzinfo=UTC)).run("packet")
    db.close()


@pytest.fixture(scope="session")
def sealed_pdf(finished: Record) -> bytes:
    return finished.pdf()


@pytest.fixture(scope="session")
def packet_path(finished: Record) -> Path:
    stored = finished.status().packet
    assert stored is not None
    return finished.blobs.path(stored.sha256)


@pytest.fixture(scope="session")
def trust(finished: Record) -> tuple[bytes, ...]:
    return finished.signers.trust


@pytest.fixture
def record(db: Database, tmp_path: Path, at: datetime) -> Record:
    """A fresh record on each of the two databases; nothing has happened yet."""
    return Record(db, tmp_path, at)


@pytest.fixture
def small_record(sqlite_db: Database, tmp_path: Path, at: datetime) -> Record:
    """The same on SQLite only, where the database is not the point."""
    return Record(sqlite_db, tmp_path, at)
