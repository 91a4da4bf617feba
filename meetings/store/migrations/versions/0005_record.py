"""What the register's columns ask for, one invitation a meeting, and signing posts that may pass to somebody else.

A concluded meeting still changes in nothing but who holds the division head's and the clerk's post, and in that only
while no number of its minutes is out: an absent signer must not block the record for ever.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import refuse

revision = "0005_record"
down_revision = "0004_web"
branch_labels = None
depends_on = None

INVITATION = sa.text("series = 'GM'")
ENDED = "OLD.state IN ('concluded', 'cancelled')"
FIXED = ("meeting_id", "title", "kind", "place", "state", "starts_at", "ends_at", "unit_id", "unit", "chair_id",
         "secretary_id", "main_point_id", "created_at", "opened_at", "closed_at")
PASSED = "NEW.division_head_id IS DISTINCT FROM OLD.division_head_id OR NEW.clerk_id IS DISTINCT FROM OLD.clerk_id"
CHANGED = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in FIXED)
NUMBERED = ("EXISTS (SELECT 1 FROM sign_round r JOIN minutes m ON m.minutes_id = r.minutes_id"
            " WHERE m.meeting_id = OLD.meeting_id AND r.state <> 'refused')")


def upgrade() -> None:
    op.add_column("register", sa.Column("signer", sa.String(200)))
    op.add_column("register", sa.Column("recipients", sa.Text()))
    op.create_index("uq_register_invitation", "register", ["meeting_id"], unique=True, sqlite_where=INVITATION,
                    postgresql_where=INVITATION)
    _final(f"OLD.state = 'cancelled' OR (OLD.state = 'concluded' AND ({CHANGED} OR {NUMBERED} OR NOT ({PASSED})))")


def downgrade() -> None:
    _final(ENDED)
    op.drop_index("uq_register_invitation", "register")
    op.drop_column("register", "recipients")
    op.drop_column("register", "signer")


def _final(when: str) -> None:
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        op.execute("DROP TRIGGER meeting_final ON meeting")
        op.execute("DROP FUNCTION meeting_final()")
    else:
        op.execute("DROP TRIGGER meeting_final")
    for statement in refuse(dialect, "meeting_final", "meeting", "UPDATE", when):
        op.execute(statement)
