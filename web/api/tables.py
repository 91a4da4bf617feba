"""The table of answers kept under an Idempotency-Key.  Called by `idempotency.py`; tokens stand with the accounts (`web/store.py`)."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, String, Table, Text

from meetings.store.base import JsonText, UtcDateTime, metadata
from web.store import account

idempotency = Table(
    "idempotency", metadata,
    Column("user_id", String(36), ForeignKey(account.c.user_id), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("route", String(200), nullable=False),
    Column("body_sha256", String(64), nullable=False),
    Column("made_at", UtcDateTime, nullable=False, index=True),
    Column("status", Integer),
    Column("headers", JsonText),
    Column("response", Text),
    CheckConstraint("(status IS NULL) = (response IS NULL)", name="answered"),
)
