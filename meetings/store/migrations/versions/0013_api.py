"""Tokens of programs, and the answers kept under an Idempotency-Key.  See web/store.py and web/api/tables.py."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_api"
down_revision = "0012_calendar"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("token_id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("scope", sa.String(5), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("used_at", AT),
        sa.PrimaryKeyConstraint("token_id", name="pk_api_token"),
        sa.ForeignKeyConstraint(["user_id"], ["account.user_id"], name="fk_api_token_account"),
        sa.CheckConstraint("scope IN ('read', 'write')", name="ck_api_token_scope"),
        sa.CheckConstraint("made_at < expires_at", name="ck_api_token_times"),
    )
    op.create_index("ix_api_token_user_id", "api_token", ["user_id"])
    op.create_index("uq_api_token_token_sha256", "api_token", ["token_sha256"], unique=True)
    op.create_table(
        "idempotency",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("route", sa.String(200), nullable=False),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("headers", sa.Text),
        sa.Column("response", sa.Text),
        sa.PrimaryKeyConstraint("user_id", "key", name="pk_idempotency"),
        sa.ForeignKeyConstraint(["user_id"], ["account.user_id"], name="fk_idempotency_account"),
        sa.CheckConstraint("(status IS NULL) = (response IS NULL)", name="ck_idempotency_answered"),
    )
    op.create_index("ix_idempotency_made_at", "idempotency", ["made_at"])


def downgrade() -> None:
    op.drop_table("idempotency")
    op.drop_table("api_token")
