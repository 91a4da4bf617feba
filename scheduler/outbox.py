"""What is to be sent or done at a time: rows with a key, claimed for a while, settled once.

The truth is the rows; whoever ticks may die at any moment and another takes the item over when the lease ends.  An item
whose holder died between delivery and settling is delivered again under the same key, so that what receives it can tell.
An item is written in the transaction of what it tells of: neither is there without the other.  Never delivers: `deliver` of
the caller does, outside every transaction.  Called by use cases (`put`, `cancel`) and by the scheduler (`work`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from meetings.store.database import Database
from scheduler.outbox_table import outbox

log = logging.getLogger(__name__)
LEASE: Final = timedelta(seconds=10)
BATCH: Final = 50          # items one worker holds at a time
MOST_TRIES: Final = 12
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=2)
_ERROR: Final = 500        # characters kept of what went wrong
_o = outbox.c


@dataclass(frozen=True, slots=True)
class Item:
    """`key` names it for ever, whoever delivers it and however often; `tries` counts this one too."""

    key: str
    kind: str
    due_at: datetime
    payload: Mapping[str, Any]
    tries: int


class Refused(Exception):
    """Delivery will never work (no such recipient): it is not tried again."""


Deliver = Callable[[Item], None]
"""Hands one item over.  Raises Refused when it is of no use to try again, anything else when it may be."""


def put(conn: Connection, key: str, kind: str, due_at: datetime, payload: Mapping[str, Any]) -> bool:
    """One item more, unless there is one of that key already, in whatever state.  Whether it is new."""
    insert = (postgresql if conn.dialect.name == "postgresql" else sqlite).insert(outbox)
    row = {"key": key, "kind": kind, "due_at": due_at, "payload": dict(payload), "state": "waiting", "tries": 0}
    made = insert.values(row).on_conflict_do_nothing(index_elements=[_o.key]).returning(_o.item_id)
    return conn.execute(made).first() is not None


def cancel(conn: Connection, prefix: str, at: datetime) -> int:
    """Whatever waits under keys that begin so is not delivered.  What somebody holds just now still may be.  How many."""
    mine = _o.key.startswith(prefix, autoescape=True) & (_o.state == "waiting")
    return conn.execute(update(outbox).where(mine).values(state="cancelled", settled_at=at)).rowcount


def next_due(conn: Connection) -> datetime | None:
    """When the next item is due, or a lease ends."""
    due = select(_o.due_at).where(_o.state == "waiting").order_by(_o.due_at).limit(1)
    leased = select(_o.leased_until).where(_o.state == "leased").order_by(_o.leased_until).limit(1)
    found = [at for query in (due, leased) if (at := conn.execute(query).scalar()) is not None]
    return min(found, default=None)


def claim(conn: Connection, worker: str, at: datetime, most: int = BATCH, lease: timedelta = LEASE) -> list[Item]:
    """So many items that are due, or whose holder is dead, are this worker's until the lease ends; the oldest first."""
    ready = ((_o.state == "waiting") & (_o.due_at <= at)) | ((_o.state == "leased") & (_o.leased_until <= at))
    chosen = select(_o.item_id).where(ready).order_by(_o.due_at, _o.item_id).limit(most)
    if conn.dialect.name == "postgresql":
        chosen = chosen.with_for_update(skip_locked=True)  # SQLite has one writer: nobody else chooses meanwhile
    taken = update(outbox).where(_o.item_id.in_(chosen)).values(
        state="leased", leased_by=worker, leased_until=at + lease, tries=_o.tries + 1)
    rows = conn.execute(taken.returning(_o.key, _o.kind, _o.due_at, _o.payload, _o.tries, _o.item_id)).all()
    rows = sorted(rows, key=lambda row: (row.due_at, row.item_id))
    return [Item(row.key, row.kind, row.due_at, row.payload, row.tries) for row in rows]


def settle(conn: Connection, item: Item, worker: str, at: datetime) -> bool:
    """It was delivered.  False when the lease had ended and somebody else took it meanwhile."""
    return _close(conn, item, worker, state="done", settled_at=at, error=None)


def give_back(conn: Connection, item: Item, worker: str, at: datetime, error: str, *, final: bool = False) -> bool:
    """It was not delivered: tried again later and later, at most MOST_TRIES times; `final`: never again.  As `settle`."""
    error = error[:_ERROR]
    if final or item.tries >= MOST_TRIES:
        return _close(conn, item, worker, state="failed", settled_at=at, error=error)
    return _close(conn, item, worker, state="waiting", due_at=at + pause(item.tries), error=error)


def pause(tries: int) -> timedelta:
    """Until the next try, after so many."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(tries - 1, 20))


def _close(conn: Connection, item: Item, worker: str, **values: Any) -> bool:
    """Only the holder may, and only of this very try."""
    held = (_o.key == item.key) & (_o.state == "leased") & (_o.leased_by == worker) & (_o.tries == item.tries)
    return bool(conn.execute(update(outbox).where(held).values(leased_by=None, leased_until=None, **values)).rowcount)


def work(db: Database, worker: str, deliver: Deliver, clock: Callable[[], datetime], *, lease: timedelta = LEASE) -> int:
    """Everything that is due, one after the other; how many were delivered.

    An item whose lease ends before its turn comes is left to whoever takes it over.
    """
    delivered = 0
    while True:
        with db.write() as conn:
            items = claim(conn, worker, claimed_at := clock(), lease=lease)
        if not items:
            return delivered
        for item in items:
            if clock() >= claimed_at + lease:
                log.warning("outbox.slow kind=%s", item.kind)
                break
            delivered += _one(db, worker, item, deliver, clock)


def _one(db: Database, worker: str, item: Item, deliver: Deliver, clock: Callable[[], datetime]) -> bool:
    try:
        deliver(item)
    except Exception as error:  # whatever it is, it is kept with the item and shown
        final = isinstance(error, Refused)
        if not final:
            log.warning("outbox.failed key=%s tries=%d", item.key, item.tries, exc_info=True)
        with db.write() as conn:
            give_back(conn, item, worker, clock(), str(error) or type(error).__name__, final=final)
        return False
    with db.write() as conn:
        return settle(conn, item, worker, clock())
