"""A meeting: its states, the only moves between them, and the values it is made of.  Pure.

DRAFT → CONVENED → OPEN ⇄ SUSPENDED → CONCLUDED, or CANCELLED before it opened.  A concluded meeting never reopens:
what follows is written in its minutes.  Called by the use cases; the database repeats the moves (trigger
meeting_state_move).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from meetings.access import Resource
from meetings.errors import Closed, Conflict, Invalid


class State(StrEnum):
    """Where a meeting stands."""

    DRAFT = "draft"
    CONVENED = "convened"
    OPEN = "open"
    SUSPENDED = "suspended"
    CONCLUDED = "concluded"
    CANCELLED = "cancelled"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.CONVENED, State.CANCELLED}),
    State.CONVENED: frozenset({State.OPEN, State.CANCELLED}),
    State.OPEN: frozenset({State.SUSPENDED, State.CONCLUDED}),
    State.SUSPENDED: frozenset({State.OPEN, State.CONCLUDED}),
    State.CONCLUDED: frozenset(),
    State.CANCELLED: frozenset(),
}

ROOM_OPEN = frozenset({State.CONVENED, State.OPEN, State.SUSPENDED})
"""The media room exists: points come 5–15 minutes early, so from convening on."""

CHANGEABLE = frozenset({State.DRAFT, State.CONVENED})
"""Not opened yet: its time, its points and its people may still be others."""

MAX_AGENDA = 500
MAX_MINUTES = 24 * 60
MAX_LEADERS = 20
MAX_LENGTH = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody named in the record.  The name and title of that day stay in it when the account changes."""

    user_id: str
    name: str
    title: str

    def as_data(self) -> dict[str, Any]:
        return {"id": self.user_id, "name": self.name, "title": self.title}


@dataclass(frozen=True, slots=True)
class UnitRef:
    """The unit that holds the meeting.  `issuer` is the name printed above the number, where it differs."""

    id: str
    name: str
    parent_name: str | None
    path: tuple[str, ...]
    issuer: str | None = None

    def as_data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"id": self.id, "name": self.name, "parent_name": self.parent_name,
                                "path": list(self.path)}
        return {**data, "issuer": self.issuer} if self.issuer else data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> UnitRef:
        return cls(data["id"], data["name"], data["parent_name"], tuple(data["path"]), data.get("issuer"))


@dataclass(frozen=True, slots=True)
class PointRef:
    """A bookable point as the record knows it.  `unit` and `level` are ids."""

    point_id: int
    code: str
    name: str
    unit: str
    level: str

    def as_data(self) -> dict[str, Any]:
        """What stands in the `point` field of an event."""
        return {"id": self.point_id, "code": self.code, "name": self.name}


@dataclass(frozen=True, slots=True)
class AgendaLine:
    """One line of the programme before it has a number."""

    title: str
    presenter: str = ""
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class NewMeeting:
    """What is needed to draft a meeting.  Times are aware; `main_point_id` is the chair's point."""

    title: str
    unit: UnitRef
    start: datetime
    end: datetime
    chair: Person
    secretary: Person
    division_head: Person
    clerk: Person
    main_point_id: int | None = None
    agenda: tuple[AgendaLine, ...] | list[AgendaLine] = ()
    kind: str = "conference"
    place: str = ""
    leaders: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting as it stands now."""

    meeting_id: str
    title: str
    kind: str
    place: str
    state: State
    start: datetime
    end: datetime
    unit: UnitRef
    chair: Person
    secretary: Person
    division_head: Person
    clerk: Person
    main_point_id: int | None
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    leaders: tuple[Person, ...] = ()
    """Persons named beside the posts: they are invited and read, and sign nothing."""

    @property
    def signers(self) -> dict[str, str]:
        """role → user id, as `access` wants it."""
        return {
            "chair": self.chair.user_id, "secretary": self.secretary.user_id,
            "division_head": self.division_head.user_id, "clerk": self.clerk.user_id,
        }

    def resource(
        self, kind: str = "meeting", attending: frozenset[str] = frozenset(), issued: bool = False,
    ) -> Resource:
        """This meeting as the thing an action is asked for."""
        return Resource(kind, self.unit.path, self.meeting_id, self.state.value, self.signers, attending, issued,
                        frozenset(person.user_id for person in self.leaders))

    def check_move(self, to: State) -> None:
        """Raises Closed for an ended meeting, Conflict("meeting.state") for a move that is not in TRANSITIONS."""
        self.check_alive()
        if to not in TRANSITIONS[self.state]:
            raise Conflict("meeting.state", state=self.state.value, wanted=to.value, title=self.title)

    def check_alive(self) -> None:
        """Raises Closed("meeting.concluded" | "meeting.cancelled")."""
        if not TRANSITIONS[self.state]:
            raise Closed(f"meeting.{self.state.value}", title=self.title)

    def check_state(self, *states: State) -> None:
        """Raises Closed for an ended meeting, Conflict("meeting.state") unless it is in one of `states`."""
        if self.state in states:
            return
        self.check_alive()
        raise Conflict("meeting.state", state=self.state.value, wanted=states[0].value, title=self.title)


def check_signers(chair: Person, secretary: Person, division_head: Person) -> None:
    """The three who sign the minutes are three people, else a signature would watch over itself.

    Raises Invalid("meeting.same_person", name).
    """
    taken = {chair.user_id}
    for field, person in (("secretary", secretary), ("division_head", division_head)):
        if person.user_id in taken:
            raise Invalid("meeting.same_person", field=field, name=person.name)
        taken.add(person.user_id)


def check_leaders(leaders: Sequence[Person]) -> None:
    """Raises Invalid("meeting.leaders", most, count) for too many, Invalid("meeting.leader_twice", name)."""
    if len(leaders) > MAX_LEADERS:
        raise Invalid("meeting.leaders", field="leader", most=MAX_LEADERS, count=len(leaders))
    seen: set[str] = set()
    for person in leaders:
        if person.user_id in seen:
            raise Invalid("meeting.leader_twice", field="leader", name=person.name)
        seen.add(person.user_id)


def check_times(start: datetime, end: datetime) -> None:
    """Raises Invalid("meeting.no_zone" | "meeting.end_before_start")."""
    for field, value in (("start", start), ("end", end)):
        if value.tzinfo is None:
            raise Invalid("meeting.no_zone", field=field)
    if end <= start:
        raise Invalid("meeting.end_before_start", field="end")


def check_length(start: datetime, end: datetime) -> None:
    """Raises like `check_times`, and Invalid("meeting.too_long") for what is a slip of the year and no meeting."""
    check_times(start, end)
    if end - start > MAX_LENGTH:
        raise Invalid("meeting.too_long", field="end", days=MAX_LENGTH.days)
