"""A calendar program, as much of it as shows whether mails say what is meant: it applies what comes and says what it shows.

It reads with the icalendar library and works out dates with dateutil, so it shares no code with what wrote them.  Programs
differ in what becomes of single dates when the rule is sent anew; `keeps` chooses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rruleset, rrulestr
from icalendar import Calendar

Shown = tuple[datetime, datetime, str]


@dataclass
class Kept:
    """One UID: the event, and dates that came apart (None: cancelled), each with the number it came under."""

    event: Any
    number: int
    apart: dict[datetime, tuple[int, Any]] = field(default_factory=dict)

    def by_rule(self) -> list[datetime]:
        """When it takes place by the rule, in UTC."""
        start = self.event["DTSTART"].dt
        if "RRULE" not in self.event:
            return [start.astimezone(UTC)]
        zone, found = start.tzinfo, rruleset()
        text = self.event["RRULE"].to_ical().decode()
        # On the wall, as the RFC says; dateutil wants UNTIL in the clock of the start.
        parts = dict(part.split("=") for part in text.split(";"))
        if "UNTIL" in parts:
            until = datetime.strptime(parts["UNTIL"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).astimezone(zone)
            parts["UNTIL"] = until.strftime("%Y%m%dT%H%M%S")
        found.rrule(rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=start.replace(tzinfo=None)))
        given = self.event.get("EXDATE", [])
        for listed in given if isinstance(given, list) else [given]:
            for one in listed.dts:
                found.exdate(one.dt.replace(tzinfo=None))
        return [one.replace(tzinfo=zone).astimezone(UTC) for one in found]


@dataclass
class Program:
    keeps: bool
    events: dict[str, Kept] = field(default_factory=dict)

    def receive(self, text: bytes) -> None:
        calendar = Calendar.from_ical(text)
        parts = calendar.walk("VEVENT")
        [uid] = {str(part["UID"]) for part in parts}
        zones = {str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")}
        for part in parts:
            assert {part["DTSTART"].params["TZID"]} <= zones and ZoneInfo(part["DTSTART"].params["TZID"])
        if calendar["METHOD"] == "CANCEL":
            [part] = parts
            self._cancel(uid, part)
            return
        assert calendar["METHOD"] == "REQUEST"
        for part in sorted(parts, key=lambda part: "RECURRENCE-ID" in part):
            self._take(uid, part)

    def _cancel(self, uid: str, part: Any) -> None:
        kept = self.events[uid]
        if "RECURRENCE-ID" not in part:
            assert part["SEQUENCE"] > max(kept.number, *(number for number, _one in kept.apart.values()), -1)
            del self.events[uid]
            return
        self._apart(kept, part, None)

    def _take(self, uid: str, part: Any) -> None:
        kept, number = self.events.get(uid), part["SEQUENCE"]
        if "RECURRENCE-ID" in part:
            assert kept is not None, "one date of what nobody told of"
            self._apart(kept, part, part)
            return
        assert kept is None or number > kept.number, "an older form would not be taken"
        made = Kept(part, number)
        if kept is not None and self.keeps and "RRULE" in part:
            made.apart = {key: one for key, one in kept.apart.items() if key in made.by_rule()}
        self.events[uid] = made

    @staticmethod
    def _apart(kept: Kept, part: Any, shown: Any) -> None:
        key, number = part["RECURRENCE-ID"].dt.astimezone(UTC), part["SEQUENCE"]
        assert key in kept.by_rule(), "a date that the rule does not give"
        assert number >= kept.number and (key not in kept.apart or number > kept.apart[key][0])
        kept.apart[key] = number, shown

    def shows(self) -> list[Shown]:
        found: list[Shown] = []
        for kept in self.events.values():
            length: timedelta = kept.event["DTEND"].dt - kept.event["DTSTART"].dt
            for at in kept.by_rule():
                if at not in kept.apart:
                    found.append((at, at + length, str(kept.event["SUMMARY"])))
            for _number, one in kept.apart.values():
                if one is not None:
                    found.append((one["DTSTART"].dt.astimezone(UTC), one["DTEND"].dt.astimezone(UTC), str(one["SUMMARY"])))
        return sorted(found)
