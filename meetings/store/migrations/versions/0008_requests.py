"""Bookings that wait for a yes, maintenance of points, whose yes was asked, what the levels agreed on, what was displaced.

A booking is confirmed, pending (its request is not answered yet), blocked (maintenance: no meeting, a note) or released.  The
database forbids overlap among confirmed and blocked ones, a confirmed one whose request is not agreed, and a request that
stops being agreed while a booking of it is confirmed.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import append_only, refuse

revision = "0008_requests"
down_revision = "0007_outbox"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
POINT = (
    ("equipment", "VARCHAR(1000)", ""), ("down_kbps", "INTEGER", "down_kbps IS NULL OR down_kbps > 0"),
    ("up_kbps", "INTEGER", "up_kbps IS NULL OR up_kbps > 0"), ("hours", "TEXT", ""),
    ("technician_name", "VARCHAR(200)", ""), ("technician_phone", "VARCHAR(40)", ""), ("technician_email", "VARCHAR(200)", ""),
    ("deputy_name", "VARCHAR(200)", ""), ("deputy_phone", "VARCHAR(40)", ""), ("deputy_email", "VARCHAR(200)", ""),
)
HOLDS = "state IN ('confirmed', 'blocked')"
LIVE = "state IN ('pending', 'confirmed')"
CHECKS = {
    "ck_booking_state": "state IN ('pending', 'confirmed', 'blocked', 'released')",
    "ck_booking_times": "starts_at < ends_at",
    "ck_booking_released": "(state = 'released') = (released_at IS NOT NULL)",
    "ck_booking_why": "(state = 'released') = (why IS NOT NULL)",
    "ck_booking_meeting": "(meeting_id IS NULL) = (note IS NOT NULL)",
    "ck_booking_kind": "state = 'released' OR (state = 'blocked') = (meeting_id IS NULL)",
    "ck_booking_pending": "state <> 'pending' OR request_id IS NOT NULL",
}
FORMER = {
    "ck_booking_state": "state IN ('confirmed', 'released')", "ck_booking_times": CHECKS["ck_booking_times"],
    "ck_booking_released": CHECKS["ck_booking_released"],
}
COLUMNS = "booking_id, meeting_id, point_id, starts_at, ends_at, state, booked_at, booked_by, released_at"


def _overlaps(holds: str) -> str:
    return (
        f"NEW.{holds} AND EXISTS (SELECT 1 FROM booking b WHERE b.point_id = NEW.point_id"
        f" AND b.{holds} AND b.starts_at < NEW.ends_at AND NEW.starts_at < b.ends_at"
    )


def _excludes(holds: str) -> str:
    return (
        "ALTER TABLE booking ADD CONSTRAINT booking_overlap EXCLUDE USING gist"
        " (int8range(point_id, point_id, '[]') WITH &&, tstzrange(starts_at, ends_at, '[)') WITH &&)"
        f" WHERE ({holds})"
    )


FINAL = "OLD.state = 'released' OR OLD.point_id <> NEW.point_id"
UNANSWERED = (
    "NEW.state = 'confirmed' AND NEW.request_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM approval a"
    " WHERE a.request_id = NEW.request_id AND a.standing = 'agreed')"
)
ANSWERED = (
    "OLD.standing = 'withdrawn' OR OLD.meeting_id <> NEW.meeting_id OR OLD.owner <> NEW.owner OR NEW.round < OLD.round"
    " OR (NEW.round = OLD.round AND OLD.standing IN ('declined', 'lapsed') AND NEW.standing <> OLD.standing)"
    " OR (NEW.round = OLD.round AND OLD.standing = 'agreed' AND NEW.standing NOT IN ('agreed', 'withdrawn'))"
    " OR (OLD.standing = 'agreed' AND NEW.standing <> 'agreed' AND EXISTS (SELECT 1 FROM booking b"
    " WHERE b.request_id = OLD.request_id AND b.state = 'confirmed'))"
)
NEW_FUNCTIONS = ("booking_unanswered", "booking_unanswered_moved", "approval_answered", "approval_kept",
                 "booking_policy_append_only_update", "booking_policy_append_only_delete",
                 "displacement_kept", "displacement_said")


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for name, kind, check in POINT:
        limit = f" CONSTRAINT ck_point_{name} CHECK ({check})" if check else ""
        op.execute(f"ALTER TABLE point ADD COLUMN {name} {kind}{limit}")
    op.execute("ALTER TABLE point ADD COLUMN version INTEGER NOT NULL DEFAULT 1")
    _approvals()
    _policies()
    _displacements()
    if dialect == "sqlite":
        _rebuild(_columns(), CHECKS, f"INSERT INTO booking ({COLUMNS}, why) SELECT {COLUMNS},"
                 " CASE state WHEN 'released' THEN 'given_back' END FROM former")
    else:
        _alter()
    _index(LIVE)
    op.create_index("ix_booking_request", "booking", ["request_id"])
    for statement in _guards(dialect, HOLDS, f"{FINAL} OR OLD.meeting_id <> NEW.meeting_id"):
        op.execute(statement)
    for statement in _new_guards(dialect):
        op.execute(statement)


def downgrade() -> None:
    """What waits for a yes is given back, maintenance is forgotten: the former schema has no room for them."""
    dialect = op.get_bind().dialect.name
    if dialect == "sqlite":
        _rebuild(_columns()[:9], FORMER, f"INSERT INTO booking ({COLUMNS}) SELECT booking_id, meeting_id, point_id, starts_at,"
                 " ends_at, CASE state WHEN 'pending' THEN 'released' ELSE state END, booked_at, booked_by,"
                 " CASE state WHEN 'pending' THEN booked_at ELSE released_at END FROM former WHERE meeting_id IS NOT NULL")
        _index("state = 'confirmed'")
        for statement in _guards(dialect, "state = 'confirmed'", f"{FINAL} OR OLD.meeting_id <> NEW.meeting_id"):
            op.execute(statement)
    else:
        _alter_back()
    for table in ("displacement", "booking_policy", "approval"):
        op.drop_table(table)
    if dialect == "postgresql":
        for name in NEW_FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}() CASCADE")
    for name in ("version", *(name for name, _kind, _check in reversed(POINT))):
        op.execute(f"ALTER TABLE point DROP COLUMN {name}")


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column("booking_id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("meeting_id", sa.String(36)),
        sa.Column("point_id", sa.Integer, nullable=False),
        sa.Column("starts_at", AT, nullable=False),
        sa.Column("ends_at", AT, nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("booked_at", AT, nullable=False),
        sa.Column("booked_by", sa.String(36)),
        sa.Column("released_at", AT),
        sa.Column("request_id", sa.String(36)),
        sa.Column("why", sa.String(12)),
        sa.Column("note", sa.String(200)),
    ]


def _rebuild(columns: list[sa.Column[object]], checks: dict[str, str], copy: str) -> None:
    """SQLite changes no constraint: a new table in the place of the former, which takes its triggers with it."""
    op.execute("DROP INDEX uq_booking_live")
    op.execute("DROP INDEX ix_booking_point_time")
    op.execute("ALTER TABLE booking RENAME TO former")
    asked = [sa.ForeignKeyConstraint(["request_id"], ["approval.request_id"], name="fk_booking_approval")]
    if len(columns) == 9:
        columns[1].nullable = False
        asked = []
    op.create_table(
        "booking", *columns,
        sa.PrimaryKeyConstraint("booking_id", name="pk_booking"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_booking_meeting"),
        sa.ForeignKeyConstraint(["point_id"], ["point.point_id"], name="fk_booking_point"), *asked,
        *(sa.CheckConstraint(check, name=name) for name, check in checks.items()),
    )
    op.execute(copy)
    op.execute("DROP TABLE former")


def _alter() -> None:
    op.execute("ALTER TABLE booking DROP CONSTRAINT booking_overlap")
    op.execute("ALTER TABLE booking DROP CONSTRAINT ck_booking_state")
    op.drop_index("uq_booking_live", "booking")
    op.drop_index("ix_booking_point_time", "booking")
    _unguard()
    op.alter_column("booking", "meeting_id", nullable=True)
    for column in _columns()[9:]:
        op.add_column("booking", column)
    op.create_foreign_key("fk_booking_approval", "booking", "approval", ["request_id"], ["request_id"])
    op.execute("UPDATE booking SET why = 'given_back' WHERE state = 'released'")
    for name in CHECKS.keys() - (FORMER.keys() - {"ck_booking_state"}):
        op.create_check_constraint(name, "booking", CHECKS[name])


def _alter_back() -> None:
    op.execute("ALTER TABLE booking DROP CONSTRAINT booking_overlap")
    for name in CHECKS.keys() - (FORMER.keys() - {"ck_booking_state"}):
        op.execute(f"ALTER TABLE booking DROP CONSTRAINT {name}")
    op.drop_index("uq_booking_live", "booking")
    op.drop_index("ix_booking_point_time", "booking")
    op.drop_index("ix_booking_request", "booking")
    for trigger in ("booking_unanswered", "booking_unanswered_moved"):
        op.execute(f"DROP TRIGGER {trigger} ON booking")
    _unguard()
    op.execute("DELETE FROM booking WHERE meeting_id IS NULL")
    op.execute("UPDATE booking SET state = 'released', released_at = booked_at WHERE state = 'pending'")
    for name in ("request_id", "why", "note"):
        op.drop_column("booking", name)
    op.alter_column("booking", "meeting_id", nullable=False)
    op.create_check_constraint("ck_booking_state", "booking", FORMER["ck_booking_state"])
    _index("state = 'confirmed'")
    for statement in _guards("postgresql", "state = 'confirmed'", f"{FINAL} OR OLD.meeting_id <> NEW.meeting_id"):
        op.execute(statement)


def _unguard() -> None:
    for name in ("booking_final", "booking_kept"):
        op.execute(f"DROP FUNCTION {name}() CASCADE")


def _index(live: str) -> None:
    where = {"sqlite_where": sa.text(live), "postgresql_where": sa.text(live)}
    op.create_index("uq_booking_live", "booking", ["meeting_id", "point_id"], unique=True, **where)
    op.create_index("ix_booking_point_time", "booking", ["point_id", "starts_at"])


def _guards(dialect: str, holds: str, final: str) -> list[str]:
    if dialect == "postgresql":
        overlap = [_excludes(holds)]
    else:
        overlap = [
            *refuse(dialect, "booking_overlap", "booking", "INSERT", f"{_overlaps(holds)})"),
            *refuse(dialect, "booking_overlap_moved", "booking", "UPDATE", f"{_overlaps(holds)} AND b.booking_id <> NEW.booking_id)"),
        ]
    return [
        *overlap,
        *refuse(dialect, "booking_kept", "booking", "DELETE"),
        # What was given back stays given back; a meeting and a point cannot be exchanged under a booking.
        *refuse(dialect, "booking_final", "booking", "UPDATE", final),
    ]


def _new_guards(dialect: str) -> list[str]:
    return [
        *refuse(dialect, "booking_unanswered", "booking", "INSERT", UNANSWERED),
        *refuse(dialect, "booking_unanswered_moved", "booking", "UPDATE", UNANSWERED),
        *refuse(dialect, "approval_answered", "approval", "UPDATE", ANSWERED),
        *refuse(dialect, "approval_kept", "approval", "DELETE"),
        *append_only(dialect, "booking_policy"),
        *refuse(dialect, "displacement_kept", "displacement", "DELETE"),
        *refuse(dialect, "displacement_said", "displacement", "UPDATE", "OLD.answered_at IS NOT NULL"),
    ]


def _approvals() -> None:
    op.create_table(
        "approval",
        sa.Column("request_id", sa.String(36), nullable=False),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("convenor", sa.String(36), nullable=False),
        sa.Column("owner", sa.String(36), nullable=False),
        sa.Column("point_ids", sa.Text, nullable=False),
        sa.Column("starts_at", AT, nullable=False),
        sa.Column("ends_at", AT, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("asked", sa.String(36), nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("deadline", AT, nullable=False),
        sa.Column("remind_at", AT),
        sa.Column("next_at", AT),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("standing", sa.String(9), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("offer", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_approval"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_approval_meeting"),
        sa.ForeignKeyConstraint(["convenor"], ["unit.unit_id"], name="fk_approval_convenor"),
        sa.ForeignKeyConstraint(["owner"], ["unit.unit_id"], name="fk_approval_owner"),
        sa.ForeignKeyConstraint(["asked"], ["unit.unit_id"], name="fk_approval_asked"),
        sa.CheckConstraint("standing IN ('asked', 'offered', 'agreed', 'declined', 'lapsed', 'withdrawn')", name="ck_approval_standing"),
        sa.CheckConstraint("starts_at < ends_at", name="ck_approval_times"),
        sa.CheckConstraint("step >= 0 AND round >= 1 AND version >= 1", name="ck_approval_counts"),
        sa.CheckConstraint("(standing = 'offered') = (offer IS NOT NULL)", name="ck_approval_offer"),
        sa.CheckConstraint("asked <> convenor", name="ck_approval_self"),
    )
    op.create_index("ix_approval_meeting_id", "approval", ["meeting_id"])
    op.create_index("ix_approval_asked", "approval", ["asked", "standing"])
    op.create_index("ix_approval_next_at", "approval", ["next_at"])


def _policies() -> None:
    op.create_table(
        "booking_policy",
        sa.Column("policy_id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("made_by", sa.String(36)),
        sa.PrimaryKeyConstraint("policy_id", name="pk_booking_policy"),
    )


def _displacements() -> None:
    op.create_table(
        "displacement",
        sa.Column("displacement_id", sa.String(36), nullable=False),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("lost_id", sa.String(36), nullable=False),
        sa.Column("point_ids", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("proposed_start", AT),
        sa.Column("proposed_end", AT),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("made_by", sa.String(36)),
        sa.Column("answered_at", AT),
        sa.PrimaryKeyConstraint("displacement_id", name="pk_displacement"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_displacement_meeting"),
        sa.ForeignKeyConstraint(["lost_id"], ["meeting.meeting_id"], name="fk_displacement_lost"),
        sa.CheckConstraint("meeting_id <> lost_id", name="ck_displacement_other"),
        sa.CheckConstraint("(proposed_start IS NULL) = (proposed_end IS NULL)", name="ck_displacement_proposed"),
    )
    op.create_index("ix_displacement_lost_id", "displacement", ["lost_id"])
