"""Migrations run down and up again with data in them, on both databases: what the older schema can hold is kept, and the newest
one guards what came back as it guards what is new.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError

from meetings.store.database import MIGRATIONS, Database
from meetings.store.triggers import violated
from scheduler import audience_store, requests, service, store
from scheduler.audience import Rule
from scheduler.audience_table import meeting_audience
from tests.scheduler.conftest import SETTLED, Province, settle
from tests.scheduler.test_requests import asked, cascade, office_of
from tests.scheduler.test_service import HOUR, booked
from tests.support.rows import AT_THE_END, fill

FLOOR = "0007_outbox"
"""The newest revision before requests."""


def migrate(db: Database, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with db.write() as conn:
        config.attributes["connection"] = conn
        (command.upgrade if to == "head" else command.downgrade)(config, to)


def revisions_down_to(floor: str) -> list[str]:
    """Every revision below the newest, from there down to the floor."""
    names = sorted(path.stem for path in Path(MIGRATIONS / "versions").glob("[0-9]*.py"))
    return [name for name in reversed(names) if floor <= name < names[-1]]


def revision_before(name: str) -> str:
    names = sorted(path.stem for path in Path(MIGRATIONS / "versions").glob("[0-9]*.py"))
    return names[names.index(name) - 1]


def states(db: Database) -> Counter[str]:
    with db.read() as conn:
        return Counter(conn.execute(text("SELECT state FROM booking")).scalars())


def story(db: Database, province: Province, at: datetime) -> str:
    """One booking of each state, an answered and an open request; the confirmed meeting."""
    office = province.office("22")
    first = booked(db, office, [province.point("202"), province.point("203")], at + HOUR, at)
    gone = booked(db, office, [province.point("202")], at + 5 * HOUR, at)
    with db.write() as conn:
        service.cancel(conn, gone, "Hoãn", office.secretary, at)
        conn.execute(store.booking.insert().values(
            point_id=province.point("205").point_id, starts_at=at, ends_at=at + HOUR, state="blocked", booked_at=at, note="Bảo trì"))
    _meeting, request = cascade(db, province, at)
    for unit in request.request.route:
        with db.write() as conn:
            requests.agree(conn, request.request_id, office_of(province, unit).secretary, at)
    cascade(db, province, at + timedelta(days=7))
    return first


@pytest.fixture(params=["sqlite_db", pytest.param("new_postgres_db", marks=pytest.mark.postgres)])
def db(request: pytest.FixtureRequest) -> Database:
    """A database whose tables nobody else uses, with the province in it."""
    database: Database = request.getfixturevalue(request.param)
    database.migrate()
    settle(database, SETTLED)
    return database


def test_each_migration_goes_down_and_up_with_data_in_it(db: Database, province: Province, at: datetime) -> None:
    first = story(db, province, at)
    before = states(db)
    assert before.keys() == {"confirmed", "pending", "blocked", "released"}
    for name in revisions_down_to(FLOOR):
        migrate(db, name)
    with db.read() as conn:
        assert "approval" not in inspect(conn).get_table_names()
    assert states(db) == Counter(confirmed=before["confirmed"], released=before["released"] + before["pending"])
    migrate(db, "head")
    assert states(db) == Counter(confirmed=before["confirmed"], released=before["released"] + before["pending"])
    b = store.booking.c
    with db.read() as conn:
        kept = conn.execute(select(b.point_id, b.starts_at, b.why).where(b.meeting_id == first)).all()
        assert set(conn.execute(select(b.why).where(b.state == "released")).scalars()) == {"given_back"}
    assert {(row.point_id, row.starts_at, row.why) for row in kept} == {
        (province.point(code).point_id, at + HOUR, None) for code in ("202", "203")}
    with pytest.raises(IntegrityError) as stopped, db.write() as conn:
        conn.execute(store.booking.insert().values(
            point_id=province.point("202").point_id, starts_at=at + HOUR, ends_at=at + 2 * HOUR, state="blocked", booked_at=at, note="x"))
    assert violated(stopped.value, "booking_overlap")
    again = booked(db, province.office("22"), [province.point("202")], at + 9 * HOUR, at)
    assert again and not asked(db, again)


def counts(db: Database) -> dict[str, int]:
    with db.read() as conn:
        return {name: conn.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
                for name in inspect(conn).get_table_names() if name != "alembic_version"}


def test_no_table_loses_a_row_that_the_older_schema_can_hold(db: Database, province: Province, at: datetime) -> None:
    """Every table has a row; step by step down to the first schema of all and up again, a table that stays keeps its rows."""
    story(db, province, at)
    with db.write() as conn:
        assert "series_guest" in fill(conn, at) and "account" not in fill(conn, at)
    before = counts(db)
    assert {name for name, n in before.items() if not n} == AT_THE_END
    # What becomes of bookings is told above; a motion that is only prepared is one that the older schema cannot hold.
    here, stayed = before, set(before) - {"booking", "motion", "voter"}
    for name in revisions_down_to("0001_meetings"):
        migrate(db, name)
        there = counts(db)
        stayed &= there.keys()
        assert {name: there[name] for name in stayed} == {name: here[name] for name in stayed}, f"down to {name}"
        here = there
    migrate(db, "head")
    after = counts(db)
    assert after.keys() == before.keys() and {name: after[name] for name in stayed} == {name: before[name] for name in stayed}
    assert {"meeting", "event", "seat", "ballot", "document"} <= stayed
    story(db, settle(db, SETTLED), at + timedelta(days=30))
    with db.write() as conn:
        assert fill(conn, at), "what came back empty takes rows again"


def test_what_people_decided_of_an_audience_is_found_in_its_rows(db: Database, province: Province, at: datetime) -> None:
    """Rows of the older product: the rule as it was chosen, whatever came or went since; or no rule at all."""
    office, start = province.office("22"), at + timedelta(days=20)
    first, gone, lost, late, group = (province.point(code).point_id for code in ("202", "203", "205", "207", "22"))
    with db.write() as conn:
        group_id = audience_store.group_save(conn, office.unit.path, "Nhóm", [group], office.secretary, at)
    ruled, bare = office.draft(db, start), office.draft(db, start + timedelta(days=1))
    with db.write() as conn:
        service.book(conn, ruled, [first, gone, lost, group], office.secretary, at)
        service.book(conn, ruled, [first, lost, group, late], office.secretary, at)
        service.book(conn, bare, [first], office.secretary, at)
        conn.execute(store.booking.update().where(store.booking.c.point_id == lost).values(state="released", why="declined", released_at=at))
        old, k = Rule(groups=(group_id,), added=frozenset({first, gone, lost})), meeting_audience.c
        conn.execute(meeting_audience.delete().where(k.meeting_id == bare))
        conn.execute(meeting_audience.update().where(k.meeting_id == ruled).values(
            rule=old.as_data(), points=sorted([first, gone, lost, group]), change={"added": [[gone, "x"]], "removed": [], "renamed": []}))
    migrate(db, revision_before("0024_audience_known"))
    migrate(db, "head")
    with db.write() as conn:
        found = {row.meeting_id: (Rule.of_data(row.rule), row.points) for row in conn.execute(select(meeting_audience))}
        assert audience_store.reresolve(conn, at) == [] and audience_store.change_of(conn, ruled) is None, "what was told wrongly is gone"
    assert found == {
        ruled: (Rule(groups=(group_id,), added=frozenset({first, lost, late, group}), removed=frozenset({gone})),
                sorted([first, gone, lost, group, late])),
        bare: (Rule(added=frozenset({first})), [first]),
    }
