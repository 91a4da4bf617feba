"""Two scheduler processes side by side, one killed at a random moment: every letter once, none early, none lost.

The mail server is real and keeps each Message-ID once, as mailboxes that de-duplicate do.  Figures are printed.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import select

from meetings.store.database import Database
from scheduler import outbox
from scheduler.outbox import LEASE
from scheduler.outbox_table import outbox as table
from tests.support.smtp import Sink, serving
from web.housekeeping import TICK

ROOT = Path(__file__).resolve().parents[2]
TO = "son@qn.vn"


@dataclass
class Story:
    """What came of it: seconds of lateness of each letter, of those that the dead process had in hand, and how many came twice."""

    late: list[float]
    taken_over: list[float]
    handed: int

    def say(self, capsys: pytest.CaptureFixture[str]) -> None:
        with capsys.disabled():
            print(f"\n  {len(self.late)} letters, {self.handed} hand-overs; lateness p50 {quantile(self.late, 0.5):.2f} s, "
                  f"p99 {quantile(self.late, 0.99):.2f} s, latest {max(self.late):.2f} s; "
                  f"{len(self.taken_over)} in the hands of the dead: {', '.join(f'{one:.1f} s' for one in self.taken_over) or '–'}")


def quantile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


@contextlib.contextmanager
def scheduler(data: Path, port: int, database: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that is ready."""
    environment = {**os.environ, "DIEMCAU_SMTP_HOST": "127.0.0.1", "DIEMCAU_SMTP_PORT": str(port), "DIEMCAU_SMTP_SECURITY": "none",
                   "DIEMCAU_SMTP_FROM": "vp@qn.vn", "DIEMCAU_DATABASE": database, "DIEMCAU_LANGUAGE": "en"}
    process = subprocess.Popen([sys.executable, "-m", "web", "schedule", "--data", str(data)], cwd=ROOT, env=environment,
                               stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and "due" in process.stdout.readline()
        yield process
    finally:
        process.terminate()
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


def run(db: Database, data: Path, items: int, seconds: float, seed: int) -> Story:
    """`items` letters due evenly over `seconds`; one of two processes dies at a moment that the seed chooses."""
    sink, chance = Sink(), random.Random(seed)
    with serving(sink) as port, scheduler(data, port, db.url) as first, scheduler(data, port, db.url):
        start = datetime.now(UTC) + timedelta(seconds=1)
        due = {f"mail {n}": start + timedelta(seconds=seconds) * n / items for n in range(items)}
        with db.write() as conn:
            outbox.put_all(conn, [(key, "mail", at, {"to": TO, "name": "Sơn", "subject": key, "text": key}) for key, at in due.items()])
        sink.wait(int(items * chance.uniform(0.1, 0.9)), seconds + 30)
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert sink.wait(items, seconds + LEASE.total_seconds() + 60) == items, "none lost"
        settled_by = time.monotonic() + LEASE.total_seconds() + 20
        while time.monotonic() < settled_by and "leased" in states(db).values():
            time.sleep(0.1)
    assert set(states(db).values()) == {"done"} and len(states(db)) == items
    when = {str(message_from_bytes(data, policy=policy.default)["Subject"]): at for at, data, _to in sink.first.values()}
    assert when.keys() == due.keys()
    late = {key: when[key] - due[key].timestamp() for key in due}
    assert min(late.values()) >= 0, "none early"
    with db.read() as conn:
        again = set(conn.execute(select(table.c.key).where(table.c.tries > 1)).scalars())
    assert sum(sink.handed.values()) <= items + len(again), "a second time only what the dead had in hand"
    return Story([late[key] for key in due if key not in again], [late[key] for key in sorted(again)], sum(sink.handed.values()))


def states(db: Database) -> dict[str, str]:
    with db.read() as conn:
        return {row.key: row.state for row in conn.execute(select(table.c.key, table.c.state))}


@pytest.fixture
def sqlite(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    shutil.copyfile(sqlite_template, tmp_path / "diemcau.db")
    db = Database(f"sqlite:///{tmp_path / 'diemcau.db'}")
    yield db
    db.close()


@pytest.mark.alone
def test_three_hundred_letters_while_one_of_two_processes_dies(
    sqlite: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = run(sqlite, tmp_path, 300, 10, seed=time.time_ns())
    story.say(capsys)
    assert quantile(story.late, 0.99) <= 2 and len(story.taken_over) <= 1
    assert all(one <= LEASE.total_seconds() + TICK.total_seconds() + 4 for one in story.taken_over)


@pytest.mark.long
@pytest.mark.parametrize("engine", ["sqlite", pytest.param("new_postgres_db", marks=pytest.mark.postgres)])
def test_ten_thousand_letters_over_ten_minutes_while_one_of_two_processes_dies(
    request: pytest.FixtureRequest, engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db: Database = request.getfixturevalue(engine)
    db.migrate()
    story = run(db, tmp_path, 10_000, 600, seed=time.time_ns())
    story.say(capsys)
    assert quantile(story.late, 0.99) <= 2 and all(one <= 15 for one in story.taken_over)
