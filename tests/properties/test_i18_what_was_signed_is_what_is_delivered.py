"""I18.  In whatever order people edit, sign, refuse and issue: what each signer was shown is what was signed, what was
signed is what was sealed, and what was sealed is what everybody gets."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from meetings.errors import MeetingError
from meetings.store.database import Database
from minutes import pdfcheck, release, service
from minutes.packet import MINUTES_NAME
from minutes.signing import SIGNING_ORDER
from tests.support.factories import CLERK, OFFICER, SECRETARY
from tests.support.record import SIGNING, Record, Snapshots


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Round(RuleBasedStateMachine):
    """The model: what the page showed to each signer of the present round."""

    def __init__(self, folder: Path, snapshots: Snapshots) -> None:
        super().__init__()
        self.folder, self.snapshots = folder, snapshots
        self.seen: list[tuple[str, bytes]] = []
        self.stale = "0" * 64

    @initialize(step=st.sampled_from(["draft", "number"]))
    def start(self, step: str) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        told = self.snapshots.take(step)
        self.record = Record(Database(f"sqlite:///{self.folder / 'diemcau.db'}"), self.folder, told.at)
        told.copy_to(self.record)

    def attempt(self, use: Callable[[Record], object]) -> bool:
        self.record.tick()
        try:
            use(self.record)
        except MeetingError:
            return False
        return True

    @rule(text=st.text("abcđ ", min_size=1, max_size=8))
    def edit(self, text: str) -> None:
        self.stale = self.record.shown
        base = self.record.status().versions[-1].sha256
        self.attempt(lambda r: service.edit(r.db, r.blobs, r.minutes_id, {"place": text}, base, SECRETARY, r.at))

    @rule()
    def number(self) -> None:
        if self.attempt(lambda r: service.number(r.db, r.blobs, r.minutes_id, CLERK, r.at, shown=r.shown)):
            self.seen = []

    @rule(count=st.integers(1, 4))
    def sign_on(self, count: int) -> None:
        """The next ones in order, each having looked at the page."""
        for role in SIGNING_ORDER[len(self.seen):][:count]:
            self.put_on(role.value, self.record.shown)

    @rule(role=st.sampled_from([role.value for role in SIGNING_ORDER]))
    def sign_out_of_turn_or_over_another_text(self, role: str) -> None:
        before = len(self.seen)
        self.put_on(role, self.stale)
        assert len(self.seen) == before or self.seen[-1][1] == self.bytes_of(self.stale)

    def put_on(self, role: str, shown: str) -> None:
        looked_at = self.record.pdf()
        if role == "agency":
            done = self.attempt(lambda r: service.seal(
                r.db, r.blobs, r.signers, r.minutes_id, CLERK, r.at, shown=shown))
        else:
            done = self.attempt(lambda r: service.sign(
                r.db, r.blobs, r.signers, r.minutes_id, role, SIGNING[role], r.at, shown=shown))
        if done:
            assert digest(looked_at) == shown
            self.seen.append((role, looked_at))

    def bytes_of(self, sha256: str) -> bytes:
        with self.record.blobs.open(sha256) as file:
            return file.read()

    @rule()
    def refuse(self) -> None:
        awaited = self.record.status().next_role
        by = SIGNING.get(awaited or "", CLERK)
        if awaited and self.attempt(
                lambda r: service.refuse(r.db, r.blobs, r.minutes_id, awaited, "Có sai sót", by, r.at)):
            self.seen = []

    @rule()
    def issue(self) -> None:
        self.attempt(lambda r: service.issue(r.db, r.blobs, r.signers, r.minutes_id, CLERK, r.at))
        self.attempt(lambda r: service.build_packet(r.db, r.blobs, r.signers, r.minutes_id, CLERK, r.at))

    @invariant()
    def signed_is_what_was_shown(self) -> None:
        if not hasattr(self, "record") or (status := self.record.status()).state == "draft":
            return
        round = status.round.round
        assert [(step.role.value, step.before) for step in round.signatures] == [
            (role, digest(shown)) for role, shown in self.seen]
        version = status.versions[round.version - 1]
        chain = [version.pdf_sha256, *(step.after for step in round.signatures)]
        assert [step.before for step in round.signatures] == chain[:-1] and round.pdf == chain[-1]
        now = self.record.pdf()
        assert all(now.startswith(shown) for _role, shown in self.seen)
        model = pdfcheck.attached(pdfcheck.open_strictly(now))
        assert model is not None and model.sha256 == version.sha256

    @invariant()
    def delivered_is_what_was_sealed(self) -> None:
        if not hasattr(self, "record") or not (status := self.record.status()).issued:
            return
        record, sealed = self.record, status.round.round.signatures[-1].after
        given = release.deliver(record.db, record.blobs, record.meeting_id, "pdf", OFFICER, record.tick())
        assert given.sha256 == sealed == digest(self.bytes_of(sealed))
        if status.packet:
            packed = release.deliver(record.db, record.blobs, record.meeting_id, "packet", OFFICER, record.tick())
            with record.blobs.open(packed.sha256) as file, zipfile.ZipFile(file) as opened:
                assert digest(opened.read(MINUTES_NAME)) == sealed

    def teardown(self) -> None:
        """However it went, in the end it is signed, issued and packed."""
        if not hasattr(self, "record"):
            return
        self.number()
        self.sign_on(4)
        self.issue()
        assert self.record.status().packet
        self.signed_is_what_was_shown()
        self.delivered_is_what_was_sealed()
        self.record.db.close()


@pytest.mark.parametrize("examples, steps", [(4, 10), pytest.param(60, 30, marks=pytest.mark.long)])
def test_i18(tmp_path: Path, snapshots: Snapshots, examples: int, steps: int) -> None:
    run_state_machine_as_test(lambda: Round(tmp_path / "record", snapshots),
                              settings=settings(max_examples=examples, stateful_step_count=steps))
