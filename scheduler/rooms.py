"""Use cases of a unit's rooms: another point is made, one gets another name, is closed from a day on, or opened again.

A closed point stays where it was booked and in every record; nobody books it, offers it or finds it from that day on.  It can
be closed only once no meeting after that day has it or waits for it.  Rules of audiences mean a unit's main point
(`audience.mains`): further ones are picked by hand or offered.  Called by the pages of points, the sheet and programs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, insert, select, update

from meetings.access import Action, Resource, Subject, require
from meetings.errors import Conflict, Invalid, NotFound
from meetings.store import ledger_store, unit_store
from meetings.store.among import among
from meetings.texts import line
from scheduler import readings, store
from scheduler.booking import Point
from scheduler.point_card import Kept
from scheduler.point_sheet import Row as Line
from scheduler.points import edit, point_by_code, points_by_id, resource_of
from scheduler.slots import CIVIL, Slot, civil_day

MOST_NAME: Final = 200
MOST_ROOMS: Final = 100
SHOWN: Final = 5  # meetings named in a refusal
_FAR: Final = datetime(9000, 1, 1, tzinfo=UTC)
_p = store.point.c


class Room(NamedTuple):
    """A point that is to be made."""

    unit_id: str
    name: str


def make(conn: Connection, wanted: Sequence[Room], by: Subject, at: datetime) -> list[Point]:
    """Further points of these units, in their order: the code is that of the unit's first one and a number, 06973-P2.

    Raises NotFound("unit.unknown") for a unit that is none today, NotFound for strangers' units, Conflict("point.name") for a
    name that the unit has given, Conflict("point.many"), Invalid as `texts.line`.
    """
    tree, made = unit_store.tree(conn, civil_day(at)), list[Point]()
    for unit_id, _text in wanted:
        require(by, Action.POINT_EDIT, Resource("point", tree.path(unit_id)))
    hold(conn, {unit_id for unit_id, _text in wanted})
    for unit_id, text in wanted:
        have = hold(conn, {unit_id})
        name = _free(have, line(text, "name", MOST_NAME))
        if len(have) >= MOST_ROOMS:
            raise Conflict("point.many", unit=tree.get(unit_id).name, most=MOST_ROOMS, field="name")
        code = next_code(have[0].code if have else tree.get(unit_id).gso_code, {row.code for row in have})
        conn.execute(insert(store.point).values(code=code, name=name, unit_id=unit_id))
        point = point_by_code(conn, code)
        _tell(conn, "point.made", point, {"unit": unit_id}, by, at)
        made.append(point)
    return made


def next_code(first: str, taken: set[str]) -> str:
    """06973 → 06973-P2, or the next number that is free."""
    return next(code for number in range(2, MOST_ROOMS + 3) if (code := f"{first}-P{number}") not in taken)


def rename(conn: Connection, point_id: int, text: str, by: Subject, at: datetime) -> bool:
    """Whether it has another name now; seats keep the one they were given.  Raises as `make`."""
    name, point = line(text, "name", MOST_NAME), _point(conn, point_id)
    beside = [other for other in hold(conn, {point.unit_id}) if other.point_id != point_id]
    if name == _held(conn, point_id, by, at).name:
        return False
    _free(beside, name)
    conn.execute(update(store.point).where(_p.point_id == point_id).values(name=name, version=_p.version + 1))
    _tell(conn, "point.changed", _point(conn, point_id), {"name": name}, by, at)
    return True


def close(conn: Connection, point_id: int, day: date, by: Subject, at: datetime) -> None:
    """The point takes no bookings from that day on; today means from now on.

    Raises Invalid("point.close_past"), Conflict("point.booked", conflicts=[as of booking.overlap], count, name, day) naming what has
    to be moved first: everything later that has the point or waits for it.
    """
    row = _held(conn, point_id, by, at)
    today = civil_day(at)
    if day < today:
        raise Invalid("point.close_past", field="closed_from")
    closes = at if day == today else datetime.combine(day, time(0), CIVIL).astimezone(UTC)
    left = [one for one in readings.bookings(conn, [point_id], Slot(closes, _FAR), by, waiting=True) if one.state != "blocked"]
    if left:
        raise Conflict("point.booked", conflicts=[one.as_param() for one in left[:SHOWN]], count=len(left), name=row.name, day=day,
                       field="closed_from")
    _set(conn, point_id, closes)
    _tell(conn, "point.closed", _point(conn, point_id), {"from": day.isoformat()}, by, at)


def reopen(conn: Connection, point_id: int, by: Subject, at: datetime) -> None:
    """The point may be booked again, whenever it was closed; one that is open stays as it is."""
    if _held(conn, point_id, by, at).closes_at is not None:
        _set(conn, point_id, None)
        _tell(conn, "point.reopened", _point(conn, point_id), {}, by, at)


def hold(conn: Connection, unit_ids: Collection[str]) -> Sequence[Row[Any]]:
    """The points of these units, the first that was made first; who makes, names or closes one of them waits here."""
    return conn.execute(select(store.point).where(among(_p.unit_id, unit_ids)).order_by(_p.point_id).with_for_update()).all()


def load(conn: Connection, lines: Sequence[Line], known: Mapping[str, Kept], by: Subject, at: datetime) -> int:
    """What a sheet says of known points and of rooms that are to be made, all or none; how many are new or different."""
    new = [one for one in lines if one.unit_id]
    hold(conn, {one.unit_id or known[one.code].point.unit_id for one in lines})  # all at once, in one order
    made = make(conn, [Room(one.unit_id, one.name) for one in new], by, at)
    mine = [(known[one.code], one) for one in lines if not one.unit_id]
    edit(conn, [(kept.point.point_id, one.card, one.version) for kept, one in mine]
         + [(point.point_id, one.card, None) for point, one in zip(made, new, strict=True)], by, at)
    named = {kept.point.point_id for kept, one in mine if one.name and rename(conn, kept.point.point_id, one.name, by, at)}
    return len(made) + len(named | {kept.point.point_id for kept, one in mine if one.card != kept.card})


# --- steps ---------------------------------------------------------------------------------------------------------


def _held(conn: Connection, point_id: int, by: Subject, at: datetime) -> Row[Any]:
    """The point's row, locked against whoever books it: in the order of every booking, points come first."""
    row = conn.execute(select(store.point).where(_p.point_id == point_id).with_for_update()).first()
    if row is None:
        raise NotFound("point.unknown", points=[point_id])
    require(by, Action.POINT_EDIT, resource_of(unit_store.tree(conn, civil_day(at)), _point(conn, point_id)))
    return row


def _free(others: Sequence[Row[Any]], name: str) -> str:
    """The name, which no other point of the unit bears."""
    if any(other.name.casefold() == name.casefold() for other in others):
        raise Conflict("point.name", name=name, field="name")
    return name


def _set(conn: Connection, point_id: int, closes: datetime | None) -> None:
    conn.execute(update(store.point).where(_p.point_id == point_id).values(closes_at=closes))


def _point(conn: Connection, point_id: int) -> Point:
    return points_by_id(conn, [point_id])[point_id]


def _tell(conn: Connection, kind: str, point: Point, data: dict[str, object], by: Subject, at: datetime) -> None:
    ledger_store.append(conn, None, kind, at, by, point={"id": point.point_id, "code": point.code, "name": point.name}, data=data)
