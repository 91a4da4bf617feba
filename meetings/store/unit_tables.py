"""Tables of levels, units, their versions in time and their successions.  The DDL stands in migrations/versions/0002.

Never written to except by `unit_store`; versions are closed or corrected, never deleted, because old meetings keep the
names that were true on their day.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
)

from meetings.store.base import UtcDateTime, metadata

level = Table(
    "level", metadata,
    Column("level_id", String(40), primary_key=True),
    Column("rank", Integer, nullable=False),
    Column("name_vi", String(200), nullable=False),
    Column("name_en", String(200), nullable=False),
    Column("retired_on", Date),
    Column("code_digits", Integer),
    CheckConstraint("rank >= 1", name="rank"),
)

unit = Table(
    # Only the identity.  Everything that can change stands in its versions.
    "unit", metadata,
    Column("unit_id", String(36), primary_key=True),
    Column("made_at", UtcDateTime, nullable=False),
)

unit_version = Table(
    "unit_version", metadata,
    Column("unit_id", String(36), ForeignKey("unit.unit_id"), primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date),
    Column("level_id", String(40), ForeignKey("level.level_id"), nullable=False),
    Column("parent_id", String(36), ForeignKey("unit.unit_id", name="fk_unit_version_parent")),
    Column("name", String(200), nullable=False),
    Column("type", String(200), nullable=False),
    Column("gso_code", String(16), nullable=False),
    Column("organ_id", String(35)),
    Column("lat", Float),
    Column("lon", Float),
    Column("source", String(200), nullable=False),
    Column("as_of", String(10), nullable=False),
    Column("illustrative", Boolean, nullable=False),
    CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="validity"),
    CheckConstraint("parent_id IS NULL OR parent_id <> unit_id", name="parent"),
    CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="place"),
    Index("ix_unit_version_parent_id", "parent_id"),
    Index("ix_unit_version_gso_code", "gso_code"),
)

unit_succession = Table(
    "unit_succession", metadata,
    Column("succession_id", Integer, primary_key=True, autoincrement=True),
    Column("from_id", String(36), ForeignKey("unit.unit_id", name="fk_unit_succession_from"), nullable=False),
    Column("to_id", String(36), ForeignKey("unit.unit_id", name="fk_unit_succession_to")),
    Column("share", String(7), nullable=False),
    Column("since", Date, nullable=False),
    CheckConstraint("share IN ('whole', 'part', 'unknown')", name="share"),
    CheckConstraint("(share = 'unknown') = (to_id IS NULL)", name="unknown"),
    Index("uq_unit_succession_pair", "from_id", "to_id", "since", unique=True),
    Index("ix_unit_succession_to_id", "to_id"),
)
