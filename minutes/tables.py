"""Tables of the minutes and the constraints that repeat their rules.  The triggers stand in migrations 0003 and 0005.

Nothing here is ever deleted; versions, signatures and packets are never changed.  Times are UTC, digests hex SHA-256.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from meetings.store.base import JsonText, UtcDateTime, metadata

number_series = Table(
    # One row per counter; its row lock is what queues the writers of one series on PostgreSQL.
    "number_series", metadata,
    Column("issuer_unit", String(64), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("series", String(10), primary_key=True),
    CheckConstraint("year BETWEEN 2000 AND 9999", name="year"),
)

register = Table(
    "register", metadata,
    Column("issuer_unit", String(64), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("series", String(10), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("symbol", String(30), nullable=False),
    Column("summary", String(500), nullable=False),
    Column("meeting_id", String(36)),
    Column("state", String(8), nullable=False),
    Column("reason", String(500)),
    Column("reserved_at", UtcDateTime, nullable=False),
    Column("reserved_by", JsonText),
    Column("settled_at", UtcDateTime),
    Column("signer", String(200)),
    Column("recipients", Text),
    ForeignKeyConstraint(
        ["issuer_unit", "year", "series"],
        ["number_series.issuer_unit", "number_series.year", "number_series.series"], name="fk_register_number_series"),
    CheckConstraint("number >= 1", name="number"),
    CheckConstraint("state IN ('reserved', 'issued', 'voided')", name="state"),
    CheckConstraint("(state = 'voided') = (reason IS NOT NULL)", name="reason"),
    CheckConstraint("(state = 'reserved') = (settled_at IS NULL)", name="settled"),
    # A meeting has one invitation, whoever convenes it twice at once.
    Index("uq_register_invitation", "meeting_id", unique=True, sqlite_where=text("series = 'GM'"),
          postgresql_where=text("series = 'GM'")),
)

minutes = Table(
    "minutes", metadata,
    Column("minutes_id", String(36), primary_key=True),
    Column("meeting_id", String(36), ForeignKey("meeting.meeting_id"), nullable=False),
    Column("ord", Integer, nullable=False),
    Column("code", String(12), nullable=False),
    Column("issuer_unit", String(64), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    CheckConstraint("ord >= 1", name="ord"),
    Index("uq_minutes_meeting_ord", "meeting_id", "ord", unique=True),
    Index("uq_minutes_code", "code", unique=True),
)

minute_version = Table(
    "minute_version", metadata,
    Column("minutes_id", String(36), ForeignKey("minutes.minutes_id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("cause", String(8), nullable=False),
    Column("parent_sha256", String(64)),
    Column("sha256", String(64), nullable=False),
    Column("model", Text, nullable=False),
    Column("docx_sha256", String(64), nullable=False),
    Column("pdf_sha256", String(64), nullable=False),
    Column("by", JsonText),
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint("version >= 1", name="version"),
    CheckConstraint("(version = 1) = (parent_sha256 IS NULL)", name="parent"),
    CheckConstraint("cause IN ('drafted', 'edited', 'numbered', 'refused')", name="cause"),
    CheckConstraint("length(sha256) = 64 AND length(docx_sha256) = 64 AND length(pdf_sha256) = 64", name="sha256"),
)

sign_round = Table(
    "sign_round", metadata,
    Column("minutes_id", String(36), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("issuer_unit", String(64), nullable=False),
    Column("year", Integer, nullable=False),
    Column("series", String(10), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("pdf_sha256", String(64), nullable=False),
    Column("reason", String(500)),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    ForeignKeyConstraint(["minutes_id", "version"], ["minute_version.minutes_id", "minute_version.version"],
                         name="fk_sign_round_minute_version"),
    ForeignKeyConstraint(
        ["issuer_unit", "year", "series", "number"],
        ["register.issuer_unit", "register.year", "register.series", "register.number"],
        name="fk_sign_round_register"),
    CheckConstraint("state IN ('numbered', 'initialled', 'secretary_signed', 'chair_signed', 'sealed', 'issued',"
                    " 'refused')", name="state"),
    CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name="reason"),
    CheckConstraint("(state IN ('refused', 'issued')) = (settled_at IS NOT NULL)", name="settled"),
    Index("uq_sign_round_register", "issuer_unit", "year", "series", "number", unique=True),
    # One round at a time, and after a sealed one none ever again.
    Index("uq_sign_round_live", "minutes_id", unique=True,
          sqlite_where=text("state <> 'refused'"), postgresql_where=text("state <> 'refused'")),
)

signature = Table(
    "signature", metadata,
    Column("minutes_id", String(36), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("ord", Integer, primary_key=True, autoincrement=False),
    Column("role", String(9), nullable=False),
    Column("signer", String(200), nullable=False),
    Column("by", JsonText),
    Column("before_sha256", String(64), nullable=False),
    Column("after_sha256", String(64), nullable=False),
    Column("test", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["minutes_id", "round"], ["sign_round.minutes_id", "sign_round.round"],
                         name="fk_signature_sign_round"),
    CheckConstraint("(ord = 1 AND role = 'initials') OR (ord = 2 AND role = 'secretary')"
                    " OR (ord = 3 AND role = 'chair') OR (ord = 4 AND role = 'agency')", name="order"),
    CheckConstraint("length(after_sha256) = 64 AND after_sha256 <> before_sha256", name="sha256"),
    CheckConstraint("test IN (0, 1)", name="test"),
)

packet = Table(
    "packet", metadata,
    Column("minutes_id", String(36), ForeignKey("minutes.minutes_id"), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("built_at", UtcDateTime, nullable=False),
    CheckConstraint("size > 0", name="size"),
    CheckConstraint("length(sha256) = 64", name="sha256"),
)

release_link = Table(
    "release_link", metadata,
    Column("link_id", String(36), primary_key=True),
    Column("minutes_id", String(36), ForeignKey("minutes.minutes_id"), nullable=False),
    Column("delegate_id", String(36), ForeignKey("delegate.delegate_id"), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("granted_at", UtcDateTime, nullable=False),
    Column("granted_by", JsonText),
    Column("revoked_at", UtcDateTime),
    CheckConstraint("expires_at > granted_at", name="times"),
    # A new link replaces the old one: whoever lost it loses it.
    Index("uq_release_link_live", "minutes_id", "delegate_id", unique=True,
          sqlite_where=text("revoked_at IS NULL"), postgresql_where=text("revoked_at IS NULL")),
)
