"""Requests in the database: rows ↔ `approval.Request`.  Decides nothing.  Called by `requests` and by pages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select, update

from meetings.errors import NotFound, Stale
from meetings.ledger import stamp
from meetings.store.among import among
from meetings.store.bulk import add_rows
from scheduler import store
from scheduler.approval import Offer, Request, Standing
from scheduler.calendar_rows import pending
from scheduler.slots import Slot

_a = store.approval.c


@dataclass(frozen=True, slots=True)
class Stored:
    """A request under its id; `version` grows by one with each change."""

    request_id: str
    request: Request
    version: int


def load(conn: Connection, request_id: str, *, lock: bool = False) -> Stored:
    """Raises NotFound("not_found")."""
    query = select(store.approval).where(_a.request_id == request_id)
    row = conn.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise NotFound("not_found")
    return _stored(row)


def load_all(conn: Connection, request_ids: Collection[str]) -> list[Stored]:
    """These, locked, by meeting."""
    mine = select(store.approval).where(among(_a.request_id, request_ids))
    found = _all(conn, mine.order_by(_a.request_id).with_for_update())
    return sorted(found, key=lambda one: (one.request.meeting_id, one.request_id))


def of_meeting(conn: Connection, meeting_id: str, *, lock: bool = False) -> list[Stored]:
    """Every request of the meeting, the earliest first."""
    query = select(store.approval).where(_a.meeting_id == meeting_id).order_by(_a.request_id)
    return _all(conn, query.with_for_update() if lock else query)


def asked_of(conn: Connection, units: Collection[str], most: int = 200) -> list[Stored]:
    """What these units have to answer, the most urgent first."""
    mine = select(store.approval).where(_a.asked.in_(sorted(units)), _a.standing == Standing.ASKED.value)
    return _all(conn, mine.order_by(_a.deadline, _a.request_id).limit(most))


def answered_by(conn: Connection, units: Collection[str], most: int = 50) -> list[Stored]:
    """What concerned these units and is settled or waits for somebody else, the newest first."""
    mine = select(store.approval).where(
        _a.owner.in_(sorted(units)) | _a.asked.in_(sorted(units)), _a.standing != Standing.ASKED.value)
    return _all(conn, mine.order_by(_a.request_id.desc()).limit(most))


def pending_at(conn: Connection, point_ids: Collection[int], slot: Slot, except_meeting: str) -> dict[str, list[int]]:
    """request id → those of the points that are pending under it in another meeting, in a time that overlaps the slot."""
    found: dict[str, list[int]] = {}
    for request_id, point_id in sorted(pending(conn, "request_id, point_id", point_ids, slot, except_meeting)):
        found.setdefault(request_id, []).append(point_id)
    return found


def meetings_waiting(conn: Connection, point_ids: Collection[int], slot: Slot) -> set[str]:
    """Meetings of which one of the points is pending in a time that overlaps the slot."""
    return {meeting_id for (meeting_id,) in pending(conn, "DISTINCT meeting_id", point_ids, slot)}


def due(conn: Connection, at: datetime, most: int = 500) -> list[str]:
    """Ids of requests that time alone changes by `at`."""
    return list(conn.execute(select(_a.request_id).where(_a.next_at <= at).order_by(_a.next_at).limit(most)).scalars())


def add(conn: Connection, requests: Mapping[str, Request]) -> None:
    """All of them, in one statement."""
    add_rows(conn, store.approval, [{"request_id": request_id, **_values(request), "version": 1} for request_id, request in requests.items()])


def save(conn: Connection, changes: Sequence[tuple[Stored, Request]]) -> None:
    """What they are now, sent together.  Raises Stale("request.stale") when one was changed meanwhile."""
    if not changes:
        return
    rows = [{"key": before.request_id, "seen": before.version, **_values(after), "version": before.version + 1}
            for before, after in changes]
    mine = update(store.approval).where(_a.request_id == bindparam("key"), _a.version == bindparam("seen"))
    if conn.execute(mine.values({name: bindparam(name) for name in rows[0] if name not in ("key", "seen")}), rows).rowcount != len(rows):
        raise Stale("request.stale")


def _all(conn: Connection, query: Select[Any]) -> list[Stored]:
    return [_stored(row) for row in conn.execute(query)]


def _values(request: Request) -> dict[str, Any]:
    offer = request.offer if request.standing is Standing.OFFERED else None
    return {
        "meeting_id": request.meeting_id, "convenor": request.convenor, "owner": request.owner,
        "point_ids": list(request.point_ids), "starts_at": request.slot.start, "ends_at": request.slot.end,
        "route": list(request.route), "asked": request.asked, "asked_at": request.asked_at, "deadline": request.deadline,
        "remind_at": request.remind_at, "next_at": request.next_at, "step": request.step,
        "standing": request.standing.value, "round": request.round, "reason": request.reason,
        "offer": None if offer is None else {
            "points": list(offer.point_ids), "slot": [stamp(offer.slot.start), stamp(offer.slot.end)] if offer.slot else None,
        },
    }


def _stored(row: Row[Any]) -> Stored:
    offer = None
    if row.offer is not None:
        times: Iterable[str] = row.offer["slot"] or ()
        begins_ends = [datetime.fromisoformat(text) for text in times]
        offer = Offer(tuple(row.offer["points"]), Slot(*begins_ends) if begins_ends else None)
    return Stored(row.request_id, Request(
        row.meeting_id, row.convenor, row.owner, tuple(row.point_ids), Slot(row.starts_at, row.ends_at), tuple(row.route),
        row.asked, row.asked_at, row.deadline, row.remind_at, row.step, Standing(row.standing), row.round, row.reason, offer,
    ), row.version)
