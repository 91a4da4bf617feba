"""What changes many requests at once takes as many statements as what changes a few."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, event

from meetings.store.database import Database
from scheduler import requests, service
from scheduler.booking import Point
from tests.scheduler.conftest import Province
from tests.scheduler.test_requests import DAY
from tests.scheduler.test_service import HOUR, ids, one_engine

FEW, MANY = 3, 12


def statements(db: Database, step: Callable[[Connection], object]) -> int:
    seen: list[str] = []
    with db.write() as conn:
        event.listen(conn, "before_cursor_execute", lambda _c, _cursor, statement, *_more: seen.append(statement))
        step(conn)
    return len(seen)


def costs(db: Database, province: Province, points: list[Point], at: datetime) -> dict[str, int]:
    """What each use case takes for a meeting of a district that asks for these points of others."""
    office, top = province.office("202"), province.office("22")
    by, wanted, start = office.secretary, [province.point("202").point_id, *ids(points)], at + 7 * DAY
    mine, other = office.draft(db, start), top.draft(db, start + DAY)
    return {
        "book": statements(db, lambda conn: service.book(conn, mine, wanted, by, at)),
        "move": statements(db, lambda conn: service.move(conn, mine, start + DAY, start + DAY + HOUR, by, at)),
        "forgo": statements(db, lambda conn: service.forgo(conn, mine, ids(points[1:]), by, at)),
        "again": statements(db, lambda conn: service.book(conn, mine, wanted, by, at + HOUR)),
        "overtake": statements(db, lambda conn: service.book(conn, other, ids(points), top.secretary, at)),
        "asked once more": statements(db, lambda conn: service.move(conn, mine, start, start + HOUR, by, at)),
        "cancel": statements(db, lambda conn: service.cancel(conn, mine, "Hoãn", by, at)),
    }


@one_engine
def test_the_number_of_points_asked_for_does_not_count(db: Database, province: Province, at: datetime) -> None:
    others = province.under("203", "commune") + province.under("205", "commune")
    few, many = (costs(db, province, others[:number], at + number * 30 * DAY) for number in (FEW, MANY))
    assert few == many
    assert requests.chore(db, at + 400 * DAY) == 0, "nothing is left of what was cancelled"
