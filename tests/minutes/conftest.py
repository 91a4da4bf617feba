"""Sealed minutes and a packet, made once a session: verifying and tampering only read them."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from meetings.store.database import Database
from minutes import seal
from minutes.testca import DemoAuthority
from tests.minutes.papers import BOXES, smallest
from tests.support.record import Record, Snapshots


@pytest.fixture(scope="session")
def snapshots(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Snapshots]:
    """The story from draft to packet, kept at each step."""
    told = Snapshots(tmp_path_factory.mktemp("record"), sqlite_template, datetime(2026, 3, 5, 1, 0, tzinfo=UTC))
    yield told
    told.close()


@pytest.fixture(scope="session")
def finished(snapshots: Snapshots) -> Record:
    """A meeting whose minutes went all the way to the packet.  Read only."""
    return snapshots.take("packet")


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
def small_record(sqlite_db: Database, tmp_path: Path, at: datetime, snapshots: Snapshots) -> Iterator[Record]:
    """The same on SQLite only, where the database is not the point; its first `run` is a copy."""
    made = Record(sqlite_db, tmp_path, at, snapshots=snapshots)
    yield made
    made.db.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB of its own, where the machine lets us mount one; else a limit on the size of files."""
    folder = tmp_path / "disk"
    folder.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    mounted = libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, b"size=1m") == 0
    if mounted:
        yield folder
        libc.umount2(os.fsencode(folder), 2)
        return
    import resource
    import signal

    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, old[1]))
    yield folder
    resource.setrlimit(resource.RLIMIT_FSIZE, old)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> DemoAuthority:
    """Of the signers in tests.minutes.papers."""
    return DemoAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def prepared() -> bytes:
    """The smallest file that may be signed, with its four fields."""
    return seal.prepare(smallest(), BOXES)
