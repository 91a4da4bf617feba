"""What a vote of thousands costs: ballots of persons that come at once, each a receipt, a row and an event of the chain, while a
closing races the last of them; beside bare inserts of as many rows in the same run.

On SQLite in a folder of its own and, where an empty database is given, on PostgreSQL.  Called by `python3 -m web bench vote`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from meetings import service
from meetings.access import PersonRef, Role, Subject
from meetings.errors import MeetingError
from meetings.ids import new_id
from meetings.ledger import verify_chain
from meetings.meeting import NewMeeting, Person, PointRef, UnitRef
from meetings.store import ledger_store, tables, vote_store
from meetings.store.database import Connection, Database
from meetings.store.vote_table import ballot
from meetings.voting import Rule
from web.bench_booking import NotEmpty
from web.together import MOST, Together

POINTS = 50
AT = datetime(2026, 1, 5, 1, tzinfo=UTC)
UNIT = UnitRef("t", "Tỉnh", parent_name=None, path=("t",))
CHAIR = Subject("u-chair", "Chủ trì", "", "t", ("t",), frozenset({Role.CHAIR}))
SECRETARY = Subject("u-secretary", "Thư ký", "", "t", ("t",), frozenset({Role.SECRETARY}))


def measure(ballots: int, postgres: str | None = None) -> dict[str, Any]:
    """Figures by name; `sqlite_` and, where it was given, `postgresql_` before each.  Raises NotEmpty."""
    found: dict[str, Any] = {"ballots": ballots}
    with tempfile.TemporaryDirectory(prefix="diemcau-bench-") as folder:
        for name, url in (("sqlite", f"sqlite:///{Path(folder) / 'votes.db'}"), ("postgresql", postgres)):
            if url is not None:
                found |= {f"{name}_{key}": value for key, value in _one(url, ballots, postgres is url).items()}
    return found


def _one(url: str, ballots: int, given: bool) -> dict[str, Any]:
    db = Database(url)
    try:
        if given:
            with db.read() as conn:
                if db.dialect == "postgresql" and conn.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar():
                    raise NotEmpty
        db.migrate()
        meeting_id, persons = hall(db, ballots)
        return {**asyncio.run(_vote(db, meeting_id, persons)), **_floor(db, ballots)}
    finally:
        db.close()


def hall(db: Database, people: int) -> tuple[str, list[Subject]]:
    """An open meeting with so many persons there at its points; each of them as somebody who came by a link of their own."""
    person = {"chair": Person("u-chair", "Chủ trì", ""), "secretary": Person("u-secretary", "Thư ký", ""), "division_head": Person("u-h", "Trưởng phòng", ""),
              "clerk": Person("u-c", "Văn thư", "")}
    points = tuple(PointRef(n, f"{n:05d}", f"Điểm cầu {n}", "t", "commune") for n in range(1, POINTS + 1))
    with db.write() as conn:
        new = NewMeeting(title="Biểu quyết", unit=UNIT, start=AT, end=AT + timedelta(hours=3), main_point_id=1, place="", agenda=(), **person)
        meeting_id = service.create(conn, new, by=SECRETARY, at=AT).meeting_id
        service.seats_set(conn, meeting_id, points, by=SECRETARY, at=AT)
        service.convene(conn, meeting_id, by=SECRETARY, at=AT)
        service.open(conn, meeting_id, by=CHAIR, at=AT)
        rows = [{"delegate_id": new_id(AT), "meeting_id": meeting_id, "point_id": 1 + n % POINTS, "ord": n + 1, "name": f"Đại biểu {n + 1}",
                 "post": "", "present": True, "recorded_at": AT, "state": "present", "how": "tap", "came_at": AT, "seq": 1} for n in range(people)]
        conn.execute(insert(tables.delegate), rows)
    return meeting_id, [Subject(name=row["name"], person=PersonRef(
        meeting_id, row["delegate_id"], row["point_id"], f"{row['point_id']:05d}", row["name"], row["delegate_id"])) for row in rows]


async def _vote(db: Database, meeting_id: str, persons: list[Subject]) -> dict[str, Any]:
    """Everybody at once; the closing comes when nineteen of twenty have their answer."""
    began = time.perf_counter()
    with db.write() as conn:
        motion = service.motion_open(conn, meeting_id, "Thông qua", Rule(Fraction(0), Fraction(1, 2), "entitled", over="persons"), by=CHAIR, at=AT)
    opened = time.perf_counter()
    together, answers, waits = Together(db), Counter[str](), list[float]()
    late = asyncio.Event()

    async def one(by: Subject, number: int) -> None:
        assert by.person is not None
        who, choice, asked = by.person.person_id, ("for", "against", "abstain")[number % 3], time.perf_counter()

        def work(conn: Connection) -> str:
            return service.cast(conn, motion, who, choice, by, AT)

        if number >= len(persons) * 19 // 20:
            await late.wait()  # the last of them come as the closing does
        try:
            await together.keep(meeting_id, work)
            answers["counted"] += 1
        except MeetingError as error:
            answers[error.code] += 1
        waits.append(time.perf_counter() - asked)
        if answers.total() >= len(persons) * 19 // 20 - 1:
            late.set()

    async def close() -> Any:
        await late.wait()
        return await together.keep(meeting_id, lambda conn: service.motion_close(conn, motion, by=CHAIR, at=AT))

    everybody = [one(by, number) for number, by in enumerate(persons)]
    middle = len(persons) * 39 // 40  # some of the last are in the row before the closing, some behind it
    outcomes = await asyncio.gather(*everybody[:middle], close(), *everybody[middle:])
    result = outcomes[middle]
    seconds = time.perf_counter() - opened
    with db.read() as conn:
        chain = ledger_store.events(conn, meeting_id)
        rows = len(vote_store.votes(conn, motion))
    told = sum(event.kind == "ballot.cast" for event in chain)
    exact = answers["counted"] == told == rows == result.cast and answers.total() == len(persons) and verify_chain(chain) is None
    waits.sort()
    return {"opening_ms": round((opened - began) * 1000, 1), "ballots_per_s": round(len(persons) / seconds), "counted": answers["counted"],
            "refused_late": answers["motion.closed"], "each_once_or_refused": exact, "wait_s_max": round(waits[-1], 2), "in_a_transaction": MOST}


def _floor(db: Database, ballots: int) -> dict[str, Any]:
    """As many bare rows, one statement each, as many in a transaction: nothing is asked, locked, hashed or chained."""
    with db.write() as conn:
        conn.execute(text("CREATE TABLE bare AS SELECT * FROM ballot WHERE 1 = 0"))
    made = [{"motion_id": "m", "voter_id": str(n), "choice": "for", "via": "room", "receipt": "r", "cast_at": AT} for n in range(ballots)]
    statement = insert(ballot.to_metadata(tables.metadata.__class__(), name="bare"))
    began = time.perf_counter()
    for start in range(0, ballots, MOST):
        with db.write() as conn:
            for row in made[start:start + MOST]:
                conn.execute(statement, row)
    seconds = time.perf_counter() - began
    with db.write() as conn:
        conn.execute(text("DROP TABLE bare"))
    return {"bare_rows_per_s": round(ballots / seconds)}
