"""Whether the chains of events hold: each event is read and hashed once in this process, later only what came since.

What was found stands in memory alone, so that nobody who can write to the database can write "verified" there too; after a
restart it is found again, at most `PIECE` events a page.  Whoever wants it anew has the whole chain read from its first event
(`again`).  That the last remembered event is still the same is looked at every time; the events that a page shows are hashed by the page.
Called by the line in time, at the start of the server and by `python3 -m web check`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from meetings.ledger import GENESIS, verify_on
from meetings.store import ledger_reading, ledger_store
from meetings.store.database import Connection

PIECE = 5_000
"""Events that one page verifies at most: a quarter of a second."""
SIZE = 1_000
KEPT = 512
"""Chains remembered at once."""
OFTEN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """verified: all events up to this seq hold, the last has this hash.  broken: seq of the first that does not, None: none yet.
    total: seq of the chain's last event.  since: when the first event was read for this."""

    verified: int
    hash: str
    broken: int | None
    total: int
    since: datetime

    @property
    def whole(self) -> bool:
        return self.broken is None and self.verified == self.total


class Chains:
    """The verdicts of one process.  Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._known: OrderedDict[str, Verdict] = OrderedDict()

    def verdict(self, conn: Connection, meeting_id: str, now: datetime, most: int = PIECE) -> Verdict:
        """What is known after at most `most` more events."""
        with self._lock:
            known = self._known.get(meeting_id)
        return self._keep(meeting_id, verify(conn, meeting_id, now, known, most))

    def again(self, conn: Connection, meeting_id: str, now: datetime) -> Verdict:
        """The whole chain from its first event on.  One at a time, and each chain once a minute: who asks more often is told what is known."""
        with self._lock:
            known = self._known.get(meeting_id)
        if (known and known.whole and now - known.since < OFTEN) or not self._reading.acquire(blocking=False):
            return self.verdict(conn, meeting_id, now)
        try:
            return self._keep(meeting_id, verify(conn, meeting_id, now))
        finally:
            self._reading.release()

    def _keep(self, meeting_id: str, found: Verdict) -> Verdict:
        with self._lock:
            self._known[meeting_id] = found
            self._known.move_to_end(meeting_id)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return found


def verify(conn: Connection, meeting_id: str, now: datetime, known: Verdict | None = None, most: int | None = None) -> Verdict:
    """Goes on from what is known; a break that was found stays until the chain is read from its beginning."""
    total = ledger_store.last_seq(conn, meeting_id)
    if known is None:
        known = Verdict(0, GENESIS, None, total, now)
    known = replace(known, total=total, broken=known.broken or _changed(conn, meeting_id, known))
    for piece in ledger_reading.pieces(conn, meeting_id, known.verified, SIZE):
        if known.broken or (most is not None and most <= 0):
            break
        known = replace(known, broken=verify_on(known.verified, known.hash, piece))
        if not known.broken:
            known = replace(known, verified=piece[-1].seq, hash=piece[-1].hash)
        if most is not None:
            most -= len(piece)
    return replace(known, total=max(total, known.verified))


def _changed(conn: Connection, meeting_id: str, known: Verdict) -> int | None:
    """seq of the remembered event where it is gone or another one."""
    if not known.verified:
        return None
    there = ledger_store.events(conn, meeting_id, after=known.verified - 1, limit=1)
    return None if there and (there[0].seq, there[0].hash) == (known.verified, known.hash) else known.verified
