"""Who may do what: one pure function, deny by default.  Every route and every use case asks it; nobody else decides.

Answers only "may this person do this to this thing".  Whether it can be done *now* (a meeting that has ended, a vote
that is closed) is the use case's matter, so that the person gets the true reason; state counts here only where it
changes who may know of the thing at all (drafts are not shown to those who are to be invited).

Three kinds of people come: accounts (roles in a unit), seats (came by a point's join link), delegates (came by a
personal link to an issued record).  Administrators run the machine and the accounts; they read no meeting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from meetings.actions import Action, Role
from meetings.errors import NotAllowed, NotFound

__all__ = [
    "ANONYMOUS", "Action", "Decision", "DelegateRef", "Resource", "Role", "SeatRef", "Subject", "decide", "require",
]


@dataclass(frozen=True, slots=True)
class SeatRef:
    """A point's place in one meeting, proved by its join link."""

    meeting_id: str
    point_id: int
    code: str
    link_id: str


@dataclass(frozen=True, slots=True)
class DelegateRef:
    """A delegate recorded as present, proved by a personal link."""

    meeting_id: str
    delegate_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks.  `unit_path` runs from the root unit to the subject's own unit."""

    user_id: str | None = None
    name: str = ""
    title: str = ""
    unit_id: str | None = None
    unit_path: tuple[str, ...] = ()
    roles: frozenset[Role] = frozenset()
    seat: SeatRef | None = None
    delegate: DelegateRef | None = None


ANONYMOUS = Subject()


@dataclass(frozen=True, slots=True)
class Resource:
    """What is asked for.

    kind: "meeting", "minutes", "packet", "document", "cards", "link", "user", "unit", …
    unit_path: root … owning unit; empty = no unit in particular (a list that shows only what the subject may see).
    state: the meeting's.  signers: role → user id of its chair, secretary, division_head and clerk.
    attending_units: units whose points are booked; for kind "link", the unit of that one point; for kind "request", the
    unit that is asked and the bodies that act for it.
    issued: the record has been issued.
    leaders: persons named beside the posts, who read a meeting once it is no draft.
    """

    kind: str
    unit_path: tuple[str, ...] = ()
    meeting_id: str | None = None
    state: str | None = None
    signers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    attending_units: frozenset[str] = frozenset()
    issued: bool = False
    leaders: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is a stable word for the audit, never shown to a stranger."""

    allowed: bool
    reason: str


DENIED = Decision(False, "default")

_STAFF = frozenset({Role.SECRETARY, Role.DIVISION_HEAD, Role.CHAIR, Role.CLERK})
_POINT_STAFF = frozenset({Role.OFFICER, Role.TECHNICIAN})
_WORKERS = _STAFF | _POINT_STAFF


# --- relations between a subject and a resource --------------------------------------------------------------------


def _holds(subject: Subject, roles: frozenset[Role]) -> bool:
    return subject.user_id is not None and not roles.isdisjoint(subject.roles)


def _covers(subject: Subject, resource: Resource) -> bool:
    """The resource belongs to the subject's unit or to one below it (or to no unit in particular).

    An account whose own unit has ended covers nothing; a person whose unit has ended is covered by nobody.
    """
    own = subject.unit_path
    if not resource.unit_path:
        return bool(own) and resource.kind != "user"
    return bool(own) and resource.unit_path[: len(own)] == own


def _same_unit(subject: Subject, resource: Resource) -> bool:
    return bool(subject.unit_path) and subject.unit_path == resource.unit_path


def _party(subject: Subject, resource: Resource, *posts: str) -> bool:
    """The subject holds one of these posts in the meeting.  An account whose roles were all withdrawn holds none."""
    if subject.user_id is None or not subject.roles:
        return False
    wanted = posts or tuple(resource.signers)
    return any(resource.signers.get(post) == subject.user_id for post in wanted)


def _own_staff(subject: Subject, resource: Resource, *roles: Role) -> bool:
    return _same_unit(subject, resource) and _holds(subject, frozenset(roles))


def _attends(subject: Subject, resource: Resource) -> bool:
    """The subject works in a unit with a booked point, and the meeting is no longer a draft."""
    return _holds(subject, _WORKERS) and subject.unit_id in resource.attending_units and resource.state != "draft"


def _leads(subject: Subject, resource: Resource) -> bool:
    """The subject is named as a leader, and the meeting is no longer a draft."""
    return bool(subject.roles) and subject.user_id in resource.leaders and resource.state != "draft"


def _seated(subject: Subject, resource: Resource) -> bool:
    return subject.seat is not None and subject.seat.meeting_id == resource.meeting_id


def _delegate(subject: Subject, resource: Resource) -> bool:
    return subject.delegate is not None and subject.delegate.meeting_id == resource.meeting_id


# --- one rule an action, None = no --------------------------------------------------------------------------------


def _public(_subject: Subject, _resource: Resource) -> str | None:
    return "public"


def _signed_in(subject: Subject, _resource: Resource) -> str | None:
    return "signed in" if subject.user_id else None


def _concerned(subject: Subject, resource: Resource) -> str | None:
    """The list of what one's own unit is asked; one request, for whoever has a word in it."""
    if subject.unit_id is None or not _holds(subject, _WORKERS):
        return None
    if resource.kind == "page":
        return "own list"
    return "concerned" if resource.kind == "request" and subject.unit_id in resource.attending_units else None


def _ops(subject: Subject, resource: Resource) -> str | None:
    operator = _holds(subject, frozenset({Role.ADMIN, Role.TECHNICIAN})) and _covers(subject, resource)
    return "operator" if operator else None


def _admin(subject: Subject, resource: Resource) -> str | None:
    administrator = _holds(subject, frozenset({Role.ADMIN})) and _covers(subject, resource)
    return "administrator" if administrator else None


def _point_keep(subject: Subject, resource: Resource) -> str | None:
    """Whoever looks after the point, and secretaries and technicians of the units above."""
    if resource.unit_path and _covers(subject, resource) and _holds(subject, frozenset({Role.SECRETARY, Role.TECHNICIAN})):
        return "keeper"
    return "own officer" if _own_staff(subject, resource, Role.OFFICER) else None


def _at_the_top(*roles: Role) -> Callable[[Subject, Resource], str | None]:
    """Rules of all levels, and what goes out to people of every unit: kept in the highest unit, by nobody below it."""
    def rule(subject: Subject, _resource: Resource) -> str | None:
        return "at the top" if len(subject.unit_path) == 1 and _holds(subject, frozenset(roles)) else None
    return rule


def _create(subject: Subject, resource: Resource) -> str | None:
    """In the name of one's own unit only: a province does not convene in the name of its districts."""
    own = _same_unit(subject, resource) or not resource.unit_path
    return "secretary" if own and _holds(subject, frozenset({Role.SECRETARY})) else None


def _prepare(subject: Subject, resource: Resource) -> str | None:
    if _party(subject, resource, "secretary", "division_head", "chair"):
        return "party"
    return "own secretary" if _own_staff(subject, resource, Role.SECRETARY) else None


def _book(subject: Subject, resource: Resource) -> str | None:
    if _party(subject, resource, "secretary"):
        return "party"
    return "own secretary" if _own_staff(subject, resource, Role.SECRETARY) else None


def _answers(subject: Subject, resource: Resource) -> str | None:
    """For the unit that is asked: its secretary, chair or, in a commune that has no others, its officer."""
    theirs = subject.unit_id in resource.attending_units and resource.kind == "request"
    return "asked" if theirs and _holds(subject, frozenset({Role.SECRETARY, Role.CHAIR, Role.OFFICER})) else None


def _conduct(subject: Subject, resource: Resource) -> str | None:
    return "party" if _party(subject, resource, "chair", "secretary") else None


def _read(subject: Subject, resource: Resource) -> str | None:
    if _party(subject, resource):
        return "party"
    if _own_staff(subject, resource, *_STAFF):
        return "own staff"
    if _leads(subject, resource):
        return "leader"
    if _holds(subject, frozenset({Role.TECHNICIAN})) and resource.unit_path and _covers(subject, resource):
        return "technician"
    if _attends(subject, resource):
        return "attending"
    return "seat" if _seated(subject, resource) else None


def _join(subject: Subject, resource: Resource) -> str | None:
    if _party(subject, resource):
        return "party"
    return "seat" if _seated(subject, resource) else None


def _delegates(subject: Subject, resource: Resource) -> str | None:
    """Who names delegates: the meeting's secretary for all points; the secretary and the officer of a point's unit for it."""
    if reason := _book(subject, resource):
        return reason
    if _attends(subject, resource) and _holds(subject, frozenset({Role.SECRETARY, Role.OFFICER})):
        return "own point"
    return "seat" if _seated(subject, resource) else None


def _seat_only(subject: Subject, resource: Resource) -> str | None:
    return "seat" if _seated(subject, resource) else None


def _document(subject: Subject, resource: Resource) -> str | None:
    reason = _read(subject, resource)
    return None if reason == "technician" else reason  # running the line needs no papers


def _link_read(subject: Subject, resource: Resource) -> str | None:
    if reason := _link_keep(subject, resource):
        return reason
    own_point = resource.kind == "link" and _holds(subject, _POINT_STAFF) and _attends(subject, resource)
    return "own point" if own_point else None


def _link_keep(subject: Subject, resource: Resource) -> str | None:
    if reason := _book(subject, resource):
        return reason
    technician = _holds(subject, frozenset({Role.TECHNICIAN})) and resource.unit_path and _covers(subject, resource)
    return "technician" if technician else None


def _readiness(subject: Subject, resource: Resource) -> str | None:
    """How the lines stand.  Of a whole meeting its parties, its own secretaries and the technicians above it; of one point
    (kind "point", its unit's path) also whoever looks after it; the page of the day whoever may have such points."""
    if resource.kind == "page":
        return "own points" if _holds(subject, _POINT_STAFF | {Role.SECRETARY}) and subject.unit_path else None
    if resource.kind == "point":
        return _point_keeper(subject, resource)
    if _party(subject, resource):
        return "party"
    return _link_keep(subject, resource)


def _point_keeper(subject: Subject, resource: Resource) -> str | None:
    if _own_staff(subject, resource, Role.SECRETARY, Role.OFFICER, Role.TECHNICIAN):
        return "own point"
    technician = _holds(subject, frozenset({Role.TECHNICIAN})) and resource.unit_path and _covers(subject, resource)
    return "technician" if technician else None


def _minutes_read(subject: Subject, resource: Resource) -> str | None:
    if _party(subject, resource):
        return "party"
    if _own_staff(subject, resource, *_STAFF):
        return "own staff"
    return _record(subject, resource)


def _packet_read(subject: Subject, resource: Resource) -> str | None:
    if _party(subject, resource):
        return "party"
    if resource.issued and _own_staff(subject, resource, *_STAFF):
        return "own staff"
    return _record(subject, resource)


def _record(subject: Subject, resource: Resource) -> str | None:
    """The issued record, for those who took part.  A join link does not open it: links hang on walls."""
    if not resource.issued:
        return None
    if _attends(subject, resource):
        return "attending"
    return "delegate" if _delegate(subject, resource) else None


def _signer(subject: Subject, resource: Resource) -> str | None:
    return "party" if _party(subject, resource, "division_head", "secretary", "chair") else None


def _clerk(subject: Subject, resource: Resource) -> str | None:
    if _party(subject, resource, "clerk"):
        return "party"
    return "own clerk" if _own_staff(subject, resource, Role.CLERK) else None


def _release(subject: Subject, resource: Resource) -> str | None:
    if _party(subject, resource, "clerk", "secretary"):
        return "party"
    return "own staff" if _own_staff(subject, resource, Role.CLERK, Role.SECRETARY) else None


_RULES: Mapping[Action, Callable[[Subject, Resource], str | None]] = MappingProxyType({
    Action.PUBLIC: _public,
    Action.SELF: _signed_in,
    Action.ACCOUNT: _signed_in,
    Action.OPS: _ops,
    Action.USER_MANAGE: _admin,
    Action.UNIT_READ: _signed_in,
    Action.POINT_READ: _signed_in,
    Action.POINT_EDIT: _point_keep,
    Action.POINT_BLOCK: _point_keep,
    Action.MEETING_READ: _read,
    Action.MEETING_CREATE: _create,
    Action.MEETING_EDIT: _prepare,
    Action.MEETING_BOOK: _book,
    Action.MEETING_CONDUCT: _conduct,
    Action.REQUEST_READ: _concerned,
    Action.REQUEST_ANSWER: _answers,
    Action.POLICY_KEEP: _at_the_top(Role.ADMIN),
    Action.OUTBOX_KEEP: _at_the_top(Role.ADMIN, Role.TECHNICIAN),
    Action.MEETING_JOIN: _join,
    Action.DELEGATE_REGISTER: _delegates,
    Action.MOTION_VOTE: _seat_only,
    Action.HAND_RAISE: _seat_only,
    Action.DOCUMENT_READ: _document,
    Action.DOCUMENT_ADD: _prepare,
    Action.LINK_READ: _link_read,
    Action.LINK_REVOKE: _link_keep,
    Action.READINESS_READ: _readiness,
    Action.LINETEST_OPEN: _link_keep,
    Action.LINETEST_RUN: _seat_only,
    Action.MINUTES_READ: _minutes_read,
    Action.MINUTES_EDIT: _signer,
    Action.MINUTES_NUMBER: _clerk,
    Action.MINUTES_SIGN: _signer,
    Action.MINUTES_SEAL: _clerk,
    Action.MINUTES_ISSUE: _clerk,
    Action.PACKET_READ: _packet_read,
    Action.RELEASE_GRANT: _release,
})


def decide(subject: Subject, action: Action, resource: Resource) -> Decision:
    """May `subject` do `action` to `resource`?  Whatever no rule allows is denied."""
    rule = _RULES.get(action)
    reason = rule(subject, resource) if rule else None
    return Decision(True, reason) if reason else DENIED


def require(subject: Subject, action: Action, resource: Resource) -> None:
    """Return if allowed.  Raises NotAllowed for those who may at least read the thing, else NotFound: a stranger
    learns nothing, not even that it exists."""
    if decide(subject, action, resource).allowed:
        return
    reading = (Action.MEETING_READ, Action.MINUTES_READ)
    if resource.meeting_id and any(decide(subject, known, resource).allowed for known in reading):
        raise NotAllowed("not_allowed", action=action.value)
    raise NotFound("not_found")
