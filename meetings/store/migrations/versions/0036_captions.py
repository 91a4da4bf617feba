"""Captions that an assistant types: lines while the meeting is on, of which the last of each author may be corrected for a short time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import refuse

revision = "0036_captions"
down_revision = "0035_handed_in"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
REFUSALS = ("caption_on", "caption_fixed", "caption_text", "caption_kept")

_LOCK = "PERFORM 1 FROM meeting m WHERE m.meeting_id = NEW.meeting_id FOR SHARE;"
_OFF = "NOT EXISTS (SELECT 1 FROM meeting m WHERE m.meeting_id = NEW.meeting_id AND m.state IN ('open', 'suspended'))"
_FIXED = " OR ".join([
    *(f"NEW.{name} <> OLD.{name}" for name in ("meeting_id", "ord", "user_id", "author", "said_at", "until")),
    "coalesce(NEW.point_id, 0) <> coalesce(OLD.point_id, 0)",
])
_LATER = "EXISTS (SELECT 1 FROM caption c WHERE c.meeting_id = NEW.meeting_id AND c.user_id = NEW.user_id AND c.ord > NEW.ord)"
_TEXT = ("(OLD.text IS NULL AND (NEW.text IS NOT NULL OR NEW.gone <> OLD.gone)) OR"
         f" (NEW.text IS NOT NULL AND NEW.text <> OLD.text AND (NEW.amended_at IS NULL OR {_LATER} OR {_OFF})) OR"
         f" (OLD.text IS NOT NULL AND NEW.gone = 'withdrawn' AND ({_LATER} OR {_OFF}))")


def upgrade() -> None:
    op.create_table(
        "caption",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("ord", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("point_id", sa.Integer),
        sa.Column("text", sa.Text),
        sa.Column("gone", sa.String(9)),
        sa.Column("said_at", AT, nullable=False),
        sa.Column("until", AT, nullable=False),
        sa.Column("amended_at", AT),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_caption_meeting_id_meeting"),
        sa.ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_caption_seat"),
        sa.PrimaryKeyConstraint("meeting_id", "ord", name="pk_caption"),
        sa.CheckConstraint("ord BETWEEN 1 AND 10000", name="ck_caption_most"),
        sa.CheckConstraint("text IS NULL OR length(text) BETWEEN 1 AND 110", name="ck_caption_length"),
        sa.CheckConstraint("gone IS NULL OR gone IN ('withdrawn', 'erased')", name="ck_caption_gone"),
        sa.CheckConstraint("(text IS NULL) = (gone IS NOT NULL)", name="ck_caption_erased"),
        sa.CheckConstraint("said_at < until", name="ck_caption_until"),
        sa.CheckConstraint("amended_at IS NULL OR amended_at <= until", name="ck_caption_amended"),
        sa.CheckConstraint("gone IS NULL OR gone = 'erased' OR amended_at IS NOT NULL", name="ck_caption_withdrawn"),
    )
    dialect = op.get_bind().dialect.name
    for statement in _triggers(dialect):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("caption")
    if op.get_bind().dialect.name == "postgresql":
        for name in REFUSALS:
            op.execute(f"DROP FUNCTION {name}()")


def _triggers(dialect: str) -> list[str]:
    return [
        *refuse(dialect, "caption_on", "caption", "INSERT", _OFF, _LOCK),
        *refuse(dialect, "caption_fixed", "caption", "UPDATE", _FIXED),
        *refuse(dialect, "caption_text", "caption", "UPDATE", _TEXT, _LOCK),
        *refuse(dialect, "caption_kept", "caption", "DELETE"),
    ]
