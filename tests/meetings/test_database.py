"""The database opens, migrates, commits, rolls back, and lets writers queue."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select, text

from meetings.store.database import Database
from meetings.store.tables import conclusion
from meetings.store.ledger_store import append, events


def test_what_a_block_wrote_is_gone_when_it_raises(db: Database, at: datetime) -> None:
    with pytest.raises(RuntimeError), db.write() as conn:
        append(conn, None, "signin.ok", at)
        raise RuntimeError
    with db.read() as conn:
        assert events(conn, None) == []


def test_migrating_again_changes_nothing(db: Database) -> None:
    with db.read() as conn:
        before = conn.execute(text("SELECT version_num FROM alembic_version")).all()
    db.migrate()
    with db.read() as conn:
        assert conn.execute(text("SELECT version_num FROM alembic_version")).all() == before
