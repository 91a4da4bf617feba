"""Points in the database: one for every unit, found by id, code or unit.  Never deletes a point: old records name it.

Called after every load of units, by pages and by `service`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from meetings.errors import NotFound
from meetings.units import Unit, UnitTree
from scheduler import store
from scheduler.booking import Point

_CHUNK = 10_000  # values in one IN list; PostgreSQL's protocol ends at 65,535, SQLite at 32,766


def ensure_points(conn: Connection, tree: UnitTree) -> int:
    """Gives every unit of the tree that has no point its first one; returns how many were made.

    The code is the unit's; where an older unit's point bears it already, the year is added: 06979 of 2020 and
    06979-2025 are two places.
    """
    present = conn.execute(select(store.point.c.unit_id, store.point.c.code)).all()
    housed, codes = {row.unit_id for row in present}, {row.code for row in present}
    made: list[dict[str, Any]] = []
    for unit in tree:
        if unit.unit_id not in housed:
            code = next(code for code in _codes(unit) if code not in codes)
            codes.add(code)
            made.append({"code": code, "name": unit.name, "unit_id": unit.unit_id, "capacity": None})
    if made:
        conn.execute(store.point.insert(), made)
    return len(made)


def all_points(conn: Connection) -> list[Point]:
    """Every point, by code."""
    return [_point(row) for row in conn.execute(select(store.point).order_by(store.point.c.code))]


def points_by_id(conn: Connection, point_ids: Iterable[int]) -> dict[int, Point]:
    """The points with these ids.  Raises NotFound("point.unknown", points=[…]) if one is missing."""
    wanted = sorted(set(point_ids))
    found: dict[int, Point] = {}
    for chunk in chunks(wanted):
        rows = conn.execute(select(store.point).where(store.point.c.point_id.in_(chunk)))
        found |= {row.point_id: _point(row) for row in rows}
    if missing := [point_id for point_id in wanted if point_id not in found]:
        raise NotFound("point.unknown", points=missing)
    return found


def point_by_code(conn: Connection, code: str) -> Point:
    """The point with this code.  Raises NotFound("point.unknown")."""
    row = conn.execute(select(store.point).where(store.point.c.code == code)).first()
    if row is None:
        raise NotFound("point.unknown", points=[code])
    return _point(row)


def points_of(conn: Connection, unit_id: str) -> list[Point]:
    """The points of one unit, by code."""
    mine = select(store.point).where(store.point.c.unit_id == unit_id).order_by(store.point.c.code)
    return [_point(row) for row in conn.execute(mine)]


def chunks(values: list[int]) -> Iterator[list[int]]:
    """The list in parts small enough for one statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start:start + _CHUNK]


def _codes(unit: Unit) -> Iterator[str]:
    yield unit.gso_code
    dated = f"{unit.gso_code}-{unit.valid_from.year}"
    yield dated
    yield from (f"{dated}-{number}" for number in range(2, 1000))


def _point(row: Row[Any]) -> Point:
    return Point(row.point_id, row.code, row.name, row.unit_id, row.capacity)
