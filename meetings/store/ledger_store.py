"""Appends to the chains of events and reads them.  The only writer of table `event`.

Gap-free under concurrency: on SQLite the transaction already holds the one write lock; on PostgreSQL `lock_chain`
takes the meeting's row (the audit chain: an advisory lock), so writers of one chain queue and others do not wait.
The unique index and the trigger `event_continues_chain` refuse whatever would slip past this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, text

from meetings.access import Subject
from meetings.ledger import Event, link_event
from meetings.store.tables import event, meeting

_AUDIT_LOCK = 0x61756469  # "audi"
COLUMNS = (event.c.meeting_id, event.c.seq, event.c.at, event.c.kind, event.c.actor, event.c.point, event.c.data,
           event.c.prev_hash, event.c.hash)


def lock_chain(conn: Connection, meeting_id: str | None) -> None:
    """Make this transaction the only writer of the chain until it ends."""
    if conn.dialect.name != "postgresql":
        return
    if meeting_id is None:
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _AUDIT_LOCK})
    else:
        conn.execute(select(meeting.c.meeting_id).where(meeting.c.meeting_id == meeting_id).with_for_update())


def head(conn: Connection, meeting_id: str | None) -> tuple[int, str] | None:
    """(seq, hash) of the chain's last event, or None."""
    return _end(_last(conn, meeting_id))


def append(
    conn: Connection,
    meeting_id: str | None,
    kind: str,
    at: datetime,
    actor: Subject | Mapping[str, Any] | None = None,
    point: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
) -> Event:
    """Add one event to a meeting's chain (None: the audit) in the open write transaction.

    actor: the subject who did it, or a ready {user, name}.  point: {id, code, name}.  data: JSON without floats.
    Whoever looked at the clock and then waited for somebody else's change comes after it: no event is earlier than the one before.
    """
    lock_chain(conn, meeting_id)
    last = _last(conn, meeting_id)
    added = link_event(_end(last), meeting_id, kind, _not_before(last, at), _actor(actor), point, data)
    conn.execute(insert(event).values(_row(added)))
    return added


def append_all(
    conn: Connection, meeting_id: str, kind: str, at: datetime, actor: Subject | None, each: Iterable[Mapping[str, Any]],
) -> None:
    """One event of this kind for each data, in order, by a number of statements that does not grow with theirs."""
    lock_chain(conn, meeting_id)
    before = _last(conn, meeting_id)
    last, at, rows = _end(before), _not_before(before, at), list[dict[str, Any]]()
    for data in each:
        added = link_event(last, meeting_id, kind, at, _actor(actor), None, data)
        last = (added.seq, added.hash)
        rows.append(_row(added))
    if rows:
        conn.execute(insert(event), rows)


def events(conn: Connection, meeting_id: str | None, after: int = 0, limit: int | None = None) -> list[Event]:
    """The chain in order, from the event after seq `after` on."""
    query = select(*COLUMNS).where(_chain(meeting_id), event.c.seq > after).order_by(event.c.seq).limit(limit)
    return list(_events(conn.execute(query).all()))


def last_seq(conn: Connection, meeting_id: str | None) -> int:
    """seq of the chain's last event, 0 for an empty chain."""
    return conn.execute(select(func.max(event.c.seq)).where(_chain(meeting_id))).scalar() or 0


def not_before(conn: Connection, meeting_id: str, at: datetime) -> datetime:
    """`at`, or the time of the chain's last event where a clock was set back; the meeting is locked.  The next event bears it."""
    return _not_before(_last(conn, meeting_id), at)


def _last(conn: Connection, meeting_id: str | None) -> Row[Any] | None:
    query = select(event.c.seq, event.c.hash, event.c.at).where(_chain(meeting_id))
    return conn.execute(query.order_by(event.c.seq.desc()).limit(1)).first()


def _end(last: Row[Any] | None) -> tuple[int, str] | None:
    return (last.seq, last.hash) if last else None


def _not_before(last: Row[Any] | None, at: datetime) -> datetime:
    return max(at, last.at) if last else at


def _chain(meeting_id: str | None) -> Any:
    return event.c.meeting_id.is_(None) if meeting_id is None else event.c.meeting_id == meeting_id


def _events(rows: Sequence[Row[Any]]) -> Iterator[Event]:
    for row in rows:
        yield Event(*row)


def _row(added: Event) -> dict[str, Any]:
    return {"meeting_id": added.meeting_id, "seq": added.seq, "at": added.at, "kind": added.kind, "actor": added.actor,
            "point": added.point, "data": added.data, "prev_hash": added.prev_hash, "hash": added.hash}


def _actor(actor: Subject | Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A seat has no account: its actor is null and its point says who acted.  A person behind a point has none either, but a name."""
    if not isinstance(actor, Subject):
        return actor
    if actor.person is not None:
        return {"user": None, "name": actor.person.name, "person": actor.person.person_id}
    return {"user": actor.user_id, "name": actor.name} if actor.user_id else None
