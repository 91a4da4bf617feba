"""Times as people say them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from meetings.errors import Invalid
from web.i18n import I18n, speak
from web.when import When

WHEN = When(ZoneInfo("Asia/Ho_Chi_Minh"))
START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _vietnamese() -> None:
    I18n()
    speak("vi")


def test_a_meeting_is_said_as_people_say_it() -> None:
    assert WHEN.span(START, START + timedelta(hours=3, minutes=30)) == "Thứ Ba 24/11, 08:00–11:30"
    assert WHEN.span(START, START + timedelta(hours=20)) == "Thứ Ba 24/11, 08:00 – Thứ Tư 25/11, 04:00"
    assert WHEN.day(date(2026, 11, 29), year=True) == "Chủ Nhật 29/11/2026"


def test_english_is_said_the_english_way() -> None:
    speak("en")
    assert WHEN.span(START, START + timedelta(hours=1)) == "Tue 24 Nov, 08:00–09:00"
    assert WHEN.until(START, START - timedelta(minutes=1)) == "1 minute left"


@pytest.mark.parametrize(("before", "says"), [
    (timedelta(minutes=12), "còn 12 phút"), (timedelta(seconds=20), "còn 1 phút"), (timedelta(hours=3), "còn 3 giờ"),
    (timedelta(0), ""), (timedelta(minutes=-1), ""), (timedelta(days=2), ""),
])
def test_how_long_until(before: timedelta, says: str) -> None:
    assert WHEN.until(START, START - before) == says


def test_a_day_is_the_local_one_not_that_of_utc() -> None:
    assert WHEN.today(datetime(2026, 11, 23, 17, 30, tzinfo=UTC)) == date(2026, 11, 24)
    first, last = WHEN.day_bounds(date(2026, 11, 24))
    assert first == datetime(2026, 11, 23, 17, 0, tzinfo=UTC) and last - first == timedelta(days=1)


def test_what_people_type_becomes_utc() -> None:
    assert WHEN.parse("2026-11-24", "08:00", "start") == START


@pytest.mark.parametrize(("day", "clock", "code"), [
    ("24/11/2026", "08:00", "time.date"), ("", "08:00", "time.date"), ("2026-02-30", "08:00", "time.date"),
    ("2026-11-24", "", "time.clock"), ("2026-11-24", "25:00", "time.clock"), ("2026-11-24", "tám giờ", "time.clock"),
])
def test_what_is_no_time_is_refused(day: str, clock: str, code: str) -> None:
    with pytest.raises(Invalid, match=code):
        WHEN.parse(day, clock, "start")


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01"])
def test_a_day_at_the_end_of_time_is_no_day_of_ours(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        When(ZoneInfo("Asia/Ho_Chi_Minh")).parse_day(text)
    assert refused.value.code == "time.date"
