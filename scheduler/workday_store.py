"""Days that differ from the kept list of holidays, and meetings that are told of late, with their reasons.

A day is worked or is not because the administrator says so (a swapped Saturday, a holiday of one's own).  A meeting within less
than three working days keeps the reason it was given, in its record.  Called by pages, searches and deadlines.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from meetings.access import Action, Resource, Subject, require
from meetings.errors import NotFound
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store
from meetings.store.tables import event
from meetings.texts import line
from scheduler.workday_table import workday as table
from scheduler.workdays import WorkingDays


class Told(NamedTuple):
    """One day as the administrator told it."""

    day: date
    works: bool
    note: str


def told(conn: Connection) -> list[Told]:
    """All such days, in order."""
    return [Told(row.day, row.works, row.note) for row in conn.execute(select(table).order_by(table.c.day))]


def working_days(conn: Connection, language: str = "vi") -> WorkingDays:
    """The calendar of this installation."""
    return WorkingDays({one.day: one.works for one in told(conn)}, language)


def tell(conn: Connection, day: date, works: bool, note: str, by: Subject, at: datetime) -> None:
    """Says of a day whether it is worked; what was said of it before is replaced.  NotFound for those who may not."""
    require(by, Action.POLICY_KEEP, Resource("policy"))
    note = line(note, "note", 200)
    ledger_store.lock_chain(conn, None)  # two who tell the same day come one after the other
    conn.execute(delete(table).where(table.c.day == day))
    conn.execute(insert(table).values(day=day, works=works, note=note, told_at=at, told_by=by.user_id))
    ledger_store.append(conn, None, "workday.told", at, by, data={"day": day.isoformat(), "works": works, "note": note})


def forget(conn: Connection, day: date, by: Subject, at: datetime) -> None:
    """The kept list decides again.  Raises NotFound("workday.unknown"), NotFound for those who may not."""
    require(by, Action.POLICY_KEEP, Resource("policy"))
    if not conn.execute(delete(table).where(table.c.day == day)).rowcount:
        raise NotFound("workday.unknown", day=day)
    ledger_store.append(conn, None, "workday.forgotten", at, by, data={"day": day.isoformat()})


def hurry(conn: Connection, meeting_id: str, reason: str, by: Subject, at: datetime) -> None:
    """Keeps in the record why the meeting is told of so late.  Raises Invalid("text.empty" | …)."""
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.MEETING_BOOK)
    ledger_store.append(conn, meeting_id, "meeting.hurried", at, by, data={"reason": line(reason, "reason", 500)})


def hurried(conn: Connection, meeting_ids: Collection[str]) -> dict[str, str]:
    """Meeting → the reason it was told of late; the last one, where there are several."""
    query = select(event.c.meeting_id, event.c.data).where(
        event.c.meeting_id.in_(sorted(meeting_ids)), event.c.kind == "meeting.hurried").order_by(event.c.id)
    return {row.meeting_id: row.data["reason"] for row in conn.execute(query)}
