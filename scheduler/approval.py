"""Whose yes the booking of a point needs, and what happens until it is given.  Pure.

A secretary books the own subtree directly, unless the policy of a level wants a word even there.  Any other point is asked for
from the top: every unit on the way down from where the two trees meet says yes in turn, the owner of the point last.  Each
has until a deadline; then the unit above it is asked in its place, and at the top the request lapses.  Where little time is
left it is shared, so that whoever is above is still asked before the meeting.  Nobody's silence is a yes, and nobody answers
its own request.  Time is an argument; nothing is stored or sent here.
Called by `requests`, which makes the rows agree.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from meetings.errors import Closed, Invalid, NotAllowed
from meetings.meeting import check_length
from meetings.texts import paragraph
from meetings.units import Unit, UnitTree
from scheduler.slots import CIVIL, Slot, civil_day

MOST_REASON = 1000  # characters


class Standing(StrEnum):
    """Where a request stands.  All but ASKED and OFFERED are ends."""

    ASKED = "asked"          # some unit has to answer
    OFFERED = "offered"      # a unit answered with another point or time; the convenor has to
    AGREED = "agreed"
    DECLINED = "declined"
    LAPSED = "lapsed"        # nobody answered, up to the top
    WITHDRAWN = "withdrawn"  # the convenor no longer wants it


OPEN = frozenset({Standing.ASKED, Standing.OFFERED})


@dataclass(frozen=True, slots=True)
class Policy:
    """What the levels have agreed on, as data.

    `confirms`: levels whose units are asked even by their own superiors.  `displaces`: (level, level) of who may take the
    place of whose confirmed booking.  `answer_within` and `remind_before`, by level of the unit asked, "" for all others; only
    the hours of days that `works` count.  Raises ValueError where "" is missing.
    """

    confirms: frozenset[str] = frozenset()
    displaces: frozenset[tuple[str, str]] = frozenset()
    answer_within: Mapping[str, timedelta] = field(default_factory=lambda: {"": timedelta(hours=24)})
    remind_before: Mapping[str, timedelta] = field(default_factory=lambda: {"": timedelta(hours=4)})
    works: Callable[[date], bool] = field(default=lambda _day: True, compare=False)

    def __post_init__(self) -> None:
        if "" not in self.answer_within or "" not in self.remind_before:
            raise ValueError("a policy says something of all levels")

    def may_displace(self, higher: str, lower: str) -> bool:
        """Whether a unit of level `higher` may take the time of one of level `lower`.  No level displaces itself."""
        return higher != lower and (higher, lower) in self.displaces

    def deadline(self, level: str, asked_at: datetime, start: datetime, last: bool = True) -> datetime:
        """Until when a unit of this level answers: never later than the meeting begins.

        Unless it is the `last` that may be asked, half of the time until then is kept for those above it.
        """
        reached = min(self._worked(self.answer_within.get(level, self.answer_within[""]), asked_at, start), start)
        return reached if last else min(reached, self._half(asked_at, start))

    def _worked(self, left: timedelta, reached: datetime, start: datetime) -> datetime:
        """When so much of days that are worked has passed; anything after `start` where it has not by then."""
        while left > timedelta(0) and reached < start:
            day = civil_day(reached)
            midnight = datetime.combine(day + timedelta(days=1), time(), CIVIL)
            step = min(left, midnight - reached) if self.works(day) else timedelta(0)
            left -= step
            reached = reached + step if left <= timedelta(0) else midnight.astimezone(reached.tzinfo)
        return reached

    def _half(self, asked_at: datetime, start: datetime) -> datetime:
        """The middle of what is left; where nobody works then, the next day on which somebody does and that comes in time."""
        middle = asked_at + (start - asked_at) / 2
        day = civil_day(middle)
        while not self.works(day) and day < civil_day(start):
            day += timedelta(days=1)
        begins = datetime.combine(day, time(), CIVIL).astimezone(middle.tzinfo)
        return begins if middle < begins < start and self.works(day) else middle

    def reminder(self, level: str, asked_at: datetime, deadline: datetime) -> datetime:
        """When a unit that has not answered is reminded: never before half of its time has passed."""
        return max(deadline - self.remind_before.get(level, self.remind_before[""]), asked_at + (deadline - asked_at) / 2)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a unit can do instead: other points of its own (each once), another time, or both."""

    point_ids: tuple[int, ...] = ()
    slot: Slot | None = None

    def __post_init__(self) -> None:
        """Raises Invalid("offer.empty"), and as `meeting.check_length` for a time that no meeting can have."""
        if not self.point_ids and self.slot is None:
            raise Invalid("offer.empty", field="offer")
        if self.slot is not None:
            check_length(self.slot.start, self.slot.end)
        object.__setattr__(self, "point_ids", tuple(dict.fromkeys(self.point_ids)))


@dataclass(frozen=True, slots=True)
class Request:
    """One owner's points for one meeting.  `route`: who says yes, in order; `step`: whose turn it is.

    `asked` is the unit that answers now: that of the step, or after an escalation one above it.  `round` counts from 1, one
    more with every change of time.
    """

    meeting_id: str
    convenor: str
    owner: str
    point_ids: tuple[int, ...]
    slot: Slot
    route: tuple[str, ...]
    asked: str
    asked_at: datetime
    deadline: datetime
    remind_at: datetime | None
    step: int = 0
    standing: Standing = Standing.ASKED
    round: int = 1
    reason: str = ""
    offer: Offer | None = None

    @property
    def is_open(self) -> bool:
        return self.standing in OPEN

    @property
    def next_at(self) -> datetime | None:
        """When time alone changes something: a reminder, the deadline, the meeting's beginning; None where it never does."""
        if self.standing is Standing.OFFERED:
            return self.slot.start
        if self.standing is not Standing.ASKED:
            return None
        return self.deadline if self.remind_at is None else min(self.remind_at, self.deadline)


def acting(tree: UnitTree, unit_id: str, territorial: Container[str]) -> Unit:
    """Who convenes: a body (of a level without territory) acts for the unit it belongs to.  Raises NotFound("unit.unknown")."""
    unit = tree.get(unit_id)
    return unit if unit.level in territorial or unit.parent_id is None else tree.get(unit.parent_id)


def route(tree: UnitTree, convenor: str, owner: str, policy: Policy) -> tuple[str, ...]:
    """Whose yes it takes, from the top down; empty: nobody's.  `convenor` is who acts.  Raises NotFound("unit.unknown")."""
    down, ours = tree.path(owner), frozenset(tree.path(convenor))
    if convenor in down:
        return (owner,) if owner != convenor and tree.get(owner).level in policy.confirms else ()
    below = tuple(unit for unit in down if unit not in ours)
    return below or (owner,)  # a superior's own point: the superior is asked


def after(tree: UnitTree, unit: str, convenor: str) -> str | None:
    """Who is asked when this unit has not answered: the nearest above it that may; nobody answers its own request."""
    above = tree.path(unit)[-2::-1] if unit in tree else ()
    return next((one for one in above if one != convenor), None)


def ask(
    meeting_id: str, convenor: str, owner: str, point_ids: tuple[int, ...], slot: Slot, tree: UnitTree, policy: Policy, at: datetime,
) -> Request:
    """A request to the first whose yes it takes.  `tree` is that of the meeting's day.

    Raises Invalid("request.nobody" | "request.past"), NotFound("unit.unknown").
    """
    way = route(tree, convenor, owner, policy)
    if not way or not point_ids:
        raise Invalid("request.nobody", field="audience")
    _check_coming(slot, at)
    request = Request(meeting_id, convenor, owner, point_ids, slot, way, way[0], at, at, None)
    return _turn(request, way[0], tree, policy, at)


def agree(request: Request, unit: str, tree: UnitTree, policy: Policy, at: datetime) -> Request:
    """`unit` says yes: the next of the route is asked, or all have agreed.  Raises as `decline`, but for the reason."""
    _check(request, unit, tree, at)
    return _forward(request, tree, policy, at)


def _forward(request: Request, tree: UnitTree, policy: Policy, at: datetime) -> Request:
    if request.step + 1 == len(request.route):
        return replace(request, standing=Standing.AGREED, remind_at=None, reason="")
    return _turn(replace(request, step=request.step + 1), request.route[request.step + 1], tree, policy, at)


def decline(request: Request, unit: str, reason: str, tree: UnitTree, at: datetime) -> Request:
    """`unit` says no, for the whole request.

    Raises Closed("request.closed"), NotAllowed("request.turn") for a unit that is not asked, Closed("request.late") after
    the deadline, NotFound("unit.unknown") where `tree` has no such unit, Invalid as `texts.paragraph` for the reason.
    """
    _check(request, unit, tree, at)
    return replace(request, standing=Standing.DECLINED, remind_at=None, reason=paragraph(reason, "reason", MOST_REASON))


def counter(request: Request, unit: str, offer: Offer, reason: str, tree: UnitTree, at: datetime) -> Request:
    """`unit` offers something else; the convenor decides.  Raises as `decline`; Invalid("offer.past" | "offer.same")."""
    _check(request, unit, tree, at)
    if offer.slot is not None and offer.slot.start <= at:
        raise Invalid("offer.past", field="start", start=offer.slot.start)
    if offer.slot in (None, request.slot) and (not offer.point_ids or set(offer.point_ids) == set(request.point_ids)):
        raise Invalid("offer.same", field="offer")
    said = paragraph(reason, "reason", MOST_REASON, empty=True)
    return replace(request, standing=Standing.OFFERED, remind_at=None, offer=offer, reason=said)


def accept(request: Request, tree: UnitTree, policy: Policy, at: datetime) -> Request:
    """The convenor takes the offer.  At the same time the one who made it has agreed; another time asks everybody again.

    `tree` is that of the offered day.  Raises Closed("request.closed"), Invalid("request.past"), NotFound("unit.unknown").
    """
    offer = _offered(request)
    taken = replace(request, standing=Standing.ASKED, point_ids=offer.point_ids or request.point_ids, offer=None)
    if offer.slot is not None and offer.slot != request.slot:
        return reopen(taken, offer.slot, tree, policy, at)
    _check_coming(request.slot, at)
    return _forward(taken, tree, policy, at)


def insist(request: Request, tree: UnitTree, policy: Policy, at: datetime) -> Request:
    """The convenor does not take the offer and asks who made it once more.  Raises as `accept`."""
    _offered(request)
    _check_coming(request.slot, at)
    again = replace(request, standing=Standing.ASKED, offer=None)
    return _turn(again, request.asked, tree, policy, at)


def withdraw(request: Request) -> Request:
    """The convenor no longer wants it; whatever was agreed is given back.  An ended request stays as it ended."""
    if request.standing in OPEN or request.standing is Standing.AGREED:
        return replace(request, standing=Standing.WITHDRAWN, remind_at=None)
    return request


def reopen(request: Request, slot: Slot, tree: UnitTree, policy: Policy, at: datetime) -> Request:
    """Another time: everybody whose yes it takes on that day is asked again, whatever they said before.  The same time changes nothing.

    `tree` is that of the new day.  Raises as `ask`.
    """
    if slot == request.slot or request.standing is Standing.WITHDRAWN:
        return request
    fresh = ask(request.meeting_id, request.convenor, request.owner, request.point_ids, slot, tree, policy, at)
    return replace(fresh, round=request.round + 1)


def passed(request: Request, tree: UnitTree, policy: Policy, at: datetime) -> tuple[Request, str]:
    """What time has done by `at`: the request, and "" | "remind" | "escalate" | "lapse"; once for each step of it."""
    if request.next_at is None or at < request.next_at:
        return request, ""
    if at < request.deadline and request.standing is Standing.ASKED:
        return replace(request, remind_at=None), "remind"
    above = after(tree, request.asked, request.convenor)
    if request.slot.start <= at or above is None:
        return replace(request, standing=Standing.LAPSED, remind_at=None), "lapse"
    return _turn(request, above, tree, policy, at), "escalate"


def _turn(request: Request, unit: str, tree: UnitTree, policy: Policy, at: datetime) -> Request:
    """`unit` is asked from now on."""
    level = tree.get(unit).level
    deadline = policy.deadline(level, at, request.slot.start, after(tree, unit, request.convenor) is None)
    return replace(request, asked=unit, asked_at=at, deadline=deadline, remind_at=policy.reminder(level, at, deadline))


def _check(request: Request, unit: str, tree: UnitTree, at: datetime) -> None:
    """Who is asked answers, or somebody above who acts for it; never the convenor, and nobody after the deadline."""
    if request.standing is not Standing.ASKED:
        raise Closed("request.closed", standing=request.standing)
    if unit == request.convenor or not tree.within(request.asked, unit):
        raise NotAllowed("request.turn", unit=request.asked)
    if at >= request.deadline:
        raise Closed("request.late", deadline=request.deadline)


def _check_coming(slot: Slot, at: datetime) -> None:
    if slot.start <= at:
        raise Invalid("request.past", field="start", start=slot.start)


def _offered(request: Request) -> Offer:
    if request.standing is not Standing.OFFERED or request.offer is None:
        raise Closed("request.closed", standing=request.standing)
    return request.offer
