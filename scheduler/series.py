"""Meetings that come again: a recurrence (RFC 5545 section 3.3.10) on the wall clock of one time zone, with exceptions.

Nine o'clock stays nine o'clock on the wall, whatever the zone does meanwhile; a time that a change of clocks leaves out is
read with the offset before it, as the RFC says.  UNTIL is a moment, not a wall time.  An occurrence is named by the wall time its
rule gave it, so that one that was moved keeps its name.  Pure: the rule is worked out by dateutil, bounded here.  Called by `series_store` and the booking form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil import rrule

from meetings.errors import Invalid, NotFound, TooLarge
from scheduler.slots import Slot

MOST: Final = 366  # occurrences of one series ...
FARTHEST: Final = timedelta(days=3660)  # ... and all of them within ten years: a rule that matches no day at all ends here too
LONGEST: Final = timedelta(days=31)
_YEARS: Final = range(1970, 2201)  # in which a series may begin
_LONGEST_RULE: Final = 500  # characters
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_FREQUENCIES: Final = {"DAILY": rrule.DAILY, "WEEKLY": rrule.WEEKLY, "MONTHLY": rrule.MONTHLY, "YEARLY": rrule.YEARLY}
_NUMBERS: Final = {"INTERVAL": (1, 366), "COUNT": (1, MOST)}
_LISTS: Final = {"BYMONTH": (1, 12), "BYMONTHDAY": (-31, 31), "BYSETPOS": (-366, 366)}
_DAYS: Final = dict(zip(("MO", "TU", "WE", "TH", "FR", "SA", "SU"), rrule.weekdays, strict=True))
WEEKDAYS: Final = tuple(_DAYS)
_PLACED: Final = frozenset({"MONTHLY", "YEARLY"})  # of which a day of the week may be the second or the last
_UNTIL: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """`key` is the wall time by the rule, which names it for ever; `slot` when it takes place."""

    key: datetime
    slot: Slot


@dataclass(frozen=True, slots=True)
class Series:
    """`rule` is the value of an RRULE with COUNT or UNTIL; `start` the first wall time, without a zone; `excluded` keys.

    Raises Invalid("series.rule" | "series.endless" | "series.far" | "series.zone" | "series.start" | "series.length" |
    "series.empty"), TooLarge("series.too_many").
    """

    rule: str
    start: datetime
    zone: str
    length: timedelta
    excluded: frozenset[datetime] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "rule", _text(_parts(self.rule)))  # one way of writing it: "rrule:freq=daily" is read too
        if self.start.tzinfo is not None or self.start.year not in _YEARS:
            raise Invalid("series.start", field="start")
        object.__setattr__(self, "start", self.start.replace(microsecond=0, fold=0))
        if not timedelta(0) < self.length <= LONGEST:
            raise Invalid("series.length", field="end")
        _zone(self.zone)
        keys = list(islice(self._given(), MOST + 1))
        if len(keys) > MOST:
            raise TooLarge("series.too_many", field="rule", most=MOST)
        parts = _parts(self.rule)
        if len(keys) < int(parts.get("COUNT", "0")) or ("UNTIL" in parts and self._until() > self._moment(self._farthest)):
            raise Invalid("series.far", field="rule", until=self._farthest)
        if all(key in self.excluded for key in keys):
            raise Invalid("series.empty", field="rule")

    @property
    def _farthest(self) -> datetime:
        return self.start + FARTHEST

    def occurrences(self) -> list[Occurrence]:
        """All that are left, in order."""
        return [Occurrence(key, self.slot(key)) for key in self._given() if key not in self.excluded]

    def keys(self) -> list[datetime]:
        """All that the rule gives, those that are left out included."""
        return list(self._given())

    def without(self, key: datetime) -> Series:
        """One occurrence less.  Raises NotFound("series.occurrence"), Invalid("series.empty") for the last one."""
        self._place(key)
        return replace(self, excluded=self.excluded | {key})

    def split(self, key: datetime) -> tuple[Series | None, Series]:
        """What comes before `key` and what begins with it, as calendars edit "this and following"; None: nothing before.

        Together they have the same occurrences.  Raises NotFound("series.occurrence").
        """
        place = self._place(key)
        parts = _parts(self.rule)
        if not place:
            return None, self
        earlier, later = parts | {"UNTIL": (self._moment(key) - timedelta(seconds=1)).strftime(_UNTIL)}, dict(parts)
        earlier.pop("COUNT", None)
        if "COUNT" in parts:
            later["COUNT"] = str(int(parts["COUNT"]) - place)
        before = None
        if any(one not in self.excluded for one in islice(self._given(), place)):
            before = replace(self, rule=_text(earlier), excluded=frozenset(one for one in self.excluded if one < key))
        return before, replace(self, rule=_text(later), start=key, excluded=frozenset(one for one in self.excluded if one >= key))

    def at_hour(self, clock: time, length: timedelta) -> Series:
        """The same days at another hour and for another length; each key keeps its day."""
        parts = _parts(self.rule)
        if "UNTIL" in parts:  # a moment: it must not cut off the last day, nor let in one more
            *_earlier, last = self._given()
            parts["UNTIL"] = last.strftime("%Y%m%d")
        return replace(
            self, rule=_text(parts), start=datetime.combine(self.start, clock), length=length,
            excluded=frozenset(datetime.combine(one, clock) for one in self.excluded))

    def on_day(self, was: date, to: date) -> Series:
        """As many dates in the same order, with that of the day `was` on the day `to`; the others go along as the rule says.

        Raises Invalid("series.other_day") where the rule does not say how they do.
        """
        parts, keys, by = _parts(self.rule), self.keys(), to - was
        parts.pop("UNTIL", None)
        start, days = _turned(parts, self.start, was, to)
        try:
            turned = replace(self, rule=_text({**parts, **days, "COUNT": str(len(keys))}), start=start, excluded=frozenset())
        except Invalid as error:
            raise Invalid("series.other_day", field="day") from error
        pairs = dict(zip(keys, turned.keys(), strict=True))
        strays = any(new - old not in (timedelta(0), by) for old, new in pairs.items()) and parts["FREQ"] in ("DAILY", "WEEKLY")
        if strays or {old.date(): new.date() for old, new in pairs.items()}.get(was) != to:
            raise Invalid("series.other_day", field="day")
        return replace(turned, excluded=frozenset(pairs[key] for key in self.excluded if key in pairs))

    def in_calendars(self) -> str:
        """The rule as calendars want it: UNTIL in UTC, the very last date (RFC 5545 section 3.3.10)."""
        parts = _parts(self.rule)
        if "UNTIL" in parts:
            *_earlier, last = self._given()
            parts["UNTIL"] = self._moment(last).strftime(_UNTIL)
        return _text(parts)

    def wall(self, at: datetime) -> datetime:
        """What the wall shows at this instant."""
        return wall_of(at, self.zone)

    def _place(self, key: datetime) -> int:
        """How many come before it by the rule."""
        if key not in self.excluded:
            for place, given in enumerate(self._given()):
                if given == key:
                    return place
        raise NotFound("series.occurrence", key=key)

    def slot(self, key: datetime) -> Slot:
        """When what this wall time names takes place."""
        begins = self._moment(key)
        return Slot(begins, begins + self.length)

    def _moment(self, wall: datetime) -> datetime:
        """When the wall shows this, in UTC; the first time of two."""
        return wall.replace(tzinfo=_zone(self.zone)).astimezone(UTC)

    def _until(self) -> datetime:
        """The last moment that counts, in UTC: as the rule says it, on the wall, or the end of that day on the wall."""
        value = _parts(self.rule)["UNTIL"]
        found = re.fullmatch(r"([0-9]{8})(?:T([0-9]{6})(Z?))?", value, re.ASCII)
        try:
            if found is None:
                raise ValueError(value)
            read = datetime.strptime(found[1] + (found[2] or "235959"), "%Y%m%d%H%M%S")
            return read.replace(tzinfo=UTC) if found[3] else self._moment(read)
        except (ValueError, OverflowError) as error:
            raise Invalid("series.rule", field="rule", part="UNTIL") from error

    def _given(self) -> Iterator[datetime]:
        """Wall times by the rule alone, of which `start` is the first."""
        words = _words(_parts(self.rule))
        count = words.pop("count", None)
        found: Iterator[datetime] = iter(rrule.rrule(dtstart=self.start, until=self._farthest, cache=False, **words))
        if count is None:
            until = self._until()
            found = takewhile(lambda wall: self._moment(wall) <= until, found)
        if next(found, None) != self.start:
            raise Invalid("series.start", field="start", rule=self.rule)
        yield self.start
        yield from found if count is None else islice(found, count - 1)


def wall_of(at: datetime, zone: str) -> datetime:
    """What the wall of a zone shows at this instant.  Raises Invalid("series.zone")."""
    return at.astimezone(_zone(zone)).replace(tzinfo=None)


def of_month(day: int) -> str:
    """The part of a monthly rule that means this day; a month without a 31st has its last day instead."""
    late = ",".join(map(str, range(28, day + 1)))
    return f"BYMONTHDAY={day}" if day <= 28 else f"BYMONTHDAY={late};BYSETPOS=-1"


def of_week(day: date) -> str:
    """The part of a monthly rule that means the day of the week in its place: the second Tuesday, or the last."""
    place = (day.day - 1) // 7 + 1
    return f"BYDAY={place if place <= 4 else -1}{WEEKDAYS[day.weekday()]}"


def _turned(parts: dict[str, str], start: datetime, was: date, to: date) -> tuple[datetime, dict[str, str]]:
    """The first date and the days of the rule once the day `was` is `to`; what is replaced is taken out of `parts`."""
    named, by, freq = parts.keys() & {"BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"}, to - was, parts["FREQ"]
    if freq != "MONTHLY" and (not named or (named == {"BYDAY"} and freq != "YEARLY" and by.days % 7 == 0)):
        return start + by, {}
    if freq == "WEEKLY" and named == {"BYDAY"}:
        old, new = WEEKDAYS[was.weekday()], WEEKDAYS[to.weekday()]
        days = {new if day == old else day for day in parts["BYDAY"].split(",")}
        return start + by if start.weekday() == was.weekday() else start, {"BYDAY": ",".join(sorted(days, key=WEEKDAYS.index))}
    if freq == "MONTHLY" and (named <= {"BYMONTHDAY", "BYSETPOS"} or (named == {"BYDAY"} and "," not in parts["BYDAY"])):
        days = _parts(of_week(to) if "BYDAY" in named else of_month(to.day))
        for name in named:
            del parts[name]
        month = (start.year * 12 + start.month - 1) + (to.year - was.year) * 12 + to.month - was.month
        first = datetime.combine(date(month // 12, month % 12 + 1, 1), start.time())
        return rrule.rrule(dtstart=first, **_words({**days, "FREQ": freq, "COUNT": "1"}))[0], days
    raise Invalid("series.other_day", field="day")


def _parts(rule: str) -> dict[str, str]:
    """The parts of the rule by name.  Raises Invalid("series.rule")."""
    if len(rule) > _LONGEST_RULE:
        raise Invalid("series.rule", field="rule")
    parts: dict[str, str] = {}
    for part in rule.strip().upper().removeprefix("RRULE:").split(";"):
        name, given, value = part.partition("=")
        if not given or not value or name in parts:
            raise Invalid("series.rule", field="rule", part=part)
        parts[name] = value
    return parts


def _text(parts: dict[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _words(parts: dict[str, str]) -> dict[str, Any]:
    """The rule as dateutil takes it: only what a calendar of meetings needs, all of it within bounds."""
    words: dict[str, Any] = {"freq": _FREQUENCIES.get(parts.get("FREQ", ""))}
    if words["freq"] is None:
        raise Invalid("series.rule", field="rule", part="FREQ")
    if ("COUNT" in parts) == ("UNTIL" in parts):
        raise Invalid("series.endless", field="rule")
    if "BYSETPOS" in parts and not parts.keys() & {"BYDAY", "BYMONTH", "BYMONTHDAY"}:
        raise Invalid("series.rule", field="rule", part="BYSETPOS")
    for name, value in parts.items():
        if name in _NUMBERS:
            (words[name.lower()],) = _numbers(name, value, *_NUMBERS[name], most=1)
        elif name in _LISTS:
            words[name.lower()] = _numbers(name, value, *_LISTS[name], most=31)
        elif name == "BYDAY":
            words["byweekday"] = [_weekday(day, placed=parts["FREQ"] in _PLACED) for day in value.split(",")]
        elif name == "WKST":
            words["wkst"] = _weekday(value, placed=False)
        elif name not in ("FREQ", "UNTIL"):
            raise Invalid("series.rule", field="rule", part=name)
    return words


def _numbers(name: str, value: str, least: int, largest: int, most: int) -> list[int]:
    told = value.split(",")
    numbers = [int(number) for number in told] if all(map(_NUMBER.fullmatch, told)) else []
    if not 0 < len(numbers) <= most or not all(number and least <= number <= largest for number in numbers):
        if name == "COUNT" and numbers and numbers[0] > largest:
            raise TooLarge("series.too_many", field="rule", most=MOST)
        raise Invalid("series.rule", field="rule", part=name)
    return numbers


def _weekday(text: str, *, placed: bool) -> Any:
    """MO to SU; where it may be `placed`, the how-manieth of its month or year before it."""
    day, which = _DAYS.get(text[-2:]), text[:-2]
    place = int(which) if placed and _NUMBER.fullmatch(which) else 0
    if day is None or (which and not 0 < abs(place) <= 53):
        raise Invalid("series.rule", field="rule", part="BYDAY")
    return day(place) if which else day


def _zone(name: str) -> ZoneInfo:
    """By its name in the IANA list; names without a place (`localtime`) may mean something else on every machine."""
    try:
        if "/" not in name and name != "UTC":
            raise ValueError(name)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid("series.zone", field="zone", zone=name[:60]) from error
