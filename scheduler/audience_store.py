"""Use cases of kept audiences: the rule a meeting's points were chosen by, looked at again when units change; named groups.

A merger between booking and meeting changes no meeting by itself: what the rule means under the new units is stored as a
difference and told to the meeting's secretary, who takes it over with one button.  What took place keeps its names, because
seats do.  `reresolve` is called after every load of units and now and then; the rest by pages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from meetings import service as meetings
from meetings.access import Action, Resource, Subject, require
from meetings.errors import Conflict, Invalid, NotFound, Stale
from meetings.ids import new_id
from meetings.meeting import State
from meetings.permit import permit
from meetings.store import meeting_store, seat_store, unit_store
from meetings.store.tables import meeting, seat
from meetings.texts import line
from meetings.units import UnitTree
from scheduler import claims, notices
from scheduler import points as point_store
from scheduler.audience import Difference, Rule, difference
from scheduler.audience_table import meeting_audience as kept
from scheduler.audience_table import point_group
from scheduler.readings import points_of_meeting
from scheduler.series_store import PLAIN, Acts
from scheduler.slots import civil_day

_AHEAD = [State.DRAFT.value, State.CONVENED.value]


@dataclass(frozen=True, slots=True)
class Group:
    """A named group of a unit's."""

    group_id: str
    unit_id: str
    name: str
    points: frozenset[int]
    version: int


def keep(conn: Connection, meeting_ids: Collection[str], rule: Rule, point_ids: Iterable[int], at: datetime) -> None:
    """Keeps with each meeting by which rule its points were chosen; what was kept before is replaced."""
    ids = sorted(meeting_ids)
    conn.execute(delete(kept).where(kept.c.meeting_id.in_(ids)))
    starts = {row.meeting_id: row.starts_at for row in conn.execute(
        select(meeting.c.meeting_id, meeting.c.starts_at).where(meeting.c.meeting_id.in_(ids)))}
    chosen = sorted(point_ids)
    conn.execute(insert(kept), [
        {"meeting_id": one, "rule": rule.as_data(), "resolved_on": civil_day(starts[one]), "points": chosen, "change": None, "looked_at": at}
        for one in ids])


def keep_alike(conn: Connection, meeting_id: str, others: Collection[str], at: datetime) -> None:
    """Keeps with the other meetings that their points were chosen as this one's were; nothing where nobody knows how."""
    row = conn.execute(select(kept.c.rule, kept.c.points).where(kept.c.meeting_id == meeting_id)).first()
    if row is not None and others:
        keep(conn, others, Rule.of_data(row.rule), row.points, at)


def change_of(conn: Connection, meeting_id: str) -> Difference | None:
    """What the meeting's rule means beside what is booked, as it was last looked at; None where nothing is different."""
    row = conn.execute(select(kept.c.change).where(kept.c.meeting_id == meeting_id)).first()
    return Difference.of_data(row.change) if row and row.change else None


def reresolve(conn: Connection, at: datetime) -> list[str]:
    """Looks at the audience of every meeting ahead under the units of its own day; the meetings in which something is new.

    Whatever unit is there by then, or begins later, has its point before anybody looks.
    """
    point_store.ensure_points(conn, unit_store.ahead(conn, civil_day(at)))
    point_store.rename(conn, unit_store.tree(conn, civil_day(at)))
    rows = conn.execute(select(kept, meeting.c.starts_at, meeting.c.secretary_id, meeting.c.title).join(
        meeting, meeting.c.meeting_id == kept.c.meeting_id).where(meeting.c.state.in_(_AHEAD), meeting.c.starts_at > at)).all()
    if not rows:
        return []
    looker, news = _Looker(conn), list[str]()
    seats = _seats(conn, [row.meeting_id for row in rows])
    for row in rows:
        found = looker.difference(Rule.of_data(row.rule), seats.get(row.meeting_id, {}), civil_day(row.starts_at))
        data = found.as_data() if found else None
        if data == row.change:
            continue
        conn.execute(update(kept).where(kept.c.meeting_id == row.meeting_id).values(change=data, looked_at=at))
        if data:
            news.append(row.meeting_id)
            notices.tell(conn, "audience.changed", row.meeting_id, {"user": row.secretary_id}, at,
                         added=len(found.added), removed=len(found.removed), renamed=len(found.renamed))
    return news


def apply(conn: Connection, meeting_id: str, by: Subject, at: datetime, acts: Acts = PLAIN) -> int:
    """Books what the rule means under the units of the meeting's day, and gives back what it no longer means; how many points.

    Raises NotFound("audience.unchanged") and what booking raises.
    """
    own = meeting_store.load(conn, meeting_id)
    permit(conn, own, by, Action.MEETING_BOOK)
    mine = select(kept).where(kept.c.meeting_id == meeting_id)
    row = conn.execute(mine).first()
    if row is None or not row.change:
        raise NotFound("audience.unchanged")
    day = civil_day(own.start)
    chosen = _Looker(conn).meant(Rule.of_data(row.rule), day)
    claims.hold_whole(conn, meeting_id, chosen)  # points and meeting come before all else that is locked, as in every booking
    now = conn.execute(mine.with_for_update()).first()
    if now is None or (now.rule, now.change) != (row.rule, row.change):
        raise NotFound("audience.unchanged")
    count = acts.book(conn, meeting_id, list(chosen), by, at)
    held = {one.point_id: one.name for one in seat_store.seats(conn, meeting_id)}
    meetings.seats_rename(conn, meeting_id, {one: name for one, name in chosen.items() if one in held and held[one] != name}, by, at)
    conn.execute(update(kept).where(kept.c.meeting_id == meeting_id).values(
        resolved_on=day, points=sorted(chosen), change=None, looked_at=at))
    return count


class _Looker:
    """Everything that is needed to look at many rules: read once, one tree for each span of days without a change."""

    def __init__(self, conn: Connection) -> None:
        self._units = unit_store.units(conn)
        self._lineage = unit_store.lineage(conn)
        self._points = point_store.all_points(conn)
        self._groups = {one.group_id: one.points for one in groups(conn)}
        self._former: dict[str, set[str]] = {}
        for unit in self._units:
            self._former.setdefault(unit.unit_id, set()).add(unit.name)
        self._turns = sorted({day for unit in self._units for day in (unit.valid_from, unit.valid_to) if day})
        self._trees: dict[int, UnitTree] = {}

    def meant(self, rule: Rule, on: date) -> dict[int, str]:
        """Point → its name on that day: that of its unit, unless it has one of its own."""
        tree = self._tree(on)
        found = rule.meant(tree, self._points, self._lineage, self._groups, self._below)
        return {one.point_id: tree.get(one.unit_id).name if one.name in self._former[one.unit_id] else one.name for one in found}

    def difference(self, rule: Rule, booked: Mapping[int, str], on: date) -> Difference:
        names = self.meant(rule, on)
        by_id = {point.point_id: point for point in self._points}
        return difference(booked, [replace(by_id[point_id], name=name) for point_id, name in names.items()])

    def _below(self, unit_id: str, level: str | None) -> list[str]:
        """The units of the level in the subtree of one that has ended, on its last day."""
        ended = max((unit.valid_to for unit in self._units if unit.unit_id == unit_id and unit.valid_to), default=None)
        return [one.unit_id for one in self._tree(ended - timedelta(days=1)).subtree(unit_id, level)] if ended else []

    def _tree(self, on: date) -> UnitTree:
        span = sum(turn <= on for turn in self._turns)
        if span not in self._trees or self._trees[span].on != on:
            self._trees[span] = UnitTree(self._units, on)
        return self._trees[span]


def _seats(conn: Connection, meeting_ids: list[str]) -> dict[str, dict[int, str]]:
    """Meeting → point → the name of its seat; a point that waits for a yes counts under its own name."""
    found: dict[str, dict[int, str]] = {}
    for row in conn.execute(select(seat.c.meeting_id, seat.c.point_id, seat.c.name).where(seat.c.meeting_id.in_(meeting_ids))):
        found.setdefault(row.meeting_id, {})[row.point_id] = row.name
    for meeting_id in meeting_ids:
        mine = found.setdefault(meeting_id, {})
        waiting = [one for one in points_of_meeting(conn, meeting_id, "pending") if one not in mine]
        mine |= {point_id: point.name for point_id, point in point_store.points_by_id(conn, waiting).items()}
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
