"""Working days of Viet Nam: public holidays, lunar ones included, days swapped by the Government, and what an office adds.

The holidays come from a kept library; `overrides` are rows of the administrator and win over it.  Pure; reads no clock.
For notices of meetings (three working days before), deadlines (five after) and the search for free slots.  Made by `workday_store`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

import holidays

from meetings.errors import Invalid

NOTICE_DAYS: Final = 3
"""Working days between an invitation and its meeting, by practice of the Government's own rules; less is short notice."""
CONCLUSION_DAYS: Final = 5
"""Working days after a meeting within which its conclusion notice is issued."""
_FARTHEST: Final = 400  # days looked through for one working day more


class WorkingDays:
    """`overrides`: days that are worked (True) or not (False) whatever the library says."""

    def __init__(self, overrides: Mapping[date, bool] | None = None, language: str = "vi") -> None:
        self._overrides = dict(overrides or {})
        self._language = "vi" if language == "vi" else "en_US"
        self._years: dict[int, holidays.HolidayBase] = {}

    def works(self, day: date) -> bool:
        """Whether offices work on this day."""
        told = self._overrides.get(day)
        return self._public(day).is_working_day(day) if told is None else told

    def name(self, day: date) -> str:
        """The public holiday on this day, in the language of this calendar; empty where there is none."""
        return str(self._public(day).get(day) or "")

    def _public(self, day: date) -> holidays.HolidayBase:
        """The library's year, worked out when it is first asked of and put in its place whole: others may ask at the same time."""
        if day.year not in self._years:
            self._years[day.year] = holidays.country_holidays("VN", years=day.year, expand=False, language=self._language)
        return self._years[day.year]

    def public(self, *years: int) -> list[tuple[date, str]]:
        """The public holidays of these years with their names, as the kept list has them."""
        return [(date(year, 1, 1) + timedelta(days=ahead), name) for year in years for ahead in range(366)
                if (date(year, 1, 1) + timedelta(days=ahead)).year == year
                and (name := self.name(date(year, 1, 1) + timedelta(days=ahead)))]

    def after(self, day: date, count: int) -> date:
        """The working day `count` working days after `day`; the day itself never counts.  Raises Invalid("workdays.none")."""
        return self._step(day, count, timedelta(days=1))

    def before(self, day: date, count: int) -> date:
        """The working day `count` working days before `day`; the day itself never counts.  Raises Invalid("workdays.none")."""
        return self._step(day, count, timedelta(days=-1))

    def _step(self, day: date, count: int, step: timedelta) -> date:
        """Raises Invalid("workdays.none") where the overrides leave no working day for more than a year."""
        idle = 0
        while count > 0:
            day += step
            idle += 1
            if self.works(day):
                count, idle = count - 1, 0
            elif idle > _FARTHEST:
                raise Invalid("workdays.none", field="day", day=day)
        return day

    def is_short_notice(self, told: date, meeting: date) -> bool:
        """Whether an invitation of the day `told` comes less than NOTICE_DAYS working days before its meeting."""
        return told > self.before(meeting, NOTICE_DAYS)

    def asks_why(self, told: date, meeting: date, before: date | None = None, said: date | None = None) -> bool:
        """Whether those who are told on the day `told` of a meeting on the day `meeting` are to be told why so late.

        `before`: the day they knew of; a later day takes nothing from them.  `said`: when a reason was last given; it is good
        for every day that was short notice then.
        """
        if not self.is_short_notice(told, meeting) or (before is not None and meeting >= before):
            return False
        return said is None or not self.is_short_notice(said, meeting)
