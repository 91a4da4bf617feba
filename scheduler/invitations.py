"""Inviting: whatever changes of a convened meeting reaches each of those invited once, in the newest form only.

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
from scheduler import invitees, outbox, reminders
from scheduler.calendar_mail import CANCEL, REQUEST, Entry, moved
from scheduler.invitees import Guest, Invitee
from scheduler.mail_table import calendar_entry, timing
from scheduler.reminders import Occasion, Timing
from scheduler.workdays import WorkingDays

SPREAD: Final = "invitations"  # kind of the one item that a change leaves
INVITE: Final = "invite"       # kind of the items of each invitee
AHEAD: Final = timedelta(days=60)
"""Nobody is written to earlier: a series of a year would fill every mailbox on one day, and change before most of it comes."""
_e = calendar_entry.c


def announce(conn: Connection, meeting_id: str, at: datetime) -> bool:
    """Whether those invited learn of something.  Call after anything that changes a meeting or who takes part in it.

    A draft invites nobody; a meeting that has opened invites nobody any more.
    """
    meeting = meetings.get(conn, meeting_id)
    row = conn.execute(select(calendar_entry).where(_e.meeting_id == meeting_id)).first()
    cancelled = meeting.state is State.CANCELLED
    if meeting.state is not State.CONVENED and not (cancelled and row is not None):
        return False
    told = entry(meeting, 0, at).told()
    if row is None:
        first = {"sequence": 0, "asked": 0, "round": 1, "told": told, "changed_at": at}
        conn.execute(insert(calendar_entry).values(meeting_id=meeting_id, **first))
    else:
        changed = dict(row.told) != told
        sequence, again = row.sequence + changed, changed and moved(row.told, told)
        conn.execute(update(calendar_entry).where(_e.meeting_id == meeting_id).values(
            sequence=sequence, asked=sequence if again else row.asked, round=row.round + 1, told=told,
            changed_at=at if changed else row.changed_at))
        if changed:
            outbox.cancel(conn, _invites(meeting_id), at)
        if again or cancelled:
            outbox.cancel(conn, reminders.prefix(meeting_id), at)
    number = 1 if row is None else row.round + 1
    due = at if cancelled else max(at, meeting.start - AHEAD)
    return outbox.put(conn, f"{SPREAD}:{meeting_id}:{number}", SPREAD, due, {"meeting_id": meeting_id, "round": number})


def spread(
    conn: Connection, payload: Mapping[str, Any], guests: Sequence[Guest], days: WorkingDays, at: datetime,
) -> int:
    """One item for each who has to learn of the newest form, and the reminders of its time; how many are told.

    Nothing where a newer change waits to be spread itself.
    """
    meeting_id = payload["meeting_id"]
    row = conn.execute(select(calendar_entry).where(_e.meeting_id == meeting_id).with_for_update()).one()
    if row.round != payload["round"]:
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
    occasion = Occasion(row.meeting_id, row.asked, start, end)
    planned = reminders.plan(occasion, timing_of(conn), days, at)
    outbox.put_all(conn, [(one.key, one.kind, one.due, one.payload) for one in planned])


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
    """When things are due in this installation."""
    data = conn.execute(select(timing.c.data)).scalar()
    return Timing.from_data(data or {})


def set_timing(conn: Connection, wanted: Timing) -> None:
    """For meetings that are announced from now on."""
    if not conn.execute(update(timing).values(data=wanted.as_data())).rowcount:
        conn.execute(insert(timing).values(timing_id=1, data=wanted.as_data()))
