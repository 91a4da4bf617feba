"""Documents enter the record by name and hash."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from meetings import papers, service
from meetings.errors import Conflict, Invalid, NotAllowed, NotFound
from meetings.store import tables
from meetings.store.database import Database
from meetings.store.ledger_store import events
from tests.support.factories import OFFICER, SECRETARY, STRANGER, convened, draft

HASH = "ab" * 32


def test_a_document_is_listed_and_recorded(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = draft(conn, at)
        document_id = service.document_add(conn, meeting_id, " Báo cáo.pdf ", "application/pdf", 1234, HASH,
                                           by=SECRETARY, at=at)
        [found] = service.documents(conn, meeting_id)
        event = events(conn, meeting_id)[-1]
        assert papers.document(conn, meeting_id, document_id) == found
        with pytest.raises(NotFound, match="not_found"):
            papers.document(conn, draft(conn, at), document_id)  # it belongs to another meeting
    assert (found.name, found.size, found.sha256, found.added_by) == ("Báo cáo.pdf", 1234, HASH, "u-secretary")
    assert (event.kind, event.data) == ("document.added", {
        "document": document_id, "name": "Báo cáo.pdf", "sha256": HASH, "size": 1234, "media_type": "application/pdf"})


def test_a_name_is_taken_once_in_a_meeting(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = draft(conn, at)
        service.document_add(conn, meeting_id, "a.pdf", "application/pdf", 1, HASH, by=SECRETARY, at=at)
        with pytest.raises(Conflict, match=r"document\.exists"):
            service.document_add(conn, meeting_id, "a.pdf", "application/pdf", 1, HASH, by=SECRETARY, at=at)
        service.document_add(conn, draft(conn, at), "a.pdf", "application/pdf", 1, HASH, by=SECRETARY, at=at)


def test_a_bad_name_and_a_foreigner_are_refused(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = convened(conn, at)
        with pytest.raises(Invalid, match=r"text\.control"):
            service.document_add(conn, meeting_id, "a\u202efdp.exe", "application/pdf", 1, HASH, by=SECRETARY, at=at)
        for who, error in ((OFFICER, NotAllowed), (STRANGER, NotFound)):
            with pytest.raises(error):
                service.document_add(conn, meeting_id, "a.pdf", "application/pdf", 1, HASH, by=who, at=at)


@pytest.mark.parametrize("bad", [{"size": 0}, {"sha256": "ab"}, {"meeting_id": "nothing"}])
def test_the_database_takes_no_empty_nor_nameless_bytes(db: Database, at: datetime, bad: dict[str, object]) -> None:
    with db.write() as conn:
        meeting_id = draft(conn, at)
    row = {"document_id": "d", "meeting_id": meeting_id, "ord": 1, "name": "a", "media_type": "x", "size": 1,
           "sha256": HASH, "added_at": at, "added_by": "u"}
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(insert(tables.document).values({**row, **bad}))
