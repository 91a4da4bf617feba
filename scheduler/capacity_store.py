"""The media server as a resource: what it carries is one row, and a booking holds that row until it stands.

So two bookings at one moment are reckoned one after the other, and never both take the last of it.  The web tells what it
carries (`capacity.json`, or what is assumed without one); until it has, nothing is refused.  An administrator may say it,
and how a point is reckoned.  Called by `service` in the transaction that books, and by the page of rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from meetings.access import Action, Resource, Subject, require
from meetings.errors import Invalid
from meetings.meeting import State
from meetings.store import ledger_store
from meetings.store.tables import meeting, seat
from scheduler.capacity import ASSUMED, MOST_PICTURES, MOST_SOUNDS, PICTURES, SOUNDS, Limit, Load, Reckoning, full, reckon
from scheduler.capacity_table import media_capacity as table
from scheduler.slots import Slot

_ALIVE: Final = [state.value for state in (State.DRAFT, State.CONVENED, State.OPEN, State.SUSPENDED)]
MOST_DECLARED: Final = 100_000_000  # packets a second
_LONGEST: Final = timedelta(days=32)
"""No meeting that began earlier than this before a moment still lasts then: the index on the start needs a lower end."""


def tell(conn: Connection, packets_per_s: int, measured: bool, at: datetime) -> None:
    """Keeps what the machine is told or taken to carry; what an administrator said stays."""
    values = {"packets_per_s": packets_per_s, "measured": measured, "told_at": at}
    if not conn.execute(update(table).values(**values)).rowcount:
        conn.execute(insert(table).values(capacity_id=1, sounds=SOUNDS, pictures=PICTURES, **values))


def knows(conn: Connection, packets_per_s: int, measured: bool) -> bool:
    """Whether exactly this was told."""
    row = conn.execute(select(table)).first()
    return row is not None and (row.packets_per_s, row.measured) == (packets_per_s, measured)


def put(conn: Connection, sounds: int | None, pictures: int | None, declared: int | None, by: Subject, at: datetime) -> None:
    """How a point is reckoned from now on, and what the server carries where `declared` says it; None: as it is told.

    What is booked stays booked.  Raises Invalid("capacity.numbers", field, least, most), NotFound for those who may not.
    """
    require(by, Action.POLICY_KEEP, Resource("policy"))
    for name, value, least, most in (("sounds", sounds, 1, MOST_SOUNDS), ("pictures", pictures, 0, MOST_PICTURES),
                                     ("declared", 1 if declared is None else declared, 1, MOST_DECLARED)):
        if value is None or not least <= value <= most:
            raise Invalid("capacity.numbers", field=name, least=least, most=most)
    values = {"sounds": sounds, "pictures": pictures, "declared": declared}
    if not conn.execute(update(table).values(**values)).rowcount:
        conn.execute(insert(table).values(capacity_id=1, packets_per_s=ASSUMED, measured=False, told_at=at, **values))
    ledger_store.append(conn, None, "capacity.changed", at, by, data=values)


def told(conn: Connection, *, hold: bool = False) -> Limit | None:
    """What the server carries; None while nobody has told.  `hold`: whoever else asks so waits for this transaction's end."""
    query = select(table)
    row = conn.execute(query.with_for_update() if hold else query).first()
    if row is None:
        return None
    if row.declared is not None:
        return Limit(row.declared, False, row.sounds, row.pictures, declared=True)
    return Limit(row.packets_per_s, row.measured, row.sounds, row.pictures)


def check_capacity(conn: Connection, slot: Slot, points: int, except_meeting: str | None = None) -> Reckoning | None:
    """The arithmetic of a booking, with the right to it held; None while nobody has told what the server carries.

    Raises Conflict("capacity.full", …) as `Reckoning.check`.
    """
    limit = told(conn, hold=True)
    if limit is None:
        return None
    found = reckon(limit, points, slot, loads(conn, slot, except_meeting))
    found.check()
    return found


def look(conn: Connection, slot: Slot, points: int, except_meeting: str | None = None) -> Reckoning | None:
    """The same arithmetic for a page: it holds nothing and refuses nothing."""
    limit = told(conn)
    return None if limit is None else reckon(limit, points, slot, loads(conn, slot, except_meeting))


def full_slots(conn: Connection, window: Slot, points: int, except_meeting: str | None = None) -> Sequence[Slot]:
    """When in the window a meeting of so many points would find no room on the server; for the search of free slots."""
    limit = told(conn)
    return [] if limit is None else full(limit, points, window, loads(conn, window, except_meeting))


def loads(conn: Connection, slot: Slot, except_meeting: str | None = None) -> list[Load]:
    """The meetings that overlap the slot, with the number of their points."""
    near = (meeting.c.starts_at < slot.end) & (meeting.c.starts_at > slot.start - _LONGEST) & (meeting.c.ends_at > slot.start)
    counted = select(meeting.c.meeting_id, meeting.c.starts_at, meeting.c.ends_at, func.count().label("points")).join(
        seat, seat.c.meeting_id == meeting.c.meeting_id,
    ).where(near, meeting.c.state.in_(_ALIVE)).group_by(meeting.c.meeting_id, meeting.c.starts_at, meeting.c.ends_at)
    return [Load(row.meeting_id, Slot(row.starts_at, row.ends_at), row.points)
            for row in conn.execute(counted) if row.meeting_id != except_meeting]
