"""What is swept up now and then: tickets, sessions and tokens that open nothing, tries that no limit counts, answers that nobody asks for again.  Safe in several processes at once.

Called by the ticker that `web/app.py` starts.  Forgets only what has no effect; the ledger is never touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from meetings import service
from scheduler.ticker import Chore
from web import store
from web.api import idempotency, tokens
from web.container import Container
from web.limits import FAILURES_WINDOW, SESSION_ABSOLUTE, SESSION_IDLE

EVERY = timedelta(minutes=5)
TICKETS_KEPT = timedelta(days=1)
"""A ticket that was used or has expired still says for a day why it is refused."""


def chores(found: Container) -> Mapping[str, Chore]:
    """Name → what to do at an instant."""

    def tickets(now: datetime) -> None:
        with found.db.write() as conn:
            service.tickets_purge(conn, now - TICKETS_KEPT)

    def sessions(now: datetime) -> None:
        with found.db.write() as conn:
            store.sessions_purge(conn, now - SESSION_ABSOLUTE, now - SESSION_IDLE)

    def attempts(now: datetime) -> None:
        with found.db.write() as conn:
            store.attempts_purge(conn, now - FAILURES_WINDOW)  # the longest of all windows

    def programs(now: datetime) -> None:
        with found.db.write() as conn:
            tokens.purge(conn, now)
            idempotency.purge(conn, now - idempotency.KEPT)

    return {"tickets": tickets, "sessions": sessions, "attempts": attempts, "programs": programs}
