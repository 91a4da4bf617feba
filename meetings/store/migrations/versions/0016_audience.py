"""Named groups of points, and with each meeting the rule by which its audience was chosen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016_audience"
down_revision = "0015_workday"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "point_group",
        sa.Column("group_id", sa.String(36), nullable=False),
        sa.Column("unit_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("points", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("group_id", name="pk_point_group"),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.unit_id"], name="fk_point_group_unit"),
        sa.CheckConstraint("version >= 1", name="ck_point_group_version"),
    )
    op.create_index("uq_point_group_name", "point_group", ["unit_id", "name"], unique=True)
    op.create_table(
        "meeting_audience",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("resolved_on", sa.Date, nullable=False),
        sa.Column("points", sa.Text, nullable=False),
        sa.Column("change", sa.Text),
        sa.Column("looked_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("meeting_id", name="pk_meeting_audience"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_meeting_audience_meeting"),
    )


def downgrade() -> None:
    op.drop_table("meeting_audience")
    op.drop_table("point_group")
