"""What an administrator says of the media server; and one sound for a point, where three were reckoned.

Three were the number nobody could change, so whoever has it never chose it.
"""

from __future__ import annotations

from alembic import op

revision = "0020_capacity_declared"
down_revision = "0019_swift"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE media_capacity ADD COLUMN declared INTEGER "
               "CONSTRAINT ck_media_capacity_declared CHECK (declared IS NULL OR declared > 0)")
    op.execute("UPDATE media_capacity SET sounds = 1 WHERE sounds = 3")


def downgrade() -> None:
    op.execute("UPDATE media_capacity SET sounds = 3")
    op.execute("ALTER TABLE media_capacity DROP COLUMN declared")
