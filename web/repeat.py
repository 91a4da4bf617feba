"""Lặp lại: what the booking form says of a meeting that comes again, as a rule of RFC 5545, as dates and as words.

Pure but for the words: it is told the days that are worked and reads no clock.  `scheduler.series` holds the rule to its bounds,
`scheduler.series_store` books it.  Called by the booking form and by the page of a meeting.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from starlette.datastructures import FormData

from meetings.errors import Invalid, MeetingError
from scheduler.series import MOST, WEEKDAYS, Series, of_month, of_week
from scheduler.slots import Slot
from scheduler.workdays import WorkingDays
from web.i18n import N_, _, ngettext
from web.legible import number
from web.when import DAYS as DAY_NAMES
from web.when import When

DAYS = WEEKDAYS
KINDS: dict[str, str] = {
    "": N_("Không lặp lại"), "daily": N_("Hằng ngày"), "weekly": N_("Hằng tuần"),
    "monthly": N_("Hằng tháng, cùng ngày"), "monthly_weekday": N_("Hằng tháng, cùng thứ"),
}
PLACES: dict[int, str] = {1: N_("đầu tiên"), 2: N_("thứ hai"), 3: N_("thứ ba"), 4: N_("thứ tư"), -1: N_("cuối cùng")}


@dataclass(slots=True)
class Typed:
    """The fields as they were typed; `left_out` are keys of dates that were struck by hand."""

    kind: str = ""
    every: str = "1"
    days: frozenset[str] = frozenset()
    ends: str = "count"
    count: str = "10"
    until: str = ""
    only_worked: bool = True
    left_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """One date of the preview.  `off`: nobody works; `holiday` its name, if it has one."""

    key: str
    slot: Slot
    holiday: str
    off: bool
    left_out: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be booked: the rule, its first date, and every date with what is known of it."""

    rule: str
    first: Slot
    rows: tuple[Row, ...]

    @property
    def left_out(self) -> frozenset[datetime]:
        return frozenset(datetime.fromisoformat(row.key) for row in self.rows if row.left_out)

    @property
    def count(self) -> int:
        return sum(not row.left_out for row in self.rows)


def read(form: FormData) -> Typed:
    """Values that no page of ours sends are dropped."""
    kind = str(form.get("repeat", ""))
    left_out = [*form.getlist("leave"), *(form.getlist("leave_also") if form.get("action") == "book_rest" else [])]
    fresh = Typed(kind if kind in KINDS else "", left_out=frozenset(str(key)[:19] for key in left_out[:MOST]))
    if "ends" not in form:  # the other fields come once a kind is chosen
        return fresh
    return replace(
        fresh, every=str(form.get("every", ""))[:4], days=frozenset(map(str, form.getlist("on"))) & {*DAYS},
        ends="until" if form.get("ends") == "until" else "count", count=str(form.get("count", ""))[:4],
        until=str(form.get("until_repeat", ""))[:10], only_worked=form.get("only_worked") == "yes",
    )


def of(series: Series, days: WorkingDays, when: When) -> Typed:
    """The fields that mean the same dates; without a kind where the form has none for such a rule."""
    parts, keys = dict(part.split("=") for part in series.rule.split(";")), series.keys()
    typed = Typed(
        "", parts.get("INTERVAL", "1"), frozenset(parts.get("BYDAY", "").split(",")) & {*DAYS}, "count", str(len(keys)),
        keys[-1].date().isoformat(), all(days.works(one.key.date()) for one in series.occurrences()),
        frozenset(key.isoformat() for key in series.excluded))
    for kind in (*KINDS,)[1:]:
        rule = _rule(replace(typed, kind=kind), series.start, when)
        if parts["FREQ"] in rule and _keys(rule, series) == keys:
            typed.kind = kind
            break
    typed.ends = "until" if "UNTIL" in parts else "count"
    return typed


def _keys(rule: str, series: Series) -> list[datetime] | None:
    """The dates of the series if this were its rule; None where it can have none, as one whose end lies too far away."""
    try:
        return Series(rule, series.start, series.zone, series.length).keys()
    except MeetingError:
        return None


def plan(typed: Typed, slot: Slot, when: When, days: WorkingDays) -> Plan:
    """The dates from the first one on that the rule means.  Raises Invalid and TooLarge as `Series` does, with its fields."""
    start = when.local(slot.start).replace(tzinfo=None)
    if typed.kind == "weekly" and typed.days and DAYS[start.weekday()] not in typed.days:
        start += timedelta(days=min((DAYS.index(day) - start.weekday()) % 7 for day in typed.days))
    rule = _rule(typed, start, when)
    series = Series(rule, start, when.zone.key, slot.length)
    rows = tuple(_row(typed, one.key, one.slot, days) for one in series.occurrences())
    if all(row.left_out for row in rows):
        raise Invalid("series.empty", field="repeat")
    return Plan(rule, rows[0].slot, rows)


def _row(typed: Typed, key: datetime, slot: Slot, days: WorkingDays) -> Row:
    off, text = not days.works(key.date()), key.isoformat()
    return Row(text, slot, days.name(key.date()), off, text in typed.left_out or (off and typed.only_worked))


def _rule(typed: Typed, start: datetime, when: When) -> str:
    parts = {"daily": "FREQ=DAILY", "weekly": "FREQ=WEEKLY"}.get(typed.kind, "FREQ=MONTHLY")
    every = number(typed.every)
    if not every:
        raise Invalid("series.every", field="every")
    if every > 1:
        parts += f";INTERVAL={every}"
    if typed.kind == "weekly":
        parts += ";BYDAY=" + ",".join(day for day in DAYS if day in (typed.days or {DAYS[start.weekday()]}))
    elif typed.kind == "monthly":
        parts += f";{of_month(start.day)}"
    elif typed.kind == "monthly_weekday":
        parts += f";{of_week(start.date())}"
    return parts + _end(typed, start, when)


def _end(typed: Typed, start: datetime, when: When) -> str:
    if typed.ends == "until":
        day = when.parse_day(typed.until, "until_repeat")
        if day < start.date():
            raise Invalid("series.until", field="until_repeat")
        return f";UNTIL={day:%Y%m%d}"
    count = number(typed.count)
    if not count:
        raise Invalid("series.count", field="count", most=MOST)
    return f";COUNT={count}"


def words(series: Series, when: When, last: datetime | None = None) -> str:
    """Hằng tuần, Thứ Hai, Thứ Năm, 08:00, đến 24/12/2026.  `last`: where it is not the last of the series."""
    parts = dict(part.split("=") for part in series.rule.split(";"))
    every = int(parts.get("INTERVAL", "1"))
    told = [_every(parts["FREQ"], every)]
    if days := _days(parts):
        told.append(days)
    if "BYMONTHDAY" in parts:
        told.append(_month_days(parts))
    told.append(series.start.strftime("%H:%M"))
    told.append(_("đến {date}", date=when.date(last or series.occurrences()[-1].slot.start)))
    return ", ".join(told)


def _every(freq: str, n: int) -> str:
    if freq == "DAILY":
        return _("Hằng ngày") if n == 1 else ngettext("Mỗi {n} ngày", "Every {n} days", n)
    if freq == "WEEKLY":
        return _("Hằng tuần") if n == 1 else ngettext("Mỗi {n} tuần", "Every {n} weeks", n)
    if freq == "MONTHLY":
        return _("Hằng tháng") if n == 1 else ngettext("Mỗi {n} tháng", "Every {n} months", n)
    return _("Hằng năm") if n == 1 else ngettext("Mỗi {n} năm", "Every {n} years", n)


def _days(parts: dict[str, str]) -> str:
    shown = []
    for day in parts.get("BYDAY", "").split(","):
        if day:
            name = _(DAY_NAMES[DAYS.index(day[-2:])])
            shown.append(f"{name} {_(PLACES[int(day[:-2])])}" if day[:-2] and int(day[:-2]) in PLACES else name)
    return ", ".join(shown)


def _month_days(parts: dict[str, str]) -> str:
    """Those that the rule names; of 28 to 31, of which the last is meant, that."""
    days = [int(day) for day in parts["BYMONTHDAY"].split(",")]
    if parts.get("BYSETPOS") == "-1" and min(days) > 0:
        days = [max(days)]
    return ", ".join(_("ngày {day}", day=day) if day > 0 else _("ngày cuối tháng") if day == -1
                     else _("ngày thứ {n} từ cuối tháng", n=-day) for day in days)
