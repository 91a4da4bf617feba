"""The roll of a meeting: who was registered at each point, and where everybody stands; called by one tap, or a whole point by one press.

The attendance of a registered delegate has the id of the entry, so that nobody is counted twice whoever presses how often;
who was recorded by hand under the same name at the same point is the same person.  A substitute stands with whom they came instead
of, and why.  What may be said when, and by whom, decides `meetings.checkin`.  Called by the pages of the roll and the room.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from meetings import checkin
from meetings.access import Subject
from meetings.checkin import Known, Standing
from meetings.errors import NotFound
from meetings.ids import new_id
from meetings.people import How, Stay, There, Wanted, check_time, roll_open
from meetings.store import meeting_store, people_store, seat_store
from meetings.store.seat_store import Seat
from meetings.texts import plain
from scheduler.delegate_table import delegate_entry

_e = delegate_entry.c
SETTLED = (There.LEFT, There.EXCUSED, There.ABSENT)
"""Not there, and it was said how: leaving the tick away says nothing new."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody behind a point.  `entry_id` is empty for who was not registered, `delegate` None until something was said of him.

    instead_of, instead_why: whom he came instead of.
    """

    entry_id: str
    name: str
    post: str
    instead_of: str
    instead_why: str
    delegate: str | None
    stay: Stay
    how: str | None = None

    @property
    def person_id(self) -> str:
        return self.delegate or self.entry_id

    @property
    def link_id(self) -> str:
        """What the own link is made of: it stays when something is said."""
        return self.entry_id or self.delegate or ""

    @property
    def state(self) -> There:
        return self.stay.state


@dataclass(frozen=True, slots=True)
class Roll:
    """One point: who was registered, who came without, and how many heads were counted where they were."""

    seat: Seat
    people: tuple[Person, ...]
    others: tuple[Person, ...]
    heads: int | None = None

    @property
    def everybody(self) -> tuple[Person, ...]:
        return (*self.people, *self.others)

    @property
    def expected(self) -> int:
        return len(self.people) + len(self.others)

    @property
    def present(self) -> int:
        return sum(one.stay.here for one in self.everybody)

    @property
    def waiting(self) -> int:
        return sum(one.state is There.EXPECTED for one in self.people)

    @property
    def left(self) -> int:
        return sum(one.state is There.LEFT for one in self.everybody)

    @property
    def absent(self) -> int:
        return sum(one.state in (There.ABSENT, There.EXCUSED) for one in self.everybody)

    def find(self, person_id: str) -> Person:
        """By the id of the person or of the registration.  Raises NotFound("delegate.unknown")."""
        for one in self.everybody:
            if person_id and person_id in (one.entry_id, one.delegate):
                return one
        raise NotFound("delegate.unknown")


def rolls(conn: Connection, meeting_id: str, point_id: int | None = None) -> list[Roll]:
    """Every booked point, in the order in which they were booked, or that one alone."""
    seats = seat_store.seats(conn, meeting_id) if point_id is None else [seat_store.one(conn, meeting_id, point_id)]
    query = select(delegate_entry).where(_e.meeting_id == meeting_id).order_by(_e.registered_at, _e.entry_id)
    if point_id is not None:
        query = query.where(_e.point_id == point_id)
    entries = conn.execute(query).all()
    by_point = _by_point(entries)
    recorded = _by_point(people_store.people(conn, meeting_id, point_id))
    gone = {entry.entry_id: entry for entry in entries if entry.withdrawn_at is not None}
    heads = people_store.heads(conn, meeting_id)
    return [_roll(seat, by_point.get(seat.point_id, []), recorded.get(seat.point_id, []), gone, heads.get(seat.point_id)) for seat in seats]


def stamp(conn: Connection, meeting_id: str) -> tuple[int, ...]:
    """Another value whenever a roll of the meeting reads otherwise: cheaper than to read them all.  Entries are only added and withdrawn."""
    query = select(func.count(), func.count(_e.withdrawn_at)).where(_e.meeting_id == meeting_id)
    return (*conn.execute(query).one(), *people_store.stamp(conn, meeting_id))


def _by_point(rows: Iterable[Row[Any]]) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.point_id, []).append(row)
    return found


def _roll(seat: Seat, entries: list[Row[Any]], recorded: list[Row[Any]], gone: dict[str, Row[Any]], heads: int | None) -> Roll:
    """Each standing entry with its attendance: the one with its id, else one recorded by hand that is the same person's."""
    mine = {row.delegate_id: row for row in recorded}
    by_hand = [row for row in recorded if row.delegate_id not in {entry.entry_id for entry in entries}]
    people: list[Person] = []
    standing: list[Row[Any]] = []
    for entry in entries:
        if entry.withdrawn_at is not None or any(_twice(one, entry) for one in standing):
            continue
        standing.append(entry)
        row = mine.get(entry.entry_id) or next((one for one in by_hand if _same(one, entry)), None)
        if row is not None and row in by_hand:
            by_hand.remove(row)
        before = gone.get(entry.replaces or "")
        people.append(_person(entry.entry_id, entry, row, before.name if before else "", before.reason if before else ""))
    others = [_person("", row, row, "", "") for row in by_hand if row.state != There.EXPECTED]
    return Roll(seat, tuple(people), tuple(others), heads)


def _person(entry_id: str, named: Row[Any], row: Row[Any] | None, instead_of: str, why: str) -> Person:
    return Person(entry_id, named.name, named.post, instead_of, why, row.delegate_id if row else None, people_store.stay_of(row),
                  row.how if row else None)


def _same(recorded: Row[Any], entry: Row[Any]) -> bool:
    """One name at one point, and posts that do not say otherwise."""
    posts = {plain(recorded.post), plain(entry.post)} - {""}
    return plain(recorded.name) == plain(entry.name) and len(posts) <= 1


def _twice(one: Row[Any], other: Row[Any]) -> bool:
    """Registered twice: the same name and post, and telephones that do not say otherwise."""
    phones = {"".join(filter(str.isdigit, row.phone)) for row in (one, other)} - {""}
    return (plain(one.name), plain(one.post)) == (plain(other.name), plain(other.post)) and len(phones) <= 1


# --- what is said -------------------------------------------------------------------------------------------------------


def say(
    conn: Connection, meeting_id: str, point_id: int, person_id: str, to: Wanted, by: Subject, at: datetime, *,
    how: How = How.TAP, reason: str = "",
) -> bool:
    """This is said of one person; False if it was so already.  Raises NotFound("delegate.unknown" | "seat.unknown"), and as `checkin.check`."""
    meeting_store.lock(conn, meeting_id)
    [roll] = rolls(conn, meeting_id, point_id)
    who = roll.find(person_id)
    return checkin.check(conn, meeting_id, Known(who.person_id, point_id, who.name, who.post), to, by, at, how=how, reason=reason)


def come(conn: Connection, meeting_id: str, point_id: int, name: str, post: str, by: Subject, at: datetime) -> str:
    """Somebody is there who was not registered; the person's id."""
    who = Known(new_id(at), point_id, name, post)
    checkin.check(conn, meeting_id, who, Wanted.PRESENT, by, at, how=How.TAP)
    return who.person_id


def call(conn: Connection, meeting_id: str, point_id: int, shown: Collection[str], present: Collection[str], by: Subject, at: datetime) -> int:
    """Of the entries that were `shown`, those `present` are there and the others are not; how many stand otherwise now.

    An entry that was not shown (registered meanwhile, or of another point) is not touched, one that was withdrawn is not recorded;
    who left, or is excused, and is not ticked stays so.  Nobody is late by a form: who fills it in after an hour says nothing of when
    people came.  Raises as `checkin.check`, also where nobody is shown.
    """
    meeting = meeting_store.lock(conn, meeting_id)
    checkin.check_may(conn, meeting, seat_store.one(conn, meeting_id, point_id), by)
    check_time(meeting, at)
    [roll] = rolls(conn, meeting_id, point_id)
    changed = 0
    for one in roll.people:
        there = one.entry_id in present
        said = one.stay.here if there else one.state in SETTLED
        if said or one.entry_id not in shown:
            continue
        known = Known(one.person_id, point_id, one.name, one.post)
        changed += checkin.check(conn, meeting_id, known, Wanted.ON_TIME if there else Wanted.ABSENT, by, at, how=How.FORM)
    return changed


def snapshot(conn: Connection, meeting_id: str, why: str, by: Subject, at: datetime) -> int:
    """Writes the whole roll down as it stands now; its number.  why: opened, motion or asked."""
    meeting_store.lock(conn, meeting_id)  # before the roll is read: nobody comes or goes until it is written down
    return _write_down(conn, meeting_id, why, rolls(conn, meeting_id), by, at)


def noted(conn: Connection, meeting_id: str, why: str, by: Subject, at: datetime) -> None:
    """As `snapshot`, unless nobody is in the roll and no heads were counted: then the presence of the points tells all there is.

    Nothing either while the roll is closed: whoever opens a vote then is refused for that.
    """
    if not roll_open(meeting_store.lock(conn, meeting_id), at):
        return
    whole = rolls(conn, meeting_id)
    if any(roll.expected or roll.heads for roll in whole):
        _write_down(conn, meeting_id, why, whole, by, at)


def _write_down(conn: Connection, meeting_id: str, why: str, whole: Iterable[Roll], by: Subject, at: datetime) -> int:
    everybody = [Standing(one.person_id, roll.seat.point_id, one.name, one.post, one.state) for roll in whole for one in roll.everybody]
    return checkin.roll(conn, meeting_id, why, everybody, by, at)
