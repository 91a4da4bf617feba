"""The rule that is kept with each meeting: by what its points were chosen, and what people decided of single points since.

Its `points` are those that are known: all that the rule meant when it was taken over, and all that somebody added since, whatever
their owners answered.  Only what lies beyond them is a merger's doing (see `audience_store`).  Called by `service` for every
point that is added or taken out, and through `audience_store` by whoever chooses by a rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime

from sqlalchemy import Connection, delete, insert, select, update

from meetings.store.tables import meeting
from scheduler.audience import Difference, Rule
from scheduler.audience_table import meeting_audience as kept
from scheduler.audience_table import point_group
from scheduler.slots import civil_day


def keep(conn: Connection, meeting_ids: Collection[str], rule: Rule, point_ids: Iterable[int], at: datetime) -> None:
    """Keeps with each meeting by which rule its points were chosen; what was kept before is replaced."""
    _replace(conn, meeting_ids, rule.settled(_members(conn, rule.groups)), point_ids, at)


def keep_alike(conn: Connection, meeting_id: str, others: Collection[str], at: datetime) -> None:
    """Keeps with the other meetings what is kept with this one; nothing where that is nothing."""
    row = conn.execute(select(kept.c.rule, kept.c.points).where(kept.c.meeting_id == meeting_id)).first()
    if row is not None and others:
        _replace(conn, others, Rule.of_data(row.rule), row.points, at)


def decided(
    conn: Connection, meeting_id: str, on: date, added: Collection[int], removed: Collection[int], at: datetime,
) -> None:
    """Somebody added these points to the meeting of that day, or took those out: its rule says so, and no merger undoes it.

    Called with the meeting locked.  A meeting without a rule has from now on the one that means these points.
    """
    if not added and not removed:
        return
    mine = kept.c.meeting_id == meeting_id
    row = conn.execute(select(kept).where(mine)).first()
    if row is None:
        _put(conn, {meeting_id: on}, Rule(added=frozenset(added)), added, at)
        return
    rule = Rule.of_data(row.rule).decided(added, removed)
    change = Difference.of_data(row.change).without({*added, *removed}) if row.change else None
    conn.execute(update(kept).where(mine).values(
        rule=rule.as_data(), points=sorted({*row.points, *added}), change=change.as_data() if change else None))


def _replace(conn: Connection, meeting_ids: Collection[str], rule: Rule, point_ids: Iterable[int], at: datetime) -> None:
    ids = sorted(meeting_ids)
    conn.execute(delete(kept).where(kept.c.meeting_id.in_(ids)))
    starts = select(meeting.c.meeting_id, meeting.c.starts_at).where(meeting.c.meeting_id.in_(ids))
    days = {meeting_id: civil_day(start) for meeting_id, start in conn.execute(starts)}
    _put(conn, days, rule, point_ids, at)


def _put(conn: Connection, days: Mapping[str, date], rule: Rule, point_ids: Iterable[int], at: datetime) -> None:
    known = sorted(point_ids)
    conn.execute(insert(kept), [
        {"meeting_id": one, "rule": rule.as_data(), "resolved_on": day, "points": known, "change": None, "looked_at": at}
        for one, day in days.items()])


def _members(conn: Connection, group_ids: Collection[str]) -> dict[str, list[int]]:
    if not group_ids:
        return {}
    mine = select(point_group.c.group_id, point_group.c.points).where(point_group.c.group_id.in_(sorted(group_ids)))
    return {group_id: points for group_id, points in conn.execute(mine)}
