"""Tables of the record and the constraints that repeat its rules.  The triggers stand in migrations/versions/0001,
those of items of the programme which were begun in 0034, of papers that were handed in in 0035.

Units, points and users belong to other modules; here their ids are plain values, because a record must stay readable
when they are gone.  Times are UTC.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from meetings.store.base import JsonText, UtcDateTime, metadata

STATES = "'draft', 'convened', 'open', 'suspended', 'concluded', 'cancelled'"

event = Table(
    "event", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("meeting_id", String(36)),
    Column("seq", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("actor", JsonText),
    Column("point", JsonText),
    Column("data", JsonText, nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    CheckConstraint("seq >= 1", name="seq"),
    CheckConstraint("length(hash) = 64 AND length(prev_hash) = 64", name="hash"),
    Index("uq_event_meeting_seq", "meeting_id", "seq", unique=True),
    # Null is never equal to null in a unique index, so the audit chain needs one of its own.
    Index("uq_event_audit_seq", "seq", unique=True,
          sqlite_where=text("meeting_id IS NULL"), postgresql_where=text("meeting_id IS NULL")),
)

meeting = Table(
    "meeting", metadata,
    Column("meeting_id", String(36), primary_key=True),
    Column("title", String(500), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("place", String(500), nullable=False),
    Column("state", String(12), nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("unit_id", String(64), nullable=False),
    Column("unit", JsonText, nullable=False),
    Column("chair_id", String(36), nullable=False),
    Column("secretary_id", String(36), nullable=False),
    Column("division_head_id", String(36), nullable=False),
    Column("clerk_id", String(36), nullable=False),
    Column("people", JsonText, nullable=False),
    Column("leaders", JsonText),
    Column("main_point_id", Integer),
    Column("created_at", UtcDateTime, nullable=False),
    Column("opened_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    CheckConstraint(f"state IN ({STATES})", name="state"),
    CheckConstraint("ends_at > starts_at", name="times"),
    CheckConstraint("closed_at IS NULL OR opened_at IS NOT NULL", name="opened_before_closed"),
    CheckConstraint("(state = 'concluded') = (closed_at IS NOT NULL)", name="concluded"),
    Index("ix_meeting_starts_at", "starts_at"),
    Index("ix_meeting_chair_time", "chair_id", "starts_at"),
    Index("ix_meeting_unit_id", "unit_id"),
)

meeting_leader = Table(
    "meeting_leader", metadata,
    Column("user_id", String(36), primary_key=True),
    Column("meeting_id", String(36), ForeignKey("meeting.meeting_id"), primary_key=True),
    Index("ix_meeting_leader_meeting_id", "meeting_id"),
)
"""Who is named in which meeting, to be found by person; names and order stand in `meeting.leaders`."""

agenda = Table(
    "agenda", metadata,
    Column("meeting_id", String(36), ForeignKey("meeting.meeting_id"), primary_key=True),
    Column("item", Integer, primary_key=True),
    Column("title", String(500), nullable=False),
    Column("presenter", String(200), nullable=False),
    # Planned length; when it is its turn follows from those before it and is not kept.
    Column("minutes", Integer),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    CheckConstraint("item >= 1", name="item"),
    CheckConstraint("minutes > 0", name="minutes"),
    CheckConstraint("ended_at IS NULL OR started_at IS NOT NULL", name="started_before_ended"),
    Index("uq_agenda_running", "meeting_id", unique=True,
          sqlite_where=text("started_at IS NOT NULL AND ended_at IS NULL"),
          postgresql_where=text("started_at IS NOT NULL AND ended_at IS NULL")),
)

seat = Table(
    "seat", metadata,
    Column("meeting_id", String(36), ForeignKey("meeting.meeting_id"), primary_key=True),
    Column("point_id", Integer, primary_key=True),
    Column("ord", Integer, nullable=False),
    Column("code", String(40), nullable=False),
    Column("name", String(200), nullable=False),
    Column("unit_id", String(64), nullable=False),
    Column("level", String(40), nullable=False),
    Column("hand_at", UtcDateTime),
    Column("joined_at", UtcDateTime),
    Index("uq_seat_meeting_code", "meeting_id", "code", unique=True),
    Index("ix_seat_unit_id", "unit_id"),
)

presence = Table(
    "presence", metadata,
    Column("meeting_id", String(36), primary_key=True),
    Column("point_id", Integer, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("joined_at", UtcDateTime, nullable=False),
    Column("left_at", UtcDateTime),
    Column("reason", String(40)),
    ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_presence_seat"),
    CheckConstraint("left_at IS NULL OR left_at >= joined_at", name="times"),
    CheckConstraint("(left_at IS NULL) = (reason IS NULL)", name="reason"),
    Index("uq_presence_open", "meeting_id", "point_id", unique=True,
          sqlite_where=text("left_at IS NULL"), postgresql_where=text("left_at IS NULL")),
)

floor = Table(
    "floor", metadata,
    # The key is the meeting alone: the floor is one point, or nobody's.
    Column("meeting_id", String(36), primary_key=True),
    Column("point_id", Integer, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_floor_seat"),
)

conclusion = Table(
    "conclusion", metadata,
    Column("meeting_id", String(36), ForeignKey("meeting.meeting_id"), primary_key=True),
    Column("ord", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("written_at", UtcDateTime, nullable=False),
    Column("removed_at", UtcDateTime),
)

document = Table(
    "document", metadata,
    Column("document_id", String(36), primary_key=True),
    Column("meeting_id", String(36), ForeignKey("meeting.meeting_id"), nullable=False),
    Column("ord", Integer, nullable=False),
    Column("name", String(200), nullable=False),
    Column("media_type", String(120), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("added_by", String(36), nullable=False),
    Column("pages", Integer),
    Column("state", String(9), nullable=False, server_default=text("'in'")),
    Column("replaces", String(36)),
    Column("ended_at", UtcDateTime),
    Column("point_id", Integer),
    Column("person_id", String(36)),
    Column("reason", String(300)),
    CheckConstraint("size > 0", name="size"),
    CheckConstraint("length(sha256) = 64", name="sha256"),
    CheckConstraint("pages IS NULL OR pages >= 1", name="pages"),
    CheckConstraint("state IN ('offered', 'in', 'refused', 'replaced', 'withdrawn')", name="state"),
    Index("uq_document_meeting_name", "meeting_id", "name", unique=True,
          sqlite_where=text("state IN ('offered', 'in')"), postgresql_where=text("state IN ('offered', 'in')")),
    Index("uq_document_meeting_ord", "meeting_id", "ord", unique=True),
    Index("uq_document_replaces", "replaces", unique=True),
)
"""`pages` is null for what is not shown by pages; `replaces` the version before; `point_id` of the point that handed it in, `person_id` of somebody
behind it who did; `reason` of a refusal."""

delegate = Table(
    "delegate", metadata,
    Column("delegate_id", String(36), primary_key=True),
    Column("meeting_id", String(36), nullable=False),
    Column("point_id", Integer, nullable=False),
    Column("ord", Integer, nullable=False),
    Column("name", String(50), nullable=False),
    Column("post", String(100), nullable=False),
    Column("present", Boolean, nullable=False),  # was there at all, if only for a while: may have the record
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("state", String(8), nullable=False),  # `people.There`; that the columns agree is held by the trigger delegate_state
    Column("how", String(8)),
    Column("reason", String(500)),
    Column("came_at", UtcDateTime),
    Column("left_at", UtcDateTime),
    Column("seq", Integer, nullable=False),  # of the event that said so: of two readings the higher sum is the newer
    ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_delegate_seat"),
    Index("uq_delegate_meeting_ord", "meeting_id", "ord", unique=True),
)

join_link = Table(
    "join_link", metadata,
    Column("link_id", String(36), primary_key=True),
    Column("meeting_id", String(36), nullable=False),
    Column("point_id", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    ForeignKeyConstraint(["meeting_id", "point_id"], ["seat.meeting_id", "seat.point_id"], name="fk_join_link_seat"),
    CheckConstraint("generation >= 1 AND generation <= 65535", name="generation"),
    Index("uq_join_link_seat", "meeting_id", "point_id", unique=True),
)

ticket = Table(
    "ticket", metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("room", String(64), nullable=False),
    Column("role", String(9), nullable=False),
    Column("name", String(80), nullable=False),
    Column("point_id", Integer),
    Column("link_id", String(36)),
    Column("generation", Integer),
    Column("minted_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("session_id", String(36)),
    Column("ended_at", UtcDateTime),
    Column("device", String(80)),
    CheckConstraint("role IN ('publish', 'subscribe')", name="role"),
    CheckConstraint("(used_at IS NULL) = (session_id IS NULL)", name="used"),
    CheckConstraint("ended_at IS NULL OR used_at IS NOT NULL", name="ended"),
    CheckConstraint("used_at IS NULL OR used_at <= expires_at", name="in_time"),
    Index("uq_ticket_session_id", "session_id", unique=True),
    Index("ix_ticket_room", "room"),
)
