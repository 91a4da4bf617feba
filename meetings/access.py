"""Who may do what: one pure function, deny by default.  Every route and every use case asks it; nobody else decides.

Answers only "may this person do this to this thing".  Whether it can be done *now* (a meeting that has ended, a vote
that is closed) is the use case's matter, so that the person gets the true reason; state counts here only where it
changes who may know of the thing at all (drafts are not shown to those who are to be invited).

Four kinds of people come: accounts (roles in a unit), seats (came by a point's join link), persons (somebody behind a
point, by a link of his own), delegates (came by a personal link to an issued record).  Administrators run the machine and the accounts; they read no meeting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from meetings import access_room as room
from meetings.access_room import book, link_keep, prepare, read
from meetings.actions import Action, Role
from meetings.errors import NotAllowed, NotFound
from meetings.relations import POINT_STAFF, STAFF, WORKERS, attends, covers, delegated, holds, own_staff, party, same_unit, tends
from meetings.subjects import ANONYMOUS, Decision, DelegateRef, PersonRef, Resource, SeatRef, Subject

__all__ = [
    "ANONYMOUS", "Action", "Decision", "DelegateRef", "PersonRef", "Resource", "Role", "SeatRef", "Subject", "decide", "require",
]


DENIED = Decision(False, "default")

# --- one rule an action, None = no --------------------------------------------------------------------------------


def _public(_subject: Subject, _resource: Resource) -> str | None:
    return "public"


def _signed_in(subject: Subject, _resource: Resource) -> str | None:
    return "signed in" if subject.user_id else None


def _concerned(subject: Subject, resource: Resource) -> str | None:
    """The list of what one's own unit is asked; one request, for whoever has a word in it."""
    if subject.unit_id is None or not holds(subject, WORKERS):
        return None
    if resource.kind == "page":
        return "own list"
    return "concerned" if resource.kind == "request" and subject.unit_id in resource.attending_units else None


def _ops(subject: Subject, resource: Resource) -> str | None:
    operator = holds(subject, frozenset({Role.ADMIN, Role.TECHNICIAN})) and covers(subject, resource)
    return "operator" if operator else None


def _admin(subject: Subject, resource: Resource) -> str | None:
    administrator = holds(subject, frozenset({Role.ADMIN})) and covers(subject, resource)
    return "administrator" if administrator else None


def _point_keep(subject: Subject, resource: Resource) -> str | None:
    """Whoever looks after the point, and secretaries and technicians of the units above."""
    if resource.unit_path and covers(subject, resource) and holds(subject, frozenset({Role.SECRETARY, Role.TECHNICIAN})):
        return "keeper"
    return "own officer" if own_staff(subject, resource, Role.OFFICER) else None


def _at_the_top(*roles: Role) -> Callable[[Subject, Resource], str | None]:
    """Rules of all levels, and what goes out to people of every unit: kept in the highest unit, by nobody below it."""
    def rule(subject: Subject, _resource: Resource) -> str | None:
        return "at the top" if len(subject.unit_path) == 1 and holds(subject, frozenset(roles)) else None
    return rule


def _create(subject: Subject, resource: Resource) -> str | None:
    """In the name of one's own unit only: a province does not convene in the name of its districts."""
    own = same_unit(subject, resource) or not resource.unit_path
    return "secretary" if own and holds(subject, frozenset({Role.SECRETARY})) else None


def _answers(subject: Subject, resource: Resource) -> str | None:
    """For the unit that is asked: its secretary, chair or, in a commune that has no others, its officer."""
    theirs = subject.unit_id in resource.attending_units and resource.kind == "request"
    return "asked" if theirs and holds(subject, frozenset({Role.SECRETARY, Role.CHAIR, Role.OFFICER})) else None


def _link_read(subject: Subject, resource: Resource) -> str | None:
    if reason := link_keep(subject, resource):
        return reason
    own_point = resource.kind == "link" and holds(subject, POINT_STAFF) and attends(subject, resource)
    return "own point" if own_point else None


def _readiness(subject: Subject, resource: Resource) -> str | None:
    """How the lines stand.  Of a whole meeting its parties, its own secretaries and the technicians above it; of one point
    (kind "point", its unit's path) also whoever looks after it; the page of the day whoever may have such points."""
    if resource.kind == "page":
        return "own points" if holds(subject, POINT_STAFF | {Role.SECRETARY}) and subject.unit_path else None
    if resource.kind == "point":
        return _point_keeper(subject, resource)
    if party(subject, resource):
        return "party"
    return link_keep(subject, resource)


def _point_keeper(subject: Subject, resource: Resource) -> str | None:
    if own_staff(subject, resource, Role.SECRETARY, Role.OFFICER, Role.TECHNICIAN):
        return "own point"
    return "technician" if tends(subject, resource) else None


def _minutes_read(subject: Subject, resource: Resource) -> str | None:
    if party(subject, resource):
        return "party"
    if own_staff(subject, resource, *STAFF):
        return "own staff"
    return _record(subject, resource)


def _packet_read(subject: Subject, resource: Resource) -> str | None:
    if party(subject, resource):
        return "party"
    if resource.issued and own_staff(subject, resource, *STAFF):
        return "own staff"
    return _record(subject, resource)


def _record(subject: Subject, resource: Resource) -> str | None:
    """The issued record, for those who took part.  A join link does not open it: links hang on walls."""
    if not resource.issued:
        return None
    if attends(subject, resource):
        return "attending"
    return "delegate" if delegated(subject, resource) else None


def _signer(subject: Subject, resource: Resource) -> str | None:
    return "party" if party(subject, resource, "division_head", "secretary", "chair") else None


def _clerk(subject: Subject, resource: Resource) -> str | None:
    if party(subject, resource, "clerk"):
        return "party"
    return "own clerk" if own_staff(subject, resource, Role.CLERK) else None


def _release(subject: Subject, resource: Resource) -> str | None:
    if party(subject, resource, "clerk", "secretary"):
        return "party"
    return "own staff" if own_staff(subject, resource, Role.CLERK, Role.SECRETARY) else None


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
    Action.MEETING_READ: read,
    Action.MEETING_CREATE: _create,
    Action.MEETING_EDIT: prepare,
    Action.MEETING_BOOK: book,
    Action.MEETING_CONDUCT: room.conduct,
    Action.REQUEST_READ: _concerned,
    Action.REQUEST_ANSWER: _answers,
    Action.POLICY_KEEP: _at_the_top(Role.ADMIN),
    Action.OUTBOX_KEEP: _at_the_top(Role.ADMIN, Role.TECHNICIAN),
    Action.MEETING_JOIN: room.join,
    Action.DELEGATE_REGISTER: room.delegates,
    Action.MOTION_VOTE: room.seat_or_person,
    Action.HAND_RAISE: room.seat_or_person,
    Action.DOCUMENT_READ: room.document,
    Action.DOCUMENT_ADD: prepare,
    Action.LINK_READ: _link_read,
    Action.LINK_REVOKE: link_keep,
    Action.READINESS_READ: _readiness,
    Action.LINETEST_OPEN: link_keep,
    Action.LINETEST_RUN: room.seat_only,
    Action.PERSON_SELF: room.person_only,
    Action.PERSON_CHECKIN: room.checks_in,
    Action.PERSON_LINK: room.links_people,
    Action.MOTION_PREPARE: prepare,
    Action.MOTION_WITNESS: room.any_post,
    Action.SLIP_ANSWER: room.person_only,
    Action.DOCUMENT_PRESENT: room.presents,
    Action.DOCUMENT_OFFER: room.seat_or_person,
    Action.PAPER_NOTE: room.document,
    Action.RECORDING_RUN: room.conduct,
    Action.RECORDING_READ: room.keeps_recordings,
    Action.RECORDING_DELETE: book,
    Action.CHAT_SAY: room.talks,
    Action.ROOM_WATCH: room.watches,
    Action.CAPTION_TYPE: prepare,
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
