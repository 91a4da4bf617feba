"""Tìm giờ trống: what a page asks of `scheduler.freetime`, and how it names what stands in the way.  Reads only.

Called by the booking page, the search page and the calendar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection

from meetings.access import Subject
from scheduler import capacity_store, freetime
from scheduler.freetime import Answer, Ask, Choice, Reason
from scheduler.slots import Slot
from web.calendar_view import working_days
from web.i18n import _
from web.when import When

OPENS, CLOSES = time(7, 30), time(17)
AHEAD = 30
MOST_AHEAD = 120
NAMED = 5
_RANGES = re.compile(r"\d{1,9}(-\d{1,9})?(,\d{1,9}(-\d{1,9})?)*", re.ASCII)
MOST_POINTS = 5000


def ask(
    conn: Connection, when: When, points: Sequence[int], length: timedelta, first: date, now: datetime, *, days: int = AHEAD, opens: time = OPENS,
    closes: time = CLOSES, people: Sequence[str] = (), own: str | None = None, chosen: bool = False, every: bool = False,
) -> Ask:
    """The question in the installation's zone: working days from `first` on; `every` day, or also `first` where it was `chosen` for a
    meeting already."""
    calendar = None if every else working_days(conn)
    windows = freetime.windows(first, days, opens, closes, when.zone, calendar, now, always=(first,) if chosen else ())
    full = capacity_store.full_slots(conn, Slot(windows[0].start, windows[-1].end), len(points), own) if windows else ()
    return Ask(points, length, windows, people, full, own)


def first_day(conn: Connection, when: When, now: datetime, closes: time = CLOSES, every: bool = False) -> date:
    """The day of the next working moment: today while some of it is left, else the next day that counts."""
    today, days = when.today(now), working_days(conn)
    if when.local(now).time() < closes and (every or days.works(today)):
        return today
    return today + timedelta(days=1) if every else days.after(today, 1)


def find(conn: Connection, asked: Ask, by: Subject) -> Answer:
    """The answer; nothing where a meeting is longer than a working day."""
    return freetime.find(conn, asked, by)


def why(reason: Reason, names: dict[int, str], when: When) -> str:
    """One reason as a sentence part: who, and what is there instead."""
    name = names.get(reason.point_id or 0, reason.name)
    hours = when.hours(reason.slot.start, reason.slot.end) if reason.slot else ""
    if reason.kind == "full":
        return _("Máy chủ hình và tiếng đã hết năng lực vào giờ này.")
    if reason.kind == "closed":
        return _("{name}: không nhận đặt lịch vào giờ này", name=name)
    if reason.kind == "blocked":
        return _("{name}: không đặt được {hours} ({note})", name=name, hours=hours, note=reason.note)
    meeting = reason.meeting
    if meeting is None or not meeting.title:
        return _("{name}: {hours} đã có lịch của {unit}", name=name, hours=hours, unit=meeting.unit if meeting else "…")
    return _("{name}: {hours} {title} ({unit})", name=name, hours=hours, title=meeting.title, unit=meeting.unit)


def told(choice: Choice, names: dict[int, str], when: When) -> list[str]:
    """Who would be missing and why, a sentence for each; before them that the server is full, where it is."""
    found: dict[int | None, list[str]] = {}
    for reason in choice.reasons:
        found.setdefault(reason.point_id, []).append(why(reason, names, when))
    return [*found.get(None, ()), *("; ".join(found[point]) for point in choice.missing if point in found)]


def written(points: Iterable[int]) -> str:
    """1-5,8: point ids as an address carries them."""
    found: list[list[int]] = []
    for point in sorted(set(points)):
        if found and point == found[-1][1] + 1:
            found[-1][1] = point
        else:
            found.append([point, point])
    return ",".join(f"{a}-{b}" if a != b else f"{a}" for a, b in found)


def read(text: str) -> list[int]:
    """The other way round; empty where it is no such list or names more points than any meeting has."""
    if not _RANGES.fullmatch(text):
        return []
    found: list[int] = []
    for piece in text.split(","):
        first, _dash, last = piece.partition("-")
        if int(last or first) - int(first) > MOST_POINTS - len(found):
            return []
        found += range(int(first), int(last or first) + 1)
    return found
