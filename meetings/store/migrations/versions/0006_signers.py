"""The three who sign a meeting's minutes are three people (`meetings.meeting.check_signers`); now the database says so too.

A meeting that was booked before with one person in two posts goes on as it is; its posts cannot become so anew.
"""

from __future__ import annotations

from alembic import op

from meetings.store.triggers import refuse

revision = "0006_signers"
down_revision = "0005_record"
branch_labels = None
depends_on = None

POSTS = ("chair_id", "secretary_id", "division_head_id")
SAME = "NEW.chair_id IN (NEW.secretary_id, NEW.division_head_id) OR NEW.secretary_id = NEW.division_head_id"
MOVED = " OR ".join(f"NEW.{post} IS DISTINCT FROM OLD.{post}" for post in POSTS)
RULES = {"INSERT": SAME, "UPDATE": f"({SAME}) AND ({MOVED})"}


def upgrade() -> None:
    for verb, when in RULES.items():
        for statement in refuse(op.get_bind().dialect.name, _name(verb), "meeting", verb, when):
            op.execute(statement)


def downgrade() -> None:
    for verb in RULES:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP TRIGGER {_name(verb)} ON meeting")
            op.execute(f"DROP FUNCTION {_name(verb)}()")
        else:
            op.execute(f"DROP TRIGGER {_name(verb)}")


def _name(verb: str) -> str:
    return f"meeting_three_signers_{verb.lower()}"
