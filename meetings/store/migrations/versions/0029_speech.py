"""The queue of speakers with kinds, turns and times; planned minutes of the agenda.

Whoever has the floor or a raised hand while this runs keeps it: their entries are made from the events that tell of it.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from meetings.store import triggers

revision = "0029_speech"
down_revision = "0028_papers"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
KINDS = "'contribution', 'order', 'question'"
STANDINGS = "'waiting', 'speaking', 'paused', 'done', 'withdrawn', 'declined', 'lapsed'"
UNIQUE = {
    "uq_speech_speaking": ("speaking", ["meeting_id"]),
    "uq_speech_paused": ("paused", ["meeting_id"]),
    "uq_speech_waiting": ("waiting", ["meeting_id", "point_id", "person_id", "kind"]),
}


def upgrade() -> None:
    # Written out: only so does the check stand with its column, and go with it, on both databases.
    op.execute("ALTER TABLE agenda ADD COLUMN minutes INTEGER CONSTRAINT ck_agenda_minutes CHECK (minutes > 0)")
    op.create_table(
        "speech",
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("entry", sa.Integer, nullable=False),
        sa.Column("point_id", sa.Integer, nullable=False),
        sa.Column("person_id", sa.String(36), nullable=False, server_default=""),
        sa.Column("person", sa.String(100), nullable=False, server_default=""),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("standing", sa.String(10), nullable=False),
        sa.Column("lane", sa.Integer, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("item", sa.Integer),
        sa.Column("note", sa.String(200), nullable=False, server_default=""),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("limit_s", sa.Integer),
        sa.Column("spoken_ms", sa.Integer, nullable=False, server_default="0"),
        sa.Column("began_at", AT),
        sa.Column("ended_at", AT),
        sa.PrimaryKeyConstraint("meeting_id", "entry", name="pk_speech"),
        sa.ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_speech_seat"),
        sa.CheckConstraint(f"kind IN ({KINDS})", name="kind"),
        sa.CheckConstraint(f"standing IN ({STANDINGS})", name="standing"),
        sa.CheckConstraint("(ended_at IS NULL) = (standing IN ('waiting', 'speaking', 'paused'))", name="ended"),
        sa.CheckConstraint("began_at IS NULL OR standing = 'speaking'", name="clock"),
        sa.CheckConstraint("spoken_ms >= 0 AND (limit_s IS NULL OR limit_s >= 0)", name="lengths"),
    )
    for name, (standing, columns) in UNIQUE.items():
        where = sa.text(f"standing = '{standing}'")
        op.create_index(name, "speech", columns, unique=True, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "speech_times",
        sa.Column("meeting_id", sa.String(36), sa.ForeignKey("meeting.meeting_id", name="fk_speech_times_meeting"), nullable=False),
        sa.Column("speech_s", sa.Integer),
        sa.Column("aside_s", sa.Integer),
        sa.Column("unit_s", sa.Integer),
        sa.Column("bell_s", sa.Integer),
        sa.PrimaryKeyConstraint("meeting_id", name="pk_speech_times"),
        sa.CheckConstraint("speech_s > 0 AND aside_s > 0 AND unit_s > 0 AND bell_s > 0", name="seconds"),
    )
    _carry_over(op.get_bind())
    for statement in triggers.refuse(op.get_bind().dialect.name, "speech_over", "speech", "UPDATE", "OLD.ended_at IS NOT NULL"):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("speech_times")
    op.drop_table("speech")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION speech_over()")
    op.drop_column("agenda", "minutes")


def _carry_over(conn: sa.Connection) -> None:
    floor = sa.table("floor", sa.column("meeting_id"), sa.column("point_id"), sa.column("since", AT))
    seat = sa.table("seat", sa.column("meeting_id"), sa.column("point_id"), sa.column("hand_at", AT))
    for row in conn.execute(sa.select(floor)).all():
        _entry(conn, row.meeting_id, row.point_id, "floor.given", standing="speaking", asked_at=row.since, began_at=row.since)
    for row in conn.execute(sa.select(seat).where(seat.c.hand_at.is_not(None))).all():
        _entry(conn, row.meeting_id, row.point_id, "hand.raised", standing="waiting", asked_at=row.hand_at)


def _entry(conn: sa.Connection, meeting_id: str, point_id: int, kind: str, **values: object) -> None:
    event = sa.table("event", sa.column("meeting_id"), sa.column("seq", sa.Integer), sa.column("kind"), sa.column("point", sa.Text))
    told = sa.select(event.c.seq, event.c.point).where(event.c.meeting_id == meeting_id, event.c.kind == kind).order_by(event.c.seq.desc())
    seq = next((one.seq for one in conn.execute(told) if json.loads(one.point)["id"] == point_id), None)
    if seq is None:
        return
    speech = sa.table("speech", *(sa.column(name) for name in ("meeting_id", "entry", "point_id", "kind", "lane", "place", "standing")),
                      sa.column("asked_at", AT), sa.column("began_at", AT))
    conn.execute(sa.insert(speech).values(meeting_id=meeting_id, entry=seq, point_id=point_id, kind="contribution", lane=2, place=seq, **values))
