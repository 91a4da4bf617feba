"""How long booking takes: `python -m tests.scheduler.bench_booking [--rounds N]`, on SQLite and on PostgreSQL.

Prints medians in milliseconds, each of a whole committed transaction: book 239 free points (with seats, links, ledger
and convening), be refused with 239 conflicts named, move 239 points, cancel; and loading the units of the country.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from meetings.errors import Conflict
from meetings.store.database import Database
from meetings.store.datasets import load_dataset
from scheduler import service
from tests.scheduler.conftest import Province, settle
from tests.support.postgres import PostgresServer

AT = datetime(2026, 3, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def clocked(step: Callable[[], object]) -> float:
    """Milliseconds that the step takes."""
    started = time.perf_counter()
    step()
    return (time.perf_counter() - started) * 1000


def measure(db: Database, rounds: int) -> dict[str, float]:
    """Medians by name of the step."""
    db.migrate()
    land = settle(db, AT)
    found: dict[str, list[float]] = {"book": [], "refuse": [], "move": [], "cancel": []}
    for number in range(rounds):
        one_round(db, land, AT + (3 * number + 1) * HOUR, found)
    return {name: median(times) for name, times in found.items()}


def one_round(db: Database, land: Province, start: datetime, found: dict[str, list[float]]) -> None:
    office, everybody = land.office("22"), [point.point_id for point in land.points]
    first, second = office.draft(db, start, hours=1), office.draft(db, start, hours=1)

    def book(meeting_id: str) -> None:
        with db.write() as conn:
            service.book(conn, meeting_id, everybody, office.secretary, AT)

    def refuse() -> None:
        try:
            book(second)
        except Conflict as refused:
            assert len(refused.params["conflicts"]) == len(everybody)
            return
        raise AssertionError("the second meeting was booked over the first")

    def move() -> None:
        with db.write() as conn:
            service.move(conn, first, start + HOUR, start + 2 * HOUR, office.secretary, AT)

    def cancel() -> None:
        with db.write() as conn:
            service.cancel(conn, first, "đo", office.secretary, AT)

    for name, step in (("book", lambda: book(first)), ("refuse", refuse), ("move", move), ("cancel", cancel)):
        found[name].append(clocked(step))


def country(db: Database) -> float:
    """Milliseconds to load 3,355 units."""
    db.migrate()

    def load() -> None:
        with db.write() as conn:
            load_dataset(conn, "vietnam-2025", AT)

    return clocked(load)


def report(name: str, empty: Callable[[], Database], rounds: int) -> None:
    times = measure(empty(), rounds) | {"load 3,355 units": country(empty())}
    print(f"{name:<11}" + "   ".join(f"{step} {spent:6.0f} ms" for step, spent in times.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        names = iter(("a", "b"))
        report("SQLite", lambda: Database(f"sqlite:///{Path(folder) / next(names)}.db"), rounds)
    server = PostgresServer()
    try:
        server.start()
        fresh = iter(("bench_a", "bench_b"))

        def empty() -> Database:
            name = next(fresh)
            server.execute(f"CREATE DATABASE {name}")
            return Database(server.url(name))

        report("PostgreSQL", empty, rounds)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
