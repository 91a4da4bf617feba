"""The table of what is to be delivered.  Its constraint that a settled item stays settled stands in migrations/0007,
the index by kind in the one of mail."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table, text

from meetings.store.base import JsonText, UtcDateTime, metadata

STATES = ("waiting", "leased", "done", "failed", "cancelled")

outbox = Table(
    "outbox", metadata,
    Column("item_id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(200), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("payload", JsonText, nullable=False),
    Column("state", String(9), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("leased_by", String(80)),
    Column("leased_until", UtcDateTime),
    Column("settled_at", UtcDateTime),
    Column("error", String(500)),
    CheckConstraint(f"state IN {STATES}", name="state"),
    CheckConstraint("(state = 'leased') = (leased_by IS NOT NULL AND leased_until IS NOT NULL)", name="lease"),
    CheckConstraint("(state IN ('done', 'failed', 'cancelled')) = (settled_at IS NOT NULL)", name="settled"),
    CheckConstraint("tries >= 0", name="tries"),
    Index("uq_outbox_key", "key", unique=True, postgresql_ops={"key": "text_pattern_ops"}),  # serves beginnings of keys too
    Index("ix_outbox_due", "kind", "due_at", sqlite_where=text("state = 'waiting'"), postgresql_where=text("state = 'waiting'")),
    Index("ix_outbox_leased", "leased_until", sqlite_where=text("state = 'leased'"), postgresql_where=text("state = 'leased'")),
)
