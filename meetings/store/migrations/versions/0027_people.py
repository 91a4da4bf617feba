"""People behind points: where each stands in the roll, heads that were counted, personal links that were revoked.

That the columns of a delegate agree is held by triggers: SQLite adds no check to a table that stands.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import append_only, refuse

revision = "0027_people"
down_revision = "0026_voices"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
COLUMNS = ("state", "how", "reason", "came_at", "left_at", "seq")
_CAME = "NEW.state IN ('present', 'late', 'left')"
_DISAGREES = (
    "NEW.state NOT IN ('expected', 'present', 'late', 'left', 'excused', 'absent')"
    f" OR NEW.present <> ({_CAME}) OR ({_CAME}) <> (NEW.came_at IS NOT NULL)"
    " OR (NEW.state = 'excused') <> (NEW.reason IS NOT NULL) OR (NEW.state = 'left') <> (NEW.left_at IS NOT NULL)"
    " OR NEW.left_at < NEW.came_at"
)
FUNCTIONS = ("delegate_state", "delegate_state_moved", "head_count_append_only_update", "head_count_append_only_delete",
             "person_link_generation")


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for column in (
        sa.Column("state", sa.String(8), nullable=False, server_default="absent"), sa.Column("how", sa.String(8)),
        sa.Column("reason", sa.String(500)), sa.Column("came_at", AT), sa.Column("left_at", AT),
        sa.Column("seq", sa.Integer, nullable=False, server_default="0"),
    ):
        op.add_column("delegate", column)
    op.execute("UPDATE delegate SET state = 'present', came_at = recorded_at WHERE present")
    op.create_table(
        "head_count",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("heads", sa.Integer, nullable=False),
        sa.Column("counted_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_head_count_seat"),
        sa.CheckConstraint("heads >= 0", name="ck_head_count_heads"),
        sa.PrimaryKeyConstraint("meeting_id", "point_id", "n", name="pk_head_count"),
    )
    op.create_table(
        "person_link",
        sa.Column("link_id", sa.String(36), nullable=False),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.Column("revoked_at", AT),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_person_link_meeting"),
        sa.CheckConstraint("generation >= 1 AND generation <= 65535", name="ck_person_link_generation"),
        sa.PrimaryKeyConstraint("link_id", name="pk_person_link"),
    )
    for statement in (
        *refuse(dialect, "delegate_state", "delegate", "INSERT", _DISAGREES),
        *refuse(dialect, "delegate_state_moved", "delegate", "UPDATE", _DISAGREES),
        *append_only(dialect, "head_count"),
        *refuse(dialect, "person_link_generation", "person_link", "UPDATE", "NEW.generation < OLD.generation"),
    ):
        op.execute(statement)


def downgrade() -> None:
    for table in ("person_link", "head_count"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for name in FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}() CASCADE")
    else:
        for name in FUNCTIONS[:2]:
            op.execute(f"DROP TRIGGER {name}")
    for name in COLUMNS:
        op.drop_column("delegate", name)
