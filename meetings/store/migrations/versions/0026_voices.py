"""How a room is run: its setting, who was muted or freed, and the chat, whose text can be erased and never be changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import refuse

revision = "0026_voices"
down_revision = "0025_recordings"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
REFUSALS = ("chat_moderated", "chat_message_text", "chat_message_kept")


def upgrade() -> None:
    op.create_table(
        "room_setting",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("all_muted", sa.Boolean, nullable=False),
        sa.Column("lobby", sa.String(8), nullable=False),
        sa.Column("spotlight", sa.Integer),
        sa.Column("chat", sa.String(8), nullable=False),
        sa.Column("muted_above", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_room_setting_meeting_id_meeting"),
        sa.PrimaryKeyConstraint("meeting_id", name="pk_room_setting"),
        sa.CheckConstraint("lobby IN ('quiet', 'free')", name="ck_room_setting_lobby"),
        sa.CheckConstraint("chat IN ('open', 'held', 'closed')", name="ck_room_setting_chat"),
        sa.CheckConstraint("muted_above >= 0", name="ck_room_setting_muted_above"),
    )
    op.create_table(
        "voice",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer, nullable=False),
        sa.Column("muted", sa.Boolean),
        sa.Column("since", AT, nullable=False),
        sa.Column("asked_at", AT),
        sa.ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_voice_seat"),
        sa.PrimaryKeyConstraint("meeting_id", "point_id", name="pk_voice"),
        sa.CheckConstraint("muted IS NOT NULL OR asked_at IS NOT NULL", name="ck_voice_something"),
    )
    _chat()
    dialect = op.get_bind().dialect.name
    for statement in _triggers(dialect):
        op.execute(statement)


def _chat() -> None:
    op.create_table(
        "chat_message",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("ord", sa.Integer, nullable=False),
        sa.Column("point_id", sa.Integer),
        sa.Column("user_id", sa.String(36)),
        sa.Column("person_id", sa.String(36)),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("salt", sa.String(32)),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(500)),
        sa.Column("said_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_chat_message_meeting_id_meeting"),
        sa.ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_chat_message_seat"),
        sa.PrimaryKeyConstraint("meeting_id", "channel", "ord", name="pk_chat_message"),
        sa.CheckConstraint("channel IN ('room', 'private')", name="ck_chat_message_channel"),
        sa.CheckConstraint("state IN ('said', 'held', 'hidden', 'erased')", name="ck_chat_message_state"),
        sa.CheckConstraint("point_id IS NOT NULL OR user_id IS NOT NULL", name="ck_chat_message_author"),
        sa.CheckConstraint(
            "channel = 'room' OR (point_id IS NULL AND person_id IS NULL AND state IN ('said', 'erased'))",
            name="ck_chat_message_private"),
        sa.CheckConstraint(
            "(text IS NULL) = (state = 'erased') AND (salt IS NULL) = (state = 'erased')", name="ck_chat_message_erased"),
        sa.CheckConstraint("state IN ('said', 'held') OR reason IS NOT NULL", name="ck_chat_message_reason"),
        sa.CheckConstraint("length(text) <= 1000", name="ck_chat_message_length"),
    )


def downgrade() -> None:
    for table in ("chat_message", "voice", "room_setting"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for name in REFUSALS:
            op.execute(f"DROP FUNCTION {name}()")


_LOCK_SETTING = "PERFORM 1 FROM room_setting s WHERE s.meeting_id = NEW.meeting_id FOR SHARE;"
_UNMODERATED = (
    "NEW.channel = 'room' AND NEW.point_id IS NOT NULL AND EXISTS (SELECT 1 FROM room_setting s"
    " WHERE s.meeting_id = NEW.meeting_id AND (s.chat = 'closed' OR (s.chat = 'held' AND NEW.state <> 'held')))"
)


def _triggers(dialect: str) -> list[str]:
    return [
        *refuse(dialect, "chat_moderated", "chat_message", "INSERT", _UNMODERATED, _LOCK_SETTING),
        *refuse(dialect, "chat_message_text", "chat_message", "UPDATE",
                "NEW.text IS NOT NULL AND (OLD.text IS NULL OR NEW.text <> OLD.text)"),
        *refuse(dialect, "chat_message_kept", "chat_message", "DELETE"),
    ]
