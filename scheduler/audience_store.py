"""Use cases of kept audiences: the rule a meeting's points were chosen by, looked at again when units change; named groups.

A merger between booking and meeting changes no meeting by itself: what the rule means under the new units, and did not when it
was taken over, is stored as a difference and told to the meeting's secretary, who takes it over with one button.  What people
did since (answers, silence, points added or taken out) is no difference.  What took place keeps its names, because seats do.
`reresolve` is called after every load of units and now and then; the rest by pages.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from meetings import service as meetings
from meetings.access import Action, Resource, Subject, require
from meetings.errors import Conflict, Invalid, NotFound, Stale
from meetings.ids import new_id
from meetings.ledger import stamp
from meetings.meeting import State
from meetings.permit import permit
from meetings.store import meeting_store, seat_store, unit_store
from meetings.store.among import among
from meetings.store.tables import meeting, seat
from meetings.texts import line
from meetings.units import UnitTree
from scheduler import claims, notices, store
from scheduler import points as point_store
from scheduler.audience import Difference, Rule, difference
from scheduler.audience_rows import keep, keep_alike
from scheduler.audience_table import meeting_audience as kept
from scheduler.audience_table import point_group
from scheduler.booking import Point
from scheduler.series_store import PLAIN, Acts
from scheduler.slots import civil_day

__all__ = ["Group", "apply", "change_of", "group", "group_remove", "group_save", "groups", "keep", "keep_alike", "reresolve"]

_AHEAD = [State.DRAFT.value, State.CONVENED.value]


@dataclass(frozen=True, slots=True)
class Group:
    """A named group of a unit's."""

    group_id: str
    unit_id: str
    name: str
    points: frozenset[int]
    version: int


def change_of(conn: Connection, meeting_id: str) -> Difference | None:
    """What mergers made of the meeting's audience, as it was last looked at; None where that is nothing."""
    row = conn.execute(select(kept.c.change).where(kept.c.meeting_id == meeting_id)).first()
    return Difference.of_data(row.change) if row and row.change else None


def reresolve(conn: Connection, at: datetime) -> list[str]:
    """Looks at the audience of every meeting ahead under the units of its own day; the meetings in which something is new.

    Whatever unit is there by then, or begins later, has its point before anybody looks.
    """
    point_store.ensure_points(conn, unit_store.ahead(conn, civil_day(at)))
    point_store.rename(conn, unit_store.tree(conn, civil_day(at)))
    rows = conn.execute(select(kept, meeting.c.starts_at, meeting.c.secretary_id).join(
        meeting, meeting.c.meeting_id == kept.c.meeting_id).where(meeting.c.state.in_(_AHEAD), meeting.c.starts_at > at).order_by(
        kept.c.meeting_id)).all()
    if not rows:
        return []
    looker, news = _Looker(conn), list[str]()
    booked = _booked(conn, [row.meeting_id for row in rows])
    for row in rows:
        found = looker.difference(row, booked.get(row.meeting_id, {}), civil_day(row.starts_at))
        before = Difference.of_data(row.change) if row.change else Difference()
        if found == before:
            continue
        same = (kept.c.meeting_id == row.meeting_id) & (kept.c.rule == row.rule) & (kept.c.points == row.points)
        seen = conn.execute(update(kept).where(same).values(change=found.as_data() if found else None, looked_at=at)).rowcount
        if seen and found.only(before) != found:
            news.append(row.meeting_id)
            notices.tell(conn, "audience.changed", row.meeting_id, {"user": row.secretary_id}, at, key=_mark(row, found),
                         added=len(found.added), removed=len(found.removed), renamed=len(found.renamed))
    return news


def _mark(row: Row[Any], found: Difference) -> str:
    """One for every look at which something is new, whoever looks: two mergers may count the same."""
    return f"{stamp(row.looked_at)} {json.dumps(found.as_data())}"


def apply(conn: Connection, meeting_id: str, by: Subject, at: datetime, acts: Acts = PLAIN) -> int:
    """Books what mergers added and gives back what they took, of what was shown; all else stays.  How many points.

    Raises NotFound("audience.unchanged") and what booking raises.
    """
    permit(conn, meeting_store.load(conn, meeting_id), by, Action.MEETING_BOOK)
    mine = select(kept).where(kept.c.meeting_id == meeting_id)
    row = conn.execute(mine).first()
    if row is None or not row.change:
        raise NotFound("audience.unchanged")
    shown = Difference.of_data(row.change)
    # Points and meeting come before all else that is locked, as in every booking.
    day = civil_day(claims.hold_whole(conn, meeting_id, [point_id for point_id, _name in shown.added]).start)
    now = conn.execute(mine.with_for_update()).first()
    held = _booked(conn, [meeting_id]).get(meeting_id, {})
    if now is None or not now.change:
        raise NotFound("audience.unchanged")
    looker = _Looker(conn)
    todo = shown.only(looker.difference(now, held, day))
    added, gone = ({point_id for point_id, _name in part} for part in (todo.added, todo.removed))
    wanted = looker.ordered((held.keys() - gone) | added, day)
    if added or gone:
        acts.book(conn, meeting_id, wanted, by, at)
    seated = {one.point_id for one in seat_store.seats(conn, meeting_id)}
    meetings.seats_rename(conn, meeting_id, {one: name for one, _old, name in todo.renamed if one in seated}, by, at)
    conn.execute(update(kept).where(kept.c.meeting_id == meeting_id).values(
        rule=looker.taken_over(now.rule, day), resolved_on=day, points=sorted({*now.points, *added}), change=None, looked_at=at))
    return len(wanted)


class _Looker:
    """Everything that is needed to look at many rules: read once, one tree for each span of days without a change."""

    def __init__(self, conn: Connection) -> None:
        self._units = unit_store.units(conn)
        self._lineage = unit_store.lineage(conn)
        self._points = {point.point_id: point for point in point_store.all_points(conn)}
        self._unit_of = {point_id: point.unit_id for point_id, point in self._points.items()}
        self._former: dict[str, set[str]] = {}
        for unit in self._units:
            self._former.setdefault(unit.unit_id, set()).add(unit.name)
        self._turns = sorted({day for unit in self._units for day in (unit.valid_from, unit.valid_to) if day})
        self._trees: dict[int, UnitTree] = {}

    def difference(self, row: Row[Any], booked: Mapping[int, str], on: date) -> Difference:
        """`row`: what is kept with a meeting of that day; `booked`: its points, "" for one without a seat."""
        tree, rule = self._tree(on), Rule.of_data(row.rule)
        meant = [replace(one, name=self._name(one, tree))
                 for one in rule.meant(tree, self._points.values(), self._lineage, {}, self._below)]
        names = {point_id: seat or self._name(self._points[point_id], tree) for point_id, seat in booked.items()}
        called = {point_id: self._name(self._points[point_id], tree) for point_id, name in names.items()
                  if name in self._former[self._unit_of[point_id]] and self._bears(self._points[point_id])}
        return difference({*row.points, *rule.removed}, names, meant, self._unit_of, called)

    def taken_over(self, rule: Mapping[str, Any], on: date) -> dict[str, Any]:
        return Rule.of_data(rule).taken_over(self._tree(on), self._points.values(), self._lineage).as_data()

    def ordered(self, point_ids: Collection[int], on: date) -> list[int]:
        """As the record lists them: a province, its districts with their communes, …"""
        place = {unit.unit_id: number for number, unit in enumerate(self._tree(on))}
        points = [self._points[point_id] for point_id in point_ids]
        return [point.point_id for point in sorted(points, key=lambda one: (place.get(one.unit_id, len(place)), one.code))]

    def _name(self, point: Point, tree: UnitTree) -> str:
        """What it is called on that day: as its unit, unless it has a name of its own."""
        return tree.get(point.unit_id).name if point.unit_id in tree and self._bears(point) else point.name

    def _bears(self, point: Point) -> bool:
        return point.name in self._former[point.unit_id]

    def _below(self, unit_id: str, level: str | None) -> list[str]:
        """The units of the level in the subtree of one that has ended, on its last day."""
        ended = max((unit.valid_to for unit in self._units if unit.unit_id == unit_id and unit.valid_to), default=None)
        return [one.unit_id for one in self._tree(ended - timedelta(days=1)).subtree(unit_id, level)] if ended else []

    def _tree(self, on: date) -> UnitTree:
        span = sum(turn <= on for turn in self._turns)
        if span not in self._trees or self._trees[span].on != on:
            self._trees[span] = UnitTree(self._units, on)
        return self._trees[span]


def _booked(conn: Connection, meeting_ids: Collection[str]) -> dict[str, dict[int, str]]:
    """Meeting → its points, booked or waiting for a yes → the name of the seat, "" without one."""
    b, found = store.booking.c, dict[str, dict[int, str]]()
    rows = select(b.meeting_id, b.point_id, seat.c.name).outerjoin(
        seat, (seat.c.meeting_id == b.meeting_id) & (seat.c.point_id == b.point_id)).where(
        among(b.meeting_id, meeting_ids), b.state.in_(("confirmed", "pending")))
    for row in conn.execute(rows):
        found.setdefault(row.meeting_id, {})[row.point_id] = row.name or ""
    return found


# --- named groups --------------------------------------------------------------------------------------------------


def groups(conn: Connection, unit_id: str | None = None) -> list[Group]:
    """The named groups of a unit, or all, by name."""
    query = select(point_group).order_by(point_group.c.name)
    query = query if unit_id is None else query.where(point_group.c.unit_id == unit_id)
    return [Group(row.group_id, row.unit_id, row.name, frozenset(row.points), row.version) for row in conn.execute(query)]


def group(conn: Connection, group_id: str) -> Group:
    """Raises NotFound("group.unknown")."""
    found = [one for one in groups(conn) if one.group_id == group_id]
    if not found:
        raise NotFound("group.unknown")
    return found[0]


def group_save(
    conn: Connection, unit_path: tuple[str, ...], name: str, point_ids: Collection[int], by: Subject, at: datetime, *,
    group_id: str | None = None, version: int | None = None,
) -> str:
    """A new group of the unit, or another name and other points for one it has; the group's id.

    Raises Invalid("group.empty" | "text.…"), Conflict("group.name"), Stale("group.changed").
    """
    require(by, Action.MEETING_CREATE, Resource("group", unit_path))
    name = line(name, "group", 100)
    if not point_ids:
        raise Invalid("group.empty", field="audience")
    point_store.points_by_id(conn, point_ids)
    values = {"name": name, "points": sorted(set(point_ids)), "changed_at": at}
    try:
        with conn.begin_nested():
            if group_id is None:
                group_id = new_id(at)
                conn.execute(insert(point_group).values(group_id=group_id, unit_id=unit_path[-1], version=1, **values))
            elif not conn.execute(update(point_group).where(
                    point_group.c.group_id == group_id, point_group.c.unit_id == unit_path[-1], point_group.c.version == version,
            ).values(version=point_group.c.version + 1, **values)).rowcount:
                raise Stale("group.changed")
    except IntegrityError as error:
        raise Conflict("group.name", name=name, field="name") from error
    return group_id


def group_remove(conn: Connection, unit_path: tuple[str, ...], group_id: str, by: Subject) -> None:
    """Meetings that were chosen by it keep their points.  Raises NotFound("group.unknown")."""
    require(by, Action.MEETING_CREATE, Resource("group", unit_path))
    mine = delete(point_group).where(point_group.c.group_id == group_id, point_group.c.unit_id == unit_path[-1])
    if not conn.execute(mine).rowcount:
        raise NotFound("group.unknown")
