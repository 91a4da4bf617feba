"""Table of what the media server carries: one row, which whoever books holds until the booking stands.  Written by `capacity_store` alone.

`declared`: packets a second as an administrator says them; they hold before what was told.
"""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Integer, Table

from meetings.store.base import UtcDateTime, metadata

media_capacity = Table(
    "media_capacity", metadata,
    Column("capacity_id", Integer, primary_key=True, autoincrement=False),
    Column("packets_per_s", Integer, nullable=False),
    Column("measured", Boolean, nullable=False),
    Column("sounds", Integer, nullable=False),
    Column("pictures", Integer, nullable=False),
    Column("told_at", UtcDateTime, nullable=False),
    Column("declared", Integer),
    CheckConstraint("capacity_id = 1", name="one"),
    CheckConstraint("declared IS NULL OR declared > 0", name="declared"),
    CheckConstraint("packets_per_s > 0 AND sounds >= 0 AND pictures >= 0", name="numbers"),
)
