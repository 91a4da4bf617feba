"""Bars on the grid of quarter hours."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.slots import Slot
from web.timeline import Grid
from web.when import When

WHEN = When(ZoneInfo("Asia/Ho_Chi_Minh"))
DAY = date(2026, 11, 24)


def slot(start: float, end: float) -> Slot:
    midnight = WHEN.day_bounds(DAY)[0]
    return Slot(midnight + timedelta(hours=start), midnight + timedelta(hours=end))


@pytest.mark.parametrize(("start", "end", "place"), [
    (7, 18, "f0 t44"), (9, 11, "f8 t16"), (9.1, 9.2, "f8 t9"), (8.75, 9.5, "f7 t10"), (5, 8, "f0 t4"),
    (17, 23, "f40 t44"), (1, 2, "f0 t1"), (20, 21, "f43 t44"),
])
def test_a_bar_covers_its_time_rounded_outwards_and_stays_on_the_grid(start: float, end: float, place: str) -> None:
    grid = Grid(DAY, 7, 18, WHEN)
    found = slot(start, end)
    assert grid.place(found.start, found.end) == place


def test_the_grid_shows_office_hours_unless_something_lies_outside() -> None:
    assert Grid.around(DAY, [slot(8, 11)], WHEN).span == "office"
    night = Grid.around(DAY, [slot(8, 11), slot(19, 20)], WHEN)
    assert (night.span, night.first, night.last) == ("whole", 0, 24)
    assert night.place(*(lambda s: (s.start, s.end))(slot(19, 20))) == "f76 t80"


def test_every_place_a_bar_can_have_is_a_class_of_the_style_sheet() -> None:
    from web.pages import STATIC

    css = (STATIC / "css" / "timeline.css").read_text()
    assert all(f".f{n}{{" in css and f".t{n}{{" in css for n in range(97))
