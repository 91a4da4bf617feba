"""A year of bookings for measuring: many points, meetings of twenty-four of them, one or two on each working day.

Made by plain inserts with the guards against overlap put aside meanwhile, because what is measured is reading and booking, not filling.
Only for databases that are thrown away.  Called by `web/bench_booking.py`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, select, text

from meetings.meeting import UnitRef
from meetings.store.tables import meeting, seat
from scheduler import store

TOGETHER = 24  # points of one meeting
YEAR = 100_000  # bookings of 239 points in a year: 1.6 on each working day
_CHUNK = 50_000


def more_points(conn: Connection, unit_ids: Sequence[str], count: int) -> None:
    """Points beside those of the units, so that more bookings mean a larger country and not fuller days."""
    made = [{"code": f"bench-{n}", "name": f"Điểm {n}", "unit_id": unit_ids[n % len(unit_ids)]} for n in range(count)]
    if made:
        conn.execute(store.point.insert(), made)


def fill(conn: Connection, point_ids: Sequence[int], unit: UnitRef, bookings: int, first: date) -> date:
    """So many confirmed bookings from `first` on, each with its seat; returns the day after the last."""
    point = store.point.c
    named = {row.point_id: {"code": row.code, "name": row.name, "unit_id": row.unit_id}
             for row in conn.execute(select(point.point_id, point.code, point.name, point.unit_id))}
    rows, made, day = list[dict[str, Any]](), 0, first
    chosen = random.Random(1)
    with _unguarded(conn):
        while made < bookings:
            for start, end, points in _of_day(chosen, day, point_ids):
                points = points[:bookings - made]
                if points:
                    held = _meeting(conn, unit, start, end, made)
                    rows += [{"meeting_id": held, "point_id": point_id, "starts_at": start, "ends_at": end, "state": "confirmed",
                              "booked_at": start} for point_id in points]
                    made += len(points)
            if len(rows) >= _CHUNK or made >= bookings:
                conn.execute(store.booking.insert(), rows)
                conn.execute(seat.insert(), [
                    {"meeting_id": row["meeting_id"], "point_id": row["point_id"], "ord": ord, "level": "bench", **named[row["point_id"]]}
                    for ord, row in enumerate(rows, start=1)
                ])
                rows.clear()
            day += timedelta(days=3 if day.weekday() == 4 else 1)
        conn.execute(text("UPDATE meeting SET state = 'convened' WHERE state = 'draft'"))
    conn.execute(text("ANALYZE"))
    return day


def _of_day(chosen: random.Random, day: date, point_ids: Sequence[int]) -> Iterator[tuple[datetime, datetime, Sequence[int]]]:
    """Mornings and, mostly, afternoons; each group of points at its own time, in quarters of an hour."""
    midnight = datetime.combine(day, time(0), UTC)
    for place in range(0, len(point_ids), TOGETHER):
        start = midnight + timedelta(minutes=30 + 15 * chosen.randrange(12))  # 07:30 in Ha Noi
        for half in range(2 if chosen.random() < 0.6 else 1):
            begin = start + timedelta(hours=5 * half)
            yield begin, begin + timedelta(minutes=15 * chosen.randrange(4, 11)), point_ids[place:place + TOGETHER]


def _meeting(conn: Connection, unit: UnitRef, start: datetime, end: datetime, number: int) -> str:
    person, meeting_id = ["Người thử", "Chuyên viên"], f"bench-{number}"
    posts = ("chair", "secretary", "division_head", "clerk")
    conn.execute(meeting.insert().values(
        meeting_id=meeting_id, title=f"Cuộc họp thử {number}", kind="conference", place="", state="draft", starts_at=start, ends_at=end,
        unit_id=unit.id, unit=unit.as_data(), people=dict.fromkeys(posts, person), created_at=start,
        **{f"{post}_id": f"{post}-{number % 50}" for post in posts}))
    return meeting_id


@contextmanager
def _unguarded(conn: Connection) -> Iterator[None]:
    """Without what looks for overlaps at each row; afterwards it stands again (and PostgreSQL has looked at all of them)."""
    if conn.dialect.name == "sqlite":
        kept = [tuple(row) for row in conn.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'booking'"))]
        away, back = [f"DROP TRIGGER {name}" for name, _sql in kept], [str(sql) for _name, sql in kept]
    else:
        told = conn.execute(text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'booking_overlap'")).scalar_one()
        away = ["ALTER TABLE booking DROP CONSTRAINT booking_overlap", "ALTER TABLE booking DISABLE TRIGGER booking_closed"]
        back = [f"ALTER TABLE booking ADD CONSTRAINT booking_overlap {told}", "ALTER TABLE booking ENABLE TRIGGER booking_closed"]
    for statement in away:
        conn.exec_driver_sql(statement)
    yield
    for statement in back:
        conn.exec_driver_sql(statement)
