"""What pages show of requests: who asks whom for which points, where it stands, what can be done.  Reads only.

Called by `routes/requests.py`, `routes/approvals.py` and the page of today, with an open connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, func, select

from meetings.access import Action, Role, Subject, decide
from meetings.meeting import Meeting
from meetings.store import meeting_store
from meetings.store.among import among
from meetings.units import UnitTree
from scheduler import approval, displacing, readings, request_store, requests, sent, store, unheard
from scheduler import points as point_store
from scheduler import service as booking
from scheduler.approval import Standing
from scheduler.booking import NamedBooking, Point
from scheduler.displacing import Loss
from scheduler.request_store import Stored
from scheduler.sent import Fate, Sent
from scheduler.slots import civil_day
from web import places
from web.i18n import _
from web.words import STANDINGS

ANSWERERS = frozenset({Role.SECRETARY, Role.CHAIR, Role.OFFICER})
CHIPS: Mapping[Standing, tuple[str, str]] = {
    Standing.ASKED: ("weak", "clock"), Standing.OFFERED: ("info", "circle-help"), Standing.AGREED: ("good", "circle-check"),
    Standing.DECLINED: ("bad", "ban"), Standing.LAPSED: ("bad", "circle-x"), Standing.WITHDRAWN: ("", "circle"),
}
"""Kind and icon; with the word beside them state is never colour alone."""


@dataclass(frozen=True, slots=True)
class Line:
    """One request as people read it.  `way`: (unit, done | now | "") for each whose yes it takes."""

    request_id: str
    version: int
    request: approval.Request
    meeting: Meeting
    convenor: str
    owner: str
    asked: str
    points: tuple[Point, ...]
    way: tuple[tuple[str, str], ...]
    offered: tuple[Point, ...] = ()
    """The points that are offered instead."""

    @property
    def chip(self) -> tuple[str, str, str]:
        return (*CHIPS[self.request.standing], _(STANDINGS[self.request.standing]))

    @property
    def offered_points(self) -> str:
        return ", ".join(f"{point.name} ({point.code})" for point in self.offered)

    @property
    def reason(self) -> str:
        """What was said, or why nobody had to say anything."""
        if self.request.reason == requests.OVERTAKEN:
            return _("Điểm cầu đã được xác nhận cho một cuộc họp khác vào giờ này.")
        return self.request.reason


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of the newest notice to the unit that is asked; `above`: who was told instead, where nobody there could be."""

    fate: Fate
    above: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """Points a meeting lost to a higher level, as people read it."""

    loss: Loss
    by: str
    points: tuple[Point, ...]


def mine(conn: Connection, subject: Subject, on: date) -> frozenset[str]:
    """The units in whose name this person answers: the own one and, for a body, the one it acts for."""
    tree = places.tree(conn, on)
    if subject.unit_id is None or subject.unit_id not in tree:
        return frozenset()
    return frozenset({subject.unit_id, approval.acting(tree, subject.unit_id, requests.territorial(conn)).unit_id})


def waiting(conn: Connection, subject: Subject, on: date) -> list[Line]:
    """What this person can answer now, the most urgent first."""
    if not ANSWERERS & subject.roles:
        return []
    units = mine(conn, subject, on)
    return lines(conn, request_store.asked_of(conn, units), on) if units else []


def settled(conn: Connection, subject: Subject, on: date) -> list[Line]:
    """What concerned this person's unit before."""
    units = mine(conn, subject, on)
    return lines(conn, request_store.answered_by(conn, units), on) if units else []


def lines(conn: Connection, stored: Sequence[Stored], on: date) -> list[Line]:
    """As people read them; names are those of the day `on`, or the last they had."""
    tree = places.tree(conn, on)
    points = point_store.points_by_id(conn, {point_id for one in stored for point_id in (*one.request.point_ids, *_offered(one.request))})
    meetings = meeting_store.many(conn, {one.request.meeting_id for one in stored})
    found = []
    for one in stored:
        request = one.request
        step = len(request.route) if request.standing is Standing.AGREED else request.step
        way = tuple((_name(tree, unit), "done" if place < step else "now" if place == step and request.is_open else "")
                    for place, unit in enumerate(request.route))
        found.append(Line(
            one.request_id, one.version, request, meetings[request.meeting_id], _name(tree, request.convenor),
            _name(tree, request.owner), _name(tree, request.asked),
            tuple(points[point_id] for point_id in request.point_ids), way,
            tuple(points[point_id] for point_id in _offered(request)),
        ))
    return found


def _offered(request: approval.Request) -> tuple[int, ...]:
    return request.offer.point_ids if request.offer else ()


def _name(tree: UnitTree, unit_id: str) -> str:
    return tree.get(unit_id).name if unit_id in tree else _("đơn vị đã kết thúc")


def of_meeting(conn: Connection, meeting_id: str, on: date) -> list[Line]:
    """Every request of the meeting: what waits first, then what was refused, then the rest."""
    order = [Standing.OFFERED, Standing.ASKED, Standing.DECLINED, Standing.LAPSED, Standing.AGREED, Standing.WITHDRAWN]
    found = lines(conn, request_store.of_meeting(conn, meeting_id), on)
    return sorted(found, key=lambda line: (order.index(line.request.standing), line.owner))


def heard(conn: Connection, meeting_id: str, shown: Sequence[Line]) -> dict[str, Heard]:
    """Of each request that waits for an answer, whether anybody who may give it was told: request → what is known."""
    tree = places.tree(conn, civil_day(shown[0].meeting.start)) if shown else None
    asked = {line.request_id: line.request.asked for line in shown if line.request.standing is Standing.ASKED}
    found: dict[str, Heard] = {}
    for payload, fate in sent.of_notices(conn, meeting_id, sorted(unheard.ASKING)) if asked else ():
        request_id, unit = payload["params"].get("request"), payload["to"].get("unit")
        known = found.get(request_id)
        if payload["what"] == unheard.UNHEARD:
            if known and unit and tree and fate.sent is Sent.SENT:
                found[request_id] = replace(known, above=_name(tree, unit))
        elif asked.get(request_id) == unit:
            found[request_id] = Heard(fate, known.above if known else "")
    return found


def beside(conn: Connection, line: Line, subject: Subject) -> list[NamedBooking]:
    """What else these points have in that time: confirmed, maintenance, and what waits for a yes as well."""
    ids, slot = [point.point_id for point in line.points], line.request.slot
    found = booking.bookings(conn, ids, slot, waiting=True)
    return readings.masked(conn, [one for one in found if one.meeting_id != line.meeting.meeting_id], subject)


def others(conn: Connection, line: Line) -> list[Point]:
    """Points of the same owner that could be offered instead; closed ones could not."""
    taken, end = {point.point_id for point in line.points}, line.request.slot.end
    return [point for point in point_store.points_of(conn, line.request.owner)
            if point.point_id not in taken and (point.closes is None or end <= point.closes)]


def losses(conn: Connection, meeting_id: str) -> list[Lost]:
    """What the meeting lost to higher levels and has not answered yet."""
    found = displacing.losses(conn, meeting_id)
    takers = meeting_store.many(conn, {loss.meeting_id for loss in found})
    points = point_store.points_by_id(conn, {point_id for loss in found for point_id in loss.point_ids})
    return [Lost(loss, takers[loss.meeting_id].unit.name, tuple(points[point_id] for point_id in loss.point_ids)) for loss in found]


def for_convenor(conn: Connection, subject: Subject, meetings: Sequence[Meeting], on: date) -> list[tuple[Meeting, int, int]]:
    """Meetings of which somebody has to decide: (meeting, offers to answer, losses to answer)."""
    mine = [meeting for meeting in meetings if decide(subject, Action.MEETING_BOOK, meeting.resource()).allowed]
    asked, taken, ids = store.approval.c, store.displacement.c, [meeting.meeting_id for meeting in mine]
    offers = _counts(conn, asked.meeting_id, ids, asked.standing == Standing.OFFERED.value)
    lost = _counts(conn, taken.lost_id, ids, taken.answered_at.is_(None))
    counted = [(meeting, offers.get(meeting.meeting_id, 0), lost.get(meeting.meeting_id, 0)) for meeting in mine]
    return [(meeting, offered, gone) for meeting, offered, gone in counted if offered or gone]


def _counts(conn: Connection, of: Column[Any], ids: Sequence[str], which: ColumnElement[bool]) -> dict[str, int]:
    """meeting → how many such rows it has; those that have none are left out."""
    rows = conn.execute(select(of, func.count()).where(among(of, ids), which).group_by(of))
    return {meeting_id: n for meeting_id, n in rows}
