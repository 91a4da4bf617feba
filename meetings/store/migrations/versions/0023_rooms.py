"""A unit has as many points as it has rooms: no two of one name, and one that is closed takes no bookings from then on.

The database refuses a booking, made or prolonged, that ends after its point is closed, and the closing of a point before its
last booking has ended.  PostgreSQL looks at all rows of a statement at once: a province books 239 points in one.
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
PROLONGED = f"NEW.ends_at > OLD.ends_at AND {SHUT}"
BOOKED = f"EXISTS (SELECT 1 FROM booking b WHERE b.point_id = NEW.point_id AND b.{LIVE} AND b.ends_at > NEW.closes_at)"
MADE = f"made m WHERE m.{LIVE}"
LONGER = f"made m JOIN was w ON w.booking_id = m.booking_id AND m.ends_at > w.ends_at WHERE m.{LIVE}"
GUARDS = (("booking_closed", "booking"), ("booking_closed_moved", "booking"), ("point_booked", "point"))


def upgrade() -> None:
    op.add_column("point", sa.Column("closes_at", sa.DateTime(timezone=True)))
    op.create_index("uq_point_name", "point", ["unit_id", "name"], unique=True)
    dialect = op.get_bind().dialect.name
    if dialect == "sqlite":
        guards = [*refuse(dialect, "booking_closed", "booking", "INSERT", SHUT),
                  *refuse(dialect, "booking_closed_moved", "booking", "UPDATE", PROLONGED)]
    else:
        guards = [*_refuse_all("booking_closed", "INSERT", "NEW TABLE AS made", MADE),
                  *_refuse_all("booking_closed_moved", "UPDATE", "NEW TABLE AS made OLD TABLE AS was", LONGER)]
    for statement in (*guards, *refuse(dialect, "point_booked", "point", "UPDATE", BOOKED)):
        op.execute(statement)


def _refuse_all(name: str, verb: str, tables: str, rows: str) -> list[str]:
    """Whoever closes a point waits for whoever books it, and the other way round; then the rows are judged by what stands."""
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"PERFORM 1 FROM point p WHERE p.point_id IN (SELECT m.point_id FROM {rows}) ORDER BY p.point_id FOR SHARE; "
        f"IF EXISTS (SELECT 1 FROM point p, {rows} AND p.point_id = m.point_id AND p.closes_at < m.ends_at) THEN "
        f"RAISE EXCEPTION '{name}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NULL; END $$",
        f"CREATE TRIGGER {name} AFTER {verb} ON booking REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    ]


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for name, table in GUARDS:
        op.execute(f"DROP TRIGGER {name}" if dialect == "sqlite" else f"DROP TRIGGER {name} ON {table}")
        if dialect == "postgresql":
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_index("uq_point_name", "point")
    op.drop_column("point", "closes_at")
