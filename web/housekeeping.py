"""What is done by the clock: what is due is delivered every second, answers that came by mail are read every minute, what opens
or counts nothing any more is swept up.

Safe in several processes at once.  Sweeping forgets only what has no effect; the ledger is never touched.  Called by `web/app.py`
and the `schedule` command.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from meetings import chat, service
from scheduler import audience_store, requests
from scheduler.ticker import Chore, Ticker
from web import capacity, recordings, replies, store
from web.api import idempotency, tokens
from web.container import Container
from web.delivery import Delivery
from web.limits import FAILURES_WINDOW, SESSION_ABSOLUTE, SESSION_IDLE

EVERY = timedelta(minutes=5)
TICK = timedelta(seconds=1)
ANSWERS = timedelta(minutes=1)
TICKETS_KEPT = timedelta(days=1)
"""A ticket that was used or has expired still says for a day why it is refused."""


@contextmanager
def running(found: Container, delivery: Delivery | None) -> Iterator[None]:
    """Ticks as long as the block lasts.  Without `delivery` another process does what is due."""
    tickers = [Ticker(chores(found), found.clock.now, EVERY)]
    if delivery is not None:
        lanes: tuple[Mapping[str, Chore], ...] = (
            {"requests": lambda now: requests.chore(found.db, now), "inner": delivery.inner},
            {"mails": delivery.mails}, {"texts": delivery.texts},
        )
        tickers += [Ticker(lane, found.clock.now, TICK) for lane in lanes]
        if (folder := found.settings.mail_in) is not None:
            tickers.append(Ticker({"answers": lambda _now: replies.chore(found, folder)}, found.clock.now, ANSWERS))
    for ticker in tickers:
        ticker.start()
    try:
        yield
    finally:
        if delivery is not None:
            delivery.end()
        for ticker in tickers:
            ticker.stop()


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

    def carried(now: datetime) -> None:
        capacity.tell(found, now)

    def audiences(now: datetime) -> None:
        with found.db.write() as conn:
            audience_store.reresolve(conn, now)

    def confided(now: datetime) -> None:
        with found.db.write() as conn:
            chat.purge(conn, now)

    def waiting(now: datetime) -> None:
        found.aside.sweep(now.timestamp())

    def pictures(_now: datetime) -> None:
        found.press.sweep()

    def recorded(now: datetime) -> None:
        recordings.chore(found.db, found.settings.data, now)

    return {"pages": pictures, "aside": waiting, "private": confided, "recordings": recorded, "capacity": carried, "audiences": audiences, "tickets": tickets, "sessions": sessions, "attempts": attempts, "programs": programs}
