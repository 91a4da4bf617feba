"""What the media server carries: one row that whoever books holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_capacity"
down_revision = "0013_api"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "media_capacity",
        sa.Column("capacity_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("packets_per_s", sa.Integer, nullable=False),
        sa.Column("measured", sa.Boolean, nullable=False),
        sa.Column("sounds", sa.Integer, nullable=False),
        sa.Column("pictures", sa.Integer, nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("capacity_id", name="pk_media_capacity"),
        sa.CheckConstraint("capacity_id = 1", name="ck_media_capacity_one"),
        sa.CheckConstraint("packets_per_s > 0 AND sounds >= 0 AND pictures >= 0", name="ck_media_capacity_numbers"),
    )


def downgrade() -> None:
    op.drop_table("media_capacity")
