"""I2.  From the seal on, whatever anybody tries by the use cases or in the tables: the same minutes, the same bytes."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from meetings.errors import MeetingError
from meetings.store.database import Database
from minutes import service, verify
from minutes.tables import minute_version, packet, sign_round, signature
from tests.support.factories import CHAIR, CLERK, DIVISION_HEAD, OFFICER, SECRETARY, STRANGER
from tests.support.record import Record, Snapshots

TABLES = (minute_version, signature, sign_round, packet)
people = st.sampled_from([CHAIR, SECRETARY, DIVISION_HEAD, CLERK, OFFICER, STRANGER])
roles = st.sampled_from(["initials", "secretary", "chair", "agency"])
# What each table may still be told: the sealed round is issued, the packet is built, and nothing else.
CRIMES = {
    minute_version: {"model": "{}", "sha256": "0" * 64, "pdf_sha256": "0" * 64, "docx_sha256": "0" * 64, "version": 99},
    signature: {"signer": "Người Khác", "before_sha256": "0" * 64, "after_sha256": "0" * 64, "role": "chair"},
    sign_round: {"pdf_sha256": "0" * 64, "state": "numbered", "number": 99, "version": 1, "reason": "x"},
    packet: {"sha256": "0" * 64, "size": 1},
}


class Sealed(RuleBasedStateMachine):
    """The model is what stood there at the seal."""

    def __init__(self, folder: Path, snapshots: Snapshots) -> None:
        super().__init__()
        self.folder, self.snapshots = folder, snapshots

    @initialize(step=st.sampled_from(["seal", "issue", "packet"]))
    def start(self, step: str) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        told = self.snapshots.take(step)
        self.record = Record(Database(f"sqlite:///{self.folder / 'diemcau.db'}"), self.folder, told.at)
        told.copy_to(self.record)
        self.sealed = self.record.pdf()
        self.before = self.rows()

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """All there is about the record, but for the state of its round and the packet, which may still come."""
        with self.record.db.read() as conn:
            return {table.name: [tuple(row) for row in conn.execute(select(*(
                column for column in table.c if column.name not in ("state", "settled_at"))))] for table in TABLES[:3]}

    def attempt(self, use: Callable[[Record], object]) -> None:
        self.record.tick()
        try:
            use(self.record)
        except MeetingError:
            return

    @rule(by=people, text=st.text("abcđ ", min_size=1, max_size=8))
    def edit(self, by, text: str) -> None:
        base = self.record.status().versions[-1].sha256
        self.attempt(lambda r: service.edit(r.db, r.blobs, r.minutes_id, {"place": text}, base, by, r.at))

    @rule(by=people)
    def draft_or_number_again(self, by) -> None:
        self.attempt(lambda r: service.draft(r.db, r.blobs, r.meeting_id, by, r.at, base_url=r.base_url))
        self.attempt(lambda r: service.number(r.db, r.blobs, r.minutes_id, by, r.at, shown=r.shown))

    @rule(by=people, role=roles)
    def sign_or_seal_again(self, by, role: str) -> None:
        self.attempt(lambda r: service.sign(r.db, r.blobs, r.signers, r.minutes_id, role, by, r.at, shown=r.shown))
        self.attempt(lambda r: service.seal(r.db, r.blobs, r.signers, r.minutes_id, by, r.at, shown=r.shown))

    @rule(by=people, role=roles)
    def take_back(self, by, role: str) -> None:
        self.attempt(lambda r: service.refuse(r.db, r.blobs, r.minutes_id, role, "Có sai sót", by, r.at))
        self.attempt(lambda r: service.withdraw(r.db, r.blobs, r.minutes_id, "Có sai sót", by, r.at))

    @rule(by=st.sampled_from([CLERK, OFFICER]))
    def go_on(self, by) -> None:
        self.attempt(lambda r: service.issue(r.db, r.blobs, r.signers, r.minutes_id, by, r.at))
        self.attempt(lambda r: service.build_packet(r.db, r.blobs, r.signers, r.minutes_id, by, r.at))

    @rule(crime=st.sampled_from([(table, name) for table in TABLES for name in (*CRIMES[table], "")]))
    def tamper(self, crime) -> None:
        table, name = crime
        with self.record.db.read() as conn:
            if not conn.execute(select(table)).first():
                return
        statement = update(table).values({name: CRIMES[table][name]}) if name else delete(table)
        with pytest.raises(IntegrityError), self.record.db.write() as conn:
            conn.execute(statement)

    @invariant()
    def the_same_minutes_and_the_same_bytes(self) -> None:
        if not hasattr(self, "sealed"):
            return
        status = self.record.status()
        assert status.pdf_sha256 == hashlib.sha256(self.sealed).hexdigest()
        assert self.record.pdf() == self.sealed
        assert self.rows() == self.before

    def teardown(self) -> None:
        if hasattr(self, "record"):
            assert verify.verify_pdf(self.record.pdf(), self.record.signers.trust, self.record.at).valid
            self.record.db.close()


@pytest.mark.parametrize("examples, steps", [(4, 20), pytest.param(60, 60, marks=pytest.mark.long)])
def test_i2(tmp_path: Path, snapshots: Snapshots, examples: int, steps: int) -> None:
    run_state_machine_as_test(lambda: Sealed(tmp_path / "record", snapshots),
                              settings=settings(max_examples=examples, stateful_step_count=steps))
