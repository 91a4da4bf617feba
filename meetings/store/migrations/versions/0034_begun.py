"""An item of the programme that was begun, or under which there was a vote, keeps its number and title: the record names it by these."""

from __future__ import annotations

from alembic import op

from meetings.store.triggers import refuse

revision = "0034_begun"
down_revision = "0033_slips"
branch_labels = None
depends_on = None

LOCK = "PERFORM 1 FROM motion m WHERE m.meeting_id = OLD.meeting_id AND m.item = OLD.item FOR SHARE;"
BOUND = ("(OLD.started_at IS NOT NULL OR EXISTS (SELECT 1 FROM motion m WHERE m.meeting_id = OLD.meeting_id AND m.item = OLD.item"
         " AND m.opened_at IS NOT NULL))")
OTHER = ("(NEW.meeting_id <> OLD.meeting_id OR NEW.item <> OLD.item OR NEW.title <> OLD.title"
         " OR OLD.started_at IS NOT NULL AND NEW.started_at IS NULL)")
WHEN = {"UPDATE": f"{BOUND} AND {OTHER}", "DELETE": BOUND}


def upgrade() -> None:
    for verb, when in WHEN.items():
        for statement in refuse(op.get_bind().dialect.name, f"agenda_begun_{verb.lower()}", "agenda", verb, when, LOCK):
            op.execute(statement)


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for verb in WHEN:
        name = f"agenda_begun_{verb.lower()}"
        op.execute(f"DROP TRIGGER {name}" + (" ON agenda" if postgresql else ""))
        if postgresql:
            op.execute(f"DROP FUNCTION {name}()")
