"""Those invited to a meeting, each by an address, and what they answered.  Rows in, values out; sends nothing.

An answer counts for the time it was given to: after a move everybody is asked again.  Called by `invitations`, by the readers
of answers (mail, page) and by the meeting's page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from meetings.errors import NotFound, Stale
from meetings.ids import new_id
from meetings.store.among import among
from scheduler.mail_table import calendar_entry, invitee

OPEN = "needs-action"
_i = invitee.c


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody to be invited; a point or a person, or a person for a point."""

    name: str
    address: str
    point_id: int | None = None
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class Invitee:
    """`partstat` is what counts now; `said` what was answered last, maybe to another time."""

    invitee_id: str
    meeting_id: str
    name: str
    address: str
    point_id: int | None
    user_id: str | None
    sequence: int
    removed: bool
    partstat: str
    said: str
    replied_at: datetime | None
    comment: str


def of_meeting(conn: Connection, meeting_id: str, *, removed: bool = False) -> list[Invitee]:
    """By name; those who are no longer invited only where asked for."""
    wanted = _query().where(_i.meeting_id == meeting_id).order_by(_i.name, _i.address)
    rows = conn.execute(wanted if removed else wanted.where(_i.removed_at.is_(None)))
    return [_invitee(row) for row in rows]


def get(conn: Connection, invitee_id: str) -> Invitee:
    """Raises NotFound("not_found")."""
    row = conn.execute(_query().where(_i.invitee_id == invitee_id)).first()
    if row is None:
        raise NotFound("not_found")
    return _invitee(row)


def add(conn: Connection, meeting_id: str, guests: Iterable[Guest], sequence: int, at: datetime) -> list[str]:
    """New rows in one statement; their ids in the same order."""
    rows = [{
        "invitee_id": new_id(at), "meeting_id": meeting_id, "point_id": guest.point_id, "user_id": guest.user_id,
        "name": guest.name[:200], "address": guest.address, "sequence": sequence, "partstat": OPEN, "comment": "",
    } for guest in guests]
    if rows:
        conn.execute(insert(invitee), rows)
    return [str(row["invitee_id"]) for row in rows]


def mark(conn: Connection, ids: Sequence[str], **values: Any) -> None:
    """The same for all of these."""
    conn.execute(update(invitee).where(among(_i.invitee_id, ids)).values(**values))


def answer(
    conn: Connection, who: Invitee, partstat: str, sequence: int, stamped: datetime, comment: str, at: datetime,
) -> bool:
    """Keeps an answer; whether it is to the present time of the meeting.

    Raises Stale("reply.older") when a later one is kept already, NotFound("reply.removed") where nobody asks any more.
    A clock that goes ahead is not believed: it would be right for ever.
    """
    known = conn.execute(select(_i.stamped_at, _i.removed_at, calendar_entry.c.sequence, calendar_entry.c.asked).join(
        calendar_entry, calendar_entry.c.meeting_id == _i.meeting_id).where(_i.invitee_id == who.invitee_id)).one()
    if known.removed_at is not None:
        raise NotFound("reply.removed")
    stamped = min(stamped, at)
    if known.stamped_at is not None and stamped < known.stamped_at:
        raise Stale("reply.older")
    answered = min(sequence, known.sequence)
    conn.execute(update(invitee).where(_i.invitee_id == who.invitee_id).values(
        partstat=partstat, answered=answered, stamped_at=stamped, replied_at=at, comment=comment))
    return bool(answered >= known.asked)


def by_address(conn: Connection, meeting_id: str, address: str) -> Invitee:
    """Whoever is invited at this address, in whatever case it is written.  Raises NotFound("reply.unknown")."""
    for known in of_meeting(conn, meeting_id, removed=True):
        if known.address.casefold() == address.casefold():
            return known
    raise NotFound("reply.unknown", address=address)


def of_address(conn: Connection, meeting_ids: Sequence[str], address: str) -> list[Invitee]:
    """The person of this address, in whatever case it is written, as invited to each of these meetings."""
    rows = conn.execute(_query().where(
        among(_i.meeting_id, meeting_ids), _i.removed_at.is_(None), func.lower(_i.address) == address.lower()))
    return [_invitee(row) for row in rows]


def _query() -> Any:
    return select(invitee, calendar_entry.c.asked).join(calendar_entry, calendar_entry.c.meeting_id == _i.meeting_id)


def _invitee(row: Row[Any]) -> Invitee:
    counts = row.answered is not None and row.answered >= row.asked
    return Invitee(
        row.invitee_id, row.meeting_id, row.name, row.address, row.point_id, row.user_id, row.sequence,
        row.removed_at is not None, row.partstat if counts else OPEN, row.partstat, row.replied_at, row.comment,
    )
