"""Tables around a meeting's papers: what is shown to all now, how far each reader came, and everybody's own notes.

The papers themselves are `tables.document`.  Notes know a file by its content, not by a meeting, so that they come back with
the same file; nothing of them ever enters the ledger.  Triggers: migrations/versions/0028_papers.py.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text

from meetings.store.base import UtcDateTime, metadata

paper_shown = Table(
    "paper_shown", metadata,
    # The key is the meeting alone: one page is shown to all, or none.
    Column("meeting_id", String(36), ForeignKey("meeting.meeting_id"), primary_key=True),
    Column("document_id", String(36), ForeignKey("document.document_id"), nullable=False),
    Column("page", Integer, nullable=False),
    Column("point_id", Integer),
    Column("since", UtcDateTime, nullable=False),
    CheckConstraint("page >= 1", name="page"),
)
"""`point_id` of the point that turns the pages; null when chair or secretary do."""

paper_read = Table(
    "paper_read", metadata,
    Column("document_id", String(36), ForeignKey("document.document_id"), primary_key=True),
    Column("reader", String(80), primary_key=True),
    Column("page", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint("page >= 1", name="page"),
    Index("ix_paper_read_reader", "reader"),
)

paper_note = Table(
    "paper_note", metadata,
    Column("note_id", String(36), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("reader", String(80), nullable=False),
    Column("page", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint("page >= 1", name="page"),
    CheckConstraint("length(sha256) = 64", name="sha256"),
    CheckConstraint("length(body) <= 8000", name="body"),
    Index("ix_paper_note_reader", "reader", "sha256"),
)
