"""Motions are prepared, have options of their own, are voted on by points or persons, by hands or by slips.

Motions, voters and ballots are copied into tables of the new form, the former ones go with their triggers.  A motion of before
was electronic, over points, with the three usual answers.  Going down keeps what the older product can hold: motions that were
opened and have the usual answers or a result, and the ballots of points.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import append_only, refuse

revision = "0030_votes"
down_revision = "0029_speech"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
OLD = ("motion", "voter", "ballot")
NEW = ("motion", "motion_option", "voter", "ballot", "turnout", "hand_count")
RUNNING = "opened_at IS NOT NULL AND closed_at IS NULL AND method <> 'slip'"

LOCK = "PERFORM 1 FROM motion m WHERE m.motion_id = NEW.motion_id FOR SHARE;"
OF_MOTION = "EXISTS (SELECT 1 FROM motion m WHERE m.motion_id = NEW.motion_id AND {})"
OPENED = OF_MOTION.format("m.opened_at IS NOT NULL")
WAS_OPENED = OPENED.replace("NEW.", "OLD.")
NOT_OPEN = OF_MOTION.format("(m.opened_at IS NULL OR m.closed_at IS NOT NULL)")
NO_BALLOTS = OF_MOTION.format("(m.opened_at IS NULL OR m.closed_at IS NOT NULL OR m.method = 'hands' OR NEW.cast_at > m.due_at)")
CHANGED = "OLD.opened_at IS NOT NULL AND (" + " OR ".join(
    f"NEW.{name} IS DISTINCT FROM OLD.{name}"
    for name in ("meeting_id", "title", "rule", "method", "item", "opened_at", "entitled", "present", "quorum_needed", "chair")
) + " OR NEW.due_at < OLD.due_at)"
UNWITNESSED = ("NEW.method = 'hands' AND NEW.closed_at IS NOT NULL AND NOT EXISTS"
               " (SELECT 1 FROM hand_count h WHERE h.motion_id = NEW.motion_id AND h.witness IS NOT NULL"
               " AND h.n = (SELECT max(l.n) FROM hand_count l WHERE l.motion_id = NEW.motion_id))")
COUNTED = ("OLD.witness IS NOT NULL OR NEW.counts <> OLD.counts OR NEW.entered_by <> OLD.entered_by OR NEW.motion_id <> OLD.motion_id"
           " OR NEW.n <> OLD.n OR NEW.chair IS DISTINCT FROM OLD.chair")

# As 0001 has them: going down puts them back.
_CLOSED = "EXISTS (SELECT 1 FROM motion m WHERE m.motion_id = NEW.motion_id AND m.closed_at IS NOT NULL)"


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    _put_aside(OLD, dialect, _old_triggers(dialect))
    _new_motion()
    _new_voting()
    op.execute(
        "INSERT INTO motion (motion_id, meeting_id, ord, title, rule, method, prepared_at, opened_at, entitled, present, quorum_needed,"
        " closed_at, tally) SELECT f.motion_id, f.meeting_id, f.ord, f.title, f.rule, 'electronic', f.opened_at, f.opened_at,"
        " (SELECT count(*) FROM former_voter v WHERE v.motion_id = f.motion_id),"
        " (SELECT count(*) FROM former_voter v WHERE v.motion_id = f.motion_id AND v.present), f.quorum_needed, f.closed_at, f.tally"
        " FROM former_motion f")
    for place, choice in enumerate(("for", "against", "abstain"), start=1):
        op.execute("INSERT INTO motion_option (motion_id, choice, ord, text, means)"
                   f" SELECT motion_id, '{choice}', {place}, '', '{choice}' FROM former_motion")
    op.execute(
        "INSERT INTO voter (motion_id, voter_id, point_id, name, weight, present)"
        " SELECT v.motion_id, CAST(v.point_id AS VARCHAR), v.point_id, COALESCE(s.name, ''), 1, v.present FROM former_voter v"
        " JOIN former_motion m ON m.motion_id = v.motion_id"
        " LEFT JOIN seat s ON s.meeting_id = m.meeting_id AND s.point_id = v.point_id")
    op.execute("INSERT INTO ballot (motion_id, voter_id, choice, via, receipt, cast_at)"
               " SELECT motion_id, CAST(point_id AS VARCHAR), choice, 'room', receipt, cast_at FROM former_ballot")
    _finish(OLD, _new_triggers(dialect))


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    _put_aside(NEW, dialect, _new_triggers(dialect))
    _old_voting()
    op.execute("INSERT INTO motion (motion_id, meeting_id, ord, title, rule, quorum_needed, opened_at, closed_at, tally)"
               " SELECT motion_id, meeting_id, ord, title, rule, quorum_needed, opened_at, closed_at, tally FROM former_motion"
               " WHERE opened_at IS NOT NULL AND (closed_at IS NOT NULL OR method = 'electronic')")
    op.execute("INSERT INTO voter (motion_id, point_id, present) SELECT v.motion_id, v.point_id, v.present FROM former_voter v"
               " JOIN motion m ON m.motion_id = v.motion_id WHERE v.person_id IS NULL")
    op.execute("INSERT INTO ballot (motion_id, point_id, choice, receipt, cast_at)"
               " SELECT b.motion_id, v.point_id, b.choice, b.receipt, b.cast_at FROM former_ballot b JOIN former_voter v"
               " ON v.motion_id = b.motion_id AND v.voter_id = b.voter_id JOIN motion m ON m.motion_id = b.motion_id"
               " WHERE v.person_id IS NULL AND b.choice IN ('for', 'against', 'abstain')")
    _finish(NEW, _old_triggers(dialect))


def _put_aside(tables: tuple[str, ...], dialect: str, triggers: list[str]) -> None:
    """The rows are kept in tables without names of constraints, so that those of the new form are free."""
    for table in tables:
        op.execute(f"CREATE TABLE former_{table} AS SELECT * FROM {table}")
    for table in reversed(tables):
        op.drop_table(table)
    if dialect == "postgresql":
        for statement in triggers:
            if statement.startswith("CREATE FUNCTION "):
                op.execute("DROP FUNCTION " + statement.split()[2])


def _finish(tables: tuple[str, ...], triggers: list[str]) -> None:
    for table in tables:
        op.drop_table(f"former_{table}")
    for statement in triggers:
        op.execute(statement)


def _new_triggers(dialect: str) -> list[str]:
    return [
        *refuse(dialect, "motion_closed", "motion", "UPDATE", "OLD.closed_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL"),
        *refuse(dialect, "motion_opened", "motion", "UPDATE", CHANGED),
        *refuse(dialect, "motion_unwitnessed", "motion", "UPDATE", UNWITNESSED),
        *refuse(dialect, "motion_kept", "motion", "DELETE"),
        *refuse(dialect, "motion_option_late", "motion_option", "INSERT", OPENED, LOCK),
        *refuse(dialect, "motion_option_fixed", "motion_option", "UPDATE"),
        *refuse(dialect, "motion_option_kept", "motion_option", "DELETE", WAS_OPENED, LOCK.replace("NEW.", "OLD.")),
        *append_only(dialect, "voter"),
        *refuse(dialect, "voter_late", "voter", "INSERT", OPENED, LOCK),
        *append_only(dialect, "ballot"),
        *refuse(dialect, "ballot_closed", "ballot", "INSERT", NO_BALLOTS, LOCK),
        *append_only(dialect, "turnout"),
        *refuse(dialect, "turnout_late", "turnout", "INSERT", NOT_OPEN, LOCK),
        *refuse(dialect, "hand_count_late", "hand_count", "INSERT", NOT_OPEN, LOCK),
        *refuse(dialect, "hand_count_fixed", "hand_count", "UPDATE", COUNTED),
        *refuse(dialect, "hand_count_kept", "hand_count", "DELETE"),
    ]


def _old_triggers(dialect: str) -> list[str]:
    return [
        *refuse(dialect, "motion_closed", "motion", "UPDATE", "OLD.closed_at IS NOT NULL"),
        *refuse(dialect, "motion_kept", "motion", "DELETE"),
        *append_only(dialect, "voter"),
        *refuse(dialect, "voter_late", "voter", "INSERT", _CLOSED, LOCK),
        *append_only(dialect, "ballot"),
        *refuse(dialect, "ballot_closed", "ballot", "INSERT", _CLOSED, LOCK),
    ]


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _new_motion() -> None:
    op.create_table("motion",
        sa.Column("motion_id", sa.String(36), nullable=False),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("ord", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("method", sa.String(10), nullable=False),
        sa.Column("item", sa.Integer()),
        sa.Column("prepared_at", AT, nullable=False),
        sa.Column("withdrawn_at", AT),
        sa.Column("opened_at", AT),
        sa.Column("entitled", sa.Integer()),
        sa.Column("present", sa.Integer()),
        sa.Column("quorum_needed", sa.Integer()),
        sa.Column("chair", sa.String(36)),
        sa.Column("due_at", AT),
        sa.Column("closed_at", AT),
        sa.Column("tally", sa.Text()),
        sa.CheckConstraint("method IN ('electronic', 'hands', 'slip')", name="ck_motion_method"),
        sa.CheckConstraint("(closed_at IS NULL) = (tally IS NULL)", name="ck_motion_closed"),
        sa.CheckConstraint("closed_at IS NULL OR opened_at IS NOT NULL", name="ck_motion_opened_before_closed"),
        sa.CheckConstraint("withdrawn_at IS NULL OR opened_at IS NULL", name="ck_motion_withdrawn"),
        sa.CheckConstraint("(opened_at IS NULL) = (entitled IS NULL) AND (opened_at IS NULL) = (present IS NULL)"
                           " AND (opened_at IS NULL) = (quorum_needed IS NULL)", name="ck_motion_opened"),
        sa.CheckConstraint("present >= 0 AND present <= entitled", name="ck_motion_present"),
        sa.CheckConstraint("(opened_at IS NOT NULL AND method = 'slip') = (due_at IS NOT NULL)", name="ck_motion_due"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_motion_meeting"),
        sa.PrimaryKeyConstraint("motion_id", name="pk_motion"),
    )
    op.create_index("uq_motion_meeting_ord", "motion", ["meeting_id", "ord"], unique=True)
    op.create_index("uq_motion_open", "motion", ["meeting_id"], unique=True, **_where(RUNNING))
    op.create_table("motion_option",
        sa.Column("motion_id", sa.String(36), nullable=False),
        sa.Column("choice", sa.String(20), nullable=False),
        sa.Column("ord", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(200), nullable=False),
        sa.Column("means", sa.String(8), nullable=False),
        sa.CheckConstraint("means IN ('for', 'against', 'abstain')", name="ck_motion_option_means"),
        sa.ForeignKeyConstraint(["motion_id"], ["motion.motion_id"], name="fk_motion_option_motion"),
        sa.PrimaryKeyConstraint("motion_id", "choice", name="pk_motion_option"),
    )


def _new_voting() -> None:
    op.create_table("voter",
        sa.Column("motion_id", sa.String(36), nullable=False),
        sa.Column("voter_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(36)),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.CheckConstraint("weight >= 1", name="ck_voter_weight"),
        sa.ForeignKeyConstraint(["motion_id"], ["motion.motion_id"], name="fk_voter_motion"),
        sa.PrimaryKeyConstraint("motion_id", "voter_id", name="pk_voter"),
    )
    op.create_index("ix_voter_motion_point", "voter", ["motion_id", "point_id"])
    op.create_table("ballot",
        sa.Column("motion_id", sa.String(36), nullable=False),
        sa.Column("voter_id", sa.String(36), nullable=False),
        sa.Column("choice", sa.String(20), nullable=False),
        sa.Column("via", sa.String(8), nullable=False),
        sa.Column("receipt", sa.String(32), nullable=False),
        sa.Column("cast_at", AT, nullable=False),
        sa.CheckConstraint("via IN ('room', 'plain', 'slip')", name="ck_ballot_via"),
        sa.ForeignKeyConstraint(["motion_id", "voter_id"], ["voter.motion_id", "voter.voter_id"], name="fk_ballot_voter"),
        sa.ForeignKeyConstraint(["motion_id", "choice"], ["motion_option.motion_id", "motion_option.choice"], name="fk_ballot_option"),
        sa.PrimaryKeyConstraint("motion_id", "voter_id", name="pk_ballot"),
    )
    op.create_index("ix_ballot_receipt", "ballot", ["receipt"])
    op.create_table("turnout",
        sa.Column("motion_id", sa.String(36), nullable=False),
        sa.Column("voter_id", sa.String(36), nullable=False),
        sa.ForeignKeyConstraint(["motion_id", "voter_id"], ["voter.motion_id", "voter.voter_id"], name="fk_turnout_voter"),
        sa.PrimaryKeyConstraint("motion_id", "voter_id", name="pk_turnout"),
    )
    op.create_table("hand_count",
        sa.Column("motion_id", sa.String(36), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("chair", sa.String(20)),
        sa.Column("entered_by", sa.String(36), nullable=False),
        sa.Column("entered_name", sa.String(200), nullable=False),
        sa.Column("entered_at", AT, nullable=False),
        sa.Column("witness", sa.String(36)),
        sa.Column("witness_name", sa.String(200)),
        sa.Column("witnessed_at", AT),
        sa.CheckConstraint("(witness IS NULL) = (witnessed_at IS NULL) AND (witness IS NULL) = (witness_name IS NULL)",
                           name="ck_hand_count_witnessed"),
        sa.CheckConstraint("witness <> entered_by", name="ck_hand_count_second_person"),
        sa.ForeignKeyConstraint(["motion_id"], ["motion.motion_id"], name="fk_hand_count_motion"),
        sa.PrimaryKeyConstraint("motion_id", "n", name="pk_hand_count"),
    )


def _old_voting() -> None:
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
        sa.PrimaryKeyConstraint("motion_id", name="pk_motion"),
    )
    op.create_index("uq_motion_meeting_ord", "motion", ["meeting_id", "ord"], unique=True)
    op.create_index("uq_motion_open", "motion", ["meeting_id"], unique=True, **_where("closed_at IS NULL"))
    op.create_table("voter",
        sa.Column("motion_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["motion_id"], ["motion.motion_id"], name="fk_voter_motion"),
        sa.PrimaryKeyConstraint("motion_id", "point_id", name="pk_voter"),
    )
    op.create_table("ballot",
        sa.Column("motion_id", sa.String(36), nullable=False),
        sa.Column("point_id", sa.Integer(), nullable=False),
        sa.Column("choice", sa.String(8), nullable=False),
        sa.Column("receipt", sa.String(32), nullable=False),
        sa.Column("cast_at", AT, nullable=False),
        sa.CheckConstraint("choice IN ('for', 'against', 'abstain')", name="ck_ballot_choice"),
        sa.ForeignKeyConstraint(["motion_id", "point_id"], ["voter.motion_id", "voter.point_id"], name="fk_ballot_voter"),
        sa.PrimaryKeyConstraint("motion_id", "point_id", name="pk_ballot"),
    )
