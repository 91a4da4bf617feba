"""The record: meetings, agenda, seats, presence, votes, conclusions, documents, admission, and the ledger.

The triggers here are the last word on the rules that must never break; `meetings/store/tables.py` shows the columns.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import append_only, refuse

revision = "0001_meetings"
down_revision = None
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)

TABLES = ("event", "meeting", "agenda", "seat", "presence", "floor", "delegate", "motion", "voter", "ballot",
          "conclusion", "document", "join_link", "ticket")

# The only changes of a meeting's state there are (meetings/meeting.py has the same table; a test compares them).
MOVES = (
    ("draft", "convened"), ("draft", "cancelled"), ("convened", "open"), ("convened", "cancelled"),
    ("open", "suspended"), ("suspended", "open"), ("open", "concluded"), ("suspended", "concluded"),
)


def upgrade() -> None:
    _event()
    _meeting()
    _attendance()
    _voting()
    _papers()
    _admission()
    dialect = op.get_bind().dialect.name
    for statement in _triggers(dialect):
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for statement in _triggers("postgresql"):
            if statement.startswith("CREATE FUNCTION "):
                op.execute("DROP FUNCTION " + statement.split()[2])


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _to_seat(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name=name)


def _event() -> None:
    """The ledger: one chain per meeting, one for the audit."""
    op.create_table("event",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("meeting_id", sa.String(36)),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("actor", sa.Text()),
        sa.Column("point", sa.Text()),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.CheckConstraint("length(hash) = 64 AND length(prev_hash) = 64", name="ck_event_hash"),
        sa.CheckConstraint("seq >= 1", name="ck_event_seq"),
        sa.PrimaryKeyConstraint("id", name="pk_event")
    )
    op.create_index("uq_event_audit_seq", "event", ["seq"], unique=True, **_where("meeting_id IS NULL"))
    op.create_index("uq_event_meeting_seq", "event", ["meeting_id", "seq"], unique=True)


def _meeting() -> None:
    """A meeting, its agenda, and the seats of its points."""
    op.create_table("meeting",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("place", sa.String(500), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("starts_at", AT, nullable=False),
        sa.Column("ends_at", AT, nullable=False),
        sa.Column("unit_id", sa.String(64), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("chair_id", sa.String(36), nullable=False),
        sa.Column("secretary_id", sa.String(36), nullable=False),
        sa.Column("division_head_id", sa.String(36), nullable=False),
        sa.Column("clerk_id", sa.String(36), nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.Column("main_point_id", sa.Integer()),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("opened_at", AT),
        sa.Column("closed_at", AT),
        sa.CheckConstraint("(state = 'concluded') = (closed_at IS NOT NULL)", name='ck_meeting_concluded'),
        sa.CheckConstraint("state IN ('draft', 'convened', 'open', 'suspended', 'concluded', 'cancelled')",
                           name="ck_meeting_state"),
        sa.CheckConstraint("closed_at IS NULL OR opened_at IS NOT NULL", name="ck_meeting_opened_before_closed"),
        sa.CheckConstraint("ends_at > starts_at", name="ck_meeting_times"),
        sa.PrimaryKeyConstraint("meeting_id", name="pk_meeting")
    )
    op.create_index("ix_meeting_starts_at", "meeting", ["starts_at"])
    op.create_index("ix_meeting_unit_id", "meeting", ["unit_id"])
    op.create_table("agenda",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("presenter", sa.String(200), nullable=False),
        sa.Column("started_at", AT),
        sa.Column("ended_at", AT),
        sa.CheckConstraint("ended_at IS NULL OR started_at IS NOT NULL", name="ck_agenda_started_before_ended"),
        sa.CheckConstraint("item >= 1", name="ck_agenda_item"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_agenda_meeting"),
        sa.PrimaryKeyConstraint("meeting_id", "item", name="pk_agenda")
    )
    op.create_index("uq_agenda_running", "agenda", ["meeting_id"], unique=True,
                    **_where("started_at IS NOT NULL AND ended_at IS NULL"))
    op.create_table("seat",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer(), nullable=False),
        sa.Column("ord", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("unit_id", sa.String(64), nullable=False),
        sa.Column("level", sa.String(40), nullable=False),
        sa.Column("hand_at", AT),
        sa.Column("joined_at", AT),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_seat_meeting"),
        sa.PrimaryKeyConstraint("meeting_id", "point_id", name="pk_seat")
    )
    op.create_index("ix_seat_unit_id", "seat", ["unit_id"])
    op.create_index("uq_seat_meeting_code", "seat", ["meeting_id", "code"], unique=True)


def _attendance() -> None:
    """Who was there, who has the floor."""
    op.create_table("presence",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("joined_at", AT, nullable=False),
        sa.Column("left_at", AT),
        sa.Column("reason", sa.String(40)),
        sa.CheckConstraint("(left_at IS NULL) = (reason IS NULL)", name="ck_presence_reason"),
        sa.CheckConstraint("left_at IS NULL OR left_at >= joined_at", name="ck_presence_times"),
        _to_seat("fk_presence_seat"),
        sa.PrimaryKeyConstraint("meeting_id", "point_id", "n", name="pk_presence")
    )
    op.create_index("uq_presence_open", "presence", ["meeting_id", "point_id"], unique=True,
                    **_where("left_at IS NULL"))
    op.create_table("floor",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer(), nullable=False),
        sa.Column("since", AT, nullable=False),
        _to_seat("fk_floor_seat"),
        sa.PrimaryKeyConstraint("meeting_id", name="pk_floor")
    )
    op.create_table("delegate",
        sa.Column("delegate_id", sa.String(36), nullable=False),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer(), nullable=False),
        sa.Column("ord", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("post", sa.String(100), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", AT, nullable=False),
        _to_seat("fk_delegate_seat"),
        sa.PrimaryKeyConstraint("delegate_id", name="pk_delegate")
    )
    op.create_index("uq_delegate_meeting_ord", "delegate", ["meeting_id", "ord"], unique=True)


def _voting() -> None:
    """Motions, who may vote on them, and the ballots."""
    op.create_table("motion",
        sa.Column("motion_id", sa.String(36), nullable=False),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("ord", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("quorum_needed", sa.Integer(), nullable=False),
        sa.Column("opened_at", AT, nullable=False),
        sa.Column("closed_at", AT),
        sa.Column("tally", sa.Text()),
        sa.CheckConstraint("(closed_at IS NULL) = (tally IS NULL)", name="ck_motion_closed"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_motion_meeting"),
        sa.PrimaryKeyConstraint("motion_id", name="pk_motion")
    )
    op.create_index("uq_motion_meeting_ord", "motion", ["meeting_id", "ord"], unique=True)
    op.create_index("uq_motion_open", "motion", ["meeting_id"], unique=True, **_where("closed_at IS NULL"))
    op.create_table("voter",
        sa.Column("motion_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["motion_id"], ["motion.motion_id"], name="fk_voter_motion"),
        sa.PrimaryKeyConstraint("motion_id", "point_id", name="pk_voter")
    )
    op.create_table("ballot",
        sa.Column("motion_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer(), nullable=False),
        sa.Column("choice", sa.String(8), nullable=False),
        sa.Column("receipt", sa.String(32), nullable=False),
        sa.Column("cast_at", AT, nullable=False),
        sa.CheckConstraint("choice IN ('for', 'against', 'abstain')", name='ck_ballot_choice'),
        sa.ForeignKeyConstraint(["motion_id", "point_id"], ["voter.motion_id", "voter.point_id"],
                                name="fk_ballot_voter"),
        sa.PrimaryKeyConstraint("motion_id", "point_id", name="pk_ballot")
    )


def _papers() -> None:
    """Conclusions and documents."""
    op.create_table("conclusion",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("ord", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", AT, nullable=False),
        sa.Column("removed_at", AT),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_conclusion_meeting"),
        sa.PrimaryKeyConstraint("meeting_id", "ord", name="pk_conclusion")
    )
    op.create_table("document",
        sa.Column("document_id", sa.String(36), nullable=False),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("ord", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(120), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("added_at", AT, nullable=False),
        sa.Column("added_by", sa.String(36), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name="ck_document_sha256"),
        sa.CheckConstraint("size > 0", name="ck_document_size"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_document_meeting"),
        sa.PrimaryKeyConstraint("document_id", name="pk_document")
    )
    op.create_index("uq_document_meeting_name", "document", ["meeting_id", "name"], unique=True)
    op.create_index("uq_document_meeting_ord", "document", ["meeting_id", "ord"], unique=True)


def _admission() -> None:
    """Join links and the tickets they mint."""
    op.create_table("join_link",
        sa.Column("link_id", sa.String(36), nullable=False),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("revoked_at", AT),
        sa.CheckConstraint("generation >= 1 AND generation <= 65535", name="ck_join_link_generation"),
        _to_seat("fk_join_link_seat"),
        sa.PrimaryKeyConstraint("link_id", name="pk_join_link")
    )
    op.create_index("uq_join_link_seat", "join_link", ["meeting_id", "point_id"], unique=True)
    op.create_table("ticket",
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("room", sa.String(64), nullable=False),
        sa.Column("role", sa.String(9), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("point_id", sa.Integer()),
        sa.Column("link_id", sa.String(36)),
        sa.Column("generation", sa.Integer()),
        sa.Column("minted_at", AT, nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("used_at", AT),
        sa.Column("session_id", sa.String(36)),
        sa.Column("ended_at", AT),
        sa.CheckConstraint("role IN ('publish', 'subscribe')", name='ck_ticket_role'),
        sa.CheckConstraint("(used_at IS NULL) = (session_id IS NULL)", name="ck_ticket_used"),
        sa.CheckConstraint("ended_at IS NULL OR used_at IS NOT NULL", name="ck_ticket_ended"),
        sa.CheckConstraint("used_at IS NULL OR used_at <= expires_at", name="ck_ticket_in_time"),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_ticket")
    )
    op.create_index("ix_ticket_room", "ticket", ["room"])
    op.create_index("uq_ticket_session_id", "ticket", ["session_id"], unique=True)


def _triggers(dialect: str) -> list[str]:
    return [
        *append_only(dialect, "event"),
        *refuse(dialect, "event_continues_chain", "event", "INSERT", _BREAKS_CHAIN),
        *refuse(dialect, "meeting_starts_as_draft", "meeting", "INSERT", "NEW.state <> 'draft'"),
        *refuse(dialect, "meeting_state_move", "meeting", "UPDATE", _forbidden_move()),
        *refuse(dialect, "meeting_final", "meeting", "UPDATE", "OLD.state IN ('concluded', 'cancelled')"),
        *refuse(dialect, "meeting_kept", "meeting", "DELETE"),
        *refuse(dialect, "motion_closed", "motion", "UPDATE", "OLD.closed_at IS NOT NULL"),
        *refuse(dialect, "motion_kept", "motion", "DELETE"),
        *append_only(dialect, "voter"),
        *refuse(dialect, "voter_late", "voter", "INSERT", _MOTION_CLOSED, _LOCK_MOTION),
        *append_only(dialect, "ballot"),
        *refuse(dialect, "ballot_closed", "ballot", "INSERT", _MOTION_CLOSED, _LOCK_MOTION),
        *refuse(dialect, "presence_ended", "presence", "UPDATE", "OLD.left_at IS NOT NULL"),
        *refuse(dialect, "presence_kept", "presence", "DELETE"),
        *refuse(dialect, "conclusion_text", "conclusion", "UPDATE",
                "OLD.text <> NEW.text OR OLD.removed_at IS NOT NULL"),
        *refuse(dialect, "conclusion_kept", "conclusion", "DELETE"),
        *refuse(dialect, "join_link_generation", "join_link", "UPDATE", "NEW.generation < OLD.generation"),
        *refuse(dialect, "ticket_spent", "ticket", "UPDATE", _SPENT),
    ]


_BREAKS_CHAIN = (
    "NEW.seq <> 1 + COALESCE((SELECT MAX(e.seq) FROM event e"
    " WHERE e.meeting_id IS NOT DISTINCT FROM NEW.meeting_id), 0)"
    " OR NEW.prev_hash <> COALESCE((SELECT e.hash FROM event e WHERE e.meeting_id IS NOT DISTINCT FROM NEW.meeting_id"
    " AND e.seq = NEW.seq - 1), '" + "0" * 64 + "')"
)

# A ballot and the closing of its motion may run at the same moment: the lock makes one of them wait for the other.
_LOCK_MOTION = "PERFORM 1 FROM motion m WHERE m.motion_id = NEW.motion_id FOR SHARE;"
_MOTION_CLOSED = "EXISTS (SELECT 1 FROM motion m WHERE m.motion_id = NEW.motion_id AND m.closed_at IS NOT NULL)"

# Single use: what the first use wrote stays, and a session that ended does not come back.
_SPENT = (
    "(OLD.used_at IS NOT NULL AND (NEW.used_at IS DISTINCT FROM OLD.used_at"
    " OR NEW.session_id IS DISTINCT FROM OLD.session_id))"
    " OR (OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at)"
    " OR NEW.room <> OLD.room OR NEW.role <> OLD.role OR NEW.expires_at <> OLD.expires_at"
)


def _forbidden_move() -> str:
    allowed = " OR ".join(f"(OLD.state = '{old}' AND NEW.state = '{new}')" for old, new in MOVES)
    return f"OLD.state <> NEW.state AND NOT ({allowed})"
