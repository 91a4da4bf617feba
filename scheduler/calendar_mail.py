"""Meetings in the language of calendars: iTIP requests and cancellations (RFC 5546), feeds, and answers read back.  Pure.

One meeting has one UID for ever, and so has a series, whose meetings have none of their own; each change that matters raises
the SEQUENCE, so a calendar updates the entry it has.  Times are UTC, those of series on the wall of their zone.  Answers come from strangers: what is too large, is no answer or speaks of more than one entry is
refused with a code, and nothing that anybody can write raises anything else.  Called by `invitations`, `series_mail`, `series_invitations` and the web.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vCalAddress, vRecur

from meetings.errors import Invalid
from meetings.ledger import stamp

PRODUCT: Final = "-//Diem Cau//Diem Cau//VI"
REQUEST, CANCEL = "REQUEST", "CANCEL"
MOST_ANSWER: Final = 64 * 1024  # bytes of a calendar that somebody sends
MOST_COMMENT: Final = 500       # characters
_MOST_PARTS: Final = 400        # components of an answer: an entry, its zones, and dates of it
_MOST_SEQUENCE: Final = 1_000_000
_UID = re.compile(r"([0-9a-f-]{36})@diemcau")
_PARTSTAT: Mapping[str, str] = {
    name.upper(): name for name in ("needs-action", "accepted", "declined", "tentative", "delegated")}


@dataclass(frozen=True, slots=True)
class Repeat:
    """The value of an RRULE, and the dates of it that do not take place, on the wall."""

    rule: str
    left_out: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A meeting as a calendar shows it.  `stamped`: when it last changed.

    Of a series `series_id` and `zone`: with `repeat` it stands for all dates, with `key` for the one that the rule puts there.
    """

    meeting_id: str
    title: str
    start: datetime
    end: datetime
    place: str
    sequence: int
    stamped: datetime
    cancelled: bool = False
    address: str = ""   # of its page
    notes: str = ""
    series_id: str = ""
    zone: str = ""
    repeat: Repeat | None = None
    key: datetime | None = None
    tentative: bool = False  # it waits for a yes

    def told(self) -> dict[str, Any]:
        """What a change of matters to those invited."""
        return {"title": self.title, "start": stamp(self.start), "end": stamp(self.end), "place": self.place,
                "cancelled": self.cancelled}


def moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether what changed makes answers void: the time, not the words."""
    return any(before.get(name) != after.get(name) for name in ("start", "end"))


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody with an address, and a name to show."""

    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody's calendar says about an entry of ours.  `partstat` in small letters, as it is stored.

    `event_id` names a meeting or a series; `date` the one of its dates that is answered, on the wall where it has no zone.
    """

    event_id: str
    address: str
    partstat: str
    sequence: int
    stamped: datetime
    comment: str
    date: datetime | None = None


def uid(event_id: str) -> str:
    """Of a meeting or of a series; for ever the same, whatever the installation is called."""
    return f"{event_id}@diemcau"


def itip(entries: Sequence[Entry], method: str, organizer: Party, invited: Party) -> bytes:
    """The message for one person: nobody learns who else is invited.  Several entries are those of one series."""
    calendar = _calendar(METHOD=method)
    _add_zones(calendar, entries)
    person = _person(invited)
    if method == REQUEST:
        person.params.update({"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"})
    for entry in entries:
        event = _event(entry)
        event.add("organizer", _person(organizer))
        event.add("attendee", person)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def feed(name: str, entries: Sequence[Entry]) -> bytes:
    """A calendar to subscribe to: the same bytes for the same entries."""
    calendar = _calendar(METHOD="PUBLISH", NAME=name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval;value=duration", "PT15M")
    _add_zones(calendar, entries)
    for entry in entries:
        calendar.add_component(_event(entry))
    return bytes(calendar.to_ical())


def _calendar(**properties: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    for name, value in properties.items():
        calendar.add(name, value)
    return calendar


def _add_zones(calendar: Calendar, entries: Iterable[Entry]) -> None:
    """What a wall shows means nothing without the rules of its zone."""
    for zone in sorted({entry.zone for entry in entries if entry.zone}):
        calendar.add_component(_rules_of(zone))


@lru_cache(maxsize=16)
def _rules_of(zone: str) -> Timezone:
    return Timezone.from_tzid(zone, first_date=date(2000, 1, 1), last_date=date(2060, 1, 1))


def _event(entry: Entry) -> Event:
    event, zone = Event(), ZoneInfo(entry.zone) if entry.zone else UTC
    event.add("uid", uid(entry.series_id or entry.meeting_id))
    if entry.key is not None:
        event.add("recurrence-id", entry.key.replace(tzinfo=zone))
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.stamped.astimezone(UTC))
    event.add("dtstart", entry.start.astimezone(zone))
    event.add("dtend", entry.end.astimezone(zone))
    if entry.repeat is not None:
        event.add("rrule", vRecur.from_ical(entry.repeat.rule))
        if entry.repeat.left_out:
            event.add("exdate", [key.replace(tzinfo=zone) for key in entry.repeat.left_out])
    event.add("summary", entry.title)
    event.add("status", "CANCELLED" if entry.cancelled else "TENTATIVE" if entry.tentative else "CONFIRMED")
    for name, value in (("location", entry.place), ("description", entry.notes), ("url", entry.address)):
        if value:
            event.add(name, value)
    return event


def _person(who: Party) -> vCalAddress:
    address = vCalAddress(f"mailto:{who.address}")
    # A name in a parameter can hold no quotation mark and no control sign, whatever is done to it (RFC 5545 section 3.2).
    address.params["CN"] = "".join(sign for sign in who.name if sign.isprintable() and sign != '"')
    return address


# --- answers -------------------------------------------------------------------------------------------------------


def answers(text: bytes) -> list[Answer]:
    """What the calendar in an answer says: one answer, or several to dates of one series, the one to the whole first.

    Raises Invalid("reply.too_large" | "reply.unreadable" | "reply.not_answer" | "reply.not_ours" | "reply.many" |
    "reply.attendee" | "reply.partstat").
    """
    if len(text) > MOST_ANSWER:
        raise Invalid("reply.too_large", limit=MOST_ANSWER // 1024)
    try:
        return _answers(Calendar.from_ical(text))
    except Invalid:
        raise
    except Exception as error:  # a library's own ways to stumble over what strangers write are many
        raise Invalid("reply.unreadable") from error


def _answers(calendar: Calendar) -> list[Answer]:
    if str(calendar.get("method", "")).upper() != "REPLY":
        raise Invalid("reply.not_answer")
    parts = list(calendar.walk())
    events = [part for part in parts if part.name == "VEVENT"]
    if not events or len(parts) > _MOST_PARTS:
        raise Invalid("reply.many" if events else "reply.not_answer")
    if len({str(event.get("uid", "")) for event in events}) > 1:
        raise Invalid("reply.many")
    found = [_answer(event) for event in events]
    if len({one.address.casefold() for one in found}) > 1 or len({one.date for one in found}) < len(found):
        raise Invalid("reply.many")
    return sorted(found, key=lambda one: one.date is not None)


def _answer(event: Any) -> Answer:
    known = _UID.fullmatch(str(event.get("uid", "")))
    if not known:
        raise Invalid("reply.not_ours")
    attendee = event.get("attendee")
    if isinstance(attendee, list) or attendee is None:
        raise Invalid("reply.attendee")
    partstat = _PARTSTAT.get(str(attendee.params.get("PARTSTAT", "")).upper())
    if partstat is None:
        raise Invalid("reply.partstat")
    address = re.sub("^mailto:", "", str(attendee), flags=re.IGNORECASE).strip()
    sequence = int(event.get("sequence", 0))
    if not 0 <= sequence <= _MOST_SEQUENCE:
        raise Invalid("reply.unreadable")
    return Answer(known[1], address, partstat, sequence, _instant(event), _comment(event), _date(event))


def _date(event: Any) -> datetime | None:
    """Which date of a series is meant."""
    if event.get("recurrence-id") is None:
        return None
    value = event["recurrence-id"].dt
    if not isinstance(value, datetime):
        raise Invalid("reply.unreadable")
    return value


def _instant(event: Any) -> datetime:
    value = event.get("dtstamp").dt
    if not isinstance(value, datetime):
        raise Invalid("reply.unreadable")
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _comment(event: Any) -> str:
    said = event.get("comment", "")
    said = " ".join(map(str, said)) if isinstance(said, list) else str(said)
    return "".join(sign if sign.isprintable() else " " for sign in said)[:MOST_COMMENT].strip()
