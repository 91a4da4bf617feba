"""Opinion slips: counted by themselves or with a vote of the meeting, answered with words, reminded of.

Going down, ballots by slip stay ballots; what was said beside them goes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import append_only, refuse

revision = "0033_slips"
down_revision = "0032_screens"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
NEW = ("slip_reminder", "slip_answer", "slip_join")

_LOCK = "PERFORM 1 FROM motion m WHERE m.motion_id = NEW.motion_id FOR SHARE;"
_OPEN = ("NOT EXISTS (SELECT 1 FROM motion m WHERE m.motion_id = NEW.motion_id AND m.method = 'slip' AND m.opened_at IS NOT NULL"
         " AND m.closed_at IS NULL)")
_JOINS = ("NOT EXISTS (SELECT 1 FROM motion s JOIN motion v ON v.meeting_id = s.meeting_id WHERE s.motion_id = NEW.motion_id"
          " AND v.motion_id = NEW.joins AND s.method = 'slip' AND s.opened_at IS NULL AND v.method = 'electronic'"
          " AND v.closed_at IS NOT NULL)")
_VOTED = ("EXISTS (SELECT 1 FROM slip_join j JOIN ballot b ON b.motion_id = j.joins AND b.voter_id = NEW.voter_id"
          " WHERE j.motion_id = NEW.motion_id)")
_WAY = "EXISTS (SELECT 1 FROM motion m WHERE m.motion_id = NEW.motion_id AND (m.method = 'slip') <> (NEW.via = 'slip'))"
_NO_SLIP = ("NOT EXISTS (SELECT 1 FROM ballot b WHERE b.motion_id = NEW.motion_id AND b.voter_id = NEW.voter_id AND b.via = 'slip')")
_EARLY = ("NEW.method = 'slip' AND OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL AND NEW.closed_at < NEW.due_at AND EXISTS"
          " (SELECT 1 FROM voter v WHERE v.motion_id = NEW.motion_id AND NOT EXISTS"
          " (SELECT 1 FROM ballot b WHERE b.motion_id = v.motion_id AND b.voter_id = v.voter_id))")
ON_OTHERS = (("voter_voted", "voter"), ("ballot_way", "ballot"), ("slip_early", "motion"))


def upgrade() -> None:
    op.create_table(
        "slip_join",
        sa.Column("motion_id", sa.String(36), nullable=False),
        sa.Column("joins", sa.String(36), nullable=False),
        sa.ForeignKeyConstraint(["motion_id"], ["motion.motion_id"], name="fk_slip_join_motion_id_motion"),
        sa.ForeignKeyConstraint(["joins"], ["motion.motion_id"], name="fk_slip_join_joins"),
        sa.PrimaryKeyConstraint("motion_id", name="pk_slip_join"),
    )
    op.create_index("uq_slip_join_joins", "slip_join", ["joins"], unique=True)
    op.create_table(
        "slip_answer",
        sa.Column("motion_id", sa.String(36), nullable=False),
        sa.Column("voter_id", sa.String(36), nullable=False),
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("opinion", sa.String(2000), nullable=False),
        sa.ForeignKeyConstraint(["motion_id", "voter_id"], ["ballot.motion_id", "ballot.voter_id"], name="fk_slip_answer_ballot"),
        sa.PrimaryKeyConstraint("motion_id", "voter_id", name="pk_slip_answer"),
    )
    op.create_table(
        "slip_reminder",
        sa.Column("motion_id", sa.String(36), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("silent", sa.Integer(), nullable=False),
        sa.Column("sent_at", AT, nullable=False),
        sa.CheckConstraint("n >= 1 AND silent >= 1", name="ck_slip_reminder_counts"),
        sa.ForeignKeyConstraint(["motion_id"], ["motion.motion_id"], name="fk_slip_reminder_motion_id_motion"),
        sa.PrimaryKeyConstraint("motion_id", "n", name="pk_slip_reminder"),
    )
    for statement in _triggers(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for name, table in ON_OTHERS:
        op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if dialect == "postgresql" else ""))
    for table in NEW:
        op.drop_table(table)
    if dialect == "postgresql":
        for statement in _triggers(dialect):
            if statement.startswith("CREATE FUNCTION "):
                op.execute("DROP FUNCTION " + statement.split()[2])


def _triggers(dialect: str) -> list[str]:
    return [
        *append_only(dialect, "slip_join"),
        *refuse(dialect, "slip_join_late", "slip_join", "INSERT", _JOINS, _LOCK),
        *append_only(dialect, "slip_answer"),
        *refuse(dialect, "slip_answer_way", "slip_answer", "INSERT", _NO_SLIP),
        *append_only(dialect, "slip_reminder"),
        *refuse(dialect, "slip_reminder_late", "slip_reminder", "INSERT", _OPEN, _LOCK),
        *refuse(dialect, "voter_voted", "voter", "INSERT", _VOTED),
        *refuse(dialect, "ballot_way", "ballot", "INSERT", _WAY),
        *refuse(dialect, "slip_early", "motion", "UPDATE", _EARLY),
    ]
