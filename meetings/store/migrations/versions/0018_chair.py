"""An index by chair and time: whether a leader chairs elsewhere is asked in every search of free slots."""

from __future__ import annotations

from alembic import op

revision = "0018_chair"
down_revision = "0017_delegates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_meeting_chair_time", "meeting", ["chair_id", "starts_at"])


def downgrade() -> None:
    op.drop_index("ix_meeting_chair_time", "meeting")
