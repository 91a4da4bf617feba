"""Long work before the lock: read, work, then one short transaction that looks again and stores.

Rendering, signing and packing take from a tenth of a second to minutes, and on SQLite every vote and every join waits
for the one who writes.  So a use case of the record takes the database, says what it would do (`plan`, a value), does
the long work on that (`make`: no transaction is open), and stores the outcome (`keep`) only if the plan is still the
same under the lock; otherwise somebody else was quicker and it plans anew.  Files are named by their content, so a
lost race leaves at worst a file that nobody names.  Called by the use cases of minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from meetings.blobs import noticing_full_disk
from meetings.store.database import Database

Plan = TypeVar("Plan")
Made = TypeVar("Made")
Kept = TypeVar("Kept")


class Moved(Exception):
    """Raised by `keep`: what was planned with is taken meanwhile.  Nothing is stored; the work begins again."""


def work_ahead(
    db: Database,
    plan: Callable[[Connection], Plan],
    make: Callable[[Plan], Made],
    keep: Callable[[Connection, Plan, Made], Kept],
) -> Kept:
    """What `keep` returns.  `plan` checks everything and changes nothing; plans are compared with `==`.

    Each further turn means that somebody else's change was stored, so there are only so many.  Raises what the three
    raise, and Unavailable("blob.full") where `make` fills the disk.
    """
    with db.read() as conn:
        planned = plan(conn)
    while True:
        with noticing_full_disk():
            made = make(planned)
        try:
            with db.write() as conn:
                now = plan(conn)
                if now == planned:
                    return keep(conn, planned, made)
        except Moved:
            with db.read() as conn:
                now = plan(conn)
        planned = now
