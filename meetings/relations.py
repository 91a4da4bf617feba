"""How a subject stands to a resource: the words in which the rules of `access` are written.  Pure.

Never says what may be done.  Called by `access` and `access_room`.
"""

from __future__ import annotations

from meetings.actions import Role
from meetings.subjects import Resource, Subject

STAFF = frozenset({Role.SECRETARY, Role.DIVISION_HEAD, Role.CHAIR, Role.CLERK})
POINT_STAFF = frozenset({Role.OFFICER, Role.TECHNICIAN})
WORKERS = STAFF | POINT_STAFF


def holds(subject: Subject, roles: frozenset[Role]) -> bool:
    return subject.user_id is not None and not roles.isdisjoint(subject.roles)


def covers(subject: Subject, resource: Resource) -> bool:
    """The resource belongs to the subject's unit or to one below it (or to no unit in particular).

    An account whose own unit has ended covers nothing; a person whose unit has ended is covered by nobody.
    """
    own = subject.unit_path
    if not resource.unit_path:
        return bool(own) and resource.kind != "user"
    return bool(own) and resource.unit_path[: len(own)] == own


def tends(subject: Subject, resource: Resource) -> bool:
    """A technician of the resource's unit or of one above it."""
    return holds(subject, frozenset({Role.TECHNICIAN})) and bool(resource.unit_path) and covers(subject, resource)


def same_unit(subject: Subject, resource: Resource) -> bool:
    return bool(subject.unit_path) and subject.unit_path == resource.unit_path


def party(subject: Subject, resource: Resource, *posts: str) -> bool:
    """The subject holds one of these posts in the meeting.  An account whose roles were all withdrawn holds none."""
    if subject.user_id is None or not subject.roles:
        return False
    wanted = posts or tuple(resource.signers)
    return any(resource.signers.get(post) == subject.user_id for post in wanted)


def own_staff(subject: Subject, resource: Resource, *roles: Role) -> bool:
    return same_unit(subject, resource) and holds(subject, frozenset(roles))


def attends(subject: Subject, resource: Resource) -> bool:
    """The subject works in a unit with a booked point, and the meeting is no longer a draft."""
    return holds(subject, WORKERS) and subject.unit_id in resource.attending_units and resource.state != "draft"


def leads(subject: Subject, resource: Resource) -> bool:
    """The subject is named as a leader, and the meeting is no longer a draft."""
    return bool(subject.roles) and subject.user_id in resource.leaders and resource.state != "draft"


def seated(subject: Subject, resource: Resource) -> bool:
    return subject.seat is not None and subject.seat.meeting_id == resource.meeting_id


def delegated(subject: Subject, resource: Resource) -> bool:
    return subject.delegate is not None and subject.delegate.meeting_id == resource.meeting_id


def personal(subject: Subject, resource: Resource) -> bool:
    return subject.person is not None and subject.person.meeting_id == resource.meeting_id
