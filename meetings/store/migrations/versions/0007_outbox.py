"""What is to be delivered, with keys and leases.  What is settled stays settled; no row is deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import refuse

revision = "0007_outbox"
down_revision = "0006_signers"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
FINAL = "OLD.state IN ('done', 'failed', 'cancelled') OR OLD.key <> NEW.key OR OLD.kind <> NEW.kind OR OLD.tries > NEW.tries"


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("item_id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("leased_by", sa.String(80)),
        sa.Column("leased_until", AT),
        sa.Column("settled_at", AT),
        sa.Column("error", sa.String(500)),
        sa.PrimaryKeyConstraint("item_id", name="pk_outbox"),
        sa.CheckConstraint("state IN ('waiting', 'leased', 'done', 'failed', 'cancelled')", name="ck_outbox_state"),
        sa.CheckConstraint("(state = 'leased') = (leased_by IS NOT NULL AND leased_until IS NOT NULL)", name="ck_outbox_lease"),
        sa.CheckConstraint("(state IN ('done', 'failed', 'cancelled')) = (settled_at IS NOT NULL)", name="ck_outbox_settled"),
        sa.CheckConstraint("tries >= 0", name="ck_outbox_tries"),
    )
    op.create_index("uq_outbox_key", "outbox", ["key"], unique=True)
    for name, column, state in (("ix_outbox_due", "due_at", "waiting"), ("ix_outbox_leased", "leased_until", "leased")):
        live = sa.text(f"state = '{state}'")
        op.create_index(name, "outbox", [column], sqlite_where=live, postgresql_where=live)
    for statement in _guards():
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("outbox")
    if op.get_bind().dialect.name == "postgresql":
        for name in ("outbox_final", "outbox_kept"):
            op.execute(f"DROP FUNCTION {name}()")


def _guards() -> list[str]:
    dialect = op.get_bind().dialect.name
    return [*refuse(dialect, "outbox_final", "outbox", "UPDATE", FINAL), *refuse(dialect, "outbox_kept", "outbox", "DELETE")]
