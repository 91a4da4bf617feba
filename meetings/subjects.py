"""Who asks and what is asked for, as `access` sees them: values only.  Pure.

Never decides anything.  Made by routes (from a session, a point's link, a personal link) and by `permit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from meetings.actions import Role


@dataclass(frozen=True, slots=True)
class SeatRef:
    """A point's place in one meeting, proved by its join link."""

    meeting_id: str
    point_id: int
    code: str
    link_id: str


@dataclass(frozen=True, slots=True)
class PersonRef:
    """A person behind a point of one meeting, proved by a personal link; the point's page is not theirs."""

    meeting_id: str
    person_id: str
    point_id: int
    code: str
    name: str
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
    person: PersonRef | None = None


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
