"""Rows of papers: what was handed in and what became of it, the page shown to all, marks and notes of readers.

Called by `papers`, `presenting` and `margins`, which decide; nothing here asks whether somebody may.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Row

from meetings.store.database import Connection
from meetings.store.meeting_store import next_ord
from meetings.store.paper_table import paper_note, paper_read, paper_shown
from meetings.store.tables import document

STANDING = ("offered", "in")


def add(conn: Connection, meeting_id: str, **values: Any) -> None:
    conn.execute(insert(document).values(meeting_id=meeting_id, ord=next_ord(conn, document, meeting_id), **values))


def named(conn: Connection, meeting_id: str, name: str) -> bool:
    """Is there one of this name that is in, or that waits to be taken?"""
    query = select(document.c.document_id).where(
        document.c.meeting_id == meeting_id, document.c.name == name, document.c.state.in_(STANDING))
    return conn.execute(query).first() is not None


def waiting(conn: Connection, meeting_id: str, point_id: int | None) -> int:
    """How many papers of one point wait to be taken."""
    query = select(func.count()).where(document.c.meeting_id == meeting_id, document.c.point_id == point_id, document.c.state == "offered")
    return int(conn.execute(query).scalar_one())


def papers(conn: Connection, meeting_id: str, states: Sequence[str]) -> list[Row[Any]]:
    query = select(document).where(document.c.meeting_id == meeting_id, document.c.state.in_(states))
    return list(conn.execute(query.order_by(document.c.ord)).all())


def one(conn: Connection, meeting_id: str, document_id: str) -> Row[Any] | None:
    return conn.execute(select(document).where(document.c.meeting_id == meeting_id, document.c.document_id == document_id)).first()


def of_person(conn: Connection, meeting_id: str, person_ids: Collection[str]) -> list[Row[Any]]:
    """Handed in by somebody, under any of these ids, the newest first."""
    query = select(document).where(document.c.meeting_id == meeting_id, document.c.person_id.in_(sorted(person_ids)))
    return list(conn.execute(query.order_by(document.c.ord.desc())).all())


def move(conn: Connection, document_id: str, state: str, at: datetime, reason: str | None = None) -> None:
    values = {"state": state, "ended_at": None if state == "in" else at, **({"reason": reason} if reason else {})}
    conn.execute(update(document).where(document.c.document_id == document_id).values(**values))


def shown(conn: Connection, meeting_id: str) -> Row[Any] | None:
    return conn.execute(select(paper_shown).where(paper_shown.c.meeting_id == meeting_id)).first()


def show(conn: Connection, meeting_id: str, document_id: str, page: int, point_id: int | None, at: datetime) -> None:
    values = {"document_id": document_id, "page": page, "point_id": point_id, "since": at}
    turned = conn.execute(update(paper_shown).where(paper_shown.c.meeting_id == meeting_id).values(**values))
    if not turned.rowcount:
        conn.execute(insert(paper_shown).values(meeting_id=meeting_id, **values))


def hide(conn: Connection, meeting_id: str, document_id: str | None = None) -> bool:
    """False if nothing (or another document) was shown."""
    query = delete(paper_shown).where(paper_shown.c.meeting_id == meeting_id)
    if document_id is not None:
        query = query.where(paper_shown.c.document_id == document_id)
    return conn.execute(query).rowcount == 1


def read_again(conn: Connection, document_id: str, reader: str, page: int, at: datetime) -> bool:
    """Moves the mark of a reader; False if there is none yet."""
    mine = (paper_read.c.document_id == document_id, paper_read.c.reader == reader)
    return conn.execute(update(paper_read).where(*mine).values(page=page, at=at)).rowcount == 1


def read_first(conn: Connection, document_id: str, reader: str, page: int, at: datetime) -> None:
    conn.execute(insert(paper_read).values(document_id=document_id, reader=reader, page=page, at=at))


def marks(conn: Connection, reader: str, meeting_id: str) -> dict[str, int]:
    """document → page, of one reader in one meeting, versions that were replaced included."""
    query = select(paper_read.c.document_id, paper_read.c.page).join(document, document.c.document_id == paper_read.c.document_id)
    rows = conn.execute(query.where(document.c.meeting_id == meeting_id, paper_read.c.reader == reader))
    return {row.document_id: row.page for row in rows}


def notes(conn: Connection, sha256: str, reader: str) -> list[Row[Any]]:
    query = select(paper_note).where(paper_note.c.reader == reader, paper_note.c.sha256 == sha256)
    return list(conn.execute(query.order_by(paper_note.c.page, paper_note.c.note_id)).all())


def one_by_one(conn: Connection, sha256: str, reader: str) -> None:
    """New notes of one reader on one paper come one after the other until the transaction ends, so that they can be counted."""
    if conn.dialect.name == "postgresql":  # SQLite has one writer anyway
        conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"note {sha256} {reader}", 0))))


def count_notes(conn: Connection, sha256: str, reader: str) -> int:
    query = select(func.count()).where(paper_note.c.reader == reader, paper_note.c.sha256 == sha256)
    return int(conn.execute(query).scalar_one())


def put_note(conn: Connection, note_id: str, sha256: str, reader: str, page: int, body: str, at: datetime) -> bool:
    """Changes the reader's own note of this id; False if there is none."""
    mine = (paper_note.c.note_id == note_id, paper_note.c.reader == reader, paper_note.c.sha256 == sha256)
    return conn.execute(update(paper_note).where(*mine).values(page=page, body=body, at=at)).rowcount == 1


def add_note(conn: Connection, note_id: str, sha256: str, reader: str, page: int, body: str, at: datetime) -> None:
    conn.execute(insert(paper_note).values(note_id=note_id, sha256=sha256, reader=reader, page=page, body=body, at=at))


def remove_note(conn: Connection, note_id: str, sha256: str, reader: str) -> bool:
    mine = (paper_note.c.note_id == note_id, paper_note.c.reader == reader, paper_note.c.sha256 == sha256)
    return conn.execute(delete(paper_note).where(*mine)).rowcount == 1


def count_pages(conn: Connection, document_id: str, pages: int) -> None:
    conn.execute(update(document).where(document.c.document_id == document_id).values(pages=pages))
