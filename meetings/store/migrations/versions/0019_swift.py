"""Bookings of a meeting are found by an index of their own; SQLite looks for overlaps without reading a point's whole past.

What holds a point never overlaps, so of all that begins before a booking only the last can reach into it.
"""

from __future__ import annotations

from alembic import op

from meetings.store.triggers import refuse

revision = "0019_swift"
down_revision = "0018_chair"
branch_labels = None
depends_on = None

HOLDS = "state IN ('confirmed', 'blocked')"
OTHER = " AND b.booking_id <> NEW.booking_id"
FORMER = f"EXISTS (SELECT 1 FROM booking b WHERE b.point_id = NEW.point_id AND b.{HOLDS} AND b.starts_at < NEW.ends_at AND NEW.starts_at < b.ends_at"


def upgrade() -> None:
    op.create_index("ix_booking_meeting", "booking", ["meeting_id", "state", "point_id"])
    _guard(_overlaps(""), _overlaps(OTHER))


def downgrade() -> None:
    op.drop_index("ix_booking_meeting", "booking")
    _guard(f"NEW.{HOLDS} AND {FORMER})", f"NEW.{HOLDS} AND {FORMER}{OTHER})")


def _overlaps(other: str) -> str:
    """A row that is made has no number yet, so only one that is moved tells itself from the others."""
    held = f"FROM booking b WHERE b.point_id = NEW.point_id AND b.{HOLDS}{other}"
    within = f"EXISTS (SELECT 1 {held} AND b.starts_at >= NEW.starts_at AND b.starts_at < NEW.ends_at)"
    last = f"(SELECT b.ends_at {held} AND b.starts_at < NEW.starts_at ORDER BY b.starts_at DESC LIMIT 1)"
    return f"NEW.{HOLDS} AND ({within} OR {last} > NEW.starts_at)"


def _guard(made: str, moved: str) -> None:
    """SQLite only: PostgreSQL's constraint has an index of its own."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for name, verb, when in (("booking_overlap", "INSERT", made), ("booking_overlap_moved", "UPDATE", moved)):
        op.execute(f"DROP TRIGGER {name}")
        for statement in refuse("sqlite", name, "booking", verb, when):
            op.execute(statement)
