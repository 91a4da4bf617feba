"""Points in the database: one for every unit, found by id, code or unit, each with a card of what is known of it.

Never deletes a point: old records name it.  Further rooms of a unit are made and closed by `rooms`.  Called after every load of
units, by pages and by `service`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, or_, select

from meetings.access import Action, Resource, Subject, require
from meetings.errors import Conflict, NotFound, Stale
from meetings.store import ledger_store, unit_store
from meetings.store.among import among
from meetings.units import Unit, UnitTree
from scheduler import hours as week
from scheduler import store
from scheduler.booking import Point
from scheduler.point_card import Card, Kept
from scheduler.slots import Slot, civil_day

_PLAIN = [store.point.c[name] for name in ("point_id", "code", "name", "unit_id", "capacity", "closes_at")]


def ensure_points(conn: Connection, units: Iterable[Unit]) -> int:
    """Gives every one of the units that has no point its first one; returns how many were made.

    A unit that begins later has its point at once: meetings after its first day are booked before it.  The code is the unit's;
    where an older unit's point bears it already, the year is added: 06979 of 2020 and 06979-2025 are two places.  The card of
    a new point is empty, whoever the unit came after: who looks after it, and what stands there, is told by the new unit.
    """
    present = conn.execute(select(store.point.c.unit_id, store.point.c.code)).all()
    housed, codes = {row.unit_id for row in present}, {row.code for row in present}
    made: list[dict[str, Any]] = []
    for unit in units:
        if unit.unit_id not in housed:
            code = next(code for code in _codes(unit) if code not in codes)
            codes.add(code)
            housed.add(unit.unit_id)
            made.append({"code": code, "name": unit.name, "unit_id": unit.unit_id, "capacity": None})
    if made:
        conn.execute(store.point.insert(), made)
    return len(made)


def rename(conn: Connection, tree: UnitTree) -> int:
    """Points that bear a former name of their unit take its name of that day; how many.  Seats keep theirs.

    One stays as it is where another point of the unit has that name.
    """
    former: dict[str, set[str]] = {}
    for unit in unit_store.units(conn):
        former.setdefault(unit.unit_id, set()).add(unit.name)
    every = sorted(all_points(conn), key=lambda point: point.point_id)
    taken, other = {(point.unit_id, point.name) for point in every}, list[dict[str, Any]]()
    for point in every:
        name = tree.get(point.unit_id).name if point.unit_id in tree else point.name
        if point.name in former[point.unit_id] and (point.unit_id, name) not in taken:
            taken.add((point.unit_id, name))
            other.append({"key": point.point_id, "other": name})
    if other:
        mine = store.point.update().where(store.point.c.point_id == bindparam("key")).values(
            name=bindparam("other"), version=store.point.c.version + 1)  # a sheet that was exported before does not undo it
        conn.execute(mine, other)
    return len(other)


def all_points(conn: Connection) -> list[Point]:
    """Every point, by code."""
    return [_point(row) for row in conn.execute(select(*_PLAIN).order_by(store.point.c.code))]


def points_by_id(conn: Connection, point_ids: Iterable[int]) -> dict[int, Point]:
    """The points with these ids.  Raises NotFound("point.unknown", points=[…]) if one is missing."""
    wanted = sorted(set(point_ids))
    rows = conn.execute(select(*_PLAIN).where(among(store.point.c.point_id, wanted)))
    found = {row.point_id: _point(row) for row in rows}
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


class Closed(NamedTuple):
    """A point that may not be booked then: closed for good on the day `since`, or outside its hours.

    `hours` are those of the slot's first day, empty where it is closed.
    """

    point_id: int
    code: str
    name: str
    hours: str = ""
    since: date | None = None


def closed(conn: Connection, point_ids: Iterable[int], slot: Slot) -> list[Closed]:
    """Those of the points that are closed before the slot is over, or have bookable hours which do not cover it."""
    column, found = store.point.c, []
    mine = select(column.point_id, column.code, column.name, column.hours, column.closes_at).where(
        or_(column.hours.is_not(None), column.closes_at < slot.end), among(column.point_id, list(point_ids)))
    for row in conn.execute(mine.order_by(column.code)):
        if row.closes_at is not None and row.closes_at < slot.end:
            found.append(Closed(row.point_id, row.code, row.name, since=civil_day(row.closes_at)))
        elif (why := week.outside(week.of_data(row.hours), slot)) is not None:
            found.append(Closed(row.point_id, row.code, row.name, why))
    return found


def check_open(conn: Connection, point_ids: Iterable[int], slot: Slot) -> None:
    """Raises Conflict("booking.closed", points=[{point, code, name, hours, since}, …], count, start, end) where points are closed
    for good, else Conflict("booking.hours", …) for points closed then."""
    found = closed(conn, point_ids, slot)
    if gone := [one for one in found if one.since]:
        named = [{"point": one.point_id, "code": one.code, "name": one.name, "hours": "", "since": one.since} for one in gone]
        raise Conflict("booking.closed", points=named, count=len(named), start=slot.start, end=slot.end)
    if found:
        named = [{"point": one.point_id, "code": one.code, "name": one.name, "hours": one.hours} for one in found]
        raise Conflict("booking.hours", points=named, count=len(named), start=slot.start, end=slot.end)


def kept(conn: Connection, point_ids: Iterable[int]) -> list[Kept]:
    """The points with their cards, by code."""
    rows = conn.execute(select(store.point).where(among(store.point.c.point_id, list(point_ids))))
    return sorted((_kept(row) for row in rows), key=lambda one: one.point.code)


def resource_of(tree: UnitTree, point: Point) -> Resource:
    """The point as the thing an action is asked for; one whose unit is no more belongs to nobody."""
    path = tree.path(point.unit_id) if point.unit_id in tree else ("-", point.unit_id)
    return Resource("point", path)


def edit(conn: Connection, changes: Sequence[tuple[int, Card, int | None]], by: Subject, at: datetime) -> int:
    """Gives points other cards, all or none; how many changed.  Each comes with the version it was made from (None: any).

    Raises Stale("point.changed", code) for a card that somebody else changed meanwhile, NotFound for strangers' points.
    """
    tree = unit_store.tree(conn, civil_day(at))
    # Locked in one order, like bookings, so that nobody waits in a circle.
    locked = select(store.point).where(among(store.point.c.point_id, [point_id for point_id, _card, _version in changes]))
    have = {row.point_id: _kept(row) for row in conn.execute(locked.order_by(store.point.c.point_id).with_for_update())}
    changed: list[dict[str, Any]] = []
    for point_id, card, version in changes:
        if point_id not in have:
            raise NotFound("point.unknown", points=[point_id])
        now = have[point_id]
        require(by, Action.POINT_EDIT, resource_of(tree, now.point))
        if version is not None and version != now.version:
            raise Stale("point.changed", point=now.point.code, name=now.point.name)
        if card != now.card:
            changed.append({"key": point_id, "version": now.version + 1, **_columns(card)})
            _tell(conn, now, card, by, at)
    if changed:
        names = [name for name in changed[0] if name != "key"]
        mine = store.point.update().where(store.point.c.point_id == bindparam("key"))
        conn.execute(mine.values({name: bindparam(name) for name in names}), changed)
    return len(changed)


def _codes(unit: Unit) -> Iterator[str]:
    yield unit.gso_code
    dated = f"{unit.gso_code}-{unit.valid_from.year}"
    yield dated
    yield from (f"{dated}-{number}" for number in range(2, 1000))


def _point(row: Row[Any]) -> Point:
    return Point(row.point_id, row.code, row.name, row.unit_id, row.capacity, row.closes_at)


def _kept(row: Row[Any]) -> Kept:
    told = {name: getattr(row, name) for name in Card.__slots__}
    texts = {name: value or "" for name, value in told.items() if name.startswith(("equipment", "technician", "deputy"))}
    return Kept(_point(row), Card(**{**told, **texts, "hours": week.of_data(row.hours)}), row.version)


def _columns(card: Card) -> dict[str, Any]:
    """Empty texts are kept as nothing."""
    told = {name: getattr(card, name) for name in Card.__slots__}
    return {name: None if value == "" else value for name, value in told.items()} | {"hours": card.hours.as_data() if card.hours else None}


def _tell(conn: Connection, before: Kept, card: Card, by: Subject, at: datetime) -> None:
    old, new = before.card.typed(), card.typed()
    data = {name: new[name] for name in new if new[name] != old[name]}
    point = {"id": before.point.point_id, "code": before.point.code, "name": before.point.name}
    ledger_store.append(conn, None, "point.changed", at, by, point=point, data=data)
