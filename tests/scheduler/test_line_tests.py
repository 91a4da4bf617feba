"""Links by rounds, results with their verdict, calls before the start: on both databases, asked twice, moved, too late."""

from __future__ import annotations

import importlib
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import delete, inspect, select, update
from sqlalchemy.exc import IntegrityError

from meetings import service as meetings
from meetings.access import Subject
from meetings.admission import token_digest
from meetings.errors import Closed, NotFound
from meetings.ledger import verify_chain
from meetings.store import ledger_store, meeting_store
from meetings.store.database import Database
from scheduler import line_table, line_tests, service
from scheduler.line_table import line_test
from scheduler.outbox_table import outbox
from scheduler.readiness import EXTRA, Limits, Measured, Policy, Round, Verdict
from tests.scheduler.conftest import Province
from tests.scheduler.test_readiness import GOOD

KEY, POLICY = b"k" * 32, Policy()
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Story:
    """A convened meeting of four points, three days after `at`."""

    def __init__(self, db: Database, province: Province, at: datetime) -> None:
        self.db, self.at, self.start = db, at, at + timedelta(days=3)
        office = province.office("22")
        self.secretary: Subject = office.secretary
        self.points = [province.point("22"), *province.under("22", "commune")[:3]]
        self.meeting = office.draft(db, self.start)
        with db.write() as conn:
            service.book(conn, self.meeting, [point.point_id for point in self.points], self.secretary, at)

    def open(self, name: str, at: datetime, policy: Policy = POLICY) -> int:
        with self.db.write() as conn:
            return line_tests.open_round(conn, KEY, policy, self.meeting, name, at)

    def call(self, who: str, at: datetime) -> int:
        with self.db.write() as conn:
            return line_tests.call(conn, KEY, self.meeting, who, at, POLICY)

    def secrets(self, name: str = "T-24h") -> dict[int, str]:
        with self.db.read() as conn:
            rows = line_table.of_meeting(conn, self.meeting)
        return {row.point_id: line_tests.secret_of(KEY, row.test_id) for row in rows if row.round == name}

    def report(self, secret: str, measured: Measured, at: datetime) -> str:
        with self.db.write() as conn:
            test, _seat = line_tests.by_secret(conn, secret, at)
            return line_tests.record(conn, test, measured, POLICY, at).verdict.value

    def stand(self) -> dict[int, Verdict]:
        with self.db.read() as conn:
            return {one.seat.point_id: one.verdict for one in line_tests.standings(conn, self.meeting)}

    def told(self, what: str) -> list[dict[str, Any]]:
        with self.db.read() as conn:
            rows = conn.execute(select(outbox.c.payload).where(outbox.c.kind == "notice").order_by(outbox.c.item_id)).scalars()
            return [row for row in rows if row["what"] == what]

    def due(self) -> list[tuple[datetime, str]]:
        with self.db.read() as conn:
            rows = conn.execute(select(outbox.c.due_at, outbox.c.payload).where(outbox.c.kind == line_tests.CALL_KIND))
            return sorted((row.due_at, row.payload["who"]) for row in rows)


@pytest.fixture
def story(db: Database, province: Province, at: datetime) -> Story:
    return Story(db, province, at)


def test_a_round_gives_each_point_one_link_and_tells_it_once(story: Story) -> None:
    day_before = story.start - 24 * HOUR
    assert story.open("T-24h", day_before) == 4
    assert story.open("T-24h", day_before + MINUTE) == 0, "an item may be delivered twice"
    assert sorted(one["to"]["point"] for one in story.told("linetest.open")) == sorted(point.point_id for point in story.points)
    assert len(set(story.secrets().values())) == 4 and all(len(secret) == 43 for secret in story.secrets().values())
    assert story.due() == [(story.start - 30 * MINUTE, "technician"), (story.start - 15 * MINUTE, "deputy")]
    assert set(story.stand().values()) == {Verdict.NONE}


def test_no_secret_stands_in_the_database(story: Story) -> None:
    story.open("T-24h", story.start - 24 * HOUR)
    with story.db.read() as conn:
        kept = "".join(str(row) for table in (line_test, outbox) for row in conn.execute(select(table)))
    assert not [secret for secret in story.secrets().values() if secret in kept]
    assert all(token_digest(secret) in kept for secret in story.secrets().values())


@pytest.mark.parametrize("early", [25 * HOUR, 24 * HOUR + 2 * MINUTE])
def test_a_round_whose_time_has_not_come_because_the_meeting_moved_opens_nothing(story: Story, early: timedelta) -> None:
    assert story.open("T-24h", story.start - early) == 0
    assert not story.told("linetest.open") and not story.due()


def test_a_round_opens_nothing_once_the_meeting_has_begun_or_was_cancelled(story: Story) -> None:
    assert story.open("T-60min", story.start) == 0
    with story.db.write() as conn:
        service.cancel(conn, story.meeting, "hoãn", story.secretary, story.at)
    assert story.open("T-24h", story.start - 24 * HOUR) == 0
    with pytest.raises(NotFound, match=r"linetest\.round"):
        story.open("T-1h", story.start - HOUR)


def test_rounds_are_data(story: Story) -> None:
    policy = replace(POLICY, rounds=(Round("T-2h", 2 * HOUR, HOUR),), calls=(("deputy", 5 * MINUTE),))
    assert story.open("T-2h", story.start - 2 * HOUR, policy) == 4
    assert story.due() == [(story.start - 5 * MINUTE, "deputy")]
    with pytest.raises(NotFound):
        story.open("T-24h", story.start - 24 * HOUR, policy)


def test_a_moved_meeting_tests_anew_under_the_same_links_and_the_record_keeps_the_earlier_result(story: Story) -> None:
    story.open("T-24h", story.start - 24 * HOUR)
    secrets, first = story.secrets(), story.points[0].point_id
    story.report(secrets[first], GOOD, story.start - 23 * HOUR)
    with story.db.write() as conn:
        service.move(conn, story.meeting, story.start + 48 * HOUR, story.start + 50 * HOUR, story.secretary, story.at)
    assert story.open("T-24h", story.start + 24 * HOUR) == 4
    assert story.secrets() == secrets and set(story.stand().values()) == {Verdict.NONE}
    assert len(story.told("linetest.open")) == 8, "one for each time"
    with story.db.read() as conn:
        assert len([event for event in ledger_store.events(conn, story.meeting) if event.kind == "line.tested"]) == 1


def test_a_result_has_a_verdict_stays_with_the_meeting_and_may_be_tried_again(story: Story) -> None:
    at = story.start - 23 * HOUR
    story.open("T-24h", story.start - 24 * HOUR)
    one, two, *_ = story.points
    secrets = story.secrets()
    bad = replace(GOOD, up_kbps=180, loss_down=71)
    assert story.report(secrets[two.point_id], bad, at) == "weak"
    assert story.report(secrets[one.point_id], Measured(udp=False, tcp=False, relay=False), at) == "failed"
    assert story.report(secrets[two.point_id], GOOD, at + MINUTE) == "ready"
    stand = story.stand()
    assert (stand[one.point_id], stand[two.point_id]) == (Verdict.FAILED, Verdict.READY)
    with story.db.read() as conn:
        events = ledger_store.events(conn, story.meeting)
        past = line_tests.history(conn, two.point_id)
    assert verify_chain(events) is None
    tested = [event for event in events if event.kind == "line.tested"]
    assert [event.data["verdict"] for event in tested] == ["weak", "failed", "ready"]
    assert tested[0].data["reasons"] == ["up.picture", "loss.some"] and tested[0].data["figures"]["loss_down"] == 71
    assert tested[0].point is not None and tested[0].point["code"] == two.code and "browser" not in tested[0].data["figures"]
    assert [(one.verdict, one.measured, one.title) for one in past] == [(Verdict.READY, GOOD, "Giao ban tuần")]


def test_the_newest_result_of_any_round_counts(story: Story) -> None:
    story.open("T-24h", story.start - 24 * HOUR)
    point = story.points[1].point_id
    story.report(story.secrets()[point], GOOD, story.start - 23 * HOUR)
    story.open("T-60min", story.start - HOUR)
    assert story.stand()[point] is Verdict.READY, "who tested yesterday is not untested today"
    story.report(story.secrets("T-60min")[point], replace(GOOD, udp=False), story.start - 50 * MINUTE)
    assert story.stand()[point] is Verdict.WEAK


def test_the_point_everybody_watches_is_asked_for_more(story: Story) -> None:
    main, other = story.points[0].point_id, story.points[1].point_id
    with story.db.write() as conn:
        meetings.change(conn, story.meeting, story.secretary, story.at, main_point_id=main)
    story.open("T-24h", story.start - 24 * HOUR)
    line = replace(GOOD, up_kbps=600)
    assert story.report(story.secrets()[main], line, story.start - 23 * HOUR) == "weak"
    assert story.report(story.secrets()[other], line, story.start - 23 * HOUR) == "ready"


def test_a_link_is_good_in_its_time_and_for_an_invited_point_only(story: Story) -> None:
    story.open("T-24h", story.start - 24 * HOUR)
    secret = story.secrets()[story.points[1].point_id]
    cases: list[tuple[str, datetime, str]] = [
        (secret, story.start - 24 * HOUR - MINUTE, "linetest.early"), (secret, story.start - HOUR, "linetest.over"),
        (secret[:-1] + ("A" if secret[-1] != "A" else "B"), story.start - 23 * HOUR, "linetest.unknown"),
        ("", story.start - 23 * HOUR, "linetest.unknown"),
    ]
    for text, at, code in cases:
        with story.db.read() as conn, pytest.raises((Closed, NotFound)) as refused:
            line_tests.by_secret(conn, text, at)
        assert refused.value.code == code
    with story.db.write() as conn:
        service.book(conn, story.meeting, [story.points[0].point_id], story.secretary, story.at)
    with story.db.read() as conn, pytest.raises(NotFound, match=r"linetest\.unknown"):
        line_tests.by_secret(conn, secret, story.start - 23 * HOUR)


def test_nothing_is_recorded_after_the_end(story: Story) -> None:
    story.open("T-24h", story.start - 24 * HOUR)
    secret = story.secrets()[story.points[1].point_id]
    with story.db.read() as conn:
        test, _seat = line_tests.by_secret(conn, secret, story.start - 23 * HOUR)
    with story.db.write() as conn:
        service.cancel(conn, story.meeting, "hoãn", story.secretary, story.at)
    with story.db.write() as conn, pytest.raises(Closed, match=r"linetest\.over"):
        line_tests.record(conn, test, GOOD, POLICY, story.start - 23 * HOUR)


def test_calls_name_who_failed_or_did_not_test_first_to_the_technician_then_to_the_deputy(story: Story) -> None:
    story.open("T-60min", story.start - HOUR)
    ready, weak, failed, untested = (point.point_id for point in story.points)
    secrets = story.secrets("T-60min")
    for point, line in ((ready, GOOD), (weak, replace(GOOD, udp=False)), (failed, Measured())):
        story.report(secrets[point], line, story.start - 50 * MINUTE)
    assert story.call("technician", story.start - 30 * MINUTE) == 2
    assert story.call("technician", story.start - 30 * MINUTE) == 2
    assert {one["to"]["point"]: one["params"]["verdict"] for one in story.told("linetest.technician")} == {
        failed: "failed", untested: "none"}
    assert len(story.told("linetest.technician")) == 2, "called once, however often the item comes"
    story.report(secrets[failed], GOOD, story.start - 20 * MINUTE)
    assert story.call("deputy", story.start - 15 * MINUTE) == 1
    assert [one["to"]["point"] for one in story.told("linetest.deputy")] == [untested]
    assert story.call("deputy", story.start - HOUR) == 0 and story.call("deputy", story.start) == 0


def test_a_reminder_goes_to_those_not_tested_with_a_link_that_is_good_now(story: Story) -> None:
    story.open("T-24h", story.start - 24 * HOUR)
    tested, *rest = (point.point_id for point in story.points)
    story.report(story.secrets()[tested], GOOD, story.start - 23 * HOUR)
    at = story.start - HOUR
    with story.db.write() as conn:
        assert line_tests.remind(conn, KEY, POLICY, story.meeting, at) == 3
    assert sorted(one["to"]["point"] for one in story.told("linetest.remind")) == sorted(rest)
    for point in rest:
        assert story.report(story.secrets(EXTRA)[point], GOOD, at + MINUTE) == "ready"


def test_an_extra_link_is_one_for_each_point_however_often_it_is_asked_for(story: Story) -> None:
    point = story.points[2].point_id
    with story.db.write() as conn:
        first = line_tests.extra(conn, KEY, story.meeting, point, story.at)
        assert line_tests.extra(conn, KEY, story.meeting, point, story.at + HOUR) == first
    assert story.report(first, GOOD, story.start + HOUR) == "ready", "also while the meeting is on"


def test_results_at_the_same_moment_all_stand_in_one_unbroken_chain(story: Story) -> None:
    story.open("T-24h", story.start - 24 * HOUR)
    secrets, at = list(story.secrets().values()), story.start - 23 * HOUR
    threads = [threading.Thread(target=story.report, args=(secret, GOOD, at)) for secret in secrets * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with story.db.read() as conn:
        events = ledger_store.events(conn, story.meeting)
        tries = conn.execute(select(line_test.c.tries)).scalars().all()
    assert verify_chain(events) is None and [event.kind for event in events].count("line.tested") == 12
    assert list(tries) == [3, 3, 3, 3]


def test_the_database_itself_refuses_what_must_not_be(story: Story) -> None:
    story.open("T-24h", story.start - 24 * HOUR)
    point = story.points[1].point_id
    story.report(story.secrets()[point], GOOD, story.start - 23 * HOUR)
    mine = (line_test.c.point_id == point) & (line_test.c.meeting_id == story.meeting)
    for statement in (
        delete(line_test), update(line_test).where(mine).values(point_id=point + 1),
        update(line_test).where(mine).values(secret_sha256="0" * 64), update(line_test).where(mine).values(tries=0),
        update(line_test).where(mine).values(verdict=None), update(line_test).where(mine).values(verdict="fine"),
    ):
        with pytest.raises(IntegrityError), story.db.write() as conn:
            conn.execute(statement)


def test_what_is_due_is_handled_by_its_kind(story: Story) -> None:
    at = story.start - 24 * HOUR
    with story.db.write() as conn:
        line_tests.HANDLERS[line_tests.OPEN_KIND](conn, KEY, POLICY, {"meeting": story.meeting, "round": "T-24h"}, at)
    assert len(story.told("linetest.open")) == 4
    with story.db.write() as conn:
        line_tests.HANDLERS[line_tests.CALL_KIND](
            conn, KEY, POLICY, {"meeting": story.meeting, "who": "technician"}, story.start - 30 * MINUTE)
    assert len(story.told("linetest.technician")) == 4
    with story.db.write() as conn:
        line_tests.HANDLERS[line_tests.OPEN_KIND](conn, KEY, POLICY, {"meeting": "gone", "round": "T-24h"}, at)


def test_what_points_say_of_themselves_is_there_for_every_point(story: Story) -> None:
    with story.db.read() as conn:
        told = line_table.told(conn, [point.point_id for point in story.points])
        assert meeting_store.load(conn, story.meeting).start == story.start
    assert set(told) == {point.point_id for point in story.points}
    assert all(set(one) == set(line_table._CONTACT) for one in told.values())


def test_limits_reach_the_verdict(story: Story) -> None:
    strict = replace(POLICY, limits=Limits.chosen({"good_kbps": 5000}))
    story.open("T-24h", story.start - 24 * HOUR)
    with story.db.write() as conn:
        test, _seat = line_tests.by_secret(conn, story.secrets()[story.points[1].point_id], story.start - 23 * HOUR)
        judged = line_tests.record(conn, test, GOOD, strict, story.start - 23 * HOUR)
    assert [reason.code for reason in judged.reasons] == ["up.small"]


def test_the_table_goes_down_and_up_again_beside_what_others_hold(story: Story) -> None:
    story.open("T-24h", story.start - 24 * HOUR)
    secret = story.secrets()[story.points[1].point_id]
    story.report(secret, GOOD, story.start - 23 * HOUR)
    revision = importlib.import_module("meetings.store.migrations.versions.0011_lines")
    with story.db.write() as conn, Operations.context(MigrationContext.configure(conn)):
        revision.downgrade()
        assert "line_test" not in inspect(conn).get_table_names()
        revision.upgrade()
    with story.db.read() as conn:
        events = ledger_store.events(conn, story.meeting)
        assert line_tests.standings(conn, story.meeting)[1].verdict is Verdict.NONE
    assert verify_chain(events) is None and events[-1].kind == "line.tested", "the record keeps every result"
    assert story.open("T-24h", story.start - 22 * HOUR) == 4
    assert story.report(story.secrets()[story.points[1].point_id], GOOD, story.start - 22 * HOUR) == "ready"
