"""Use cases of the roll call: the delegates a point has registered become its attendance by one press, exceptions unticked.

The attendance of a registered delegate has the id of the entry, so that nobody is counted twice whoever presses how often;
who was recorded by hand under the same name at the same point is the same person.  A substitute stands with whom they came instead
of, and why.  Only while the meeting is on: before, the list may still change.  Called by web/routes/roll.py.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from meetings import service as meetings
from meetings.access import Subject
from meetings.errors import Closed
from meetings.meeting import State
from meetings.store import meeting_store, seat_store
from meetings.store.seat_store import Seat
from scheduler.delegate_table import delegate_entry

LIVE = (State.OPEN, State.SUSPENDED)
_e = delegate_entry.c


@dataclass(frozen=True, slots=True)
class Person:
    """A registered delegate: `present` is None until they were called; `delegate` is their attendance then."""

    entry_id: str
    name: str
    post: str
    instead_of: str
    reason: str
    present: bool | None
    delegate: str | None


@dataclass(frozen=True, slots=True)
class Roll:
    """One point: who was registered, and who was recorded without (name, post, present)."""

    seat: Seat
    people: tuple[Person, ...]
    others: tuple[tuple[str, str, bool], ...]

    @property
    def waiting(self) -> int:
        return sum(person.present is None for person in self.people)

    @property
    def present(self) -> int:
        return sum(person.present is True for person in self.people) + sum(there for _name, _post, there in self.others)

    @property
    def absent(self) -> int:
        return sum(person.present is False for person in self.people) + sum(not there for _name, _post, there in self.others)


def rolls(conn: Connection, meeting_id: str, point_id: int | None = None) -> list[Roll]:
    """Every booked point, in the order in which they were booked, or that one alone."""
    seats = seat_store.seats(conn, meeting_id) if point_id is None else [seat_store.one(conn, meeting_id, point_id)]
    query = select(delegate_entry).where(_e.meeting_id == meeting_id).order_by(_e.registered_at, _e.entry_id)
    if point_id is not None:
        query = query.where(_e.point_id == point_id)
    entries = conn.execute(query).all()
    by_point = _by_point(entries)
    recorded = _by_point(seat_store.delegates(conn, meeting_id))
    gone = {entry.entry_id: entry for entry in entries if entry.withdrawn_at is not None}
    return [_roll(seat, by_point.get(seat.point_id, []), recorded.get(seat.point_id, []), gone) for seat in seats]


def _by_point(rows: Iterable[Row[Any]]) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.point_id, []).append(row)
    return found


def _roll(seat: Seat, entries: list[Row[Any]], recorded: list[Row[Any]], gone: dict[str, Row[Any]]) -> Roll:
    """Each standing entry with its attendance: the one with its id, else one recorded by hand that is the same person's."""
    mine = {row.delegate_id: row for row in recorded}
    by_hand = [row for row in recorded if row.delegate_id not in {entry.entry_id for entry in entries}]
    people: list[Person] = []
    standing: list[Row[Any]] = []
    for entry in entries:
        if entry.withdrawn_at is not None:
            if (left := mine.get(entry.entry_id)) is not None and left.present:
                by_hand.append(left)  # was called before somebody came instead, and is not corrected yet
            continue
        if any(_twice(one, entry) for one in standing):
            continue
        standing.append(entry)
        row = mine.get(entry.entry_id) or next((one for one in by_hand if _same(one, entry)), None)
        if row is not None and row in by_hand:
            by_hand.remove(row)
        before = gone.get(entry.replaces or "")
        people.append(Person(entry.entry_id, entry.name, entry.post, before.name if before else "", before.reason if before else "",
                             None if row is None else row.present, None if row is None else row.delegate_id))
    return Roll(seat, tuple(people), tuple((row.name, row.post, row.present) for row in by_hand))


def _same(recorded: Row[Any], entry: Row[Any]) -> bool:
    """One name at one point, and posts that do not say otherwise."""
    posts = {_plain(recorded.post), _plain(entry.post)} - {""}
    return _plain(recorded.name) == _plain(entry.name) and len(posts) <= 1


def _plain(text: str) -> str:
    """Accents tell people apart; capitals, blanks and the way an accent is written do not."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _twice(one: Row[Any], other: Row[Any]) -> bool:
    """Registered twice: the same name and post, and telephones that do not say otherwise."""
    phones = {"".join(filter(str.isdigit, row.phone)) for row in (one, other)} - {""}
    return (_plain(one.name), _plain(one.post)) == (_plain(other.name), _plain(other.post)) and len(phones) <= 1


def call(conn: Connection, meeting_id: str, point_id: int, shown: Collection[str], present: Collection[str], by: Subject, at: datetime) -> int:
    """Of the entries that were `shown`, those `present` are there and the others are not; how many stand otherwise now.

    An entry that was not shown (registered meanwhile, or of another point) is not touched, one that was withdrawn is not recorded.
    Raises Closed("roll.time") unless the meeting is on, NotFound("seat.unknown"), NotAllowed.
    """
    meeting = meeting_store.lock(conn, meeting_id)
    if meeting.state not in LIVE:
        raise Closed("roll.time")
    [roll] = rolls(conn, meeting_id, point_id)
    meetings.check_delegates(conn, meeting_id, point_id, by)
    changed = 0
    for person in roll.people:
        there = person.entry_id in present
        if person.entry_id not in shown or person.present is there:
            continue
        changed += 1
        if person.delegate is None:
            meetings.delegate_add(conn, meeting_id, point_id, person.name, person.post, there, by, at, delegate_id=person.entry_id)
        else:
            meetings.delegate_present(conn, person.delegate, there, by, at)
    return changed
