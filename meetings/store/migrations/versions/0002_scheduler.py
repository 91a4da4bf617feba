"""Units versioned in time, their successions, points and bookings.

`booking_overlap` is the last word on double booking: an exclusion constraint on PostgreSQL (int8range over the point
needs no extension, unlike a plain "=" in a gist index), two triggers on SQLite.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import refuse

revision = "0002_scheduler"
down_revision = "0001_meetings"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
TABLES = ("level", "unit", "unit_version", "unit_succession", "point", "booking")
LIVE = "state = 'confirmed'"

OVERLAPS = (
    "NEW.state = 'confirmed' AND EXISTS (SELECT 1 FROM booking b WHERE b.point_id = NEW.point_id"
    " AND b.state = 'confirmed' AND b.starts_at < NEW.ends_at AND NEW.starts_at < b.ends_at"
)
EXCLUDES = (
    "ALTER TABLE booking ADD CONSTRAINT booking_overlap EXCLUDE USING gist"
    " (int8range(point_id, point_id, '[]') WITH &&, tstzrange(starts_at, ends_at, '[)') WITH &&)"
    f" WHERE ({LIVE})"
)


def upgrade() -> None:
    _levels()
    _units()
    _successions()
    _points()
    _bookings()
    for statement in _guards(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for statement in _guards("postgresql"):
            if statement.startswith("CREATE FUNCTION "):
                op.execute("DROP FUNCTION " + statement.split()[2])


def _guards(dialect: str) -> list[str]:
    if dialect == "postgresql":
        overlap = [EXCLUDES]
    else:
        overlap = [
            *refuse(dialect, "booking_overlap", "booking", "INSERT", f"{OVERLAPS})"),
            *refuse(dialect, "booking_overlap_moved", "booking", "UPDATE",
                    f"{OVERLAPS} AND b.booking_id <> NEW.booking_id)"),
        ]
    return [
        *overlap,
        *refuse(dialect, "booking_kept", "booking", "DELETE"),
        # What was given back stays given back; a meeting and a point cannot be exchanged under a booking.
        *refuse(dialect, "booking_final", "booking", "UPDATE", "OLD.state = 'released'"
                " OR OLD.meeting_id <> NEW.meeting_id OR OLD.point_id <> NEW.point_id"),
        *refuse(dialect, "point_kept", "point", "DELETE"),
        *refuse(dialect, "point_identity", "point", "UPDATE", "OLD.code <> NEW.code OR OLD.unit_id <> NEW.unit_id"),
        *refuse(dialect, "unit_kept", "unit", "DELETE"),
        *refuse(dialect, "unit_version_kept", "unit_version", "DELETE"),
    ]


def _levels() -> None:
    op.create_table(
        "level",
        sa.Column("level_id", sa.String(40), nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("name_vi", sa.String(200), nullable=False),
        sa.Column("name_en", sa.String(200), nullable=False),
        sa.Column("retired_on", sa.Date),
        sa.Column("code_digits", sa.Integer),
        sa.PrimaryKeyConstraint("level_id", name="pk_level"),
        sa.CheckConstraint("rank >= 1", name="ck_level_rank"),
    )


def _units() -> None:
    op.create_table(
        "unit",
        sa.Column("unit_id", sa.String(36), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("unit_id", name="pk_unit"),
    )
    op.create_table(
        "unit_version",
        sa.Column("unit_id", sa.String(36), nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date),
        sa.Column("level_id", sa.String(40), nullable=False),
        sa.Column("parent_id", sa.String(36)),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("type", sa.String(200), nullable=False),
        sa.Column("gso_code", sa.String(16), nullable=False),
        sa.Column("organ_id", sa.String(35)),
        sa.Column("lat", sa.Float),
        sa.Column("lon", sa.Float),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("as_of", sa.String(10), nullable=False),
        sa.Column("illustrative", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("unit_id", "valid_from", name="pk_unit_version"),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.unit_id"], name="fk_unit_version_unit"),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.unit_id"], name="fk_unit_version_parent"),
        sa.ForeignKeyConstraint(["level_id"], ["level.level_id"], name="fk_unit_version_level"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="ck_unit_version_validity"),
        sa.CheckConstraint("parent_id IS NULL OR parent_id <> unit_id", name="ck_unit_version_parent"),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="ck_unit_version_place"),
    )
    op.create_index("ix_unit_version_parent_id", "unit_version", ["parent_id"])
    op.create_index("ix_unit_version_gso_code", "unit_version", ["gso_code"])


def _successions() -> None:
    op.create_table(
        "unit_succession",
        sa.Column("succession_id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("from_id", sa.String(36), nullable=False),
        sa.Column("to_id", sa.String(36)),
        sa.Column("share", sa.String(7), nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("succession_id", name="pk_unit_succession"),
        sa.ForeignKeyConstraint(["from_id"], ["unit.unit_id"], name="fk_unit_succession_from"),
        sa.ForeignKeyConstraint(["to_id"], ["unit.unit_id"], name="fk_unit_succession_to"),
        sa.CheckConstraint("share IN ('whole', 'part', 'unknown')", name="ck_unit_succession_share"),
        sa.CheckConstraint("(share = 'unknown') = (to_id IS NULL)", name="ck_unit_succession_unknown"),
    )
    op.create_index("uq_unit_succession_pair", "unit_succession", ["from_id", "to_id", "since"], unique=True)
    op.create_index("ix_unit_succession_to_id", "unit_succession", ["to_id"])


def _points() -> None:
    op.create_table(
        "point",
        sa.Column("point_id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("unit_id", sa.String(36), nullable=False),
        sa.Column("capacity", sa.Integer),
        sa.PrimaryKeyConstraint("point_id", name="pk_point"),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.unit_id"], name="fk_point_unit"),
        sa.CheckConstraint("capacity IS NULL OR capacity >= 0", name="ck_point_capacity"),
    )
    op.create_index("uq_point_code", "point", ["code"], unique=True)
    op.create_index("ix_point_unit_id", "point", ["unit_id"])


def _bookings() -> None:
    op.create_table(
        "booking",
        sa.Column("booking_id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer, nullable=False),
        sa.Column("starts_at", AT, nullable=False),
        sa.Column("ends_at", AT, nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("booked_at", AT, nullable=False),
        sa.Column("booked_by", sa.String(36)),
        sa.Column("released_at", AT),
        sa.PrimaryKeyConstraint("booking_id", name="pk_booking"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_booking_meeting"),
        sa.ForeignKeyConstraint(["point_id"], ["point.point_id"], name="fk_booking_point"),
        sa.CheckConstraint("state IN ('confirmed', 'released')", name="ck_booking_state"),
        sa.CheckConstraint("starts_at < ends_at", name="ck_booking_times"),
        sa.CheckConstraint("(state = 'released') = (released_at IS NOT NULL)", name="ck_booking_released"),
    )
    live: dict[str, Any] = {"sqlite_where": sa.text(LIVE), "postgresql_where": sa.text(LIVE)}
    op.create_index("uq_booking_live", "booking", ["meeting_id", "point_id"], unique=True, **live)
    op.create_index("ix_booking_point_time", "booking", ["point_id", "starts_at"])
