"""Inviting: whatever changes of a convened meeting reaches each of those invited once, in the newest form only.

A meeting of a series is told with its series (`series_invitations`); what is planned around it is planned here all the same.

`announce` is called in the transaction of the change: it raises the sequence where something that matters changed, takes
back whatever of an older form still waits, and leaves one item.  `spread` is called when that item is delivered: it works
out who is invited now, writes one item for each, and plans the reminders.  Both may be repeated: keys tell.  Sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from meetings import service as meetings
from meetings.ledger import stamp
from meetings.meeting import Meeting, State
from meetings.store import meeting_store
from meetings.store.tables import meeting as meeting_table
from scheduler import invitees, outbox, reminders, series_invitations
from scheduler.calendar_mail import CANCEL, REQUEST, Entry, moved
from scheduler.invitees import Guest, Invitee
from scheduler.mail_table import calendar_entry, series_entry, timing
from scheduler.reminders import Occasion, Timing
from scheduler.series_invitations import INVITE, SPREAD
from scheduler.series_table import series_meeting as link
from scheduler.workdays import WorkingDays

__all__ = ["AHEAD", "INVITE", "SPREAD", "announce", "closed", "entry", "spread", "standing", "timing_of"]

AHEAD: Final = timedelta(days=60)
"""Nobody is written to earlier: a series of a year would fill every mailbox on one day, and change before most of it comes."""
_e = calendar_entry.c


def announce(conn: Connection, meeting_id: str, at: datetime) -> bool:
    """Whether those invited learn of something.  Call after anything that changes a meeting or who takes part in it.

    A draft invites nobody; a meeting that has opened invites nobody any more.
    """
    meeting = meetings.get(conn, meeting_id)
    if meeting.state not in (State.CONVENED, State.CANCELLED):
        return False
    row, series_id = _standing(conn, meeting_id)
    cancelled = meeting.state is State.CANCELLED
    if cancelled and row is None:
        return False
    told = entry(meeting, 0, at).told()
    changed, again = row is None or dict(row.told) != told, row is None or moved(row.told, told)
    fresh = series_invitations.number(conn, series_id) if series_id else 0 if row is None else row.sequence + 1
    plans = row is None or again or not series_id  # of a series only what is planned around the meeting is put from here
    number = plans if row is None else row.round + plans
    if row is None:
        first = {"sequence": fresh, "asked": fresh, "round": 1, "told": told, "changed_at": at}
        conn.execute(insert(calendar_entry).values(meeting_id=meeting_id, **first))
    else:
        conn.execute(update(calendar_entry).where(_e.meeting_id == meeting_id).values(
            sequence=fresh if changed else row.sequence, asked=fresh if again else row.asked, round=number, told=told,
            changed_at=at if changed else row.changed_at))
        if changed:
            outbox.cancel(conn, _invites(meeting_id), at)
        if again or cancelled:
            outbox.cancel(conn, reminders.prefix(meeting_id), at)
    due = max(at, meeting.start - AHEAD)
    new = series_id is not None and series_invitations.touch(conn, series_id, due, at)
    if plans and not (series_id and cancelled):
        payload = {"meeting_id": meeting_id, "round": number}
        new |= outbox.put(conn, f"{SPREAD}:{meeting_id}:{number}", SPREAD, at if cancelled else due, payload)
    return new


def _standing(conn: Connection, meeting_id: str) -> tuple[Row[Any] | None, str | None]:
    """The meeting's entry, None before anybody was told; and the series it is told with, if it is of one."""
    row = conn.execute(select(calendar_entry, series_entry.c.series_id).select_from(
        meeting_table.outerjoin(calendar_entry, _e.meeting_id == meeting_table.c.meeting_id)
        .outerjoin(link, link.c.meeting_id == meeting_table.c.meeting_id)
        .outerjoin(series_entry, series_entry.c.series_id == link.c.series_id)
    ).where(meeting_table.c.meeting_id == meeting_id)).one()
    return (row if row.told is not None else None), row.series_id


def spread(
    conn: Connection, payload: Mapping[str, Any], guests: Sequence[Guest], days: WorkingDays, at: datetime,
) -> int:
    """One item for each who has to learn of the newest form, and the reminders of its time; how many are told.

    Nothing where a newer change waits to be spread itself.
    """
    meeting_id = payload["meeting_id"]
    meeting_store.hold_all(conn, [meeting_id])  # the meeting before what hangs on it, as those who change it
    row = conn.execute(select(calendar_entry).where(_e.meeting_id == meeting_id).with_for_update()).one()
    if row.round != payload["round"]:
        return 0
    if series_invitations.of_meeting(conn, meeting_id):
        if not row.told["cancelled"]:
            _plan(conn, row, days, at)
        return 0
    known = invitees.of_meeting(conn, meeting_id, removed=True)
    if row.told["cancelled"]:
        return _take_back(conn, row, [one for one in known if not one.removed], at)
    by_address = {one.address.casefold(): one for one in known}
    wanted = {guest.address.casefold(): guest for guest in guests}
    gone = [one for one in known if not one.removed and one.address.casefold() not in wanted]
    back = [one for key, one in by_address.items() if key in wanted and one.removed]
    older = [one for key, one in by_address.items() if key in wanted and not one.removed and one.sequence < row.sequence]
    new = invitees.add(conn, meeting_id, [guest for key, guest in wanted.items() if key not in by_address], row.sequence, at)
    for one in back:
        outbox.cancel(conn, f"{_farewells(meeting_id)}{one.invitee_id}:", at)
    again = [one.invitee_id for one in (*back, *older)]
    invitees.mark(conn, again, sequence=row.sequence, removed_at=None)
    _put(conn, row, [*new, *again], REQUEST, at)
    _plan(conn, row, days, at)
    return len(new) + len(again) + _take_back(conn, row, gone, at)


def _take_back(conn: Connection, row: Row[Any], gone: Sequence[Invitee], at: datetime) -> int:
    """They are told that they are not invited any more, if they can have learnt that they were."""
    reached = {key.split(":")[2] for key in outbox.tried(conn, _invites(row.meeting_id))} if gone else set()
    for one in gone:
        outbox.cancel(conn, f"{_invites(row.meeting_id)}{one.invitee_id}:", at)
    invitees.mark(conn, [one.invitee_id for one in gone], sequence=row.sequence, removed_at=at)
    told = [one.invitee_id for one in gone if one.invitee_id in reached]
    _put(conn, row, told, CANCEL, at)
    return len(told)


def _put(conn: Connection, row: Row[Any], ids: Sequence[str], method: str, at: datetime) -> None:
    payload = {"meeting_id": row.meeting_id, "sequence": row.sequence, "method": method, "stamped": stamp(at),
               "until": row.told["end"]}
    prefix = _invites(row.meeting_id) if method == REQUEST else _farewells(row.meeting_id)
    outbox.put_all(conn, [
        (f"{prefix}{one}:{row.sequence}:{row.round}", INVITE, at, {**payload, "invitee": one})
        for one in ids])


def _plan(conn: Connection, row: Row[Any], days: WorkingDays, at: datetime) -> None:
    start, end = (datetime.fromisoformat(row.told[name]) for name in ("start", "end"))
    ended = conn.execute(select(meeting_table.c.closed_at).where(meeting_table.c.meeting_id == row.meeting_id)).scalar()
    occasion = Occasion(row.meeting_id, row.asked, start, end, ended)
    planned = reminders.plan(occasion, timing_of(conn), days, at)
    outbox.put_all(conn, [(one.key, one.kind, one.due, one.payload) for one in planned])


def closed(conn: Connection, meeting_id: str, days: WorkingDays, at: datetime) -> None:
    """The meeting has just ended: its conclusion notice is due by that hour, and nobody is asked to end it any more.

    Call in the transaction of the closing.  Nothing where nobody was ever invited.
    """
    row = conn.execute(select(calendar_entry).where(_e.meeting_id == meeting_id).with_for_update()).first()
    if row is not None:
        for name in (reminders.OVER, reminders.CONCLUSION):
            outbox.cancel(conn, f"{reminders.prefix(meeting_id)}{row.asked}:{name}", at)
        _plan(conn, row, days, at)


def _invites(meeting_id: str) -> str:
    return f"{INVITE}:{meeting_id}:"


def _farewells(meeting_id: str) -> str:
    """Not under the invitations: a later change takes those back, and who is out hears nothing of it."""
    return f"un{INVITE}:{meeting_id}:"


def entry(meeting: Meeting, sequence: int, stamped: datetime, address: str = "") -> Entry:
    """The meeting as calendars show it."""
    return Entry(
        meeting.meeting_id, meeting.title, meeting.start, meeting.end, meeting.place or meeting.unit.name, sequence, stamped,
        meeting.state is State.CANCELLED, address, f"Chủ trì: {meeting.chair.name}\n{meeting.unit.name}",
    )


def standing(conn: Connection, meeting_id: str) -> tuple[int, datetime] | None:
    """(sequence, when it last changed) of the meeting's entry; None before anybody was invited."""
    row = conn.execute(select(_e.sequence, _e.changed_at).where(_e.meeting_id == meeting_id)).first()
    return (row.sequence, row.changed_at) if row else None


def timing_of(conn: Connection) -> Timing:
    """When things are due in this installation; chosen by `times_store.put`."""
    data = conn.execute(select(timing.c.data)).scalar()
    return Timing.from_data(data or {})
