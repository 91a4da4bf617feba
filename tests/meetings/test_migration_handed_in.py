"""Who handed a paper in and why it was refused come from the ledger for papers of before, on both databases, and stay as they are."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from meetings import papers
from meetings.access import PersonRef, Subject
from meetings.papers import File
from meetings.replay.check import differences
from meetings.store import database
from meetings.store.database import Database
from tests.support.factories import POINTS, SECRETARY, opened, seat_of


@pytest.mark.parametrize("engine", ["sqlite_db", pytest.param("new_postgres_db", marks=pytest.mark.postgres)])
def test_papers_of_before_are_told_from_the_ledger(request: pytest.FixtureRequest, engine: str, at: datetime) -> None:
    db: Database = request.getfixturevalue(engine)
    db.migrate()
    config = Config()
    config.set_main_option("script_location", str(Path(database.MIGRATIONS)))
    config.set_main_option("path_separator", "os")
    with db.write() as conn:
        config.attributes["connection"] = conn
        meeting_id = opened(conn, at)
        ref = PersonRef(meeting_id, "p2", 2, "204", "Lê An", "link")
        persons, points = (papers.document_offer(conn, meeting_id, File(f"{n}.txt", "text/plain", 3, f"{n:064x}"), by, at)
                           for n, by in enumerate((Subject(name="Lê An", person=ref), seat_of(meeting_id, POINTS[1]))))
        papers.document_settle(conn, meeting_id, persons, False, "Ảnh mờ", SECRETARY, at)
        command.downgrade(config, "0034_begun")
        command.upgrade(config, "head")
        assert [(one.document_id, one.state, one.reason) for one in papers.handed_in(conn, ref)] == [(persons, "refused", "Ảnh mờ")]
        assert differences(conn, meeting_id) == []
    for change in ("person_id = 'p3'", "person_id = NULL", "reason = 'khác'"):
        for document_id in (persons, points) if change != "person_id = NULL" else (persons,):
            with pytest.raises(IntegrityError, match="document_handed_in"), db.write() as conn:
                conn.execute(text(f"UPDATE document SET {change} WHERE document_id = :id"), {"id": document_id})
