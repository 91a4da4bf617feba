"""Use cases of booked points: their seats, presence from real peers, and delegates.  Re-exported by `service`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from meetings import people, sharing
from meetings.access import Action, Subject, decide
from meetings.attendance import JOINED_BY, LEAVE_REASONS
from meetings.errors import Conflict, Invalid
from meetings.ids import new_id
from meetings.meeting import ROOM_OPEN, Meeting, PointRef, State
from meetings.people import How, Stay, Wanted
from meetings.permit import permit
from meetings.store import admission_store, ledger_store, meeting_store, people_store, seat_store
from meetings.store.database import Connection
from meetings.texts import line


def seats_set(conn: Connection, meeting_id: str, points: Sequence[PointRef], by: Subject, at: datetime) -> int:
    """Make `points` the booked points of the meeting, each with a seat and a join link; their number.

    Called by the scheduler in the transaction that books them.  Points may be added until the meeting ends; a point
    that has left traces in the record (it joined, spoke, named delegates) stays: Conflict("seat.used", points=[…]).
    """
    permit(conn, meeting_store.lock(conn, meeting_id), by, Action.MEETING_BOOK)
    return seats_follow(conn, meeting_id, points, by, at)


def seats_follow(conn: Connection, meeting_id: str, points: Sequence[PointRef], by: Subject | None, at: datetime) -> int:
    """`seats_set` without the question who may: the calendar has changed by an answer of the unit that owns a point.

    Called by the scheduler only, which has asked; `by` None: time has done it.
    """
    meeting = meeting_store.lock(conn, meeting_id)
    meeting.check_alive()
    wanted = {point.point_id: point for point in points}
    if len(wanted) != len(points):
        raise Invalid("seat.twice", field="points")
    have = {seat.point_id: seat for seat in seat_store.seats(conn, meeting_id)}
    gone = sorted(have.keys() - wanted.keys())
    _check_removable(conn, meeting, gone, have)
    if gone:
        seat_store.remove(conn, meeting_id, gone)
    added = [point for point in points if point.point_id not in have]
    seat_store.add(conn, meeting_id, added, seat_store.last_ord(conn, meeting_id) + 1)
    admission_store.add_links(conn, meeting_id, [(new_id(at), point.point_id) for point in added], at)
    if added or gone:
        listed = [{**point.as_data(), "unit": point.unit, "level": point.level} for point in points]
        ledger_store.append(conn, meeting_id, "meeting.booked", at, by, data={"points": listed, "count": len(listed)})
    return len(points)


def seats_rename(conn: Connection, meeting_id: str, names: Mapping[int, str], by: Subject, at: datetime) -> int:
    """Seats of a meeting that has not opened bear the names that units have on its day; how many changed.

    The ledger tells the booked points once more, under the names that hold.
    """
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.MEETING_BOOK)
    meeting.check_state(State.DRAFT, State.CONVENED)
    if not names:
        return 0
    seat_store.rename(conn, meeting_id, names)
    listed = [{**seat.point, "unit": seat.unit, "level": seat.level} for seat in seat_store.seats(conn, meeting_id)]
    ledger_store.append(conn, meeting_id, "meeting.booked", at, by, data={"points": listed, "count": len(listed)})
    return len(names)


def seat_join(conn: Connection, meeting_id: str, point_id: int, at: datetime, by: str = "media") -> bool:
    """The point's stay begins: `by` media, a peer is up, or by signal, its page is there without any.  False if it was present.

    Raises NotFound("seat.unknown"), Closed for an ended meeting.
    """
    meeting = meeting_store.lock(conn, meeting_id)
    meeting.check_state(*sorted(ROOM_OPEN))
    seat = seat_store.one(conn, meeting_id, point_id)
    if seat.joined_at is not None:
        return False
    assert by in JOINED_BY, f"unknown way {by}: ways come from the hub, not from people"
    seat_store.join(conn, meeting_id, point_id, at)
    ledger_store.append(conn, meeting_id, "point.joined", at, point=seat.point, data={"by": by} if by != "media" else None)
    return True


def seat_leave(conn: Connection, meeting_id: str, point_id: int, reason: str, at: datetime) -> bool:
    """The point's last peer is down: its stay ends.  False if it was not present (the meeting has closed, say).

    reason: one of attendance.LEAVE_REASONS.  The seat keeps its floor and its ballots.
    """
    assert reason in LEAVE_REASONS, f"unknown reason {reason}: reasons come from the media process, not from people"
    meeting = meeting_store.lock(conn, meeting_id)
    seat = seat_store.one(conn, meeting_id, point_id)
    if seat.joined_at is None:
        return False
    # A clock that was set back may not make a stay end before it began.
    seat_store.leave(conn, meeting_id, point_id, reason, max(at, seat.joined_at))
    ledger_store.append(conn, meeting_id, "point.left", at, point=seat.point, data={"reason": reason})
    if reason != "restart":  # its devices are expected back, and its screen with them
        sharing.settle(conn, meeting, None, at)
    return True


def seats_clear(conn: Connection, at: datetime, reason: str = "restart") -> int:
    """After a restart no peer is up any more: end every stay in every meeting; how many there were."""
    left = [seat_leave(conn, meeting_id, point_id, reason, at)
            for meeting_id, point_id in seat_store.present_anywhere(conn)]
    return sum(left)


def delegate_add(
    conn: Connection, meeting_id: str, point_id: int, name: str, post: str, present: bool, by: Subject, at: datetime,
) -> str:
    """Record a delegate of a point by hand; the delegate's id.  By chair or secretary, or by the point itself."""
    meeting = _for_delegates(conn, meeting_id, point_id, by)
    meeting.check_state(*sorted(ROOM_OPEN))
    seat = seat_store.one(conn, meeting_id, point_id)
    name, post = line(name, "name", 50), line(post, "post", 100, empty=True)  # lengths: Decree 30, annex VI
    delegate_id = new_id(at)
    stay = people.step(Stay(), Wanted.ON_TIME if present else Wanted.ABSENT, at, meeting.opened_at)
    seq = _record_delegate(conn, meeting_id, seat.point, by, at, delegate_id, name, post, stay)
    people_store.add(conn, meeting_id, delegate_id, point_id, name, post, stay, How.FORM, seq, at)
    return delegate_id


def delegate_present(conn: Connection, delegate_id: str, present: bool, by: Subject, at: datetime) -> None:
    """Correct whether a delegate is there; the ledger records the delegate again, the last record counts."""
    row = people_store.one(conn, delegate_id)
    meeting = _for_delegates(conn, row.meeting_id, row.point_id, by)
    meeting.check_state(*sorted(ROOM_OPEN))
    stay = people.step(people_store.stay_of(row), Wanted.ON_TIME if present else Wanted.ABSENT, at, meeting.opened_at)
    point = seat_store.one(conn, row.meeting_id, row.point_id).point
    seq = _record_delegate(conn, row.meeting_id, point, by, at, delegate_id, row.name, row.post, stay)
    people_store.save(conn, delegate_id, stay, How.FORM, seq)


def delegates(conn: Connection, meeting_id: str) -> list[Any]:
    """Rows of `delegate` in the order of recording."""
    return people_store.people(conn, meeting_id)


def _check_removable(conn: Connection, meeting: Meeting, gone: list[int], have: dict[int, seat_store.Seat]) -> None:
    if not gone:
        return
    meeting.check_state(State.DRAFT, State.CONVENED)
    if used := seat_store.in_use(conn, meeting.meeting_id, gone):
        raise Conflict("seat.used", points=[have[point_id].point for point_id in used])


def _for_delegates(conn: Connection, meeting_id: str, point_id: int, by: Subject) -> Meeting:
    meeting = meeting_store.lock(conn, meeting_id)
    own = by.seat is not None and by.seat.point_id == point_id
    if own and decide(by, Action.MEETING_JOIN, meeting.resource()).allowed:
        return meeting
    if not decide(by, Action.MEETING_BOOK, meeting.resource()).allowed:
        permit(conn, meeting, by, Action.MEETING_CONDUCT)
    return meeting


def _record_delegate(
    conn: Connection, meeting_id: str, point: dict[str, Any], by: Subject, at: datetime, delegate_id: str, name: str, post: str, stay: Stay,
) -> int:
    return ledger_store.append(conn, meeting_id, "delegate.recorded", at, by, point=point,
                               data={"delegate": delegate_id, "name": name, "post": post, "present": stay.here}).seq
