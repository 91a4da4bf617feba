"""A higher level takes the time of a lower one's booking: only where the policy says so, with a reason, with notice to all
concerned and another time proposed.  Called by `service.book` with everything locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import Connection, Row, select

from meetings.access import Subject
from meetings.errors import Closed, NotAllowed, NotFound
from meetings.ids import new_id
from meetings.ledger import stamp
from meetings.meeting import CHANGEABLE, Meeting, State
from meetings.store import ledger_store, meeting_store
from meetings.texts import paragraph
from meetings.units import UnitTree
from scheduler import approval, capacity_store, claims, freetime, policies, request_store, requests, store
from scheduler.approval import MOST_REASON, Policy, Standing
from scheduler.booking import NamedBooking
from scheduler.freetime import Ask
from scheduler.notices import To, tell
from scheduler.points import points_by_id
from scheduler.readings import live_points
from scheduler.slots import CIVIL, Slot, civil_day
from scheduler.workday_store import working_days

OPENS, CLOSES = time(7, 30), time(17)
DAYS_AHEAD = 30


@dataclass(frozen=True, slots=True)
class Loss:
    """What a meeting lost: these points, by whom and why; `proposed`: when all of its points were free instead."""

    displacement_id: str
    meeting_id: str
    lost_id: str
    point_ids: tuple[int, ...]
    reason: str
    proposed: Slot | None


def displace(
    conn: Connection, meeting: Meeting, found: Sequence[NamedBooking], reason: str, tree: UnitTree, policy: Policy,
    by: Subject, at: datetime,
) -> list[Loss]:
    """Frees what stands in the way.  `found` is unmasked.  Call `propose` once the points are the meeting's.

    Raises NotAllowed("displace.not_allowed") where the policy does not say so, Conflict("booking.overlap") for maintenance,
    Closed("displace.running") for a meeting that has opened, Invalid as `texts.paragraph` for the reason.
    """
    said = paragraph(reason, "reason", MOST_REASON)
    losers: dict[str, list[int]] = {}
    for booking in found:
        if booking.meeting_id is None:
            raise claims.overlap([booking])
        losers.setdefault(booking.meeting_id, []).append(booking.point_id)
    return [_take_from(conn, meeting, lost_id, ids, said, tree, policy, by, at) for lost_id, ids in sorted(losers.items())]


def may_take(conn: Connection, unit_id: str, found: Sequence[NamedBooking], tree: UnitTree) -> bool:
    """Whether a meeting of this unit might take the time of everything that stands in its way: never by maintenance, nor of
    points for which it has to ask.  `found` is unmasked."""
    policy, territories = policies.current(conn), requests.territorial(conn)
    if not policy.displaces or not found or unit_id not in tree or any(one.meeting_id is None for one in found):
        return False
    convenor = approval.acting(tree, unit_id, territories)
    owners = {point.unit_id for point in points_by_id(conn, {one.point_id for one in found}).values()}
    if any(owner not in tree or approval.route(tree, convenor.unit_id, owner, policy) for owner in owners):
        return False
    for meeting_id in {one.meeting_id for one in found if one.meeting_id}:
        lost = meeting_store.load(conn, meeting_id)
        lower = lost.unit.id in tree and policy.may_displace(convenor.level, approval.acting(tree, lost.unit.id, territories).level)
        if not lower or lost.state not in CHANGEABLE:
            return False
    return True


def _take_from(
    conn: Connection, meeting: Meeting, lost_id: str, point_ids: list[int], reason: str, tree: UnitTree, policy: Policy,
    by: Subject, at: datetime,
) -> Loss:
    lost = meeting_store.lock(conn, lost_id)
    territories = requests.territorial(conn)
    ours, theirs = (approval.acting(tree, one.unit.id, territories) for one in (meeting, lost))
    if not policy.may_displace(ours.level, theirs.level):
        raise NotAllowed("displace.not_allowed", unit=ours.name, other=theirs.name)
    if lost.state not in CHANGEABLE:
        raise Closed("displace.running", unit=theirs.name)
    claims.give_back(conn, lost_id, point_ids, at, requests.DISPLACED)
    agreed = [one for one in request_store.of_meeting(conn, lost_id, lock=True) if one.request.standing is Standing.AGREED]
    requests.shrink(conn, agreed, lost, point_ids, requests.DISPLACED, by, at)
    claims.seat(conn, lost, by, at)
    loss = Loss(new_id(at), meeting.meeting_id, lost_id, tuple(sorted(point_ids)), reason, None)
    conn.execute(store.displacement.insert().values(
        displacement_id=loss.displacement_id, meeting_id=meeting.meeting_id, lost_id=lost_id,
        point_ids=list(loss.point_ids), reason=reason, made_at=at, made_by=by.user_id))
    for own, role in ((meeting.meeting_id, "taken"), (lost_id, "lost")):
        ledger_store.append(conn, own, "booking.displaced", at, by, data={
            "points": list(loss.point_ids), "role": role, "reason": reason, "unit": ours.name, "other": theirs.name})
    return loss


def propose(conn: Connection, losses: Sequence[Loss], at: datetime) -> None:
    """The next time in which every point of a meeting that lost some is free, and the notices to all concerned."""
    for loss in losses:
        lost = meeting_store.lock(conn, loss.lost_id)
        slot = _next_free(conn, lost, loss, at)
        mine = store.displacement.c.displacement_id == loss.displacement_id
        if slot is not None:
            conn.execute(store.displacement.update().where(mine).values(proposed_start=slot.start, proposed_end=slot.end))
        proposed: dict[str, Any] = {"proposed_start": slot.start, "proposed_end": slot.end} if slot else {}
        units = {point.unit_id for point in points_by_id(conn, loss.point_ids).values()}
        if lost.state is State.DRAFT:  # whose yes was not asked has not heard of it
            units &= {stored.request.owner for stored in request_store.of_meeting(conn, lost.meeting_id)}
        whom: list[To] = [{"user": lost.secretary.user_id}, {"user": lost.chair.user_id}, *({"unit": unit} for unit in sorted(units))]
        for to in whom:
            tell(conn, "booking.displaced", loss.lost_id, to, at, key=loss.displacement_id, reason=loss.reason,
                 unit=meeting_store.load(conn, loss.meeting_id).unit.name, count=len(loss.point_ids), **proposed)


def _next_free(conn: Connection, lost: Meeting, loss: Loss, at: datetime) -> Slot | None:
    """By the rules of the search: hours of the points and the media server count, and what waits for a yes must be free too."""
    mine = live_points(conn, lost.meeting_id)
    wanted = sorted({*mine, *loss.point_ids})
    first = max(civil_day(lost.start), civil_day(at))
    windows = freetime.windows(first, DAYS_AHEAD, OPENS, CLOSES, CIVIL, working_days(conn), at)
    if not windows:
        return None
    full = capacity_store.full_slots(conn, Slot(windows[0].start, windows[-1].end), len(wanted), lost.meeting_id)
    asked = Ask(wanted, lost.end - lost.start, windows, full=full, except_meeting=lost.meeting_id, most=1)
    return freetime.find(conn, asked, Subject()).next


def losses(conn: Connection, lost_id: str) -> list[Loss]:
    """What the meeting lost and has not answered yet, the earliest first."""
    d = store.displacement.c
    mine = select(store.displacement).where(d.lost_id == lost_id, d.answered_at.is_(None)).order_by(d.displacement_id)
    return [_loss(row) for row in conn.execute(mine)]


def answer(conn: Connection, displacement_id: str, at: datetime) -> Loss:
    """Marks it as answered: another time was taken, or the meeting goes on without.  Raises NotFound, Closed("displace.answered")."""
    d = store.displacement.c
    row = conn.execute(select(store.displacement).where(d.displacement_id == displacement_id).with_for_update()).first()
    if row is None:
        raise NotFound("not_found")
    if row.answered_at is not None:
        raise Closed("displace.answered", at=stamp(row.answered_at))
    conn.execute(store.displacement.update().where(d.displacement_id == displacement_id).values(answered_at=at))
    return _loss(row)


def _loss(row: Row[Any]) -> Loss:
    proposed = Slot(row.proposed_start, row.proposed_end) if row.proposed_start else None
    return Loss(row.displacement_id, row.meeting_id, row.lost_id, tuple(row.point_ids), row.reason, proposed)
