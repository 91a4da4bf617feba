"""Whose screen a room sees: one at a time, of a point that may."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import refuse

revision = "0032_screens"
down_revision = "0031_ticket_device"
branch_labels = None
depends_on = None

LOCK = "PERFORM 1 FROM meeting m WHERE m.meeting_id = NEW.meeting_id FOR SHARE;"
MAY = (
    "EXISTS (SELECT 1 FROM meeting m WHERE m.meeting_id = NEW.meeting_id AND (m.main_point_id = NEW.point_id AND m.state IN ('convened', 'suspended')"
    " OR m.state = 'open' AND (m.main_point_id = NEW.point_id OR EXISTS (SELECT 1 FROM room_setting r"
    " WHERE r.meeting_id = NEW.meeting_id AND r.presenter = NEW.point_id) OR EXISTS (SELECT 1 FROM speech s WHERE s.meeting_id = NEW.meeting_id"
    " AND s.point_id = NEW.point_id AND s.standing IN ('speaking', 'paused')))))"
)


def upgrade() -> None:
    op.create_table(
        "screen_share",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_screen_share_seat"),
        sa.PrimaryKeyConstraint("meeting_id", name="pk_screen_share"),
    )
    for name in ("presenter", "sign"):
        op.add_column("room_setting", sa.Column(name, sa.Integer))
    dialect = op.get_bind().dialect.name
    for verb in ("INSERT", "UPDATE"):
        for statement in refuse(dialect, f"screen_may_{verb.lower()}", "screen_share", verb, f"NOT {MAY}", LOCK):
            op.execute(statement)


def downgrade() -> None:
    op.drop_table("screen_share")
    for name in ("presenter", "sign"):
        op.drop_column("room_setting", name)
    if op.get_bind().dialect.name == "postgresql":
        for verb in ("insert", "update"):
            op.execute(f"DROP FUNCTION screen_may_{verb}()")
