"""What is to be sent or done at a time: rows with a key, claimed for a while, settled once.

The truth is the rows; whoever ticks may die at any moment and another takes the item over when the lease ends.  An item
whose holder died between delivery and settling is delivered again under the same key, so that what receives it can tell.
An item is written in the transaction of what it tells of: neither is there without the other.  Never delivers: `deliver` of
the caller does, outside every transaction.  Called by use cases (`put`, `cancel`) and by the scheduler (`work`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement, Connection, Executable, Select, String, bindparam, literal_column, select, true, union_all, update,
)
from sqlalchemy.dialects import postgresql, sqlite

from meetings.store.base import UtcDateTime
from meetings.store.database import Database
from scheduler.outbox_table import outbox

log = logging.getLogger(__name__)
LEASE: Final = timedelta(seconds=10)
MOST_TRIES: Final = 12
_SKEW: Final = timedelta(minutes=1)  # clocks of two machines differ by less
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=2)
_ERROR: Final = 500        # characters kept of what went wrong
_o = outbox.c
_WAITING, _LEASED = literal_column("'waiting'"), literal_column("'leased'")  # as the indexes say it, so that they serve


@dataclass(frozen=True, slots=True)
class Item:
    """`key` names it for ever, whoever delivers it and however often; `tries` counts this one too."""

    key: str
    kind: str
    due_at: datetime
    payload: Mapping[str, Any]
    tries: int


class Refused(Exception):
    """Delivery will never work (no such recipient): it is not tried again, and shown."""


class Expired(Exception):
    """Delivery is of no use any more (a reminder of what has begun): it is settled as cancelled, and not tried again."""


EXPIRED: Final = "expired"  # as the error of a cancelled item
AGAIN: Final = "~"          # between the key of an item that failed and the number of the attempt a person asked for


Deliver = Callable[[Item], None]
"""Hands one item over, well within a lease.  Raises Refused when it is of no use to try again, anything else when it may be."""


def put(conn: Connection, key: str, kind: str, due_at: datetime, payload: Mapping[str, Any]) -> bool:
    """One item more, unless there is one of that key already, in whatever state.  Whether it is new."""
    insert = (postgresql if conn.dialect.name == "postgresql" else sqlite).insert(outbox)
    row = {"key": key, "kind": kind, "due_at": due_at, "payload": dict(payload), "state": "waiting", "tries": 0}
    made = insert.values(row).on_conflict_do_nothing(index_elements=[_o.key]).returning(_o.item_id)
    return conn.execute(made).first() is not None


def put_all(conn: Connection, items: Sequence[tuple[str, str, datetime, Mapping[str, Any]]]) -> None:
    """Many as `put` does, in one statement: (key, kind, due, payload)."""
    if not items:
        return
    insert = (postgresql if conn.dialect.name == "postgresql" else sqlite).insert(outbox)
    conn.execute(insert.on_conflict_do_nothing(index_elements=[_o.key]), [
        {"key": key, "kind": kind, "due_at": due, "payload": dict(payload), "state": "waiting", "tries": 0}
        for key, kind, due, payload in items])


def cancel(conn: Connection, prefix: str, at: datetime) -> int:
    """Whatever is open under keys that begin so is not delivered any more.  What somebody has in hand just now still may be, once.

    How many were cancelled.
    """
    mine = under(conn, prefix) & _o.state.in_(("waiting", "leased"))
    done = {"state": "cancelled", "settled_at": at, "leased_by": None, "leased_until": None}
    return conn.execute(update(outbox).where(mine).values(done)).rowcount


def under(conn: Connection, prefix: str) -> ColumnElement[bool]:
    """Whether a key begins so, sign by sign, in a form that the index of keys serves on either database."""
    beyond = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    if conn.dialect.name == "postgresql":  # < would compare as the language does
        return _o.key.op("~>=~", is_comparison=True)(prefix) & _o.key.op("~<~", is_comparison=True)(beyond)
    return (_o.key >= prefix) & (_o.key < beyond)


def tried(conn: Connection, prefix: str) -> list[str]:
    """Keys that begin so of items that somebody has taken in hand at least once: they may have been delivered."""
    return list(conn.execute(select(_o.key).where(under(conn, prefix), _o.tries > 0)).scalars())


def next_due(conn: Connection, kinds: Collection[str] | None = None) -> datetime | None:
    """When the next item (of these kinds) is due, or a lease ends."""
    mine = true() if kinds is None else _o.kind.in_(sorted(kinds))
    due = select(_o.due_at).where(mine, _o.state == _WAITING).order_by(_o.due_at).limit(1)
    leased = select(_o.leased_until).where(mine, _o.state == _LEASED).order_by(_o.leased_until).limit(1)
    found = [at for query in (due, leased) if (at := conn.execute(query).scalar()) is not None]
    return min(found, default=None)


def claim(
    conn: Connection, worker: str, at: datetime, lease: timedelta = LEASE, kinds: Collection[str] | None = None,
) -> Item | None:
    """The oldest item that is due, or whose holder is dead, is this worker's until the lease ends; None: there is none.

    Of these `kinds` only, where they are named.

    A claim is a try.  One that so many holders did not come back from is given up.
    """
    given_up, taken = _claiming(conn.dialect.name, None if kinds is None else tuple(sorted(kinds)))
    clocks = {"now": at, "never": at + lease + _SKEW}
    conn.execute(given_up, clocks)
    row = conn.execute(taken, {**clocks, "until": at + lease, "worker": worker}).first()
    return None if row is None else Item(row.key, row.kind, row.due_at, row.payload, row.tries)


@lru_cache(maxsize=32)
def _claiming(dialect: str, kinds: tuple[str, ...] | None) -> tuple[Executable, Executable]:
    """The two statements of a claim, made once: to put them together costs more than to run them."""
    now, never = bindparam("now", type_=UtcDateTime), bindparam("never", type_=UtcDateTime)
    over = (_o.leased_until <= now) | (_o.leased_until > never)  # or was given by a clock that has been set back since
    dead = (true() if kinds is None else _o.kind.in_(kinds)) & (_o.state == _LEASED) & (_o.due_at <= now) & over
    given_up = update(outbox).where(dead, _o.tries >= MOST_TRIES).values(
        state="failed", settled_at=now, leased_by=None, leased_until=None, error="nobody came back from it")
    mine = [true()] if kinds is None else [_o.kind == kind for kind in kinds]
    # The first of each, by its index: to sort all that is due for every single claim would cost more than to deliver it.
    firsts = union_all(*(_first(dialect, one) for one in (
        dead, *((_o.state == _WAITING) & (_o.due_at <= now) & one for one in mine)))).subquery()
    best = select(firsts.c.item_id).order_by(firsts.c.due_at, firsts.c.item_id).limit(1).cte("first")
    taken = update(outbox).where(_o.item_id.in_(select(best.c.item_id))).values(
        state="leased", leased_by=bindparam("worker", type_=String), leased_until=bindparam("until", type_=UtcDateTime), tries=_o.tries + 1)
    return given_up, taken.returning(_o.key, _o.kind, _o.due_at, _o.payload, _o.tries)


def _first(dialect: str, which: ColumnElement[bool]) -> Select[tuple[int, datetime]]:
    chosen = select(_o.item_id, _o.due_at).where(which).order_by(_o.due_at, _o.item_id).limit(1)
    if dialect == "postgresql":
        chosen = chosen.with_for_update(skip_locked=True)  # SQLite has one writer: nobody else chooses meanwhile
    # A WITH of its own: it is asked once, whatever the planner thinks, and a lock may stand in it.
    first = chosen.cte()
    return select(first.c.item_id, first.c.due_at)


def settle(conn: Connection, item: Item, worker: str, at: datetime) -> bool:
    """It was delivered.  False when the lease had ended and somebody else took it meanwhile."""
    return _close(conn, item, worker, state="done", settled_at=at, error=None)


def give_back(conn: Connection, item: Item, worker: str, at: datetime, error: str, *, final: bool = False) -> bool:
    """It was not delivered: tried again later and later, at most MOST_TRIES times; `final`: never again.  As `settle`."""
    error = "".join(sign if sign.isprintable() else " " for sign in error[:_ERROR])  # not all that is said can be stored
    if final or item.tries >= MOST_TRIES:
        return _close(conn, item, worker, state="failed", settled_at=at, error=error)
    return _close(conn, item, worker, state="waiting", due_at=at + pause(item.tries), error=error)


def again(conn: Connection, item_id: int, at: datetime) -> bool:
    """Somebody wants this item tried now: one that waits is due at once, one that failed gets a successor.  Whether it could be.

    What receives it knows both by the first one's key; a failure stays on record.
    """
    row = conn.execute(select(outbox).where(_o.item_id == item_id).with_for_update()).first()
    if row is None or row.state not in ("waiting", "failed"):
        return False
    if row.state == "waiting":
        conn.execute(update(outbox).where(_o.item_id == item_id).values(due_at=min(row.due_at, at)))
        return True
    return put(conn, successor(row.key), row.kind, at, row.payload)


def successor(key: str) -> str:
    """The key of the next attempt that a person asks for."""
    first, _sign, number = key.partition(AGAIN)
    return f"{first}{AGAIN}{int(number or 0) + 1}"


def pause(tries: int) -> timedelta:
    """Until the next try, after so many."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(tries - 1, 20))


def _close(conn: Connection, item: Item, worker: str, **values: Any) -> bool:
    """Only the holder may, and only of this very try."""
    held = (_o.key == item.key) & (_o.state == "leased") & (_o.leased_by == worker) & (_o.tries == item.tries)
    return bool(conn.execute(update(outbox).where(held).values(leased_by=None, leased_until=None, **values)).rowcount)


def work(
    db: Database, worker: str, deliver: Deliver, clock: Callable[[], datetime], *,
    lease: timedelta = LEASE, kinds: Collection[str] | None = None, go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Everything that is due, one after the other (of these kinds, while it may go on); how many were delivered.

    What was delivered is settled in the transaction that claims the next: one for each item.  A loss of power may undo the
    last of them; then it is delivered again under its key, as after any death.
    """
    delivered = 0
    with db.note() as conn:
        item = claim(conn, worker, clock(), lease, kinds)
    while item is not None:
        error = _try(item, deliver)
        with db.note() as conn:
            delivered += _account(conn, item, worker, clock(), error)
            item = claim(conn, worker, clock(), lease, kinds) if go_on() else None
    return delivered


def _try(item: Item, deliver: Deliver) -> Exception | None:
    """What went wrong, whatever it is: it is kept with the item and shown."""
    try:
        deliver(item)
    except (Refused, Expired) as error:
        return error
    except Exception as error:
        log.warning("outbox.failed key=%s tries=%d: %s", item.key, item.tries, error, exc_info=not isinstance(error, OSError))
        return error
    return None


def _account(conn: Connection, item: Item, worker: str, at: datetime, error: Exception | None) -> bool:
    """Whether it counts as delivered."""
    if error is None:
        return settle(conn, item, worker, at)
    if isinstance(error, Expired):
        _close(conn, item, worker, state="cancelled", settled_at=at, error=EXPIRED)
    else:
        give_back(conn, item, worker, at, str(error) or type(error).__name__, final=isinstance(error, Refused))
    return False
