"""Times as people say them: "Thứ Ba 24/11, 08:00–11:30", "còn 12 phút".  In the installation's zone, in the request's
language.  It reads no clock: `now` is an argument.  Used by templates as `when` and by routes that parse times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from meetings.errors import Invalid
from web.i18n import N_, SOURCE, _, language, ngettext

DAYS = (
    N_("Thứ Hai"), N_("Thứ Ba"), N_("Thứ Tư"), N_("Thứ Năm"), N_("Thứ Sáu"), N_("Thứ Bảy"), N_("Chủ Nhật"),
)

FIRST_YEAR, LAST_YEAR = 1945, 2200


@dataclass(frozen=True, slots=True)
class When:
    """Formats aware times in `zone`, and reads what people type there."""

    zone: ZoneInfo

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)

    def today(self, now: datetime) -> date:
        return self.local(now).date()

    def clock(self, at: datetime) -> str:
        """08:00"""
        return self.local(at).strftime("%H:%M")

    def seconds(self, at: datetime) -> str:
        """08:00:07, for the record"""
        return self.local(at).strftime("%H:%M:%S")

    def day(self, at: datetime | date, year: bool = False) -> str:
        """Thứ Ba 24/11 · Tue 24 Nov"""
        on = self.local(at).date() if isinstance(at, datetime) else at
        if language() != SOURCE:
            return format_date(on, "EEE d MMM y" if year else "EEE d MMM", language())
        text = f"{DAYS[on.weekday()]} {on.day:02d}/{on.month:02d}"
        return f"{text}/{on.year}" if year else text

    def weekday(self, on: date) -> str:
        """Thứ Ba · Tue"""
        return DAYS[on.weekday()] if language() == SOURCE else format_date(on, "EEE", language())

    def date(self, at: datetime | date) -> str:
        """24/11/2026 · 24 Nov 2026"""
        on = self.local(at).date() if isinstance(at, datetime) else at
        if language() != SOURCE:
            return format_date(on, "d MMM y", language())
        return on.strftime("%d/%m/%Y")

    def span(self, start: datetime, end: datetime) -> str:
        """Thứ Ba 24/11, 08:00–11:30; both days where they differ."""
        if self.local(start).date() == self.local(end).date():
            return f"{self.day(start)}, {self.clock(start)}–{self.clock(end)}"
        return f"{self.day(start)}, {self.clock(start)} – {self.day(end)}, {self.clock(end)}"

    def hours(self, start: datetime, end: datetime) -> str:
        """08:00–11:30"""
        return f"{self.clock(start)}–{self.clock(end)}"

    def moment(self, at: datetime) -> str:
        """Thứ Ba 24/11, 08:00"""
        return f"{self.day(at)}, {self.clock(at)}"

    def until(self, at: datetime, now: datetime) -> str:
        """còn 12 phút; empty when it has passed or lies more than a day ahead."""
        left = at - now
        if left <= timedelta(0) or left > timedelta(days=1):
            return ""
        minutes = max(1, round(left.total_seconds() / 60))
        if minutes < 90:
            return ngettext("còn {n} phút", "còn {n} phút", minutes)
        return ngettext("còn {n} giờ", "còn {n} giờ", round(minutes / 60))

    def lasted(self, length: timedelta) -> str:
        """2 giờ 05 phút"""
        minutes = round(length.total_seconds() / 60)
        if minutes < 60:
            return _("{minutes} phút", minutes=minutes)
        return _("{hours} giờ {minutes:02d} phút", hours=minutes // 60, minutes=minutes % 60)

    # --- what forms carry ----------------------------------------------------------------------------------------

    def form_date(self, at: datetime) -> str:
        return self.local(at).strftime("%Y-%m-%d")

    def parse_day(self, text: str, field: str = "on") -> date:
        """Raises Invalid("time.date"), also for years that no calendar of ours turns to."""
        try:
            day = date.fromisoformat(text.strip())
        except ValueError:
            raise Invalid("time.date", field=field) from None
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise Invalid("time.date", field=field)
        return day

    def parse(self, day: str, clock: str, field: str) -> datetime:
        """`2026-11-24` and `08:00` of the installation's zone, as UTC.  Raises Invalid("time.date" | "time.clock")."""
        on = self.parse_day(day, field="day")
        try:
            at = time.fromisoformat(clock.strip())
        except ValueError:
            raise Invalid("time.clock", field=field) from None
        return datetime.combine(on, at.replace(tzinfo=None), self.zone).astimezone(UTC)

    def day_bounds(self, on: date) -> tuple[datetime, datetime]:
        """Midnight to midnight of that day, in UTC."""
        start = datetime.combine(on, time(0), self.zone)
        return start.astimezone(UTC), datetime.combine(on + timedelta(days=1), time(0), self.zone).astimezone(UTC)
