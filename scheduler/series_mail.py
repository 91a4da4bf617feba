"""A series as those invited were told of it, and the one mail that brings somebody from there to how it stands now.

A series is one entry of a calendar (RFC 5545): a rule, the dates that it leaves out, and the dates that are different.  Each
person's entry has the dates that this person is invited to and no other; one who has a single date is shown a plain
entry.  What one change needs is one mail: of one date where only that date changed, else the whole, which is right
whatever came before it.  Pure.  Called by `series_invitations`; `calendar_mail` writes it for calendars.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from meetings.ledger import stamp
from scheduler.calendar_mail import REQUEST, Entry, Repeat
from scheduler.series import Series
from scheduler.slots import Slot

_KEY: Final = len("2026-03-09T08:00:00")


@dataclass(frozen=True, slots=True)
class Date:
    """One meeting of a series.  `asked`: the sequence of its present time, to which answers are given."""

    key: datetime
    start: datetime
    end: datetime
    title: str
    place: str
    asked: int

    def entry(self, plain: Entry) -> Entry:
        return replace(plain, title=self.title, place=self.place, start=self.start, end=self.end, key=self.key)

    def as_data(self) -> list[Any]:
        return [self.key.isoformat(), stamp(self.start), stamp(self.end), self.title, self.place, self.asked]

    @classmethod
    def from_data(cls, data: list[Any]) -> Date:
        key, start, end, title, place, asked = data
        return cls(datetime.fromisoformat(key), datetime.fromisoformat(start), datetime.fromisoformat(end), title, place, asked)


@dataclass(frozen=True, slots=True)
class Form:
    """`dates` by meeting; `apart`: names of dates of which calendars may hold something of their own, beside the rule."""

    rule: str
    starts: datetime
    zone: str
    length: timedelta
    dates: Mapping[str, Date]
    apart: frozenset[datetime] = frozenset()

    @property
    def shape(self) -> tuple[str, datetime, str, timedelta]:
        """What the keys of the dates come from."""
        return self.rule, self.starts, self.zone, self.length

    @property
    def series(self) -> Series:
        """By the rule alone."""
        return Series(self.rule, self.starts, self.zone, self.length)

    def by_rule(self) -> Mapping[datetime, Slot]:
        """Every date that the rule gives, those left out included."""
        return _by_rule(*self.shape)

    def common(self) -> tuple[str, str]:
        """Title and place of most dates, of the earliest of equally many: what the rule is called."""
        told = [(date.title, date.place) for date in sorted(self.dates.values(), key=lambda date: date.key)]
        return Counter(told).most_common(1)[0][0]

    def differing(self) -> frozenset[str]:
        """Meetings that are not what the rule says."""
        common, by_rule = self.common(), self.by_rule()
        return frozenset(meeting for meeting, date in self.dates.items()
                         if (date.title, date.place) != common or by_rule.get(date.key) != Slot(date.start, date.end))

    def after(self, old: Form | None, single: Collection[str]) -> Form:
        """With what calendars may hold of single dates, the meetings of `single` being told now.

        It is of a date, whichever meeting has it, and is gone from calendars once the rule does not give that date any more.
        """
        given = self.by_rule()
        before = {key for key in old.apart if key in given} if old is not None else set[datetime]()
        known = {**(old.dates if old is not None else {}), **self.dates}
        told = {known[meeting].key for meeting in (*single, *self.differing())} if self.dates else set[datetime]()
        return Form(*self.shape, self.dates, frozenset(before | told))

    def entries(self, plain: Entry, mine: Collection[str], *, only: str | None = None) -> list[Entry]:
        """How the calendar of somebody who has the dates of `mine` shows the series; `only` one date of it.

        `plain` gives what all of them have alike (its meeting_id is the series').  The rule comes first.
        """
        alike = replace(plain, series_id=plain.meeting_id, zone=self.zone)
        if only is not None:
            return [self.dates[only].entry(alike)]
        dates = sorted((self.dates[meeting] for meeting in mine), key=lambda date: date.key)
        if len(dates) == 1:
            return [replace(dates[0].entry(alike), key=None)]
        rule = _from(*self.shape, dates[0].key)
        given, keys, (title, place) = self.by_rule(), {date.key for date in dates}, self.common()
        first, own = given[dates[0].key], self.apart | {self.dates[meeting].key for meeting in self.differing()}
        left_out = tuple(key for key in given if key > dates[0].key and key not in keys)
        whole = replace(alike, title=title, place=place, start=first.start, end=first.end, repeat=Repeat(rule, left_out))
        return [whole, *(date.entry(alike) for date in dates if date.key in own)]

    def mail(self, plain: Entry, mine: Collection[str], item: Mapping[str, Any]) -> tuple[list[Date], list[Entry]]:
        """What an item of the outbox tells: the dates, and the entries of its calendar."""
        only = item["only"]
        if item["method"] == REQUEST:
            dates = [self.dates[only]] if only else sorted((self.dates[one] for one in mine), key=lambda date: date.start)
            return dates, self.entries(plain, mine, only=only)
        date = Date.from_data(item["date"])
        gone = date.entry(replace(plain, series_id=plain.meeting_id, zone=self.zone, cancelled=item["cancelled"]))
        return [date], [gone if only else replace(gone, key=None)]

    def as_data(self) -> dict[str, Any]:
        return {"rule": self.rule, "starts": self.starts.isoformat(), "zone": self.zone, "length_s": int(self.length.total_seconds()),
                "dates": {meeting: date.as_data() for meeting, date in self.dates.items()}, "apart": sorted(key.isoformat() for key in self.apart)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Form:
        dates = {meeting: Date.from_data(one) for meeting, one in data["dates"].items()}
        # Once they were kept by their meetings.
        apart = (dates[one].key if one in dates else datetime.fromisoformat(one) for one in data["apart"] if one in dates or len(one) == _KEY)
        return cls(data["rule"], datetime.fromisoformat(data["starts"]), data["zone"], timedelta(seconds=data["length_s"]), dates, frozenset(apart))


@lru_cache(maxsize=64)
def _by_rule(rule: str, starts: datetime, zone: str, length: timedelta) -> Mapping[datetime, Slot]:
    return {one.key: one.slot for one in Series(rule, starts, zone, length).occurrences()}


@lru_cache(maxsize=64)
def _from(rule: str, starts: datetime, zone: str, length: timedelta, first: datetime) -> str:
    """The rule from this date on, as calendars want it."""
    return Series(rule, starts, zone, length).split(first)[1].in_calendars()


@dataclass(frozen=True, slots=True)
class Step:
    """The mail that somebody needs: of one meeting of the series, or of the whole; `off`: it takes back."""

    off: bool
    only: str | None = None


def step(old: Form | None, new: Form, was: Collection[str], will: Collection[str], *, reached: bool) -> Step | None:
    """From the dates that somebody was told of to those that the person is invited to now; None: nothing to tell.

    `reached`: whether all that was told before has been handed over, so that a mail may build on it.
    """
    had, has = frozenset(was), frozenset(will)
    if not has:
        return Step(off=True) if had else None
    if old is None or not had:
        return Step(off=False)
    gone, came = had - has, has - had
    changed = {meeting for meeting in had & has if old.dates[meeting] != new.dates[meeting]}
    if not gone and not came and not changed:
        return None
    if reached and len(had) > 1 and old.shape == new.shape and not came and len(gone) + len(changed) == 1:
        [only] = gone | changed
        return Step(off=only in gone, only=only)
    return Step(off=False)
