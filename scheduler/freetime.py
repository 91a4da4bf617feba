"""When can they all?  Reads what stands in the way of an audience, asks `search`, and says who is missing and why.

In the way stand confirmed bookings, maintenance, hours outside a point's own, and times in which the media server is full.  What
waits for a yes and the other meetings of the chair and of named leaders are shown and stand in nobody's way.  Changes nothing, reads
no clock.  Called by the booking page, the search page, the calendar and `bench booking`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from math import ceil, floor
from typing import Any, Final

from sqlalchemy import Connection, select

from meetings.access import Subject
from meetings.meeting import MAX_LENGTH
from meetings.store.tables import meeting, meeting_leader
from scheduler import people
from scheduler.calendar_rows import Known, Moments, bookable, holding, meetings_known, pending
from scheduler.search import STEP, Found, Stretch, members, search
from scheduler.slots import CIVIL, Slot
from scheduler.workdays import WorkingDays

ROUND: Final = 1800  # people meet at the half hour where they can
KINDS: Final = {"confirmed": "booked", "pending": "pending", "blocked": "blocked"}
WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Ask:
    """Who is to meet for how long, and when they may.  `people` are account ids; in `full` the media server can carry no more.

    `except_meeting`: the meeting that is to be moved, which never stands in its own way.
    """

    points: Sequence[int]
    length: timedelta
    windows: Sequence[Slot]
    people: Sequence[str] = ()
    full: Iterable[Slot] = ()
    except_meeting: str | None = None
    most: int = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody cannot, or may not: `kind` is booked, pending, blocked, closed, full or person.

    `point_id` is None for the server and for persons, `who` is a person's account id.
    """

    kind: str
    point_id: int | None = None
    name: str = ""
    slot: Slot | None = None
    meeting: Known | None = None
    note: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A time for the meeting: the points it would miss, why, and what else is to be known."""

    slot: Slot
    missing: tuple[int, ...] = ()
    reasons: tuple[Reason, ...] = ()
    pending: tuple[Reason, ...] = ()
    people: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """`free`: stretches in which all can; `choices`: times in them; `best`: sooner ones which miss the fewest."""

    free: tuple[Slot, ...] = ()
    choices: tuple[Choice, ...] = ()
    best: tuple[Choice, ...] = ()

    @property
    def next(self) -> Slot | None:
        """The next time when everyone can."""
        return self.choices[0].slot if self.choices else None


def windows(
    first: date, days: int, opens: time, closes: time, zone: tzinfo, calendar: WorkingDays | None, now: datetime,
    always: Collection[date] = (),
) -> list[Slot]:
    """Working hours of the working days from `first` on, none of them before `now`; days in `always` count whatever they are, and
    all do without a calendar."""
    found = []
    for day in (first + timedelta(days=n) for n in range(days)):
        if calendar is not None and day not in always and not calendar.works(day):
            continue
        begin, end = (datetime.combine(day, at, zone).astimezone(UTC) for at in (opens, closes))
        if begin < now:
            begin += ceil((now - begin) / timedelta(seconds=STEP)) * timedelta(seconds=STEP)
        if begin < end:
            found.append(Slot(begin, end))
    return found


def find(conn: Connection, ask: Ask, by: Subject) -> Answer:
    """The answer, titles only of meetings that `by` may read.  Raises as `search.search`."""
    spans = [Stretch(*_seconds(window)) for window in ask.windows]
    length = int(ask.length.total_seconds())
    bits = {point_id: place for place, point_id in enumerate(dict.fromkeys(ask.points))}
    closed = closed_hours(conn, ask.points, ask.windows)
    found = search(gather(conn, ask, bits, closed), spans, length, most=ask.most)
    busy = _persons(conn, ask)
    free = {_slot(start, start + length): list(bits) for start in _chosen(found, length, ask.most, busy)}
    order = list(bits)
    missed = {_slot(one.start, one.start + length): [order[bit] for bit in members(one.missing) if bit < len(order)] for one in found.best}
    full = {_slot(one.start, one.start + length) for one in found.best if one.missing >> len(order)}
    waiting = _rows(conn, ask, free, pending)
    held = _rows(conn, ask, missed, holding)
    away = {slot: [one for one in busy if one.slot.overlaps(slot)] for slot in (*free, *missed)}
    ids = {row[4] for _slot_of, row in (*waiting, *held)} | {one.meeting_id for inside in away.values() for one in inside}
    known = meetings_known(conn, ids, by)
    asks, why = _reasons(waiting, known), _reasons(held, known)
    named = {slot: tuple(Reason("person", None, one.name, one.slot, known.get(one.meeting_id), "", one.who) for one in inside)
             for slot, inside in away.items()}
    choices = tuple(Choice(slot, (), (), asks.get(slot, ()), named[slot]) for slot in free)
    best = tuple(
        Choice(slot, tuple(missing), (*why.get(slot, ()), *_shut(closed, missing, slot), *([Reason("full")] if slot in full else ())),
               (), named[slot])
        for slot, missing in missed.items())
    return Answer(tuple(_slot(*stretch) for stretch in found.free), choices, best)


def gather(conn: Connection, ask: Ask, bits: Mapping[int, int], closed: Mapping[int, Iterable[tuple[int, int]]]) -> list[tuple[int, int, int]]:
    """All rows the search adds up; the bit after the last point's is the media server's.

    Seconds are rounded outwards, which changes no answer: what is looked for begins and ends at whole ones.
    """
    if not ask.windows:
        return []
    rows = _held(conn, ask, bits)
    rows += [(start, end, 1 << bits[point_id]) for point_id, stretches in closed.items() for start, end in stretches]
    return rows + [(*_seconds(slot), 1 << len(bits)) for slot in ask.full]


def _held(conn: Connection, ask: Ask, bits: Mapping[int, int]) -> list[tuple[int, int, int]]:
    """One row for each time, with all the points that are taken then: a meeting mostly takes many."""
    span = Slot(ask.windows[0].start, ask.windows[-1].end)
    columns = "starts_at, ends_at, group_concat(point_id)"
    begins: Any = _Whole(floor)
    ends: Any = _Whole(ceil)
    if conn.dialect.name == "postgresql":
        columns = ("floor(date_part('epoch', starts_at))::bigint, ceil(date_part('epoch', ends_at))::bigint,"
                   " string_agg(point_id::text, ',')")
        begins = ends = _Same()
    masks = _Masks({str(point_id): 1 << bit for point_id, bit in bits.items()})
    rows = holding(conn, columns, ask.points, span, ask.except_meeting, "starts_at, ends_at")
    return [(begins[start], ends[end], masks[who]) for start, end, who in rows]


class _Masks(dict[str, int]):
    """"3,5,8" → the bits of these points: the same ones meet again and again."""

    def __init__(self, bits: Mapping[str, int]) -> None:
        super().__init__()
        self._bits = bits

    def __missing__(self, who: str) -> int:
        mask = 0
        for point_id in who.split(","):
            mask |= self._bits[point_id]
        self[who] = mask
        return mask


class _Whole(dict[str, int]):
    """A time as SQLite keeps it → whole seconds, each computed once."""

    def __init__(self, rounded: Any) -> None:
        super().__init__()
        self._rounded, self._moments = rounded, Moments()

    def __missing__(self, stored: str) -> int:
        self[stored] = found = self._rounded(self._moments[stored].timestamp())
        return found


class _Same(dict[int, int]):
    """A number that the database has computed already."""

    def __missing__(self, seconds: int) -> int:
        return seconds


def _seconds(slot: Slot) -> tuple[int, int]:
    return floor(slot.start.timestamp()), ceil(slot.end.timestamp())


def _slot(start: int, end: int) -> Slot:
    return Slot(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))


def closed_hours(conn: Connection, point_ids: Sequence[int], spans: Sequence[Slot]) -> dict[int, list[tuple[int, int]]]:
    """Point → the parts of the windows outside its bookable hours, or after it is closed for good, in seconds; points that are
    always open are not in it."""
    known: dict[str | None, list[tuple[int, int]]] = {None: []}
    found: dict[int, list[tuple[int, int]]] = {}
    for point_id, hours, closes in bookable(conn, point_ids):
        if hours is not None and hours not in known:
            told = json.loads(hours)
            known[hours] = [stretch for span in spans for stretch in _outside(told, span)]
        gone = [_seconds(Slot(max(span.start, closes), span.end)) for span in spans if span.end > closes] if closes else []
        if stretches := known[hours] + gone:
            found[point_id] = stretches
    return found


def _outside(hours: Mapping[str, Sequence[Sequence[str]]], span: Slot) -> list[tuple[int, int]]:
    """What of the span no bookable hour covers.  Hours are those of the wall where the units are."""
    day, last = span.start.astimezone(CIVIL).date(), span.end.astimezone(CIVIL).date()
    start, end = _seconds(span)
    left = []
    while day <= last:
        midnight = int(datetime.combine(day, time(0), CIVIL).timestamp())
        for opens, closes in sorted(hours.get(WEEK[day.weekday()], ())):
            begin = midnight + _clock(opens)
            if begin > start:
                left.append((start, min(begin, end)))
            start = max(start, midnight + _clock(closes))
        day += timedelta(days=1)
    return [*((a, b) for a, b in left if a < b), *([(start, end)] if start < end else [])]


def _clock(text: str) -> int:
    """"07:30" → seconds since midnight; "24:00" is the end of the day."""
    hour, _colon, minute = text.partition(":")
    return int(hour) * 3600 + int(minute or 0) * 60


def _chosen(found: Found, length: int, most: int, busy: Sequence[Busy]) -> list[int]:
    """One beginning in each free stretch: where no leader is elsewhere, and at the half hour, if there is one."""
    chosen = []
    for stretch in found.free[:most]:
        starts = range(stretch.start, stretch.end - length + 1, STEP)
        chosen.append(min(starts, key=lambda start: (_clashes(busy, _slot(start, start + length)), start % ROUND > 0, start)))
    return chosen


def _shut(closed: Mapping[int, Iterable[tuple[int, int]]], point_ids: Iterable[int], slot: Slot) -> list[Reason]:
    start, end = _seconds(slot)
    return [Reason("closed", point_id) for point_id in point_ids if any(a < end and start < b for a, b in closed.get(point_id, ()))]


Rows = list[tuple[Slot, tuple[Any, ...]]]


def _rows(conn: Connection, ask: Ask, asked: Mapping[Slot, Sequence[int]], read: Callable[..., list[tuple[Any, ...]]]) -> Rows:
    """Which bookings of these points overlap each slot: those that wait for a yes, or those that stand in the way."""
    columns = "point_id, starts_at, ends_at, state, meeting_id, note"
    return [(slot, row) for slot, point_ids in asked.items() if point_ids
            for row in read(conn, columns, point_ids, slot, ask.except_meeting)]


def _reasons(rows: Rows, known: Mapping[str, Known]) -> dict[Slot, tuple[Reason, ...]]:
    moments = Moments()
    found: dict[Slot, list[Reason]] = {}
    for slot, (point_id, start, end, state, meeting_id, note) in rows:
        reason = Reason(KINDS[state], point_id, "", Slot(moments[start], moments[end]), known.get(meeting_id), note or "")
        found.setdefault(slot, []).append(reason)
    return {slot: tuple(reasons) for slot, reasons in found.items()}


@dataclass(frozen=True, slots=True)
class Busy:
    """A meeting that one of the people chairs or is named in."""

    who: str
    name: str
    slot: Slot
    meeting_id: str


def _persons(conn: Connection, ask: Ask) -> list[Busy]:
    """Meetings in the windows that one of the people chairs or is named in: who only signs or keeps the record can be replaced."""
    if not ask.people or not ask.windows:
        return []
    span, row = Slot(ask.windows[0].start, ask.windows[-1].end), meeting.c
    apart = (
        row.starts_at < span.end, row.starts_at > span.start - MAX_LENGTH, row.ends_at > span.start,
        people.claims_time())
    chairs = select(row.meeting_id, row.starts_at, row.ends_at, row.chair_id, row.people).where(row.chair_id.in_(ask.people), *apart)
    named = select(row.meeting_id, row.starts_at, row.ends_at, meeting_leader.c.user_id, row.leaders).join(
        meeting_leader, meeting_leader.c.meeting_id == row.meeting_id).where(meeting_leader.c.user_id.in_(ask.people), *apart)
    found = [Busy(one.chair_id, one.people["chair"][0], Slot(one.starts_at, one.ends_at), one.meeting_id) for one in conn.execute(chairs)]
    found += [Busy(one.user_id, next(name for user_id, name, _title in one.leaders if user_id == one.user_id),
                   Slot(one.starts_at, one.ends_at), one.meeting_id) for one in conn.execute(named)]
    return [one for one in {(one.who, one.meeting_id): one for one in found}.values() if one.meeting_id != ask.except_meeting]


def _clashes(busy: Sequence[Busy], slot: Slot) -> int:
    return sum(one.slot.overlaps(slot) for one in busy)
