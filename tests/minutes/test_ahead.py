"""Long work happens before the lock: others write meanwhile, a lost race is worked anew, a full disk is said."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from meetings.blobs import FileBlobStore
from meetings.errors import Conflict, Unavailable
from meetings.store import ledger_store
from meetings.store.database import Database
from minutes import register, service
from tests.support.disks import full_disk
from tests.support.factories import CLERK
from tests.support.record import STEPS, Record


class Meanwhile(FileBlobStore):
    """Keeps files as ever, and lets somebody else act at the moment a finished file is kept."""

    def __init__(self, record: Record, act: Callable[[], None]) -> None:
        super().__init__(record.directory / "blobs")
        self.act = act
        self.kept: list[str] = []

    def put(self, data: bytes | Path) -> str:
        self.act()
        self.kept.append(super().put(data))
        return self.kept[-1]


def audit(record: Record) -> None:
    """Another writer, with a connection of its own: it waits for whoever holds the lock."""
    other = Database(str(record.db.url))
    with other.write() as conn:
        ledger_store.append(conn, None, "signin.ok", record.at, CLERK, data={})
    other.close()


@pytest.mark.parametrize("step", [step for step in STEPS if step != "issue"])
def test_others_write_while_a_document_is_printed_signed_or_packed(small_record: Record, step: str) -> None:
    record = small_record
    if step == "draft":
        record.concluded()
    else:
        record.run(STEPS[STEPS.index(step) - 1])
    record.blobs = Meanwhile(record, lambda: audit(record))
    record.step(step)
    with record.db.read() as conn:
        told = [event.kind for event in ledger_store.events(conn, None)]
    assert told == ["signin.ok"] * len(record.blobs.kept) and record.blobs.kept


def test_a_number_that_somebody_else_took_meanwhile_is_not_printed_twice(record: Record) -> None:
    record.run("draft")
    taken = iter((True,))

    def another() -> None:
        if next(taken, False):
            with record.db.write() as conn:
                register.reserve(conn, "t", 2026, "BB", CLERK, record.at, symbol="BB-UBND")

    record.blobs = Meanwhile(record, another)
    record.step("number")
    status = record.status()
    with record.db.read() as conn:
        model = service.model_of(conn, record.minutes_id, 2)
    assert status.round.number.number == model.header.number == 2
    assert len(status.versions) == 2


def test_minutes_that_somebody_else_drafted_meanwhile_stand_and_the_late_ones_are_refused(record: Record) -> None:
    record.concluded()
    first = Record(record.db, record.directory, record.at, meeting_id=record.meeting_id)
    once = iter((True,))
    record.blobs = Meanwhile(record, lambda: first.step("draft") if next(once, False) else None)
    with pytest.raises(Conflict, match=r"minutes\.exists"):
        record.step("draft")
    assert record.status().minutes.minutes_id == first.minutes_id


def test_a_packet_is_built_once_however_many_build_it(record: Record) -> None:
    record.run("issue")
    first = Record(record.db, record.directory, record.at, meeting_id=record.meeting_id, minutes_id=record.minutes_id)
    once = iter((True,))
    record.blobs = Meanwhile(record, lambda: first.step("packet") if next(once, False) else None)
    record.step("packet")
    with record.db.read() as conn:
        kinds = [event.kind for event in ledger_store.events(conn, record.meeting_id)]
    assert kinds.count("packet.built") == 1
    assert record.blobs.verify(record.status().packet.sha256)


@pytest.mark.netns
@pytest.mark.parametrize("step", ["initials", "seal", "packet"])
def test_a_disk_too_full_for_a_temporary_file_is_said_and_changes_nothing(
    small_record: Record, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = small_record.run(STEPS[STEPS.index(step) - 1])
    before = record.status()
    with full_disk(tmp_path / "disk"):
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "disk"))
        with pytest.raises(Unavailable, match=r"blob\.full"):
            record.step(step)
    assert record.status() == before
    monkeypatch.undo()
    record.step(step)
    assert record.status() != before
