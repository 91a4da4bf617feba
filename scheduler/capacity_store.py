"""The media server as a resource: what it carries is one row, and a booking holds that row until it stands.

So two bookings at one moment are reckoned one after the other, and never both take the last of it.  The web tells what it
carries (`capacity.json`); until it has, nothing is refused.  Called by `service` in the transaction that books.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from meetings.meeting import State
from meetings.store.tables import meeting, seat
from scheduler.capacity import Limit, Load, Reckoning, full, reckon
from scheduler.capacity_table import media_capacity as table
from scheduler.slots import Slot

_ALIVE: Final = [state.value for state in (State.DRAFT, State.CONVENED, State.OPEN, State.SUSPENDED)]
_LONGEST: Final = timedelta(days=32)
"""No meeting that began earlier than this before a moment still lasts then: the index on the start needs a lower end."""


def tell(conn: Connection, limit: Limit, at: datetime) -> bool:
    """Keeps what the server carries; whether that is news."""
    values = {"packets_per_s": limit.packets_per_s, "measured": limit.measured, "sounds": limit.sounds, "pictures": limit.pictures}
    known = told(conn)
    if known == limit:
        return False
    if known is None:
        conn.execute(insert(table).values(capacity_id=1, told_at=at, **values))
    else:
        conn.execute(update(table).values(told_at=at, **values))
    return True


def told(conn: Connection, *, hold: bool = False) -> Limit | None:
    """What the server carries; None while nobody has told.  `hold`: whoever else asks so waits for this transaction's end."""
    query = select(table)
    row = conn.execute(query.with_for_update() if hold else query).first()
    return Limit(row.packets_per_s, row.measured, row.sounds, row.pictures) if row else None


def check_capacity(
    conn: Connection, slot: Slot, points: int, except_meeting: str | None = None, limit: Limit | None = None,
) -> Reckoning | None:
    """The arithmetic of a booking, with the right to it held; None while nobody has told what the server carries.

    Raises Conflict("capacity.full", points, sounds, pictures, wanted, others, limit, measured).
    """
    known = told(conn, hold=True)
    chosen = limit or known
    if chosen is None:
        return None
    found = reckon(chosen, points, slot, loads(conn, slot, except_meeting))
    found.check()
    return found


def look(conn: Connection, slot: Slot, points: int, except_meeting: str | None = None) -> Reckoning | None:
    """The same arithmetic for a page: it holds nothing and refuses nothing."""
    limit = told(conn)
    return None if limit is None else reckon(limit, points, slot, loads(conn, slot, except_meeting))


def full_slots(conn: Connection, window: Slot, points: int, except_meeting: str | None = None) -> Sequence[Slot]:
    """When in the window a meeting of so many points would find no room on the server; for the search of free slots."""
    limit = told(conn)
    return [] if limit is None or not limit.measured else full(limit, points, window, loads(conn, window, except_meeting))


def loads(conn: Connection, slot: Slot, except_meeting: str | None = None) -> list[Load]:
    """The meetings that overlap the slot, with the number of their points."""
    near = (meeting.c.starts_at < slot.end) & (meeting.c.starts_at > slot.start - _LONGEST) & (meeting.c.ends_at > slot.start)
    counted = select(meeting.c.meeting_id, meeting.c.starts_at, meeting.c.ends_at, func.count().label("points")).join(
        seat, seat.c.meeting_id == meeting.c.meeting_id,
    ).where(near, meeting.c.state.in_(_ALIVE)).group_by(meeting.c.meeting_id, meeting.c.starts_at, meeting.c.ends_at)
    return [Load(row.meeting_id, Slot(row.starts_at, row.ends_at), row.points)
            for row in conn.execute(counted) if row.meeting_id != except_meeting]
