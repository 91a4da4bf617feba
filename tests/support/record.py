"""Concluded meetings and their minutes up to a given step, for tests of the record.

Signing costs a second of processor time, so tests on SQLite start from copies of one story told once (Snapshots).
"""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from meetings import service as meetings
from meetings.blobs import FileBlobStore
from meetings.meeting import PointRef
from meetings.store.database import Database
from minutes import service
from minutes.testca import DemoAuthority
from tests.support import factories
from tests.support.factories import CHAIR, CLERK, DIVISION_HEAD, POINTS, SECRETARY

STEPS = ("draft", "number", "initials", "secretary", "chair", "seal", "issue", "packet")
SIGNING = {"initials": DIVISION_HEAD, "secretary": SECRETARY, "chair": CHAIR}


@dataclass
class Record:
    """One database, one blob store, one test authority, one clock that moves a minute with each step."""

    db: Database
    directory: Path
    at: datetime
    base_url: str = "https://diemcau.example"
    production: bool = False
    meeting_id: str = ""
    minutes_id: str = ""
    delegates: dict[str, str] = field(default_factory=dict)
    points: tuple[PointRef, ...] = POINTS
    snapshots: Snapshots | None = None

    def __post_init__(self) -> None:
        self.blobs = FileBlobStore(self.directory / "blobs")
        self.signers = DemoAuthority(self.directory / "ca")

    def tick(self, minutes: int = 1) -> datetime:
        self.at += timedelta(minutes=minutes)
        return self.at

    def concluded(self, **changes: object) -> str:
        """A meeting with two agenda items, a floor, a vote, a conclusion, a document and two delegates; now closed."""
        with self.db.write() as conn:
            self.meeting_id = factories.opened(conn, self.at, self.points, **changes)
            self._course(conn)
            meetings.close(conn, self.meeting_id, by=CHAIR, at=self.tick(20))
        return self.meeting_id

    def _course(self, conn: Connection) -> None:
        meeting_id, second = self.meeting_id, self.points[1].point_id
        data = b"%PDF-1.7\nBao cao\n%%EOF\n"
        meetings.document_add(conn, meeting_id, "Báo cáo tháng 3.pdf", "application/pdf", len(data),
                              self.blobs.put(data), by=SECRETARY, at=self.tick())
        meetings.agenda_go(conn, meeting_id, 1, by=CHAIR, at=self.tick())
        meetings.floor_give(conn, meeting_id, second, by=CHAIR, at=self.tick())
        meetings.floor_give(conn, meeting_id, None, by=CHAIR, at=self.tick(3))
        meetings.agenda_go(conn, meeting_id, 2, by=CHAIR, at=self.tick())
        meetings.conclusion_write(conn, meeting_id, "Các xã hoàn thành trước ngày 30 tháng 3.", by=CHAIR, at=self.tick())
        for name, present in (("Hoàng Văn Sơn", True), ("Lò Thị Mai", False)):
            self.delegates[name] = meetings.delegate_add(
                conn, meeting_id, second, name, "Chủ tịch UBND xã", present, by=SECRETARY, at=self.tick())

    def run(self, until: str = "packet") -> Record:
        """Every step of STEPS up to and including `until`, each in a transaction of its own."""
        if not self.meeting_id and self.snapshots:
            self.snapshots.take(until).copy_to(self)
            return self
        if not self.meeting_id:
            self.concluded()
        done = self._done()
        for step in STEPS[: STEPS.index(until) + 1]:
            if step not in done:
                self.step(step)
        return self

    def _done(self) -> set[str]:
        """Steps already taken."""
        if not self.minutes_id:
            return set()
        status = self.status()
        states = ["draft", "numbered", "initialled", "secretary_signed", "chair_signed", "sealed", "issued"]
        return set(STEPS[: states.index(status.state) + 1]) | ({"packet"} if status.packet else set())

    def copy_to(self, other: Record) -> None:
        """Makes `other` stand where this one stands, in its own directory."""
        target = other.directory / "diemcau.db"
        other.db.close()
        for leftover in other.directory.glob("diemcau.db*"):
            leftover.unlink()
        source = sqlite3.connect(str(self.db.url).removeprefix("sqlite:///"))
        with sqlite3.connect(target) as copy:
            source.backup(copy)
        copy.close()
        source.close()
        for name in ("blobs", "ca"):
            shutil.copytree(self.directory / name, other.directory / name, dirs_exist_ok=True)
        other.db = Database(f"sqlite:///{target}")
        other.signers = DemoAuthority(other.directory / "ca")
        other.at, other.meeting_id, other.minutes_id = self.at, self.meeting_id, self.minutes_id
        other.delegates = dict(self.delegates)

    def step(self, step: str) -> None:
        at = self.tick()
        if step == "draft":
            self.minutes_id = service.draft(
                self.db, self.blobs, self.meeting_id, None, at, base_url=self.base_url)
        elif step == "number":
            service.number(self.db, self.blobs, self.minutes_id, CLERK, at, shown=self.shown,
                           production=self.production)
        elif step in SIGNING:
            service.sign(self.db, self.blobs, self.signers, self.minutes_id, step, SIGNING[step], at,
                         shown=self.shown, production=self.production)
        elif step == "seal":
            service.seal(self.db, self.blobs, self.signers, self.minutes_id, CLERK, at, shown=self.shown,
                         production=self.production)
        else:
            use = {"issue": service.issue, "packet": service.build_packet}[step]
            use(self.db, self.blobs, self.signers, self.minutes_id, CLERK, at, production=self.production)

    @property
    def shown(self) -> str:
        """What somebody who opens the page now is shown."""
        return self.status().pdf_sha256

    def status(self) -> service.Status:
        with self.db.read() as conn:
            found = service.status(conn, self.meeting_id)
        assert found is not None
        return found

    def pdf(self) -> bytes:
        with self.blobs.open(self.status().pdf_sha256) as file:
            return file.read()


class Snapshots:
    """One story on SQLite, told as far as somebody asked, with a copy kept at each step."""

    def __init__(self, directory: Path, template: Path, at: datetime) -> None:
        self._directory, self._template = directory, template
        self._kept: dict[str, Record] = {}
        self._story = self._place("story", at)

    def take(self, step: str) -> Record:
        """The record with `step` as its last."""
        for name in STEPS[: STEPS.index(step) + 1]:
            if name not in self._kept:
                self._story.run(name)
                self._kept[name] = self._place(name, self._story.at)
                self._story.copy_to(self._kept[name])
        return self._kept[step]

    def close(self) -> None:
        for record in (self._story, *self._kept.values()):
            record.db.close()

    def _place(self, name: str, at: datetime) -> Record:
        directory = self._directory / name
        directory.mkdir()
        shutil.copyfile(self._template, directory / "diemcau.db")
        return Record(Database(f"sqlite:///{directory / 'diemcau.db'}"), directory, at)
