"""Use cases of booking: book all points of a meeting in one action, move them, give them back, show who has what.

Each takes the open transaction first.  A booking is all or nothing.  Points of the own subtree are the meeting's at once; the
owners of all others are asked (`requests`), and until they have answered the point is pending and holds nobody off.  With
nothing pending a draft is convened in the same transaction; otherwise it waits for its answers, or for whoever convenes it
with what is confirmed.  Called by the web; sends nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from meetings import service as meetings
from meetings.access import Action, Subject
from meetings.errors import Invalid, Stale
from meetings.ledger import stamp
from meetings.meeting import Meeting, State
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store, unit_store
from meetings.units import UnitTree
from scheduler import approval, audience_rows, capacity_store, claims, displacing, invitations, policies, request_store, requests, store
from scheduler.approval import Offer, Policy, Standing
from scheduler.booking import Point
from scheduler.points import check_open, closed, points_by_id
from scheduler.readings import bookings, conflicts, free_slots, live_points, points_of_meeting
from scheduler.request_store import Stored
from scheduler.slots import Slot, civil_day, gaps, working_hours
from scheduler.workday_store import working_days

__all__ = [
    "accept", "book", "bookings", "cancel", "close", "conflicts", "forgo", "free_slots", "gaps", "live_points", "move", "points_of_meeting",
    "rebook", "release", "working_hours",
]

_b = store.booking.c
_LIVE = _b.state == "confirmed"
_NO = (Standing.DECLINED, Standing.LAPSED)


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a booking stands on: the units of the meeting's day, who convenes, what the levels agreed on."""

    tree: UnitTree
    convenor: str
    policy: Policy

    def asked(self, points: Iterable[Point]) -> list[Point]:
        """Those for which somebody's yes is needed."""
        return [point for point in points if approval.route(self.tree, self.convenor, point.unit_id, self.policy)]


def book(
    conn: Connection, meeting_id: str, point_ids: Sequence[int], by: Subject, at: datetime, displace: str = "",
) -> int:
    """Makes exactly these points the meeting's, for the meeting's time; returns their number, pending ones included.

    Calling it again with other points adds and gives back.  `displace`: the reason for which lower bookings in the way lose
    their points, where the policy allows it.  Raises Conflict("booking.overlap", conflicts=[{point, code, name, start, end,
    unit, meeting, meeting_title, note}, …]) naming everything in the way; meeting and title are None where `by` may not read
    that meeting.  Conflict("booking.closed" | "booking.hours" | "capacity.full") as `points.check_open` and `capacity_store`.  NotFound("point.unknown"), Invalid("booking.nobody" | "booking.past" | "booking.unit_ended"), Closed,
    NotAllowed and Closed as `displacing.displace`.
    """
    wanted = list(dict.fromkeys(point_ids))
    meeting, slot, held = _held(conn, meeting_id, wanted, by, Action.MEETING_BOOK, at, displace=bool(displace))
    if not wanted:
        raise Invalid("booking.nobody", field="audience")
    points = points_by_id(conn, wanted)
    ground = _ground(conn, meeting, slot, points.values())
    fresh = sorted(points.keys() - held)
    check_open(conn, fresh, slot)
    asked = ground.asked(points[point_id] for point_id in fresh)
    lost = _make_room(conn, meeting, fresh, {point.point_id for point in asked}, slot, ground, by, at, displace)
    pending = requests.ask(conn, meeting, asked, slot, ground.convenor, ground.tree, ground.policy, by, at)
    claims.take(conn, meeting_id, fresh, slot, by, at, pending)
    _give_up(conn, meeting, held - points.keys(), by, at)
    audience_rows.decided(conn, meeting_id, civil_day(slot.start), fresh, held - points.keys(), at)
    capacity_store.check_capacity(conn, slot, len(wanted), meeting_id)
    direct = [point_id for point_id in fresh if point_id not in pending]
    requests.overtake(conn, direct, slot, meeting_id, by, at)
    claims.seat(conn, meeting, by, at, first=wanted, tree=ground.tree)
    displacing.propose(conn, lost, at)
    if meeting.state is State.DRAFT and not points_of_meeting(conn, meeting_id, "pending"):
        meetings.convene(conn, meeting_id, by, at)
        invitations.announce(conn, meeting_id, at)
    return len(wanted)


def move(conn: Connection, meeting_id: str, start: datetime, end: datetime, by: Subject, at: datetime) -> Meeting:
    """Another time for the meeting and all its points, or none of it.  Seats, join links and cards stay good.

    Whoever had answered a request is asked again.  Raises Conflict("booking.overlap", …) like `book`,
    Invalid("meeting.end_before_start" | "booking.past" | "booking.unit_ended"), Closed.
    """
    return _move(conn, meeting_id, claims.coming(start, end, at), by, at)


def _move(
    conn: Connection, meeting_id: str, slot: Slot, by: Subject, at: datetime, taken: tuple[str, Offer] | None = None,
) -> Meeting:
    """`taken`: the request and what its owner offered in it, where that is why the meeting moves."""
    offered = set(taken[1].point_ids) if taken else set[int]()
    meeting, old, held = _held(conn, meeting_id, offered, by, Action.MEETING_EDIT, at, to=slot)
    again = _again(conn, meeting_id, slot, held)
    if taken:
        held = _exchanged(again, held, *taken)
    if not held and not again:
        changed = meetings.change(conn, meeting_id, by, at, start=slot.start, end=slot.end)
        invitations.announce(conn, meeting_id, at)
        return changed
    if slot == old:
        return meeting
    ground = _ground(conn, meeting, slot, points_by_id(conn, held).values())
    check_open(conn, held, slot)
    claims.check_free(conn, held, slot, meeting_id, by)
    capacity_store.check_capacity(conn, slot, len(held), meeting_id)
    mine = store.booking.update().where(_b.meeting_id == meeting_id, _LIVE, _b.request_id.is_(None))
    claims.guarded(conn, mine.values(starts_at=slot.start, ends_at=slot.end), held, slot, meeting_id, by)
    # meetings.change refuses new times while points are booked; here they move with it, in this transaction.
    meeting_store.save(conn, meeting_id, starts_at=slot.start, ends_at=slot.end)
    ledger_store.append(conn, meeting_id, "meeting.changed", at, by,
                        data={"start": stamp(slot.start), "end": stamp(slot.end)})
    moved = meetings.get(conn, meeting_id)
    _ask_again(conn, again, moved, slot, ground, by, at, taken)
    direct = points_of_meeting(conn, meeting_id)
    requests.overtake(conn, direct, slot, meeting_id, by, at)
    claims.seat(conn, moved, by, at, tree=ground.tree)
    return moved


def accept(conn: Connection, request_id: str, by: Subject, at: datetime) -> Meeting:
    """Takes what the owner of a point offered instead: other points, another time for the whole meeting, or both.

    Raises as `requests.accept` and `move`.
    """
    request = request_store.load(conn, request_id).request
    offer, meeting = request.offer, meetings.get(conn, request.meeting_id)
    if offer is not None and offer.slot is not None and offer.slot != request.slot:
        permit(conn, meeting, by, Action.MEETING_BOOK)
        _move(conn, meeting.meeting_id, claims.coming(offer.slot.start, offer.slot.end, at), by, at, (request_id, offer))
    else:
        requests.accept(conn, request_id, by, at)
    after = meetings.get(conn, request.meeting_id)
    if offer is not None and offer.point_ids:
        old, new = set(request.point_ids), set(offer.point_ids)
        audience_rows.decided(conn, after.meeting_id, civil_day(after.start), new - old, old - new, at)
    return after


def rebook(conn: Connection, displacement_id: str, by: Subject, at: datetime) -> Meeting:
    """A meeting that lost points takes the time that was proposed, with all of its points again.  Raises as `move` and `book`."""
    loss = displacing.answer(conn, displacement_id, at)
    if loss.proposed is None:
        raise Invalid("displace.no_time", field="start")
    claims.hold_whole(conn, loss.lost_id, loss.point_ids, loss.proposed)
    points = [*live_points(conn, loss.lost_id), *loss.point_ids]
    moved = move(conn, loss.lost_id, loss.proposed.start, loss.proposed.end, by, at)
    book(conn, loss.lost_id, points, by, at)
    return meetings.get(conn, moved.meeting_id)


def forgo(conn: Connection, meeting_id: str, point_ids: Collection[int], by: Subject, at: datetime) -> int:
    """Some of the meeting's points are no longer wanted; how many were given back.  Closed, Conflict as `book`."""
    meeting, slot, held = _held(conn, meeting_id, (), by, Action.MEETING_BOOK, at)
    gone = held & set(point_ids)
    _give_up(conn, meeting, gone, by, at)
    audience_rows.decided(conn, meeting_id, civil_day(slot.start), (), gone, at)
    claims.seat(conn, meeting, by, at)
    return len(gone)


def release(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> int:
    """Gives the meeting's points back; returns how many.

    After a concluded meeting only the rest of its time is given back: that it took place stays in the calendar.
    """
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.MEETING_EDIT)
    if meeting.state in (State.OPEN, State.SUSPENDED):
        meeting.check_state(State.CONCLUDED)
    return _release(conn, meeting, by, at)


def cancel(conn: Connection, meeting_id: str, reason: str, by: Subject, at: datetime) -> None:
    """Cancels the meeting and gives its points back.  Raises like `meetings.service.cancel`."""
    meetings.cancel(conn, meeting_id, reason, by, at)
    _release(conn, meetings.get(conn, meeting_id), by, at)
    invitations.announce(conn, meeting_id, at)


def close(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> None:
    """Ends the meeting, gives back what is left of its time, and lets the conclusion notice be due from now.

    Raises like `meetings.service.close`.
    """
    meetings.close(conn, meeting_id, by, at)
    release(conn, meeting_id, by, at)
    invitations.closed(conn, meeting_id, working_days(conn), at)


# --- steps ---------------------------------------------------------------------------------------------------------


def _held(
    conn: Connection, meeting_id: str, wanted: Collection[int], by: Subject, action: Action, at: datetime, *,
    to: Slot | None = None, displace: bool = False,
) -> tuple[Meeting, Slot, set[int]]:
    """The meeting with its time and its live points, all locked together with `wanted` (see `claims.hold`).

    The points are read before they are locked, and once more after it: somebody may have been faster.  Then everything is let
    go and locked anew, for points come before meetings, always.
    """
    seen: set[int] = set()
    first = meeting_store.load(conn, meeting_id)
    permit(conn, first, by, action)
    first.check_state(State.DRAFT, State.CONVENED)
    slot = to or claims.coming(first.start, first.end, at)
    while True:
        seen |= {*wanted, *_live(conn, meeting_id), *(_refused(conn, meeting_id) if to else ())}
        also = {one.meeting_id for one in conflicts(conn, wanted, slot) if one.meeting_id} if displace else ()
        attempt = conn.begin_nested()
        meeting = claims.hold(conn, meeting_id, seen, slot, also)
        held = _live(conn, meeting_id)
        if held <= seen:
            attempt.commit()
            break
        attempt.rollback()
    meeting.check_state(State.DRAFT, State.CONVENED)
    return meeting, Slot(meeting.start, meeting.end) if to else claims.coming(meeting.start, meeting.end, at), held


def _live(conn: Connection, meeting_id: str) -> set[int]:
    return set(live_points(conn, meeting_id))


def _ground(conn: Connection, meeting: Meeting, slot: Slot, points: Collection[Point]) -> _Ground:
    """Raises Invalid("booking.unit_ended") where a point's unit is none on that day."""
    tree = unit_store.tree(conn, civil_day(slot.start))
    claims.refs(conn, meeting, list(points), tree)
    convenor = approval.acting(tree, meeting.unit.id, requests.territorial(conn))
    return _Ground(tree, convenor.unit_id, policies.current(conn))


def _make_room(
    conn: Connection, meeting: Meeting, fresh: Sequence[int], asked: Collection[int], slot: Slot, ground: _Ground, by: Subject,
    at: datetime, reason: str,
) -> list[displacing.Loss]:
    """Nobody loses a point to a mere request: what is `asked` for must be free, whatever the policy says."""
    claims.check_free(conn, asked if reason else fresh, slot, meeting.meeting_id, by)
    if not reason:
        return []
    found = conflicts(conn, fresh, slot, except_meeting=meeting.meeting_id)
    return displacing.displace(conn, meeting, found, reason, ground.tree, ground.policy, by, at)


def _give_up(conn: Connection, meeting: Meeting, point_ids: Collection[int], by: Subject, at: datetime) -> None:
    """Points the meeting no longer wants; their requests are made smaller or withdrawn."""
    if not point_ids:
        return
    live = [one for one in request_store.of_meeting(conn, meeting.meeting_id, lock=True) if one.request.standing in requests.LIVE]
    requests.shrink(conn, live, meeting, point_ids, "given_back", by, at)
    claims.give_back(conn, meeting.meeting_id, point_ids, at)


def _refused(conn: Connection, meeting_id: str) -> set[int]:
    """Points that somebody did not give."""
    return {point_id for stored in request_store.of_meeting(conn, meeting_id) if stored.request.standing in _NO
            for point_id in stored.request.point_ids}


def _again(conn: Connection, meeting_id: str, slot: Slot, held: Collection[int]) -> list[Stored]:
    """What is asked once more for the slot: all that stands, and of what was refused the newest request for each point, where
    the meeting has not got the point meanwhile and it may be booked then."""
    stored = request_store.of_meeting(conn, meeting_id, lock=True)
    refused = {point_id for one in stored if one.request.standing in _NO for point_id in one.request.point_ids}
    away = {one.point_id for one in closed(conn, refused, slot)} | claims.taken(conn, refused, slot, meeting_id) | set(held)
    found: list[Stored] = []
    for one in reversed(stored):
        if one.request.standing in requests.LIVE:
            found.append(one)
        elif one.request.standing in _NO and away.isdisjoint(one.request.point_ids):
            found.append(one)
            away |= set(one.request.point_ids)
    return found[::-1]


def _exchanged(again: Collection[Stored], held: set[int], request_id: str, offer: Offer) -> set[int]:
    """The meeting's points once the offer is taken.  Raises Stale("request.stale") where that is no longer what is offered."""
    mine = next((one.request for one in again if one.request_id == request_id), None)
    if mine is None or mine.offer != offer:
        raise Stale("request.stale")
    return held - set(mine.point_ids) | set(offer.point_ids) if offer.point_ids else held


def _ask_again(
    conn: Connection, again: Sequence[Stored], meeting: Meeting, slot: Slot, ground: _Ground, by: Subject, at: datetime,
    taken: tuple[str, Offer] | None,
) -> None:
    """The same owners for another time; where by then nobody's yes is needed any more, the points are simply booked."""
    asked, free = list[Stored](), list[Stored]()
    for one in again:
        owner = one.request.owner
        needed = owner in ground.tree and approval.route(ground.tree, ground.convenor, owner, ground.policy)
        (asked if needed else free).append(one)
    requests.reopen(conn, asked, meeting, slot, ground.tree, ground.policy, by, at, taken=taken[0] if taken else None)
    points = {
        point_id for one in free if one.request.owner in ground.tree and one.request.standing in requests.LIVE
        for point_id in (taken[1].point_ids if taken and one.request_id == taken[0] else ()) or one.request.point_ids
    }
    requests.withdraw(conn, free, meeting, by, at)
    if points:
        claims.check_free(conn, points, slot, meeting.meeting_id, by)
        claims.take(conn, meeting.meeting_id, points, slot, by, at)


def _release(conn: Connection, meeting: Meeting, by: Subject, at: datetime) -> int:
    held = _live(conn, meeting.meeting_id)
    if meeting.state is State.CONCLUDED and meeting.start < at:
        mine = (_b.meeting_id == meeting.meeting_id) & _LIVE & (_b.ends_at > at)
        return conn.execute(store.booking.update().where(mine).values(ends_at=at)).rowcount
    requests.withdraw(conn, request_store.of_meeting(conn, meeting.meeting_id, lock=True), meeting, by, at)
    claims.give_back(conn, meeting.meeting_id, held, at)
    if meeting.state in (State.DRAFT, State.CONVENED) and held:
        meetings.seats_set(conn, meeting.meeting_id, [], by, at)
    return len(held)
