"""Table of days that an office says are worked, or are not, whatever the kept list of holidays says.  Written by `workday_store` alone."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, String, Table

from meetings.store.base import UtcDateTime, metadata

workday = Table(
    "workday", metadata,
    Column("day", Date, primary_key=True),
    Column("works", Boolean, nullable=False),
    Column("note", String(200), nullable=False),
    Column("told_at", UtcDateTime, nullable=False),
    Column("told_by", String(36)),
)
