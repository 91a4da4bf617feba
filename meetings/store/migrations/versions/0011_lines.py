"""Tests of lines before a meeting: links by rounds and the last result of each.  A result belongs to its link for good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import refuse

revision = "0011_lines"
down_revision = "0010_series"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
OTHERS = ("OLD.meeting_id <> NEW.meeting_id OR OLD.point_id <> NEW.point_id OR OLD.round <> NEW.round"
          " OR OLD.secret_sha256 <> NEW.secret_sha256 OR OLD.tries > NEW.tries")


def upgrade() -> None:
    op.create_table(
        "line_test",
        sa.Column("test_id", sa.String(36), nullable=False),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer, nullable=False),
        sa.Column("round", sa.String(20), nullable=False),
        sa.Column("secret_sha256", sa.String(64), nullable=False),
        sa.Column("opens_at", AT, nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("tried_at", AT),
        sa.Column("verdict", sa.String(6)),
        sa.Column("reasons", sa.Text),
        sa.Column("result", sa.Text),
        sa.PrimaryKeyConstraint("test_id", name="pk_line_test"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_line_test_meeting"),
        sa.CheckConstraint("opens_at < expires_at", name="ck_line_test_times"),
        sa.CheckConstraint("tries >= 0", name="ck_line_test_tries"),
        sa.CheckConstraint("verdict IS NULL OR verdict IN ('ready', 'weak', 'failed')", name="ck_line_test_verdict"),
        sa.CheckConstraint(
            "(tried_at IS NULL) = (verdict IS NULL) AND (tried_at IS NULL) = (reasons IS NULL)"
            " AND (tried_at IS NULL) = (result IS NULL)", name="ck_line_test_tried"),
        sa.CheckConstraint("length(secret_sha256) = 64", name="ck_line_test_secret"),
    )
    op.create_index("uq_line_test_round", "line_test", ["meeting_id", "point_id", "round"], unique=True)
    op.create_index("uq_line_test_secret", "line_test", ["secret_sha256"], unique=True)
    op.create_index("ix_line_test_point_tried", "line_test", ["point_id", "tried_at"])
    for statement in _guards():
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("line_test")
    if op.get_bind().dialect.name == "postgresql":
        for name in ("line_test_own", "line_test_kept"):
            op.execute(f"DROP FUNCTION {name}()")


def _guards() -> list[str]:
    dialect = op.get_bind().dialect.name
    return [*refuse(dialect, "line_test_own", "line_test", "UPDATE", OTHERS), *refuse(dialect, "line_test_kept", "line_test", "DELETE")]
