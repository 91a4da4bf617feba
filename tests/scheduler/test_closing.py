"""The conclusion notice is due by when a meeting was really closed: early, late, over holidays; nothing twice, nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from meetings import service as meetings
from meetings.access import Role, Subject
from meetings.store.database import Database
from scheduler import invitations, outbox, reminders, service, times_store, workday_store
from scheduler.outbox_table import outbox as table
from scheduler.readiness import Policy
from scheduler.slots import CIVIL
from tests.scheduler.conftest import Office, Province
from tests.scheduler.test_invitations import Post
from tests.scheduler.test_times import chosen

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AFTER = (reminders.OVER, reminders.CONCLUSION, reminders.ENDED)


class Held:
    """A meeting that is open, and what waits of it."""

    def __init__(self, db: Database, province: Province, start: datetime, hours: float = 2) -> None:
        self.db, self.start = db, start
        self.office: Office = province.office("22")
        self.post = Post(db, [])
        self.by = self.office.secretary
        self.meeting = self.office.draft(db, start, hours)
        with db.write() as conn:
            service.book(conn, self.meeting, [province.points[0].point_id], self.by, start - 5 * DAY)
        self.announce(start - 5 * DAY)
        with db.write() as conn:
            meetings.open(conn, self.meeting, self.by, start)

    def announce(self, at: datetime) -> None:
        with self.db.write() as conn:
            invitations.announce(conn, self.meeting, at)
        self.post.spread(at)

    def close(self, at: datetime) -> None:
        with self.db.write() as conn:
            service.close(conn, self.meeting, self.by, at)

    def waiting(self) -> dict[str, datetime]:
        """Key without its meeting → due, of what waits for the time after it."""
        with self.db.read() as conn:
            rows = conn.execute(select(table).where(outbox.under(conn, reminders.prefix(self.meeting)), table.c.state == "waiting"))
            return {name: row.due_at for row in rows for name in [row.key.split(":", 3)[3]] if name.startswith(AFTER)}

    def deadline(self) -> date:
        """The day on which the notice is due; there is one."""
        [due] = [due for key, due in self.waiting().items() if key.endswith(":due")]
        return due.astimezone(CIVIL).date()


@pytest.fixture
def thursday() -> datetime:
    return datetime(2026, 3, 5, 1, tzinfo=UTC)  # 08:00 in Hà Nội, two hours


@pytest.fixture
def held(db: Database, province: Province, thursday: datetime) -> Iterator[Held]:
    yield Held(db, province, thursday)


@pytest.mark.parametrize(("after", "due"), [
    (HOUR, date(2026, 3, 12)),        # early, on its day
    (8 * HOUR, date(2026, 3, 12)),    # late, on its day
    (17 * HOUR, date(2026, 3, 13)),   # after midnight: the Friday counts from the Friday
    (2 * DAY, date(2026, 3, 13)),     # forgotten until Saturday: five working days are Monday to Friday
    (12 * DAY, date(2026, 3, 24)),    # forgotten until what was planned is past
])
def test_the_days_are_counted_from_the_closing(held: Held, thursday: datetime, after: timedelta, due: date) -> None:
    assert held.deadline() == date(2026, 3, 12)
    held.close(thursday + after)
    assert held.deadline() == due
    assert held.waiting().keys() == {"ended:soon", "ended:due"}, "nobody is asked to end it, nothing is planned twice"


def test_a_meeting_that_ends_days_before_its_planned_end_is_due_earlier(db: Database, province: Province, thursday: datetime) -> None:
    held = Held(db, province, thursday, hours=50)
    assert held.deadline() == date(2026, 3, 13)
    held.close(thursday + HOUR)
    assert held.deadline() == date(2026, 3, 12)


def test_holidays_and_days_of_the_office_lie_between(db: Database, province: Province) -> None:
    """Closed on the eve of the holiday of the Hùng kings of 2026 (26 April, a Sunday, taken on Monday): 27, 30 April and 1 May are off."""
    start = datetime(2026, 4, 24, 1, tzinfo=UTC)
    held = Held(db, province, start)
    held.close(start + HOUR)
    with db.read() as conn:
        days = workday_store.working_days(conn)
    due = held.deadline()
    between = [date(2026, 4, 24) + timedelta(days=number) for number in range(1, (due - date(2026, 4, 24)).days + 1)]
    assert sum(days.works(day) for day in between) == 5 and due > date(2026, 5, 1) and days.works(due)


def test_planning_once_more_after_the_closing_adds_nothing(held: Held, thursday: datetime) -> None:
    """The item that spreads a meeting may be delivered again, or only now, when the scheduler was away."""
    held.close(thursday + HOUR)
    before = held.waiting()
    with held.db.write() as conn:
        payload = conn.execute(select(table.c.payload).where(table.c.kind == invitations.SPREAD)).scalars().first()
        assert payload is not None
        invitations.spread(conn, payload, [], workday_store.working_days(conn), thursday + 2 * HOUR)
    assert held.waiting() == before


def test_times_that_are_changed_after_the_closing_move_what_counts_from_it(held: Held, thursday: datetime) -> None:
    held.close(thursday + 17 * HOUR)
    keeper = Subject("keeper", "Đỗ Quản Trị", "", held.office.unit.id, (held.office.unit.id,), frozenset({Role.ADMIN}))
    with held.db.write() as conn:
        assert times_store.put(conn, chosen(conclusion_days="3", evening="16:00"), Policy(), keeper, thursday + 18 * HOUR) == 1
    assert held.waiting() == {
        "ended:soon": datetime(2026, 3, 10, 8, tzinfo=CIVIL), "ended:due": datetime(2026, 3, 11, 16, tzinfo=CIVIL)}


def test_what_was_closed_before_this_was_counted_stays_as_it_was_planned(held: Held, thursday: datetime) -> None:
    """An installation that closed meetings with an older version: a change of times moves their rows and adds none."""
    with held.db.write() as conn:
        meetings.close(conn, held.meeting, held.by, thursday + 17 * HOUR)
    keeper = Subject("keeper", "Đỗ Quản Trị", "", held.office.unit.id, (held.office.unit.id,), frozenset({Role.ADMIN}))
    with held.db.write() as conn:
        times_store.put(conn, chosen(conclusion_days="3"), Policy(), keeper, thursday + 18 * HOUR)
    assert {key for key in held.waiting() if key.endswith(":due")} == {"conclusion:due"} and held.deadline() == date(2026, 3, 10)
