"""Leaders named in a meeting beside its posts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022_leaders"
down_revision = "0021_series_mail"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("meeting", sa.Column("leaders", sa.Text))
    op.create_table(
        "meeting_leader",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_meeting_leader_meeting_id_meeting"),
        sa.PrimaryKeyConstraint("user_id", "meeting_id", name="pk_meeting_leader"),
    )
    op.create_index("ix_meeting_leader_meeting_id", "meeting_leader", ["meeting_id"])


def downgrade() -> None:
    op.drop_table("meeting_leader")
    op.drop_column("meeting", "leaders")
