"""For which device of its point a ticket was minted: it finds its place again after a restart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031_ticket_device"
down_revision = "0030_votes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ticket", sa.Column("device", sa.String(80)))


def downgrade() -> None:
    op.drop_column("ticket", "device")
