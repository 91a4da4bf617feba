"""Meetings that come again: a recurrence (RFC 5545 section 3.3.10) on the wall clock of one time zone, with exceptions.

Nine o'clock stays nine o'clock on the wall, whatever the zone does meanwhile; a time that a change of clocks leaves out is
read with the offset before it, as the RFC says.  An occurrence is named by the wall time its rule gave it, so that one that was moved keeps its name.  Pure: the rule is worked out by
dateutil, bounded here.  Called by `service` and by the invitations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil import rrule

from meetings.errors import Invalid, NotFound, TooLarge
from scheduler.slots import Slot

MOST: Final = 366  # occurrences of one series ...
FARTHEST: Final = timedelta(days=3660)  # ... and all of them within ten years: a rule that matches no day at all ends here too
_LONGEST_RULE: Final = 500  # characters
_FREQUENCIES: Final = {"DAILY": rrule.DAILY, "WEEKLY": rrule.WEEKLY, "MONTHLY": rrule.MONTHLY, "YEARLY": rrule.YEARLY}
_NUMBERS: Final = {"INTERVAL": (1, 366), "COUNT": (1, MOST)}
_LISTS: Final = {"BYMONTH": (1, 12), "BYMONTHDAY": (-31, 31), "BYSETPOS": (-366, 366)}
_DAYS: Final = {name: day for name, day in zip(("MO", "TU", "WE", "TH", "FR", "SA", "SU"), rrule.weekdays, strict=True)}
_UNTIL: Final = ("%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S", "%Y%m%d")


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
        if self.start.tzinfo is not None:
            raise Invalid("series.start", field="start")
        if not timedelta(0) < self.length:
            raise Invalid("series.length", field="end")
        _zone(self.zone)
        keys = list(islice(self._given(), MOST + 1))
        if len(keys) > MOST:
            raise TooLarge("series.too_many", field="rule", most=MOST)
        parts = _parts(self.rule)
        if len(keys) < int(parts.get("COUNT", "0")) or ("UNTIL" in parts and _wall(parts["UNTIL"], self.zone) > self._farthest):
            raise Invalid("series.far", field="rule", until=self._farthest)
        if all(key in self.excluded for key in keys):
            raise Invalid("series.empty", field="rule")

    @property
    def _farthest(self) -> datetime:
        return self.start + FARTHEST

    def occurrences(self) -> list[Occurrence]:
        """All that are left, in order."""
        return [Occurrence(key, self._slot(key)) for key in self._given() if key not in self.excluded]

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
        earlier, later = parts | {"UNTIL": _utc(key - timedelta(seconds=1), self.zone)}, dict(parts)
        earlier.pop("COUNT", None)
        if "COUNT" in parts:
            later["COUNT"] = str(int(parts["COUNT"]) - place)
        before = None
        if any(one not in self.excluded for one in islice(self._given(), place)):
            before = replace(self, rule=_text(earlier), excluded=frozenset(one for one in self.excluded if one < key))
        return before, replace(self, rule=_text(later), start=key, excluded=frozenset(one for one in self.excluded if one >= key))

    def _place(self, key: datetime) -> int:
        """How many come before it by the rule."""
        if key not in self.excluded:
            for place, given in enumerate(self._given()):
                if given == key:
                    return place
        raise NotFound("series.occurrence", key=key)

    def _slot(self, key: datetime) -> Slot:
        begins = key.replace(tzinfo=_zone(self.zone)).astimezone(UTC)
        return Slot(begins, begins + self.length)

    def _given(self) -> Iterator[datetime]:
        """Wall times by the rule alone, of which `start` is the first."""
        words = _words(_parts(self.rule), self.zone)
        until, count = min(words.pop("until", self._farthest), self._farthest), words.pop("count", None)
        found = iter(rrule.rrule(dtstart=self.start, until=until, cache=False, **words))
        if next(found, None) != self.start:
            raise Invalid("series.start", field="start", rule=self.rule)
        yield self.start
        yield from found if count is None else islice(found, count - 1)


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


def _words(parts: dict[str, str], zone: str) -> dict[str, Any]:
    """The rule as dateutil takes it: only what a calendar of meetings needs, all of it within bounds."""
    words: dict[str, Any] = {"freq": _FREQUENCIES.get(parts.get("FREQ", ""))}
    if words["freq"] is None:
        raise Invalid("series.rule", field="rule", part="FREQ")
    if ("COUNT" in parts) == ("UNTIL" in parts):
        raise Invalid("series.endless", field="rule")
    for name, value in parts.items():
        if name in _NUMBERS:
            (words[name.lower()],) = _numbers(name, value, *_NUMBERS[name], most=1)
        elif name in _LISTS:
            words[name.lower()] = _numbers(name, value, *_LISTS[name], most=31)
        elif name == "BYDAY":
            words["byweekday"] = [_weekday(day) for day in value.split(",")]
        elif name == "WKST":
            words["wkst"] = _weekday(value)
        elif name == "UNTIL":
            words["until"] = _wall(value, zone)
        elif name != "FREQ":
            raise Invalid("series.rule", field="rule", part=name)
    return words


def _numbers(name: str, value: str, least: int, largest: int, most: int) -> list[int]:
    try:
        numbers = [int(number) for number in value.split(",")]
    except ValueError:
        numbers = []
    if not 0 < len(numbers) <= most or not all(number and least <= number <= largest for number in numbers):
        if name == "COUNT" and numbers and numbers[0] > largest:
            raise TooLarge("series.too_many", field="rule", most=MOST)
        raise Invalid("series.rule", field="rule", part=name)
    return numbers


def _weekday(text: str) -> Any:
    day, which = _DAYS.get(text[-2:]), text[:-2]
    try:
        place = int(which) if which else None
    except ValueError:
        place = 0
    if day is None or place == 0 or (place and not -53 <= place <= 53):
        raise Invalid("series.rule", field="rule", part="BYDAY")
    return day(place) if place else day


def _wall(value: str, zone: str) -> datetime:
    """UNTIL as a wall time: the last moment that still counts."""
    for form in _UNTIL:
        try:
            read = datetime.strptime(value, form)
        except ValueError:
            continue
        if value.endswith("Z"):
            return read.replace(tzinfo=UTC).astimezone(_zone(zone)).replace(tzinfo=None)
        return read + timedelta(days=1, seconds=-1) if len(value) == len("20260101") else read
    raise Invalid("series.rule", field="rule", part="UNTIL")


def _utc(wall: datetime, zone: str) -> str:
    return wall.replace(tzinfo=_zone(zone)).astimezone(UTC).strftime(_UNTIL[0])


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid("series.zone", field="zone", zone=name[:60]) from error
