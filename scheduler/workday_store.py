"""Days that differ from the kept list of holidays, and meetings that are told of late, with their reasons.

A day is worked or is not because the administrator says so (a swapped Saturday, a holiday of one's own).  A meeting within less
than three working days keeps the reason it was given, in its record.  Called by pages, searches and deadlines.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select

from meetings.access import Action, Resource, Subject, require
from meetings.errors import Invalid, NotFound
from meetings.ledger import stamp
from meetings.meeting import Meeting
from meetings.store import ledger_store
from meetings.store.tables import event
from meetings.texts import line
from scheduler.slots import civil_day
from scheduler.workday_table import workday as table
from scheduler.workdays import WorkingDays


_TIMED: Final = ("meeting.created", "meeting.changed")
_HEARD: Final = ("request.asked", "meeting.convened")


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
    return _made(tuple((one.day, one.works) for one in told(conn)), language)


@lru_cache(maxsize=8)
def _made(told: tuple[tuple[date, bool], ...], language: str) -> WorkingDays:
    """Kept while nothing is told anew: the library takes its time over each year of lunar days."""
    return WorkingDays(dict(told), language)


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


def asks_why(conn: Connection, meeting_id: str | None, start: datetime, at: datetime, before: datetime | None = None) -> bool:
    """Whether telling of a meeting at `start` now takes a reason (`WorkingDays.asks_why`).

    `before`: when it was to begin, where people were told so; None where they are told for the first time.  `meeting_id` is None
    for one that is not made yet.
    """
    rule = partial(working_days(conn).asks_why, civil_day(at), civil_day(start))
    known = civil_day(before) if before else None
    if meeting_id is None or not rule(known):
        return rule(known)
    return rule(_known_today(conn, meeting_id, known, start, civil_day(at)) if known else None, _said_on(conn, meeting_id))


def tell_why(
    conn: Connection, meeting: Meeting, reason: str, by: Subject, at: datetime, before: datetime | None = None,
) -> None:
    """Keeps in the record why the meeting is told of so late, where that is asked; every other reason is dropped.

    Called by whoever tells of it, in the same transaction.  Raises Invalid("meeting.short_notice" | "text.…").
    """
    if not asks_why(conn, meeting.meeting_id, meeting.start, at, before):
        return
    if not reason.strip():
        raise Invalid("meeting.short_notice", field="reason")
    ledger_store.append(conn, meeting.meeting_id, "meeting.hurried", at, by, data={"reason": line(reason, "reason", 500)})


def _said_on(conn: Connection, meeting_id: str) -> date | None:
    """The day on which a reason was last given."""
    last = select(func.max(event.c.at)).where(event.c.meeting_id == meeting_id, event.c.kind == "meeting.hurried")
    at = conn.execute(last).scalar_one()
    return civil_day(at) if at else None


def _known_today(conn: Connection, meeting_id: str, known: date, to: datetime, today: date) -> date:
    """The earliest day people have had in mind today: who puts a meeting back where it was this morning takes nothing from them.

    That it moves `to` its new time now may be in the record already.
    """
    e, start, heard, starts = event.c, "", False, list[str]()
    query = select(e.kind, e.at, e.data).where(e.meeting_id == meeting_id, e.kind.in_((*_TIMED, *_HEARD))).order_by(e.seq)
    for row in conn.execute(query):
        if not heard or "start" in row.data:
            start, heard = row.data.get("start", start), heard or row.kind in _HEARD
            if heard:
                starts = [start] if civil_day(row.at) < today else [*starts, start]
    if starts and starts[-1] == stamp(to):
        starts.pop()
    return min([known, *(civil_day(datetime.fromisoformat(one)) for one in starts)])


def hurried(conn: Connection, meeting_ids: Collection[str]) -> dict[str, str]:
    """Meeting → the reason it was told of late; the last one, where there are several."""
    query = select(event.c.meeting_id, event.c.data).where(
        event.c.meeting_id.in_(sorted(meeting_ids)), event.c.kind == "meeting.hurried").order_by(event.c.id)
    return {row.meeting_id: row.data["reason"] for row in conn.execute(query)}
