"""Meetings in the language of calendars: iTIP requests and cancellations (RFC 5546), feeds, and answers read back.  Pure.

One meeting has one UID for ever; each change that matters raises its SEQUENCE by one, so a calendar updates the entry it
has.  Times are UTC.  Answers come from strangers: what is too large, is no answer or speaks of more than one entry is
refused with a code, and nothing that anybody can write raises anything else.  Called by `invitations`, `feeds` and the web.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from icalendar import Calendar, Event, vCalAddress

from meetings.errors import Invalid
from meetings.ledger import stamp

PRODUCT: Final = "-//Diem Cau//Diem Cau//VI"
REQUEST, CANCEL = "REQUEST", "CANCEL"
MOST_ANSWER: Final = 64 * 1024  # bytes of a calendar that somebody sends
MOST_COMMENT: Final = 500       # characters
_MOST_PARTS: Final = 20         # components of an answer: one entry and its zones
_MOST_SEQUENCE: Final = 1_000_000
_UID = re.compile(r"([0-9a-f-]{36})@diemcau")
_PARTSTAT: Mapping[str, str] = {
    name.upper(): name for name in ("needs-action", "accepted", "declined", "tentative", "delegated")}


@dataclass(frozen=True, slots=True)
class Entry:
    """A meeting as a calendar shows it.  `stamped`: when it last changed."""

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
    """What somebody's calendar says about an entry of ours.  `partstat` in small letters, as it is stored."""

    meeting_id: str
    address: str
    partstat: str
    sequence: int
    stamped: datetime
    comment: str


def uid(meeting_id: str) -> str:
    """For ever the same, whatever the installation is called."""
    return f"{meeting_id}@diemcau"


def itip(entry: Entry, method: str, organizer: Party, invited: Party) -> bytes:
    """The message for one person: nobody learns who else is invited."""
    calendar = _calendar(METHOD=method)
    event = _event(entry)
    event.add("organizer", _person(organizer))
    person = _person(invited)
    if method == REQUEST:
        person.params.update({"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"})
    event.add("attendee", person)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def feed(name: str, entries: Iterable[Entry]) -> bytes:
    """A calendar to subscribe to: the same bytes for the same entries."""
    calendar = _calendar(METHOD="PUBLISH", NAME=name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval;value=duration", "PT15M")
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


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", uid(entry.meeting_id))
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.stamped.astimezone(UTC))
    event.add("dtstart", entry.start.astimezone(UTC))
    event.add("dtend", entry.end.astimezone(UTC))
    event.add("summary", entry.title)
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
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


def answer(text: bytes) -> Answer:
    """What the calendar in an answer says.  Raises Invalid("reply.too_large" | "reply.unreadable" | "reply.not_answer" |
    "reply.not_ours" | "reply.many" | "reply.attendee" | "reply.partstat")."""
    if len(text) > MOST_ANSWER:
        raise Invalid("reply.too_large", limit=MOST_ANSWER // 1024)
    try:
        return _answer(Calendar.from_ical(text))
    except Invalid:
        raise
    except Exception as error:  # a library's own ways to stumble over what strangers write are many
        raise Invalid("reply.unreadable") from error


def _answer(calendar: Calendar) -> Answer:
    if str(calendar.get("method", "")).upper() != "REPLY":
        raise Invalid("reply.not_answer")
    parts = list(calendar.walk())
    events = [part for part in parts if part.name == "VEVENT"]
    if len(events) != 1 or len(parts) > _MOST_PARTS:
        raise Invalid("reply.many" if events else "reply.not_answer")
    [event] = events
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
    return Answer(known[1], address, partstat, sequence, _instant(event), _comment(event))


def _instant(event: Any) -> datetime:
    value = event.get("dtstamp").dt
    if not isinstance(value, datetime):
        raise Invalid("reply.unreadable")
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _comment(event: Any) -> str:
    said = event.get("comment", "")
    said = " ".join(map(str, said)) if isinstance(said, list) else str(said)
    return "".join(sign if sign.isprintable() else " " for sign in said)[:MOST_COMMENT].strip()
