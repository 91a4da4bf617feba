"""Papers by pages: versions, papers that points hand in, the page that all see, how far readers came, and their own notes.

The database itself refuses another move of a paper than those of `meetings/papers.py`, a paper whose content or name changes,
and a page shown that is no page of a standing paper of that meeting.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import refuse

revision = "0028_papers"
down_revision = "0027_people"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
STANDING = "state IN ('offered', 'in')"
MOVED = (
    "(NEW.state <> OLD.state AND NOT (OLD.state = 'offered' AND NEW.state IN ('in', 'refused')"
    " OR OLD.state = 'in' AND NEW.state IN ('replaced', 'withdrawn')))"
    " OR NEW.sha256 <> OLD.sha256 OR NEW.name <> OLD.name OR NEW.size <> OLD.size OR NEW.meeting_id <> OLD.meeting_id"
    " OR NEW.media_type <> OLD.media_type"
)
NO_PAGE = (
    "NOT EXISTS (SELECT 1 FROM document d WHERE d.document_id = NEW.document_id AND d.meeting_id = NEW.meeting_id"
    " AND d.state = 'in' AND NEW.page <= d.pages)"
)
GUARDS = (("document_kept", "document", "UPDATE", MOVED), ("paper_shown_page", "paper_shown", "INSERT", NO_PAGE),
          ("paper_shown_turned", "paper_shown", "UPDATE", NO_PAGE))
COLUMNS = (
    "pages INTEGER CONSTRAINT ck_document_pages CHECK (pages IS NULL OR pages >= 1)",
    "state VARCHAR(9) DEFAULT 'in' NOT NULL CONSTRAINT ck_document_state CHECK (state IN ('offered', 'in', 'refused', 'replaced', 'withdrawn'))",
)


def upgrade() -> None:
    for column in COLUMNS:
        op.execute(f"ALTER TABLE document ADD COLUMN {column}")
    op.add_column("document", sa.Column("replaces", sa.String(36)))
    op.add_column("document", sa.Column("ended_at", AT))
    op.add_column("document", sa.Column("point_id", sa.Integer))
    op.drop_index("uq_document_meeting_name", "document")
    op.create_index("uq_document_meeting_name", "document", ["meeting_id", "name"], unique=True,
                    sqlite_where=sa.text(STANDING), postgresql_where=sa.text(STANDING))
    op.create_index("uq_document_replaces", "document", ["replaces"], unique=True)
    _around()
    dialect = op.get_bind().dialect.name
    for name, table, verb, when in GUARDS:
        for statement in refuse(dialect, name, table, verb, when):
            op.execute(statement)


def _around() -> None:
    op.create_table(
        "paper_shown",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("document_id", sa.String(36), nullable=False),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("point_id", sa.Integer),
        sa.Column("since", AT, nullable=False),
        sa.CheckConstraint("page >= 1", name="ck_paper_shown_page"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_paper_shown_meeting"),
        sa.ForeignKeyConstraint(["document_id"], ["document.document_id"], name="fk_paper_shown_document"),
        sa.PrimaryKeyConstraint("meeting_id", name="pk_paper_shown"),
    )
    op.create_table(
        "paper_read",
        sa.Column("document_id", sa.String(36), nullable=False),
        sa.Column("reader", sa.String(80), nullable=False),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.CheckConstraint("page >= 1", name="ck_paper_read_page"),
        sa.ForeignKeyConstraint(["document_id"], ["document.document_id"], name="fk_paper_read_document"),
        sa.PrimaryKeyConstraint("document_id", "reader", name="pk_paper_read"),
    )
    op.create_index("ix_paper_read_reader", "paper_read", ["reader"])
    op.create_table(
        "paper_note",
        sa.Column("note_id", sa.String(36), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("reader", sa.String(80), nullable=False),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.CheckConstraint("page >= 1", name="ck_paper_note_page"),
        sa.CheckConstraint("length(sha256) = 64", name="ck_paper_note_sha256"),
        sa.CheckConstraint("length(body) <= 8000", name="ck_paper_note_body"),
        sa.PrimaryKeyConstraint("note_id", name="pk_paper_note"),
    )
    op.create_index("ix_paper_note_reader", "paper_note", ["reader", "sha256"])


def downgrade() -> None:
    """Versions that were replaced and papers that were never in go: the older release knows one paper of a name."""
    dialect = op.get_bind().dialect.name
    for name, table, _verb, _when in GUARDS:
        op.execute(f"DROP TRIGGER {name}" if dialect == "sqlite" else f"DROP TRIGGER {name} ON {table}")
        if dialect == "postgresql":
            op.execute(f"DROP FUNCTION {name}()")
    for table in ("paper_note", "paper_read", "paper_shown"):
        op.drop_table(table)
    op.execute("DELETE FROM document WHERE state <> 'in'")
    op.drop_index("uq_document_replaces", "document")
    op.drop_index("uq_document_meeting_name", "document")
    for column in ("pages", "state", "replaces", "ended_at", "point_id"):
        op.execute(f"ALTER TABLE document DROP COLUMN {column}")
    op.create_index("uq_document_meeting_name", "document", ["meeting_id", "name"], unique=True)
