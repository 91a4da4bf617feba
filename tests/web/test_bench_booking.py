"""`bench booking` measures what it says it does, on a database it may throw away, and on no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from meetings.store.database import Database
from tests.support.postgres import PostgresServer
from web.commands import main


def test_it_books_searches_and_shows_with_bookings_present(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "b.json"
    assert main(["bench", "booking", "--bookings", "1200", "--rounds", "2", "--json", str(file)]) == 0
    told = json.loads(file.read_text())
    assert told["bookings"] == 1200 and told["points"] == 239
    for name in ("search_ms_p50", "search_ms_p95", "book_ms_p50", "book_ms_p95", "timeline_ms_p50", "timeline_ms_p95"):
        assert told[f"sqlite_{name}"] > 0
    assert told["sqlite_ratio"] > 10 and told["sqlite_book_statements"] < 100
    assert 20_000 < told["sqlite_timeline_bytes"] <= 300 * 1024
    assert "sqlite_search_ms_p95" in capsys.readouterr().out


@pytest.mark.postgres
def test_a_database_that_is_in_use_is_left_alone(postgres: PostgresServer, postgres_db: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "booking", "--bookings", "300", "--rounds", "2", "--postgres", postgres_db.url]) == 1
    assert "không trống" in capsys.readouterr().err
    with postgres_db.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM booking")).scalar_one() == 0
