"""What booking costs with a year of bookings present: 239 points in one action, the search of free slots beside the plain way, the
timeline of a week.

On SQLite in a folder of its own and, where an empty database is given, on PostgreSQL.  Each figure is of whole calls: a committed
transaction, an answer with its reasons, a page as it leaves.  Called by `python3 -m web bench booking`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Engine, create_engine, event, text

from meetings import service as meetings
from meetings.access import Role, Subject
from meetings.meeting import NewMeeting, Person, UnitRef
from meetings.store import unit_store
from meetings.store.database import Database
from meetings.store.datasets import load_dataset
from scheduler import bench_rows, freetime, points
from scheduler.calendar_rows import HOLDING, as_text
from scheduler.freetime import Ask
from web import calendar_free, convening, session, store
from web.app import build
from web.container import Container
from web.server import steady
from web.settings import Settings

POINTS = 239
DAYS = 30
LENGTH = timedelta(hours=2)
SAMPLE = 5  # candidate times asked in the plain way; the whole is that many times longer
AT = datetime(2026, 1, 5, 1, tzinfo=UTC)


class NotEmpty(Exception):
    """The PostgreSQL database that was given holds something: nothing is measured in it."""


@dataclass(frozen=True, slots=True)
class _Stands:
    """A clock that stands."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def measure(bookings: int, rounds: int, postgres: str | None = None) -> dict[str, float]:
    """Milliseconds by name; `sqlite_` and, where it was given, `postgresql_` before each.  Raises NotEmpty."""
    found: dict[str, float] = {"bookings": bookings, "points": POINTS, "rounds": rounds}
    with tempfile.TemporaryDirectory(prefix="diemcau-bench-") as folder:
        for name, url in (("sqlite", ""), ("postgresql", postgres)):
            if url is not None:
                found |= {f"{name}_{key}": value for key, value in _one(Settings(data=Path(folder) / name, database=url), bookings, rounds).items()}
    return found


def _one(settings: Settings, bookings: int, rounds: int) -> dict[str, float]:
    if settings.database:
        _check_empty(settings.database)
    app = build(settings, clock=_Stands(AT))
    found: Container = app.state.container
    try:
        by, unit = _settle(found, bookings)
        with found.db.read() as conn:
            ids = [point.point_id for point in points.all_points(conn) if not point.code.startswith("bench-")][:POINTS]
        steady()
        return _search(found, ids, by, rounds) | _book(found, ids, by, unit, rounds) | _timeline(app, found, by, rounds)
    finally:
        found.db.close()


def _check_empty(url: str) -> None:
    db = Database(url)
    try:
        with db.read() as conn:
            if conn.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar_one():
                raise NotEmpty
    finally:
        db.close()


def _settle(found: Container, bookings: int) -> tuple[Subject, UnitRef]:
    with found.db.write() as conn:
        load_dataset(conn, "quang-ninh-2020", AT)
        tree = unit_store.tree(conn, AT.date())
        points.ensure_points(conn, tree)
        root = tree.roots()[0]
        unit = UnitRef(root.unit_id, root.name, None, tree.path(root.unit_id))
        bench_rows.more_points(conn, [one.unit_id for one in tree], max(0, bookings // bench_rows.YEAR - 1) * POINTS)
        ids = [point.point_id for point in points.all_points(conn)]
        bench_rows.fill(conn, sorted(ids), unit, bookings, date(2026, 1, 5))
        account = store.add_account(conn, "bench", "Thư ký thử", "", root.unit_id, frozenset({Role.SECRETARY}), "-", AT, must_change=False)
        by = session.subject_of(conn, account, AT.date())
    if found.db.dialect == "postgresql":
        engine = create_engine(found.settings.database, isolation_level="AUTOCOMMIT")  # as its own housekeeping does in time
        with engine.connect() as conn:
            conn.exec_driver_sql("VACUUM ANALYZE")
        engine.dispose()
    return by, unit


def _spread(times: list[float]) -> tuple[float, float]:
    """Median and the 95th of a hundred."""
    ordered = sorted(times)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def _clocked(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return (time.perf_counter() - began) * 1000


def _search(found: Container, ids: list[int], by: Subject, rounds: int) -> dict[str, float]:
    """The answer with its reasons, from another day each time; beside it one SELECT for each point and time."""
    def asked(number: int) -> Ask:
        return calendar_free.ask(conn, found.when, ids, LENGTH, AT.date() + timedelta(days=1 + number % 200), AT, people=("chair-1",))

    times = []
    with found.db.read() as conn:
        freetime.find(conn, asked(0), by)
        for number in range(rounds):
            times.append(_clocked(lambda n=number: freetime.find(conn, asked(n), by)))  # type: ignore[misc]
        windows = asked(0).windows
        starts = [window.start + n * timedelta(minutes=15) for window in windows
                  for n in range(int((window.end - window.start - LENGTH) / timedelta(minutes=15)) + 1)]
        plain = text(f"SELECT 1 FROM booking WHERE point_id = :point AND {HOLDING} AND starts_at < :end AND ends_at > :start LIMIT 1")
        spent = _clocked(lambda: [conn.execute(plain, {"point": point_id, "start": _bound(found, start), "end": _bound(found, start + LENGTH)}).first()
                                  for start in starts[:: max(1, len(starts) // SAMPLE)][:SAMPLE] for point_id in ids])
    middle, high = _spread(times)
    naive = spent / SAMPLE * len(starts)
    return {"search_ms_p50": round(middle, 2), "search_ms_p95": round(high, 2), "plain_ms": round(naive), "plain_times": len(starts),
            "ratio": round(naive / middle, 1)}


def _bound(found: Container, at: datetime) -> Any:
    return as_text(at) if found.db.dialect == "sqlite" else at


def _book(found: Container, ids: list[int], by: Subject, unit: UnitRef, rounds: int) -> dict[str, float]:
    """All points of the province in one committed transaction, each time in the evening of another day, all over the year."""
    times, counts = [], []
    for number in range(rounds):
        start = AT.replace(hour=12) + timedelta(days=1 + number * 7 % 300)  # 19:00 in Ha Noi
        me, chair, head = (Person(f"bench-{post}", f"Người {post}", "Chuyên viên") for post in ("me", "chair", "head"))
        with found.db.write() as conn:
            made = meetings.create(conn, NewMeeting("Hội nghị thử", unit, start, start + LENGTH, chair, me, head, me), by, AT)

        def book(meeting_id: str = made.meeting_id) -> None:
            with found.db.write() as conn:
                convening.book(conn, meeting_id, ids, by, AT, hurry="Họp thử")

        with _counting() as told:
            times.append(_clocked(book))
        counts.append(len(told))
    middle, high = _spread(times)
    return {"book_ms_p50": round(middle, 2), "book_ms_p95": round(high, 2), "book_statements": max(counts)}


@contextmanager
def _counting() -> Iterator[list[str]]:
    told: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        told.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield told
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _timeline(app: FastAPI, found: Container, by: Subject, rounds: int) -> dict[str, float]:
    """The page as it leaves the application, all lanes in it, nothing compressed."""
    with found.db.write() as conn:
        token = session.start(conn, by.user_id or "", AT)
    address = "/calendar/timeline?on=2026-03-04"
    size = asyncio.run(_get(app, address, token))
    times = [_clocked(lambda: asyncio.run(_get(app, address, token))) for _round in range(rounds)]
    middle, high = _spread(times)
    return {"timeline_ms_p50": round(middle, 2), "timeline_ms_p95": round(high, 2), "timeline_bytes": size}


async def _get(app: FastAPI, address: str, token: str) -> int:
    """Asks for a page as a server would; its bytes.  Raises RuntimeError where it is no page."""
    path, _mark, query = address.partition("?")
    headers = [(b"host", b"localhost"), (b"accept", b"text/html"), (b"cookie", f"session={token}".encode())]
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": path, "raw_path": path.encode(),
             "query_string": query.encode(), "headers": headers, "client": ("127.0.0.1", 1), "server": ("localhost", 80), "root_path": ""}
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if sent[0]["status"] != 200:
        raise RuntimeError(f"{address}: {sent[0]['status']}")
    return sum(len(message.get("body", b"")) for message in sent)
