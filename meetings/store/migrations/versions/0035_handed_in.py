"""Who handed a paper in, where it was somebody behind a point, and why it was refused: its way is shown to whoever handed it in.

What was handed in before gets both from the ledger.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import refuse

revision = "0035_handed_in"
down_revision = "0034_begun"
branch_labels = None
depends_on = None

OTHER = "NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.reason IS DISTINCT FROM OLD.reason AND NOT (OLD.state = 'offered' AND NEW.state = 'refused')"


def upgrade() -> None:
    op.add_column("document", sa.Column("person_id", sa.String(36)))
    op.add_column("document", sa.Column("reason", sa.String(300)))
    conn = op.get_bind()
    told = conn.execute(sa.text("SELECT kind, actor, data FROM event WHERE kind IN ('document.offered', 'document.refused')")).all()
    for kind, actor, data in told:
        column, value = ("reason", json.loads(data)["reason"]) if kind == "document.refused" else ("person_id", json.loads(actor or "null"))
        value = value.get("person") if isinstance(value, dict) else value
        if value:
            conn.execute(sa.text(f"UPDATE document SET {column} = :value WHERE document_id = :id"),
                         {"value": value, "id": json.loads(data)["document"]})
    for statement in refuse(op.get_bind().dialect.name, "document_handed_in", "document", "UPDATE", OTHER):
        op.execute(statement)


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute("DROP TRIGGER document_handed_in" + (" ON document" if postgresql else ""))
    if postgresql:
        op.execute("DROP FUNCTION document_handed_in()")
    op.drop_column("document", "reason")
    op.drop_column("document", "person_id")
