"""When things around a meeting are due: never early by the clock on the wall, late ones only while they are of use."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import reminders
from scheduler.reminders import Occasion, Planned, Timing, plan
from scheduler.slots import CIVIL
from scheduler.workdays import WorkingDays

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DAYS = WorkingDays()
START = datetime(2026, 3, 5, 1, tzinfo=UTC)  # Thursday, 08:00 in Hà Nội


def planned(start: datetime = START, at: datetime = LONG_AGO, version: int = 0, timing: Timing | None = None,
            zone: ZoneInfo | None = None) -> dict[str, Planned]:
    made = plan(Occasion("m", version, start, start + 2 * HOUR), timing or Timing(), DAYS, at, zone or CIVIL)
    return {one.key.split(":", 3)[3]: one for one in made}


def test_everything_around_a_meeting_has_its_time() -> None:
    found = planned()
    assert {name: one.due - START for name, one in found.items() if not name.startswith("conclusion")} == {
        "unanswered:2880": -48 * HOUR, "linetest:T-24h": -24 * HOUR, "linetest:T-60min": -HOUR, "room": -15 * MINUTE,
        "close": 2 * HOUR + 15 * MINUTE}
    # Five working days after a Thursday are the next Thursday; the day before it one is reminded.
    assert found["conclusion:due"].due == datetime(2026, 3, 12, 17, tzinfo=CIVIL)
    assert found["conclusion:soon"].due == datetime(2026, 3, 11, 8, tzinfo=CIVIL)
    assert found["linetest:T-24h"].payload["round"] == "T-24h" and found["linetest:T-24h"].kind == "linetest.open"
    assert all(one.payload["meeting_id"] == "m" and one.kind in reminders.KINDS for one in found.values())


def test_a_meeting_that_was_closed_has_its_conclusion_planned_by_that_hour_and_nothing_else() -> None:
    """Closed after midnight on Friday: the five days are counted from the Friday."""
    made = plan(Occasion("m", 3, START, START + 2 * HOUR, START + 17 * HOUR), Timing(), DAYS, START + 17 * HOUR)
    assert [(one.key, one.due) for one in made] == [
        ("plan:m:3:ended:soon", datetime(2026, 3, 12, 8, tzinfo=CIVIL)), ("plan:m:3:ended:due", datetime(2026, 3, 13, 17, tzinfo=CIVIL))]
    assert all(one.payload["deadline"] == "2026-03-13T10:00:00.000000Z" for one in made)


def test_what_is_over_its_time_is_looked_at_again_eight_times_and_then_no_more() -> None:
    timing, look = Timing(again=40 * MINUTE), planned()["close"]
    at, keys = look.due, [look.key]
    payload = {**look.payload, "as": "moved"}
    while (following := reminders.look_again(payload, timing, at)) is not None:
        assert following.due == at + 40 * MINUTE and following.kind == reminders.CLOSE and following.until == look.until
        at, payload = following.due, dict(following.payload)
        keys.append(following.key)
    assert keys == ["plan:m:0:close", *(f"plan:m:0:close:{number}" for number in range(2, reminders.LOOKS + 1))]
    assert reminders.look_again(look.payload, Timing(again=23 * HOUR + 59 * MINUTE), look.due) is None, "not beyond a day"


@pytest.mark.parametrize(("state", "after", "is_so"), [
    ("convened", 15 * MINUTE, True), ("convened", 14 * MINUTE, False), ("open", 5 * HOUR, False), ("draft", 5 * HOUR, False),
    ("cancelled", 5 * HOUR, False), ("concluded", 5 * HOUR, False)])
def test_overdue_is_convened_never_opened_and_over_with_its_grace(state: str, after: timedelta, is_so: bool) -> None:
    assert reminders.overdue(state, START, Timing(), START + after) is is_so


def test_holidays_put_the_conclusion_off() -> None:
    """Before the lunar new year of 2026 (17 February): the office comes back on the 23rd."""
    found = planned(datetime(2026, 2, 12, 1, tzinfo=UTC))
    deadline = found["conclusion:due"].due.astimezone(CIVIL).date()
    assert deadline > date(2026, 2, 23) and DAYS.works(deadline)
    assert sum(DAYS.works(date(2026, 2, 12) + timedelta(days=n)) for n in range(1, (deadline - date(2026, 2, 12)).days + 1)) == 5


@pytest.mark.parametrize(("late", "left"), [
    (-50 * HOUR, {"linetest:T-24h", "linetest:T-60min", "unanswered:2880", "room", "close"}),
    (-30 * HOUR, {"linetest:T-24h", "linetest:T-60min", "room", "close"}),  # who is invited only now is not reminded
    (-2 * HOUR, {"linetest:T-24h", "linetest:T-60min", "room", "close"}),
    (-HOUR, {"linetest:T-60min", "room", "close"}),  # the second round takes the place of the first
    (-MINUTE, {"linetest:T-60min", "room", "close"}),
    (0 * HOUR, {"close"}), (26 * HOUR, set()),
])
def test_what_is_late_is_done_while_it_is_of_use(late: timedelta, left: set[str]) -> None:
    found = planned(at=START + late)
    assert {name for name in found if not name.startswith("conclusion")} == left
    assert {name for name in found if name.startswith("conclusion")} == {"conclusion:soon", "conclusion:due"}


def test_another_time_has_other_keys() -> None:
    assert not {one.key for one in planned().values()} & {one.key for one in planned(version=1).values()}
    assert all(one.key.startswith(reminders.prefix("m")) for one in planned(version=12).values())


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"])
@given(st.datetimes(datetime(2023, 1, 1), datetime(2030, 12, 20), timezones=st.just(UTC)))
def test_no_zone_and_no_day_brings_anything_early_or_out_of_order(zone: str, start: datetime) -> None:
    """Summer time, leap days, new years: spans before the start are true spans, mornings are mornings on the wall."""
    where = ZoneInfo(zone)
    found = planned(start, zone=where)
    assert len({one.key for one in found.values()}) == len(found) == 7
    assert found["linetest:T-24h"].due.astimezone(UTC) == start - 24 * HOUR
    assert all(one.due < one.until for one in found.values())
    due = found["conclusion:due"].due.astimezone(where)
    assert due.time() == time(17) and DAYS.works(due.date()) and due > start + 2 * HOUR
    assert found["conclusion:soon"].due < found["conclusion:due"].due


def test_a_leap_day_is_a_day() -> None:
    found = planned(datetime(2028, 3, 1, 1, tzinfo=UTC))
    assert found["linetest:T-24h"].due == datetime(2028, 2, 29, 1, tzinfo=UTC)


def test_times_are_data() -> None:
    data = {"line_tests": {"T-3h": 180}, "unanswered": [], "room": 5, "morning": "07:30"}
    found = planned(timing=Timing.from_data(data))
    assert set(found) == {"linetest:T-3h", "room", "close", "conclusion:soon", "conclusion:due"}
    assert found["room"].due == START - 5 * MINUTE and found["conclusion:soon"].due.astimezone(CIVIL).time() == time(7, 30)
    assert Timing.from_data(Timing().as_data()) == Timing()


@pytest.mark.parametrize("data", [{"room": 0}, {"room": -5}, {"unanswered": [10**6]}, {"conclusion_days": 0}, {"morning": "25:00"}, {"again": 0},
                                  {"grace": -1}, {"grace": 1440}])
def test_times_that_cannot_be_are_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Timing.from_data(data)


def test_who_is_invited_at_the_very_moment_of_a_reminder_is_not_reminded() -> None:
    assert "unanswered:2880" not in planned(at=START - 48 * HOUR) and "unanswered:2880" in planned(at=START - 48 * HOUR - MINUTE)


def test_of_two_rounds_at_one_time_one_is_opened() -> None:
    found = planned(timing=Timing(line_tests={"first": HOUR, "second": HOUR}))
    assert [name for name in found if name.startswith("linetest")] == ["linetest:second"]


@pytest.mark.parametrize("data", [
    {"unanswered": list(range(1, 12))}, {"line_tests": {f"T{number}": number for number in range(1, 12)}},
    {"room": "15"}, {"room": None}, {"unanswered": 60}, {"conclusion_days": "năm"}, {"conclusion_days": None}, {"morning": 8},
    {"line_tests": {"x" * 41: 60}}, {"unanswered": [10**12]},
])
def test_times_without_measure_are_refused(data: dict[str, object]) -> None:
    """No meeting is to leave thousands of reminders; whatever is typed is refused in one way."""
    with pytest.raises(ValueError):
        Timing.from_data(data)
