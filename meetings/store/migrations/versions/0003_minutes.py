"""The register of numbers, versions of minutes, signing rounds, packets, personal links.

The triggers are the last word: numbers have no gap and never come back, versions form a chain, signatures follow
their order, a sealed record never changes.  `minutes/tables.py` shows the columns.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import append_only, refuse

revision = "0003_minutes"
down_revision = "0002_scheduler"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)

TABLES = ("number_series", "register", "minutes", "minute_version", "sign_round", "signature", "packet",
          "release_link")

# The only changes of a round's state there are (minutes/signing.py has the same table; a test compares them),
# and how many signatures there must be then.
MOVES = (
    ("numbered", "initialled", 1), ("initialled", "secretary_signed", 2), ("secretary_signed", "chair_signed", 3),
    ("chair_signed", "sealed", 4), ("sealed", "issued", 4),
    ("numbered", "refused", 0), ("initialled", "refused", 1), ("secretary_signed", "refused", 2),
    ("chair_signed", "refused", 3),
)

SAME_SERIES = "r.issuer_unit = NEW.issuer_unit AND r.year = NEW.year AND r.series = NEW.series"
LOCK_SERIES = ("PERFORM 1 FROM number_series r WHERE r.issuer_unit = NEW.issuer_unit AND r.year = NEW.year"
               " AND r.series = NEW.series FOR UPDATE;")
LOCK_MINUTES = "PERFORM 1 FROM minutes m WHERE m.minutes_id = NEW.minutes_id FOR UPDATE;"
SIGNED = "(SELECT count(*) FROM signature s WHERE s.minutes_id = NEW.minutes_id AND s.round = NEW.round)"


def upgrade() -> None:
    _register()
    _versions()
    _rounds()
    _releases()
    for statement in _guards(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for statement in _guards("postgresql"):
            if statement.startswith("CREATE FUNCTION "):
                op.execute("DROP FUNCTION " + statement.split()[2])


def _guards(dialect: str) -> list[str]:
    moved = " OR ".join(
        f"(OLD.state = '{old}' AND NEW.state = '{new}' AND {SIGNED} = {count})" for old, new, count in MOVES)
    parent = ("(SELECT v.sha256 FROM minute_version v WHERE v.minutes_id = NEW.minutes_id"
              " AND v.version = NEW.version - 1)")
    return [
        *append_only(dialect, "number_series"),
        *refuse(dialect, "register_next_number", "register", "INSERT",
                f"NEW.state <> 'reserved' OR NEW.number <> (SELECT coalesce(max(r.number), 0) + 1 FROM register r"
                f" WHERE {SAME_SERIES})", LOCK_SERIES),
        *refuse(dialect, "register_final", "register", "UPDATE",
                "OLD.state <> 'reserved' OR NEW.state = 'reserved' OR NEW.issuer_unit <> OLD.issuer_unit"
                " OR NEW.year <> OLD.year OR NEW.series <> OLD.series OR NEW.number <> OLD.number"
                " OR NEW.symbol <> OLD.symbol OR NEW.summary <> OLD.summary OR NEW.reserved_at <> OLD.reserved_at"
                " OR coalesce(NEW.meeting_id, '') <> coalesce(OLD.meeting_id, '')"),
        *refuse(dialect, "register_kept", "register", "DELETE"),
        *append_only(dialect, "minutes"),
        *refuse(dialect, "minute_version_chain", "minute_version", "INSERT",
                "(NEW.version > 1 AND NEW.parent_sha256 <> coalesce(" + parent + ", ''))"
                " OR NEW.version <> (SELECT coalesce(max(v.version), 0) + 1 FROM minute_version v"
                " WHERE v.minutes_id = NEW.minutes_id)"
                " OR EXISTS (SELECT 1 FROM sign_round r WHERE r.minutes_id = NEW.minutes_id"
                " AND r.state <> 'refused')", LOCK_MINUTES),
        *append_only(dialect, "minute_version"),
        *refuse(dialect, "sign_round_start", "sign_round", "INSERT",
                "NEW.state <> 'numbered' OR NEW.round <> (SELECT coalesce(max(r.round), 0) + 1 FROM sign_round r"
                " WHERE r.minutes_id = NEW.minutes_id)"
                " OR NEW.version <> (SELECT max(v.version) FROM minute_version v WHERE v.minutes_id = NEW.minutes_id)"
                " OR NEW.pdf_sha256 <> (SELECT v.pdf_sha256 FROM minute_version v"
                " WHERE v.minutes_id = NEW.minutes_id AND v.version = NEW.version)", LOCK_MINUTES),
        *refuse(dialect, "sign_round_order", "sign_round", "UPDATE",
                f"NOT ({moved}) OR NEW.minutes_id <> OLD.minutes_id OR NEW.round <> OLD.round"
                " OR NEW.version <> OLD.version OR NEW.number <> OLD.number OR NEW.year <> OLD.year"
                " OR NEW.series <> OLD.series OR NEW.issuer_unit <> OLD.issuer_unit"
                " OR NEW.opened_at <> OLD.opened_at OR (NEW.state IN ('issued', 'refused')"
                " AND NEW.pdf_sha256 <> OLD.pdf_sha256) OR (NEW.state NOT IN ('issued', 'refused')"
                " AND NEW.pdf_sha256 <> (SELECT s.after_sha256 FROM signature s WHERE s.minutes_id = NEW.minutes_id"
                f" AND s.round = NEW.round AND s.ord = {SIGNED}))"),
        *refuse(dialect, "sign_round_kept", "sign_round", "DELETE"),
        *refuse(dialect, "signature_order", "signature", "INSERT",
                f"NEW.ord <> {SIGNED} + 1 OR NOT EXISTS (SELECT 1 FROM sign_round r"
                " WHERE r.minutes_id = NEW.minutes_id AND r.round = NEW.round AND r.pdf_sha256 = NEW.before_sha256"
                " AND r.state = CASE NEW.ord WHEN 1 THEN 'numbered' WHEN 2 THEN 'initialled'"
                " WHEN 3 THEN 'secretary_signed' ELSE 'chair_signed' END)", LOCK_MINUTES),
        *append_only(dialect, "signature"),
        *refuse(dialect, "packet_issued", "packet", "INSERT",
                "NOT EXISTS (SELECT 1 FROM sign_round r WHERE r.minutes_id = NEW.minutes_id AND r.state = 'issued')"),
        *append_only(dialect, "packet"),
        *refuse(dialect, "release_link_present", "release_link", "INSERT",
                "NOT EXISTS (SELECT 1 FROM delegate d JOIN minutes m ON m.meeting_id = d.meeting_id"
                " WHERE d.delegate_id = NEW.delegate_id AND m.minutes_id = NEW.minutes_id AND d.present)"
                " OR NOT EXISTS (SELECT 1 FROM sign_round r WHERE r.minutes_id = NEW.minutes_id"
                " AND r.state = 'issued')"),
        *refuse(dialect, "release_link_final", "release_link", "UPDATE",
                "OLD.revoked_at IS NOT NULL OR NEW.revoked_at IS NULL OR NEW.link_id <> OLD.link_id"
                " OR NEW.minutes_id <> OLD.minutes_id OR NEW.delegate_id <> OLD.delegate_id"
                " OR NEW.expires_at <> OLD.expires_at OR NEW.granted_at <> OLD.granted_at"),
        *refuse(dialect, "release_link_kept", "release_link", "DELETE"),
    ]


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _register() -> None:
    op.create_table("number_series",
        sa.Column("issuer_unit", sa.String(64), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("series", sa.String(10), nullable=False),
        sa.CheckConstraint("year BETWEEN 2000 AND 9999", name="ck_number_series_year"),
        sa.PrimaryKeyConstraint("issuer_unit", "year", "series", name="pk_number_series"),
    )
    op.create_table("register",
        sa.Column("issuer_unit", sa.String(64), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("series", sa.String(10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("symbol", sa.String(30), nullable=False),
        sa.Column("summary", sa.String(500), nullable=False),
        sa.Column("meeting_id", sa.String(36)),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(500)),
        sa.Column("reserved_at", AT, nullable=False),
        sa.Column("reserved_by", sa.Text()),
        sa.Column("settled_at", AT),
        sa.CheckConstraint("number >= 1", name="ck_register_number"),
        sa.CheckConstraint("state IN ('reserved', 'issued', 'voided')", name="ck_register_state"),
        sa.CheckConstraint("(state = 'voided') = (reason IS NOT NULL)", name="ck_register_reason"),
        sa.CheckConstraint("(state = 'reserved') = (settled_at IS NULL)", name="ck_register_settled"),
        sa.ForeignKeyConstraint(
            ["issuer_unit", "year", "series"],
            ["number_series.issuer_unit", "number_series.year", "number_series.series"],
            name="fk_register_number_series"),
        sa.PrimaryKeyConstraint("issuer_unit", "year", "series", "number", name="pk_register"),
    )


def _versions() -> None:
    op.create_table("minutes",
        sa.Column("minutes_id", sa.String(36), nullable=False),
        sa.Column("meeting_id", sa.String(36), nullable=False),
        sa.Column("ord", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(12), nullable=False),
        sa.Column("issuer_unit", sa.String(64), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.CheckConstraint("ord >= 1", name="ck_minutes_ord"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.meeting_id"], name="fk_minutes_meeting"),
        sa.PrimaryKeyConstraint("minutes_id", name="pk_minutes"),
    )
    op.create_index("uq_minutes_meeting_ord", "minutes", ["meeting_id", "ord"], unique=True)
    op.create_index("uq_minutes_code", "minutes", ["code"], unique=True)
    op.create_table("minute_version",
        sa.Column("minutes_id", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("cause", sa.String(8), nullable=False),
        sa.Column("parent_sha256", sa.String(64)),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("docx_sha256", sa.String(64), nullable=False),
        sa.Column("pdf_sha256", sa.String(64), nullable=False),
        sa.Column("by", sa.Text()),
        sa.Column("at", AT, nullable=False),
        sa.CheckConstraint("version >= 1", name="ck_minute_version_version"),
        sa.CheckConstraint("(version = 1) = (parent_sha256 IS NULL)", name="ck_minute_version_parent"),
        sa.CheckConstraint("cause IN ('drafted', 'edited', 'numbered', 'refused')", name="ck_minute_version_cause"),
        sa.CheckConstraint("length(sha256) = 64 AND length(docx_sha256) = 64 AND length(pdf_sha256) = 64",
                           name="ck_minute_version_sha256"),
        sa.ForeignKeyConstraint(["minutes_id"], ["minutes.minutes_id"], name="fk_minute_version_minutes"),
        sa.PrimaryKeyConstraint("minutes_id", "version", name="pk_minute_version"),
    )


def _rounds() -> None:
    op.create_table("sign_round",
        sa.Column("minutes_id", sa.String(36), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("issuer_unit", sa.String(64), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("pdf_sha256", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(500)),
        sa.Column("opened_at", AT, nullable=False),
        sa.Column("settled_at", AT),
        sa.CheckConstraint("state IN ('numbered', 'initialled', 'secretary_signed', 'chair_signed', 'sealed',"
                           " 'issued', 'refused')", name="ck_sign_round_state"),
        sa.CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name="ck_sign_round_reason"),
        sa.CheckConstraint("(state IN ('refused', 'issued')) = (settled_at IS NOT NULL)",
                           name="ck_sign_round_settled"),
        sa.ForeignKeyConstraint(["minutes_id", "version"], ["minute_version.minutes_id", "minute_version.version"],
                                name="fk_sign_round_minute_version"),
        sa.ForeignKeyConstraint(
            ["issuer_unit", "year", "series", "number"],
            ["register.issuer_unit", "register.year", "register.series", "register.number"],
            name="fk_sign_round_register"),
        sa.PrimaryKeyConstraint("minutes_id", "round", name="pk_sign_round"),
    )
    op.create_index("uq_sign_round_register", "sign_round", ["issuer_unit", "year", "series", "number"], unique=True)
    op.create_index("uq_sign_round_live", "sign_round", ["minutes_id"], unique=True, **_where("state <> 'refused'"))
    op.create_table("signature",
        sa.Column("minutes_id", sa.String(36), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("ord", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("role", sa.String(9), nullable=False),
        sa.Column("signer", sa.String(200), nullable=False),
        sa.Column("by", sa.Text()),
        sa.Column("before_sha256", sa.String(64), nullable=False),
        sa.Column("after_sha256", sa.String(64), nullable=False),
        sa.Column("test", sa.Integer(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.CheckConstraint("(ord = 1 AND role = 'initials') OR (ord = 2 AND role = 'secretary')"
                           " OR (ord = 3 AND role = 'chair') OR (ord = 4 AND role = 'agency')",
                           name="ck_signature_order"),
        sa.CheckConstraint("length(after_sha256) = 64 AND after_sha256 <> before_sha256", name="ck_signature_sha256"),
        sa.CheckConstraint("test IN (0, 1)", name="ck_signature_test"),
        sa.ForeignKeyConstraint(["minutes_id", "round"], ["sign_round.minutes_id", "sign_round.round"],
                                name="fk_signature_sign_round"),
        sa.PrimaryKeyConstraint("minutes_id", "round", "ord", name="pk_signature"),
    )


def _releases() -> None:
    op.create_table("packet",
        sa.Column("minutes_id", sa.String(36), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("built_at", AT, nullable=False),
        sa.CheckConstraint("size > 0", name="ck_packet_size"),
        sa.CheckConstraint("length(sha256) = 64", name="ck_packet_sha256"),
        sa.ForeignKeyConstraint(["minutes_id"], ["minutes.minutes_id"], name="fk_packet_minutes"),
        sa.PrimaryKeyConstraint("minutes_id", name="pk_packet"),
    )
    op.create_table("release_link",
        sa.Column("link_id", sa.String(36), nullable=False),
        sa.Column("minutes_id", sa.String(36), nullable=False),
        sa.Column("delegate_id", sa.String(36), nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("granted_at", AT, nullable=False),
        sa.Column("granted_by", sa.Text()),
        sa.Column("revoked_at", AT),
        sa.CheckConstraint("expires_at > granted_at", name="ck_release_link_times"),
        sa.ForeignKeyConstraint(["minutes_id"], ["minutes.minutes_id"], name="fk_release_link_minutes"),
        sa.ForeignKeyConstraint(["delegate_id"], ["delegate.delegate_id"], name="fk_release_link_delegate"),
        sa.PrimaryKeyConstraint("link_id", name="pk_release_link"),
    )
    op.create_index("uq_release_link_live", "release_link", ["minutes_id", "delegate_id"], unique=True,
                    **_where("revoked_at IS NULL"))
