"""What the booking page shows beside the form: the tree, the day of the chosen points, what stands in the way, and
when all of them are free.  Reads only; called by `routes/booking.py` with an open connection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from meetings.access import Subject
from meetings.meeting import Person, UnitRef
from meetings.store import unit_store
from meetings.units import UnitTree, fold
from scheduler import approval, audience_store, capacity_store, displacing, freetime, readings, requests
from scheduler import people as persons
from scheduler import points as point_store
from scheduler import service as booking
from scheduler.audience import Rule
from scheduler.booking import NamedBooking, Point
from scheduler.calendar_rows import Known
from scheduler.capacity import Reckoning
from scheduler.freetime import Answer
from scheduler.slots import Slot
from web import asking, audience_tree, calendar_free, places, store
from web.asking import Asking
from web.audience_tree import Group, Leaf
from web.booking_form import Typed, Wanted
from web.i18n import _
from web.timeline import Grid, Lane
from web.when import When

LANES = 14
FREE_LANES = 7
MANY = 600
"""So many points of others are shown as a tree; of more, those that a search means."""
HITS = 50


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a unit convenes on a day: its own subtree, or that of the unit a body belongs to; all others only if they agree.

    `points` are those below that are open then, and what the meeting holds beside them (of units that are none on that day), so
    that nothing is given back unseen.  `others` are those of all other units, in the order of `elsewhere`, the tree without
    the own part.
    """

    tree: UnitTree
    unit: UnitRef
    points: tuple[Point, ...]
    elsewhere: UnitTree
    others: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Declined:
    """Another meeting that waits for a yes to some of the points; `title` is empty where the reader may not know of it."""

    unit: str
    title: str
    slot: Slot
    points: int


@dataclass(frozen=True, slots=True)
class Picture:
    """The right two thirds of the page."""

    grid: Grid
    lanes: tuple[Lane, ...]
    more: int
    chosen: int
    conflicts: tuple[NamedBooking, ...]
    blocked: int
    answer: Answer
    names: dict[int, str]
    server: Reckoning | None = None
    takes: bool = False
    """The booking rules let this unit take the time of everything in the way."""
    elsewhere: tuple[tuple[str, Known], ...] = ()
    """Who of the posts is named in another meeting at that time."""
    asked: tuple[Asking, ...] = ()
    """Whose yes some of the points take."""
    declines: tuple[Declined, ...] = ()
    """Whose requests would be declined."""

    @property
    def suggestions(self) -> list[Slot]:
        """Times in which all the chosen points are free, the soonest first."""
        return [choice.slot for choice in self.answer.choices]

    @property
    def points(self) -> str:
        """What is chosen, as the search page's address carries it."""
        return calendar_free.written(self.names)

    @property
    def to_ask(self) -> int:
        """How many points take somebody's yes."""
        return sum(len(one.points) for one in self.asked)

    @property
    def free(self) -> int:
        return self.chosen - self.blocked


def scope(conn: Connection, unit_id: str | None, on: date, held: frozenset[int] = frozenset()) -> Scope:
    """What the unit that holds the meeting may convene; `held` are the points that the meeting has already."""
    whole = places.tree(conn, on)
    territorial = requests.territorial(conn)
    if unit_id is None or unit_id not in whole:
        kept = tuple(point for point in point_store.all_points(conn) if point.point_id in held)
        return Scope(UnitTree((), on), UnitRef("", "", None, ()), kept, UnitTree((), on))
    own = whole.get(unit_id)
    convenor = approval.acting(whole, own.unit_id, territorial)
    below = UnitTree(whole.subtree(convenor.unit_id), on)
    parent = whole.get(own.parent_id).name if own.parent_id in whole else None
    bare = own.name[:1].lower() + own.name[1:]
    issuer = f"Ủy ban nhân dân {bare}" if own.level in territorial else None  # the record is in Vietnamese by law
    unit = UnitRef(own.unit_id, own.name, parent, whole.path(own.unit_id), issuer)
    points = [point for point in point_store.all_points(conn) if point.open_on(on) or point.point_id in held]
    mine = tuple(point for point in points
                 if point.unit_id in below or (point.point_id in held and point.unit_id not in whole))
    elsewhere = UnitTree([one for one in whole if one.unit_id not in below], on)
    order = {one.unit_id: place for place, one in enumerate(elsewhere)}
    others = sorted((point for point in points if point.unit_id in order), key=lambda point: (order[point.unit_id], point.code))
    return Scope(below, unit, mine, elsewhere, tuple(others))


def tree(conn: Connection, within: Scope, typed: Typed) -> list[Leaf | Group]:
    """The tree after the group boxes took effect; puts what is chosen then into `typed`."""
    levels = unit_store.levels(conn)
    known = frozenset(point.point_id for point in (*within.points, *within.others))
    before = audience_tree.branches(within.tree, levels, within.points, typed.chosen & known)
    if len(within.others) <= MANY:
        before += audience_tree.by_place(within.elsewhere, within.others, typed.chosen & known)
    chosen = set(audience_tree.apply_groups(before, typed.chosen & known, typed.ticked, typed.was))
    for group in named(conn, within):
        if group.group_id in typed.named - typed.named_was:
            chosen |= group.points & known
        elif group.group_id in typed.named_was - typed.named:
            chosen -= group.points
    typed.chosen = frozenset(chosen)
    return audience_tree.branches(within.tree, levels, within.points, typed.chosen, typed.query)


def others(within: Scope, typed: Typed) -> Sequence[Leaf | Group]:
    """Points whose owners are asked, after `tree`: by place, or of very many those that the search means."""
    if len(within.others) <= MANY:
        return audience_tree.by_place(within.elsewhere, within.others, typed.chosen, typed.query)
    return audience_tree.flat(within.elsewhere, within.others, typed.chosen, typed.query, HITS)


def named(conn: Connection, within: Scope) -> list[audience_store.Group]:
    """The named groups of the unit that convenes."""
    return audience_store.groups(conn, within.unit.id) if within.unit.id else []


def rule(conn: Connection, within: Scope, typed: Typed) -> Rule:
    """What is chosen, as the rule that is kept with the meeting; after `tree`."""
    branches = audience_tree.branches(within.tree, unit_store.levels(conn), within.points, typed.chosen)
    picked = {group.group_id: group.points for group in named(conn, within) if group.group_id in typed.named}
    return audience_tree.rule_of(branches, typed.chosen, picked)


def chosen_ids(within: Scope, typed: Typed) -> list[int]:
    """What is chosen, in the order in which the record will list it."""
    return [point.point_id for point in ordered(within) if point.point_id in typed.chosen]


def picture(
    conn: Connection, within: Scope, typed: Typed, wanted: Wanted, when: When, by: Subject, now: datetime,
    own_meeting: str | None = None,
) -> Picture | None:
    """None while the times cannot be understood."""
    if wanted.start is None or wanted.end is None:
        return None
    slot = Slot(wanted.start, wanted.end)
    on = when.local(slot.start).date()
    chosen = [point for point in ordered(within) if point.point_id in typed.chosen]
    ids = [point.point_id for point in chosen]
    midnight, end = when.day_bounds(on)
    taken = [one for one in booking.bookings(conn, ids, Slot(midnight, end), by, waiting=True)
             if own_meeting is None or one.meeting_id != own_meeting]
    clashes = tuple(booking.conflicts(conn, ids, slot, own_meeting, by))
    blocked = {one.point_id for one in clashes}
    grid = Grid.around(on, [slot, *(one.slot for one in taken)], when)
    first = [point for point in chosen if point.point_id in blocked][:LANES]
    busy = {one.point_id for one in taken} - blocked
    rest = sorted((point for point in chosen if point.point_id not in blocked), key=lambda point: point.point_id not in busy)
    shown = [*first, *rest[:max(FREE_LANES - len(first), 2)]] if len(first) < LANES else first
    lanes = tuple(_lane(grid, point, slot, taken, blocked) for point in shown)
    asked = asking.of_form(conn, within.unit.id, chosen, slot, now, own_meeting)
    direct = set(ids) - {point.point_id for one in asked for point in one.points}
    answer = _suggest(conn, ids, slot, when, by, now, [typed.people.get("chair", ""), *typed.leaders], own_meeting) if blocked else Answer()
    return Picture(grid, lanes, len(chosen) - len(lanes), len(chosen), clashes, len(blocked), answer,
                   {point.point_id: point.name for point in chosen},
                   capacity_store.look(conn, slot, len(chosen), own_meeting) if chosen else None,
                   bool(blocked) and displacing.may_take(
                       conn, within.unit.id, booking.conflicts(conn, ids, slot, own_meeting), places.tree(conn, on)),
                   tuple(persons.elsewhere(conn, {*typed.people.values(), *typed.leaders}, slot, by, own_meeting)),
                   tuple(asked), declined(readings.waiting(conn, direct, slot, by, own_meeting)))


def declined(found: Iterable[NamedBooking]) -> tuple[Declined, ...]:
    """The same by meeting, as it is told before the points are booked."""
    counted = Counter((one.slot.start, one.slot.end, one.unit, one.meeting_title or "") for one in found)
    return tuple(Declined(unit, title, Slot(start, end), n) for (start, end, unit, title), n in sorted(counted.items()))


def ordered(within: Scope) -> list[Point]:
    """The points in the order of the tree: a province, its districts with their communes, …; then those of others."""
    order = {unit.unit_id: place for place, unit in enumerate(within.tree)}
    return [*sorted(within.points, key=lambda point: (order.get(point.unit_id, len(order)), point.code)), *within.others]


def _lane(grid: Grid, point: Point, slot: Slot, taken: Sequence[NamedBooking], blocked: set[int]) -> Lane:
    bars = [grid.bar(slot, "want", "", _("Muốn đặt"))]
    for one in taken:
        if one.point_id == point.point_id:
            clash = one.point_id in blocked and one.slot.overlaps(slot)
            waits = one.state == "pending"
            kind = "pend" if waits else "clash" if clash else "busy"
            who = _("{name}, chờ xác nhận", name=point.name) if waits else point.name
            bars.append(grid.bar(one.slot, kind, one.meeting_title or one.unit, who))
    return Lane(point.name, point.code, tuple(bars))


def _suggest(
    conn: Connection, ids: Sequence[int], slot: Slot, when: When, by: Subject, now: datetime, people: Sequence[str],
    own_meeting: str | None,
) -> Answer:
    """When every chosen point is free for as long as wanted, from the same day on; sooner times that miss the fewest."""
    asked = calendar_free.ask(conn, when, ids, slot.length, when.local(slot.start).date(), now,
                              people=[one for one in people if one], own=own_meeting, chosen=True)
    return freetime.find(conn, asked, by)


def people(conn: Connection, subject: Subject, on: date) -> list[tuple[store.Account, str]]:
    """Who may hold a post: active accounts of the convening unit and of the bodies and units at its level, with units.

    Shown by post in the form; the record keeps name and title of this day.
    """
    units = places.tree(conn, on)
    own = subject.unit_path
    found = []
    for account in store.accounts(conn):
        path = units.path(account.unit_id) if account.unit_id and account.unit_id in units else ()
        near = path and own and (path == own or path[:-1] == own or own[:-1] == path[:-1] or own[:-1] == path)
        if account.disabled_at is None and near:
            found.append((account, units.get(account.unit_id).name if account.unit_id else ""))
    return found


def directory(accounts: Sequence[tuple[store.Account, str]], also: Sequence[Person] = ()) -> list[tuple[str, str, str]]:
    """Who may be named as a leader: (id, name, title and unit), by name; `also` those who are named already."""
    near = {account.user_id: (account.user_id, account.name, " · ".join(filter(None, (account.title, unit)))) for account, unit in accounts}
    found = {person.user_id: (person.user_id, person.name, person.title) for person in also} | near
    return sorted(found.values(), key=lambda one: fold(one[1]))


def as_people(accounts: Sequence[tuple[store.Account, str]]) -> dict[str, Person]:
    return {account.user_id: Person(account.user_id, account.name, account.title) for account, _unit in accounts}


