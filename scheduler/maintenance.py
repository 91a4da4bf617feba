"""Use cases of maintenance: a point is blocked for a time, and the block is lifted.

A block is a booking without a meeting, so the same constraint keeps meetings and blocks apart: over a confirmed booking it is
refused, naming that.  What a block leaves behind stays in the calendar as far as it took place.  Called by the pages of points.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from meetings.access import Action, Subject, require
from meetings.errors import Conflict, Invalid, NotFound
from meetings.ledger import stamp
from meetings.store import ledger_store, unit_store
from meetings.store.among import among
from meetings.store.triggers import violated
from meetings.texts import line
from scheduler import readings, store
from scheduler.booking import Point
from scheduler.points import points_by_id, resource_of
from scheduler.slots import Slot, civil_day

LONGEST: Final = timedelta(days=366)
_b = store.booking.c


class Block(NamedTuple):
    """A point that is not to be booked for a time, and why."""

    block_id: int
    point_id: int
    slot: Slot
    note: str


def block(conn: Connection, point_id: int, slot: Slot, note: str, by: Subject, at: datetime) -> int:
    """Blocks the point; the block's id.

    Raises Conflict("booking.overlap", conflicts=[…]) over a confirmed booking or another block, Invalid("point.block_past" | "point.block_long").
    """
    point = _permitted(conn, point_id, by, at)
    note = line(note, "note", 200)
    if slot.end <= at:
        raise Invalid("point.block_past", field="until")
    if slot.length > LONGEST:
        raise Invalid("point.block_long", field="until", days=LONGEST.days)
    if conn.dialect.name == "postgresql":  # who books the point waits here, as in `service`
        conn.execute(select(store.point.c.point_id).where(store.point.c.point_id == point_id).with_for_update(key_share=True))
    _refuse(conn, point, slot, by)
    values = {"point_id": point_id, "starts_at": slot.start, "ends_at": slot.end, "state": "blocked", "booked_at": at,
              "booked_by": by.user_id, "note": note}
    try:
        with conn.begin_nested():
            block_id: int = conn.execute(insert(store.booking).values(**values).returning(_b.booking_id)).scalar_one()
    except IntegrityError as error:
        if not violated(error, "booking_overlap"):
            raise
        _refuse(conn, point, slot, by)
        raise
    _tell(conn, "point.blocked", point, by, at, {"block": block_id, "start": slot.start, "end": slot.end, "note": note})
    return block_id


def lift(conn: Connection, block_id: int, by: Subject, at: datetime) -> None:
    """The point may be booked again from now on.  Raises NotFound("point.block_unknown") for a block that is over."""
    row = conn.execute(select(store.booking).where(_b.booking_id == block_id).with_for_update()).first()
    if row is None or row.state != "blocked" or row.ends_at <= at:
        raise NotFound("point.block_unknown")
    point = _permitted(conn, row.point_id, by, at)
    mine = update(store.booking).where(_b.booking_id == block_id)
    if row.starts_at < at:
        conn.execute(mine.values(ends_at=at))
    else:
        conn.execute(mine.values(state="released", released_at=at, why="lifted"))
    _tell(conn, "point.unblocked", point, by, at, {"block": block_id})


def blocks(conn: Connection, point_ids: Collection[int], window: Slot) -> list[Block]:
    """The blocks that touch the window, by time."""
    wanted = select(_b.booking_id, _b.point_id, _b.starts_at, _b.ends_at, _b.note).where(
        _b.state == "blocked", _b.starts_at < window.end, _b.ends_at > window.start, among(_b.point_id, point_ids))
    found = [Block(row.booking_id, row.point_id, Slot(row.starts_at, row.ends_at), row.note) for row in conn.execute(wanted)]
    return sorted(found, key=lambda one: (one.slot.start, one.point_id))


def _refuse(conn: Connection, point: Point, slot: Slot, by: Subject) -> None:
    if taken := readings.conflicts(conn, [point.point_id], slot, by=by):
        raise Conflict("booking.overlap", conflicts=[one.as_param() for one in taken])


def _permitted(conn: Connection, point_id: int, by: Subject, at: datetime) -> Point:
    point = points_by_id(conn, [point_id])[point_id]
    require(by, Action.POINT_BLOCK, resource_of(unit_store.tree(conn, civil_day(at)), point))
    return point


def _tell(conn: Connection, kind: str, point: Point, by: Subject, at: datetime, data: dict[str, object]) -> None:
    told = {name: stamp(value) if isinstance(value, datetime) else value for name, value in data.items()}
    ledger_store.append(conn, None, kind, at, by, point={"id": point.point_id, "code": point.code, "name": point.name}, data=told)
