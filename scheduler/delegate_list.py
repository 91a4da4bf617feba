"""Use cases of delegates before a meeting: each point names who comes, replaces somebody with a reason, until a deadline.

A point's own unit names its delegates (its secretary or officer, or whoever holds the point's link); the meeting's secretary names
anybody's, also after the deadline.  Who was there is recorded in the meeting itself (`meetings.seats`).  Telephone numbers
stay out of the ledger.  It locks the meeting and nothing else (no point), so it waits in no circle with those who book.  Called
by the pages of delegates.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from meetings import checkin
from meetings.access import Action, Subject, decide, require
from meetings.errors import Closed, Invalid, NotFound
from meetings.ids import new_id
from meetings.ledger import stamp
from meetings.meeting import Meeting, State
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store, seat_store
from meetings.texts import line
from scheduler.delegate_sheet import Entry
from scheduler.delegate_table import delegate_deadline, delegate_entry

NOTICE: Final = timedelta(hours=24)
"""Before the start, where the secretary has set no other time."""
_e = delegate_entry.c


def deadline(conn: Connection, meeting: Meeting) -> datetime:
    """Until when points name their delegates themselves."""
    due = conn.execute(select(delegate_deadline.c.due_at).where(delegate_deadline.c.meeting_id == meeting.meeting_id)).scalar()
    return due or meeting.start - NOTICE


def set_deadline(conn: Connection, meeting_id: str, due: datetime, by: Subject, at: datetime) -> None:
    """Raises Invalid("delegate.deadline") for a time after the start."""
    meeting = _secretary(conn, meeting_id, by)
    if due > meeting.start:
        raise Invalid("delegate.deadline", field="due")
    conn.execute(delete(delegate_deadline).where(delegate_deadline.c.meeting_id == meeting_id))
    conn.execute(insert(delegate_deadline).values(meeting_id=meeting_id, due_at=due))
    ledger_store.append(conn, meeting_id, "delegates.deadline", at, by, data={"due": stamp(due)})


def points_of(conn: Connection, meeting: Meeting, by: Subject) -> list[seat_store.Seat]:
    """The points for which this person may name delegates (until the deadline, where it is not the secretary)."""
    return [seat for seat in seat_store.seats(conn, meeting.meeting_id) if _may(meeting, seat, by)]


def register(conn: Connection, meeting_id: str, wanted: Entry, by: Subject, at: datetime) -> str:
    """Names a delegate of a point; the entry's id.  Raises Closed("delegate.late"), NotFound("seat.unknown")."""
    meeting, seat = _point(conn, meeting_id, wanted.point_id, by, at)
    return _add(conn, meeting, seat, wanted, by, at)


def replace(conn: Connection, entry_id: str, wanted: Entry, reason: str, by: Subject, at: datetime) -> str:
    """Somebody else comes instead, with the reason; the new entry's id."""
    row, meeting, seat = _locked(conn, entry_id, by, at)
    _withdraw(conn, row, seat, reason, by, at)
    return _add(conn, meeting, seat, wanted._replace(point_id=row.point_id), by, at, replaces=entry_id)


def withdraw(conn: Connection, entry_id: str, reason: str, by: Subject, at: datetime) -> None:
    """Nobody comes instead."""
    row, _meeting, seat = _locked(conn, entry_id, by, at)
    _withdraw(conn, row, seat, reason, by, at)


def load(conn: Connection, meeting_id: str, rows: Sequence[Entry], by: Subject, at: datetime) -> int:
    """All rows of a sheet, by the meeting's secretary; those who are named already are not named twice.  How many are new."""
    _secretary(conn, meeting_id, by)
    known = {Entry(row.point_id, row.name, row.post, row.phone) for row in entries(conn, meeting_id)}
    fresh = [row for row in rows if row not in known]
    if fresh:
        conn.execute(insert(delegate_entry), [
            {"entry_id": new_id(at), "meeting_id": meeting_id, "registered_at": at, "registered_by": by.user_id, **row._asdict()}
            for row in fresh])
        ledger_store.append(conn, meeting_id, "delegates.loaded", at, by, data={"count": len(fresh)})
    return len(fresh)


def entries(conn: Connection, meeting_id: str, point_ids: Collection[int] | None = None) -> list[Row[Any]]:
    """Those who stand, point by point; of these points alone, where some are given."""
    query = select(delegate_entry).where(_e.meeting_id == meeting_id, _e.withdrawn_at.is_(None)).order_by(_e.point_id, _e.registered_at, _e.entry_id)
    return list(conn.execute(query if point_ids is None else query.where(_e.point_id.in_(sorted(point_ids)))))


# --- steps ---------------------------------------------------------------------------------------------------------


def _secretary(conn: Connection, meeting_id: str, by: Subject) -> Meeting:
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.MEETING_BOOK)
    meeting.check_alive()
    return meeting


def _may(meeting: Meeting, seat: seat_store.Seat, by: Subject) -> bool:
    if by.seat is not None and by.seat.point_id != seat.point_id:
        return False
    return decide(by, Action.DELEGATE_REGISTER, meeting.resource("delegates", frozenset({seat.unit}))).allowed


def _point(conn: Connection, meeting_id: str, point_id: int, by: Subject, at: datetime) -> tuple[Meeting, seat_store.Seat]:
    meeting = meeting_store.lock(conn, meeting_id)
    seat = seat_store.one(conn, meeting_id, point_id)
    if not _may(meeting, seat, by):
        require(by, Action.DELEGATE_REGISTER, meeting.resource("delegates"))
        raise NotFound("seat.unknown", point=point_id)
    meeting.check_alive()
    own = decide(by, Action.MEETING_BOOK, meeting.resource()).allowed
    if not own and (at > deadline(conn, meeting) or meeting.state not in (State.DRAFT, State.CONVENED)):
        raise Closed("delegate.late", due=deadline(conn, meeting))
    return meeting, seat


def _locked(conn: Connection, entry_id: str, by: Subject, at: datetime) -> tuple[Row[Any], Meeting, seat_store.Seat]:
    """The entry under its meeting's lock, the only one that is taken here: whoever was faster has withdrawn it."""
    first = _entry(conn, entry_id)
    meeting, seat = _point(conn, first.meeting_id, first.point_id, by, at)
    return _entry(conn, entry_id), meeting, seat


def _entry(conn: Connection, entry_id: str) -> Row[Any]:
    row = conn.execute(select(delegate_entry).where(_e.entry_id == entry_id, _e.withdrawn_at.is_(None))).first()
    if row is None:
        raise NotFound("delegate.unknown")
    return row


def _add(
    conn: Connection, meeting: Meeting, seat: seat_store.Seat, wanted: Entry, by: Subject, at: datetime, replaces: str | None = None
) -> str:
    entry_id = new_id(at)
    conn.execute(insert(delegate_entry).values(
        entry_id=entry_id, meeting_id=meeting.meeting_id, replaces=replaces, registered_at=at, registered_by=by.user_id, **wanted._asdict()))
    data = {"entry": entry_id, "name": wanted.name, "post": wanted.post, "replaces": replaces}
    ledger_store.append(conn, meeting.meeting_id, "delegate.registered", at, by, point=seat.point, data=data)
    return entry_id


def _withdraw(conn: Connection, row: Row[Any], seat: seat_store.Seat, reason: str, by: Subject, at: datetime) -> None:
    reason = line(reason, "reason", 500)
    conn.execute(update(delegate_entry).where(_e.entry_id == row.entry_id).values(withdrawn_at=at, reason=reason))
    data = {"entry": row.entry_id, "name": row.name, "reason": reason}
    ledger_store.append(conn, row.meeting_id, "delegate.withdrawn", at, by, point=seat.point, data=data)
    checkin.gone(conn, row.meeting_id, seat, row.entry_id, reason, by, at)  # who was called already: whoever comes instead is called anew
