"""After a round: who is not ready is told with a link in waking hours, the secretary gets one list, and a good test takes it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from meetings.access import Role, Subject
from meetings.store.database import Database
from scheduler import invitations, line_tests, outbox, sent, service, times, times_store
from scheduler.outbox_table import outbox as table
from scheduler.readiness import Measured, Policy, Report
from scheduler.sent import Sent
from scheduler.slots import CIVIL
from scheduler.times import Times
from scheduler.workdays import WorkingDays
from tests.scheduler.conftest import Province
from tests.scheduler.test_line_tests import HOUR, KEY, MINUTE, POLICY, Story
from tests.scheduler.test_readiness import GOOD

WEAK = replace(GOOD, udp=False)


@pytest.fixture
def story(db: Database, province: Province, at: datetime) -> Story:
    return Story(db, province, at)


def clock(text: str, day: int = 5) -> datetime:
    return datetime.combine(datetime(2026, 3, day), datetime.strptime(text, "%H:%M").time(), CIVIL)


@pytest.mark.parametrize(("opened", "due"), [
    ("08:00", clock("12:00")), ("04:30", clock("08:30")), ("03:00", clock("08:00")), ("13:00", clock("17:00")),
    ("14:00", clock("17:00")), ("16:30", clock("17:00")),      # the evening before, and not in the night
    ("16:31", clock("08:00", 6)), ("21:00", clock("08:00", 6)),  # nobody could have tested by then
    ("22:00", clock("08:00", 6)),
])
def test_it_is_told_in_waking_hours(opened: str, due: datetime) -> None:
    assert Report().due(clock(opened), clock("00:00", 9)) == due
    assert Report().due(clock(opened), due) is None, "what comes too late is not told"


def test_a_long_span_still_ends_the_evening_before() -> None:
    assert Report(after=12 * HOUR).due(clock("16:00"), clock("12:00", 6)) == clock("17:00")


def test_the_last_round_before_the_calls_needs_no_report() -> None:
    start = clock("09:00")
    assert POLICY.reported(start - HOUR, start) is None and POLICY.reported(start - 24 * HOUR, start) == clock("13:00", 4)
    assert Policy(report=None).reported(start - 24 * HOUR, start) is None


def report(story: Story, at: datetime, start: datetime | None = None) -> int:
    with story.db.write() as conn:
        return line_tests.report(conn, KEY, story.meeting, "T-24h", start or story.start, at)


def to_points(story: Story, what: str) -> list[int]:
    return sorted(one["to"]["point"] for one in story.told(what))


def test_whoever_is_not_ready_hears_why_with_a_link_that_is_good_and_the_secretary_how_many(story: Story) -> None:
    story.open("T-24h", story.start - 24 * HOUR)
    ready, weak, failed, untested = (point.point_id for point in story.points)
    secrets, at = story.secrets(), story.start - 20 * HOUR
    for point, line in ((ready, GOOD), (weak, WEAK), (failed, Measured())):
        story.report(secrets[point], line, story.start - 23 * HOUR)
    assert report(story, at) == report(story, at) == 3, "an item may be delivered twice"
    assert (to_points(story, "linetest.failed"), to_points(story, "linetest.weak"), to_points(story, "linetest.none")) == ([failed], [weak], [untested])
    assert [one["code"] for one in story.told("linetest.weak")[0]["params"]["reasons"]] == ["path.tcp"]
    [summary] = story.told("linetest.summary")
    assert summary["to"] == {"user": story.secretary.user_id} and summary["params"]["count"] == 3
    assert {verdict: len(names) for verdict, names in summary["params"]["points"].items()} == {"failed": 1, "none": 1, "weak": 1}
    link = line_tests.secret_of(KEY, story.told("linetest.none")[0]["params"]["test"])
    assert story.report(link, GOOD, story.start - 30 * MINUTE) == "ready", "later than the round's own link"


def test_it_is_planned_when_the_round_opens_and_only_for_this_start(story: Story) -> None:
    opened = story.start - 24 * HOUR
    story.open("T-24h", opened)
    story.open("T-60min", story.start - HOUR)
    with story.db.read() as conn:
        [row] = conn.execute(select(table).where(table.c.kind == line_tests.REPORT_KIND)).all()
    assert row.due_at == POLICY.reported(opened, story.start)
    with story.db.write() as conn:
        service.move(conn, story.meeting, story.start + 48 * HOUR, story.start + 50 * HOUR, story.secretary, story.at)
        line_tests.HANDLERS[row.kind](conn, KEY, POLICY, row.payload, row.due_at)
    assert not story.told("linetest.none") and not story.told("linetest.summary")


def test_nobody_is_told_where_all_are_ready_or_it_has_begun_or_was_cancelled(story: Story) -> None:
    story.open("T-24h", story.start - 24 * HOUR)
    assert report(story, story.start) == 0
    for secret in story.secrets().values():
        story.report(secret, GOOD, story.start - 23 * HOUR)
    assert report(story, story.start - 20 * HOUR) == 0 and not story.told("linetest.summary")
    with story.db.write() as conn:
        service.cancel(conn, story.meeting, "hoãn", story.secretary, story.at)
    assert report(story, story.start - 19 * HOUR) == 0


def waiting(story: Story, point: int) -> list[str]:
    with story.db.read() as conn:
        keys = conn.execute(select(table.c.key).where(table.c.state == "waiting", table.c.kind.in_(("notice", "mail")))).scalars()
        return [key.split(":")[2] for key in keys if f":point:{point}:" in f"{key}:"]


def test_a_good_test_takes_back_what_has_not_gone_out_of_this_point_alone(story: Story) -> None:
    story.open("T-24h", story.start - 24 * HOUR)
    one, other = story.points[1].point_id, story.points[2].point_id
    secrets, at = story.secrets(), story.start - 20 * HOUR
    story.report(secrets[one], Measured(), story.start - 23 * HOUR)
    report(story, at)
    with story.db.write() as conn:  # as if both had been spread: letters that wait for a server
        for row in conn.execute(select(table.c.key).where(table.c.key.like("%linetest.%:point:%"), table.c.kind == "notice")).all():
            outbox.put(conn, f"{row.key}:mail:0123456789ab", "mail", at, {"to": "kt@qn.vn"})
    assert waiting(story, one).count("linetest.failed") == 2 and "linetest.none" in waiting(story, other)
    story.report(secrets[one], WEAK, at + MINUTE)
    assert "linetest.failed" in waiting(story, one), "better is not good"
    story.report(secrets[one], GOOD, at + 2 * MINUTE)
    assert set(waiting(story, one)) == {"linetest.open"} and waiting(story, other).count("linetest.none") == 2


def settle(story: Story, key_end: str, state: str, error: str | None = None) -> None:
    """What the scheduler makes of items whose keys end so."""
    with story.db.write() as conn:
        conn.execute(table.update().where(table.c.key.like(f"%{key_end}"), table.c.state == "waiting").values(
            state=state, settled_at=story.at, error=error))


def links(story: Story) -> dict[int, Any]:
    with story.db.read() as conn:
        found = line_tests.with_links(conn, story.meeting, line_tests.standings(conn, story.meeting))
    return {one.seat.point_id: one.link for one in found}


def test_what_became_of_each_link_is_known_from_the_outbox(story: Story) -> None:
    assert {one.sent for one in links(story).values()} == {Sent.NO}
    story.open("T-24h", story.start - 24 * HOUR)
    assert {one.sent for one in links(story).values()} == {Sent.WAITING}
    nobody, refused, heard, tested = (point.point_id for point in story.points)
    settle(story, f":point:{nobody}", "failed", sent.NOBODY)
    with story.db.write() as conn:
        for point, letters in ((refused, "a"), (heard, "ab")):
            [key] = [row.key for row in conn.execute(select(table.c.key).where(table.c.key.like(f"%linetest.open:%:point:{point}")))]
            for letter in letters:
                outbox.put(conn, f"{key}:mail:{letter}", "mail", story.at, {})
    for point in (refused, heard):
        settle(story, f":point:{point}", "done")
    settle(story, f":point:{refused}:mail:a", "failed", "550 no such user")
    settle(story, f":point:{heard}:mail:b", "failed", "550 no such user")
    settle(story, f":point:{heard}:mail:a", "done")
    story.report(story.secrets()[tested], WEAK, story.start - 23 * HOUR)
    found = links(story)
    assert {point: one.sent for point, one in found.items()} == {
        nobody: Sent.NOBODY, refused: Sent.FAILED, heard: Sent.SENT, tested: Sent.NO}
    assert found[refused].why == "550 no such user"
    with story.db.write() as conn:
        assert found[refused].item and outbox.again(conn, found[refused].item, story.at)
        assert found[nobody].item and outbox.again(conn, found[nobody].item, story.at)
    assert links(story)[refused].sent is links(story)[nobody].sent is Sent.WAITING
    settle(story, "mail:a~1", "done")
    assert links(story)[refused].sent is Sent.SENT


def test_times_that_change_move_the_report_and_never_make_two(story: Story, province: Province) -> None:
    keeper = Subject("keeper", "Đỗ Quản Trị", "", province.office("22").unit.id, (province.office("22").unit.id,), frozenset({Role.ADMIN}))
    opened, plain = story.start - 24 * HOUR, Times.from_data({}, POLICY)
    with story.db.write() as conn:
        invitations.announce(conn, story.meeting, story.at)
        for payload in [row.payload for row in conn.execute(select(table).where(table.c.kind == invitations.SPREAD)).all()]:
            invitations.spread(conn, payload, [], WorkingDays(), story.at)
        conn.execute(table.update().where(table.c.kind == line_tests.OPEN_KIND, table.c.due_at == opened).values(
            state="done", settled_at=opened))
    story.open("T-24h", opened)

    def change(**typed: str) -> list[datetime]:
        wanted, errors = times.read({**plain.typed(), **typed})
        assert wanted and not errors, errors
        with story.db.write() as conn:
            times_store.put(conn, wanted, POLICY, keeper, opened + MINUTE)
            assert times_store.current(conn, POLICY) == wanted
            rows = conn.execute(select(table).where(table.c.kind == line_tests.REPORT_KIND, table.c.state == "waiting")).all()
        return [row.due_at for row in rows]

    assert change(report="60") == [Report(HOUR).due(opened, story.start)]
    assert change(report="") == []
    assert change(report="120") == [Report(2 * HOUR).due(opened, story.start)]
    assert change() == [Report().due(opened, story.start)]


def test_a_report_of_the_old_times_is_read_as_usual() -> None:
    data = Times.from_data({}, POLICY).as_data()
    assert Times.from_data({**data, "report": None}, POLICY).policy.report is None
    assert Times.from_data({name: value for name, value in data.items() if name != "report"}, POLICY).report == Report().after
