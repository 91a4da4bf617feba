"""Use cases of requests: ask the units that own points, answer, offer, take an offer, let time pass; rows follow.

`approval` says what becomes of a request, this makes the bookings, seats, ledger and notices agree with it, all in the
transaction of the caller.  What is confirmed declines what waited for the same point at the same time, and tells its
secretary.  Called by `service`, by pages and by the scheduler's chore.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from meetings.access import Action, Resource, Subject, require
from meetings.errors import Invalid, Stale
from meetings.ids import new_id
from meetings.ledger import stamp
from meetings.meeting import Meeting
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store, unit_store
from meetings.store.database import Database
from meetings.units import UnitTree
from scheduler import approval, capacity_store, claims, outbox, policies, request_store, store
from scheduler.approval import OPEN, Offer, Policy, Request, Standing
from scheduler.booking import Point
from scheduler.notices import To, notice
from scheduler.points import check_open, points_by_id
from scheduler.readings import points_of_meeting
from scheduler.request_store import Stored
from scheduler.slots import Slot, civil_day

log = logging.getLogger(__name__)
OVERTAKEN = "overtaken"
"""The reason of a request that was declined because somebody else got the point."""
DISPLACED = "displaced"
"""Why points are given back that a higher level took."""
LIVE = OPEN | {Standing.AGREED}
_ANSWERED = frozenset(Standing) - OPEN - {Standing.WITHDRAWN}
Change = tuple[Stored, Request]
"""What is stored, and what it is to be.  Of one meeting and one time, where there are several."""


@dataclass(frozen=True, slots=True)
class Case:
    """A request with what is needed to answer it, all locked."""

    stored: Stored
    meeting: Meeting
    tree: UnitTree
    policy: Policy

    @property
    def request(self) -> Request:
        return self.stored.request


def territorial(conn: Connection) -> frozenset[str]:
    """Levels of units that have a territory; the others are bodies, which act for the unit they belong to."""
    return frozenset(level.level_id for level in unit_store.levels(conn) if level.code_digits is not None)


def ask(
    conn: Connection, meeting: Meeting, points: Sequence[Point], slot: Slot, convenor: str, tree: UnitTree, policy: Policy,
    by: Subject, at: datetime,
) -> dict[int, str]:
    """One request to every owner of these points; point → request id.  The pending bookings are the caller's."""
    owners: dict[str, list[int]] = {}
    for point in points:
        owners.setdefault(point.unit_id, []).append(point.point_id)
    made = {
        new_id(at): approval.ask(meeting.meeting_id, convenor, owner, tuple(ids), slot, tree, policy, at)
        for owner, ids in owners.items()
    }
    request_store.add(conn, made)
    if made:
        ledger_store.append(conn, meeting.meeting_id, "request.asked", at, by, data={"requests": [
            {"id": request_id, "owner": request.owner, "name": tree.get(request.owner).name, "points": list(request.point_ids)}
            for request_id, request in made.items()
        ]})
    outbox.put_all(conn, [_notice("request.asked", meeting, {"unit": request.asked}, at, request_id, request, tree)
                          for request_id, request in made.items()])
    return {point_id: request_id for request_id, request in made.items() for point_id in request.point_ids}


def answerers(tree: UnitTree, unit_id: str, territories: Collection[str]) -> frozenset[str]:
    """The unit and the bodies that act for it."""
    bodies = (unit.unit_id for unit in tree.children(unit_id) if unit.level not in territories) if unit_id in tree else ()
    return frozenset({unit_id, *bodies})


def resource(conn: Connection, request: Request, tree: UnitTree) -> Resource:
    """The request as the thing an action is asked for."""
    path = tree.path(request.asked) if request.asked in tree else ()
    return Resource("request", path, request.meeting_id, attending_units=answerers(tree, request.asked, territorial(conn)))


def agree(conn: Connection, request_id: str, by: Subject, at: datetime, version: int | None = None) -> Request:
    """Raises as `approval.agree`; Conflict("booking.overlap" | "capacity.full") when the point, or the room on the server, was taken meanwhile; Stale("request.stale")."""
    case = _asked(conn, request_id, by, version)
    return _store(conn, case, approval.agree(case.request, case.request.asked, case.tree, case.policy, at), by, at)


def decline(conn: Connection, request_id: str, reason: str, by: Subject, at: datetime, version: int | None = None) -> Request:
    """Raises as `approval.decline`; Stale("request.stale")."""
    case = _asked(conn, request_id, by, version)
    return _store(conn, case, approval.decline(case.request, case.request.asked, reason, case.tree, at), by, at, "declined")


def counter(
    conn: Connection, request_id: str, offer: Offer, reason: str, by: Subject, at: datetime, version: int | None = None,
) -> Request:
    """Another point of the owner's, another time, or both.  Raises as `approval.counter` and `points.check_open`;
    Invalid("offer.points" | "offer.have"); Stale.
    """
    case = _asked(conn, request_id, by, version)
    offered = points_by_id(conn, offer.point_ids)
    if any(point.unit_id != case.request.owner for point in offered.values()):
        raise Invalid("offer.points", field="point")
    _check_new(conn, case, offer.point_ids)
    after = approval.counter(case.request, case.request.asked, offer, reason, case.tree, at)
    check_open(conn, offer.point_ids, offer.slot or case.request.slot)
    return _store(conn, case, after, by, at)


def accept(conn: Connection, request_id: str, by: Subject, at: datetime) -> Request:
    """The convenor takes other points that were offered.  Another time is taken by moving the meeting: see `service.accept`.

    Raises as `approval.accept` and `points.check_open`, Invalid("offer.have"), Conflict("booking.overlap") where they were taken
    meanwhile.
    """
    case = _own(conn, request_id, by)
    after = approval.accept(case.request, case.tree, case.policy, at)
    _check_new(conn, case, after.point_ids)
    check_open(conn, after.point_ids, after.slot)
    claims.check_free(conn, after.point_ids, after.slot, after.meeting_id, by)
    return _store(conn, case, after, by, at)


def insist(conn: Connection, request_id: str, by: Subject, at: datetime) -> Request:
    """Raises as `approval.insist`."""
    case = _own(conn, request_id, by)
    return _store(conn, case, approval.insist(case.request, case.tree, case.policy, at), by, at)


def withdraw(conn: Connection, stored: Sequence[Stored], meeting: Meeting, by: Subject, at: datetime) -> None:
    """The convenor no longer wants these points; called with the meeting locked.  What has ended stays as it ended."""
    changes = [(one, after) for one in stored if (after := approval.withdraw(one.request)) != one.request]
    _store_all(conn, meeting, changes, by, at)


def shrink(
    conn: Connection, stored: Sequence[Stored], meeting: Meeting, lost: Collection[int], why: str, by: Subject, at: datetime,
) -> None:
    """Some of their points are no longer to be had; one without any is declined (`overtaken`) or withdrawn (all other whys)."""
    changes = [(one, _shrunk(one.request, lost, why)) for one in stored if not set(one.request.point_ids).isdisjoint(lost)]
    _store_all(conn, meeting, changes, by, at, why)


def _shrunk(request: Request, lost: Collection[int], why: str) -> Request:
    if left := tuple(point_id for point_id in request.point_ids if point_id not in lost):
        return replace(request, point_ids=left)
    if why == OVERTAKEN:
        return replace(request, standing=Standing.DECLINED, remind_at=None, reason=OVERTAKEN, offer=None)
    return approval.withdraw(request)


def reopen(
    conn: Connection, stored: Sequence[Stored], meeting: Meeting, slot: Slot, tree: UnitTree, policy: Policy, by: Subject, at: datetime, *,
    taken: str | None = None,
) -> None:
    """The meeting has another time: whoever had answered is asked again.  `taken`: the request whose owner offered that time,
    perhaps with other points.  Called with everything locked."""
    changes = []
    for one in stored:
        if one.request_id == taken:
            after = approval.accept(one.request, tree, policy, at)
            _check_new(conn, Case(one, meeting, tree, policy), after.point_ids)
        else:
            after = approval.reopen(one.request, slot, tree, policy, at)
        changes.append((one, after))
    _store_all(conn, meeting, changes, by, at, tree=tree)


def pass_time(conn: Connection, request_id: str, at: datetime) -> str:
    """What time has done to one request: "" | "remind" | "escalate" | "lapse"."""
    case = _locked(conn, request_id)
    after, what = approval.passed(case.request, case.tree, case.policy, at)
    if what == "remind":
        request_store.save(conn, [(case.stored, after)])
        name = "request.reminder" if approval.after(case.tree, after.asked, after.convenor) else "request.reminder_last"
        outbox.put_all(conn, [_notice(name, case.meeting, {"unit": after.asked}, at, request_id, after, case.tree)])
    elif what:
        _store(conn, case, after, None, at, "lapsed")
    return what


def chore(db: Database, at: datetime) -> int:
    """Everything that is due, each in a transaction of its own; how many.  Safe to call in two processes at once.

    One that fails is logged, stays due, and keeps no other waiting.
    """
    with db.read() as conn:
        ids = request_store.due(conn, at)
    done = 0
    for request_id in ids:
        try:
            with db.write() as conn:
                done += bool(pass_time(conn, request_id, at))
        except Stale:
            pass  # somebody was faster
        except Exception:
            log.exception("request.failed id=%s", request_id)
    return done


def overtake(conn: Connection, point_ids: Collection[int], slot: Slot, meeting_id: str, by: Subject, at: datetime) -> None:
    """What waited for these points in other meetings waits no longer.  Called once they are confirmed, with those meetings locked."""
    waiting = request_store.pending_at(conn, point_ids, slot, meeting_id)
    lost = {point_id for points in waiting.values() for point_id in points}
    stored = request_store.load_all(conn, waiting.keys())
    for other, own in groupby(stored, key=lambda one: one.request.meeting_id):
        shrink(conn, list(own), meeting_store.lock(conn, other), lost, OVERTAKEN, by, at)


# --- steps ---------------------------------------------------------------------------------------------------------


def _locked(conn: Connection, request_id: str) -> Case:
    """With its points and those that are offered.  Raises Stale("request.stale") where it was changed before they were locked."""
    seen = request_store.load(conn, request_id)
    offered = seen.request.offer.point_ids if seen.request.offer else ()
    meeting = claims.hold(conn, seen.request.meeting_id, {*seen.request.point_ids, *offered}, seen.request.slot)
    stored = request_store.load(conn, request_id, lock=True)
    if stored.version != seen.version:
        raise Stale("request.stale")
    return _case(conn, stored, meeting)


def _case(conn: Connection, stored: Stored, meeting: Meeting) -> Case:
    return Case(stored, meeting, _tree(conn, meeting), policies.current(conn))


def _tree(conn: Connection, meeting: Meeting) -> UnitTree:
    """The units of the meeting's day."""
    return unit_store.tree(conn, civil_day(meeting.start))


def _asked(conn: Connection, request_id: str, by: Subject, version: int | None) -> Case:
    case = _locked(conn, request_id)
    require(by, Action.REQUEST_ANSWER, resource(conn, case.request, case.tree))
    if version is not None and version != case.stored.version:
        raise Stale("request.stale")
    return case


def _check_new(conn: Connection, case: Case, point_ids: Collection[int]) -> None:
    """Raises Invalid("offer.have") for a point that the meeting has beside this request."""
    b = store.booking.c
    beside = b.request_id.is_(None) | (b.request_id != case.stored.request_id)
    have = select(b.point_id).where(b.meeting_id == case.meeting.meeting_id, b.state.in_(("pending", "confirmed")), beside)
    if set(conn.execute(have).scalars()) & set(point_ids):
        raise Invalid("offer.have", field="offer")


def _own(conn: Connection, request_id: str, by: Subject) -> Case:
    case = _locked(conn, request_id)
    permit(conn, case.meeting, by, Action.MEETING_BOOK)
    return case


def _store(
    conn: Connection, case: Case, after: Request, by: Subject | None, at: datetime, why: str = "given_back",
) -> Request:
    _store_all(conn, case.meeting, [(case.stored, after)], by, at, why, case.tree)
    return after


def _store_all(
    conn: Connection, meeting: Meeting, changes: Sequence[Change], by: Subject | None, at: datetime, why: str = "given_back",
    tree: UnitTree | None = None,
) -> None:
    """Makes rows, seats, ledger and notices say what the requests of one meeting say now, however many they are."""
    if not changes:
        return
    tree = tree or _tree(conn, meeting)
    held, actor = _held(conn, [before.request_id for before, _after in changes]), by or Subject()
    gone, fresh, shifted = set[int](), dict[int, str](), list[str]()
    for before, after in changes:
        mine = held.get(before.request_id, set())
        wanted = set(after.point_ids) if after.standing in LIVE else set[int]()
        gone |= mine - wanted
        fresh |= dict.fromkeys(wanted - mine, before.request_id)
        if mine & wanted and after.slot != before.request.slot:
            shifted.append(before.request_id)
    slot = changes[0][1].slot
    claims.give_back(conn, meeting.meeting_id, gone, at, why)
    claims.put_off(conn, shifted, slot)
    request_store.save(conn, changes)
    if fresh:
        claims.take(conn, meeting.meeting_id, fresh, slot, actor, at, fresh)
    for before, after in changes:
        if after.standing is Standing.AGREED and before.request.standing is not Standing.AGREED:
            claims.check_free(conn, after.point_ids, slot, meeting.meeting_id, actor)
            claims.confirm(conn, before.request_id, after.point_ids, slot, meeting.meeting_id, actor)
            overtake(conn, after.point_ids, slot, meeting.meeting_id, actor, at)
            capacity_store.check_capacity(conn, slot, len(points_of_meeting(conn, meeting.meeting_id)), meeting.meeting_id)
    claims.seat(conn, meeting, by, at, tree=tree)
    ledger_store.append_all(conn, meeting.meeting_id, "request.changed", at, by,
                            [_data(before.request_id, after, tree) for before, after in changes])
    _tell_changes(conn, changes, meeting, tree, at, why)


def _held(conn: Connection, request_ids: Collection[str]) -> dict[str, set[int]]:
    """Request → its points that are booked or wait."""
    b = store.booking.c
    live = select(b.request_id, b.point_id).where(b.request_id.in_(sorted(request_ids)), b.state.in_(("pending", "confirmed")))
    found: dict[str, set[int]] = {}
    for row in conn.execute(live):
        found.setdefault(row.request_id, set()).add(row.point_id)
    return found


def _data(request_id: str, request: Request, tree: UnitTree) -> Mapping[str, Any]:
    name = tree.get(request.owner).name if request.owner in tree else ""
    return {
        "id": request_id, "owner": request.owner, "name": name, "points": list(request.point_ids),
        "standing": request.standing.value, "asked": request.asked, "round": request.round, "reason": request.reason,
        "start": stamp(request.slot.start), "end": stamp(request.slot.end),
    }


def _tell_changes(
    conn: Connection, changes: Sequence[Change], meeting: Meeting, tree: UnitTree, at: datetime, why: str,
) -> None:
    """Whoever has to act now, and the secretary of the meeting where it was not the secretary who did it.

    What was displaced is told by `displacing`, in its own words.
    """
    secretary: To = {"user": meeting.secretary.user_id}
    found = [_notice(what, meeting, to, at, before.request_id, after, tree, **_offered(conn, after))
             for before, after in changes for what, to in _news(before.request, after, secretary, why)]
    settled = [(before, after) for before, after in changes if after.standing is not before.request.standing and after.standing in _ANSWERED]
    if settled and not any(one.request.is_open for one in request_store.of_meeting(conn, meeting.meeting_id)):
        before, after = settled[-1]
        found.append(notice("requests.settled", meeting.meeting_id, secretary, at, key=f"{before.request_id}:{after.round}"))
    outbox.put_all(conn, found)


def _news(before: Request, after: Request, secretary: To, why: str) -> Iterator[tuple[str, To]]:
    """What is told of one change, and to whom."""
    anew = before.standing is not Standing.ASKED or (after.asked, after.asked_at) != (before.asked, before.asked_at)
    if after.standing is Standing.ASKED and anew:
        yield "request.asked", {"unit": after.asked}
        if before.standing is Standing.ASKED and after.step == before.step and after.round == before.round:
            yield "request.escalated", secretary
    elif after.standing is Standing.WITHDRAWN:
        if why != DISPLACED:
            yield "request.withdrawn", {"unit": before.asked}
    elif after.standing is not before.standing:
        yield "request.overtaken" if after.reason == OVERTAKEN else f"request.{after.standing.value}{_what(after)}", secretary
    elif why == OVERTAKEN:
        yield "request.overtaken", secretary


def _what(request: Request) -> str:
    """Of an offer of one thing: which; of both nothing more is said."""
    offer = request.offer if request.standing is Standing.OFFERED else None
    return "" if offer is None or (offer.point_ids and offer.slot) else "_time" if offer.slot else "_point"


def _offered(conn: Connection, request: Request) -> dict[str, Any]:
    """What is offered, as a notice names it."""
    offer = request.offer if request.standing is Standing.OFFERED else None
    if offer is None:
        return {}
    points = points_by_id(conn, offer.point_ids)
    named = {"points": [f"{points[one].name} ({points[one].code})" for one in offer.point_ids]}
    return named | ({"offer_start": offer.slot.start, "offer_end": offer.slot.end} if offer.slot else {})


def _notice(
    what: str, meeting: Meeting, to: To, at: datetime, request_id: str, request: Request, tree: UnitTree, **more: Any,
) -> tuple[str, str, datetime, Mapping[str, Any]]:
    unit, asked = (tree.get(one).name if one in tree else "" for one in (request.owner, request.asked))
    return notice(
        what, meeting.meeting_id, to, at, key=f"{request_id}:{stamp(at)}", request=request_id, unit=unit, asked=asked,
        convenor=meeting.unit.name, start=request.slot.start, end=request.slot.end, deadline=request.deadline, reason=request.reason,
        **more)
