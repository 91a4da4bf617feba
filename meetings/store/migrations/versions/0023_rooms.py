"""A unit has as many points as it has rooms: no two of one name, and one that is closed takes no bookings from then on.

The database refuses a booking, made or prolonged, that ends after its point is closed, and the closing of a point before its
last booking has ended.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from meetings.store.triggers import refuse

revision = "0023_rooms"
down_revision = "0022_leaders"
branch_labels = None
depends_on = None

LIVE = "state IN ('pending', 'confirmed')"
SHUT = f"NEW.{LIVE} AND EXISTS (SELECT 1 FROM point p WHERE p.point_id = NEW.point_id AND p.closes_at < NEW.ends_at)"
BOOKED = f"EXISTS (SELECT 1 FROM booking b WHERE b.point_id = NEW.point_id AND b.{LIVE} AND b.ends_at > NEW.closes_at)"
# Whoever closes the point waits for whoever books it, and the other way round.
POINT = "PERFORM 1 FROM point p WHERE p.point_id = NEW.point_id FOR SHARE;"
GUARDS = (
    ("booking_closed", "booking", "INSERT", SHUT, POINT),
    ("booking_closed_moved", "booking", "UPDATE", f"NEW.ends_at > OLD.ends_at AND {SHUT}", f"IF NEW.ends_at > OLD.ends_at THEN {POINT} END IF;"),
    ("point_booked", "point", "UPDATE", BOOKED, ""),
)


def upgrade() -> None:
    op.add_column("point", sa.Column("closes_at", sa.DateTime(timezone=True)))
    op.create_index("uq_point_name", "point", ["unit_id", "name"], unique=True)
    dialect = op.get_bind().dialect.name
    for name, table, verb, when, lock in GUARDS:
        for statement in refuse(dialect, name, table, verb, when, lock):
            op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for name, table, _verb, _when, _lock in GUARDS:
        op.execute(f"DROP TRIGGER {name}" if dialect == "sqlite" else f"DROP TRIGGER {name} ON {table}")
        if dialect == "postgresql":
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_index("uq_point_name", "point")
    op.drop_column("point", "closes_at")
