"""What happened in a meeting, as values: all that minutes and invitation may say.

Pure.  It never words a sentence and never decides what to leave out.  reading.py makes these from ledger events;
draft.py and invitation.py turn them into documents.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time, aware UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """An officer named in the meeting."""

    user_id: str = ""
    name: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class IssuingUnit:
    """The body that convenes the meeting and issues its documents; `issuer` overrides the derived header lines."""

    unit_id: str = ""
    name: str = ""
    parent_name: str = ""
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class AgendaFact:
    """An agenda item and the stretches in which it ran; none when it was never reached."""

    item: int
    title: str
    presenter: str = ""
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class PointFact:
    """A booked point and when it was there between opening and closing."""

    point_id: int
    code: str
    name: str
    unit: str = ""
    level: str = ""
    spans: tuple[Span, ...] = ()
    late: bool = False
    early: bool = False

    @property
    def absent(self) -> bool:
        """Never there while the meeting was open."""
        return not self.spans


@dataclass(frozen=True, slots=True)
class FloorFact:
    """A point had the floor, without a break; `item` is the agenda item running when it was given.

    kind: contribution, order, question.  person: who spoke there, where the record knows it.
    """

    code: str
    name: str
    span: Span
    item: int | None = None
    kind: str = "contribution"
    person: str = ""


@dataclass(frozen=True, slots=True)
class Ballot:
    """One vote, of the point or, where `person` names one, of a person there."""

    code: str
    name: str
    choice: str
    person: str = ""
    voter: str = ""


@dataclass(frozen=True, slots=True)
class Elector:
    """Who might vote: a point, or a person (`name`) at it; there at the opening, and still (or at last) there at the closing."""

    voter: str
    code: str
    name: str
    weight: int
    present: bool
    stayed: bool = False


@dataclass(frozen=True, slots=True)
class VoteFact:
    """A motion.  `passed` is None when the meeting ended before the vote was closed.

    options, labels: what could be chosen; without a label it is one of the usual answers.  voters: how many, `entitled`: with how
    many votes.  electors is empty where people were counted who are not known by name, and in records of before.  joined: slips that
    are counted with a vote of the meeting.
    """

    motion: str
    title: str
    rule: Mapping[str, Any]
    entitled: int
    present: int
    quorum_needed: int
    opened_at: datetime
    item: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    passed: bool | None = None
    ballots: tuple[Ballot, ...] = ()
    method: str = "electronic"
    options: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    voters: int = 0
    electors: tuple[Elector, ...] = ()
    won: str | None = None
    tie: str = ""
    arithmetic: Mapping[str, Any] = field(default_factory=dict)
    entered_by: str = ""
    witness: str = ""
    joined: bool = False


@dataclass(frozen=True, slots=True)
class DelegateFact:
    """A person behind a point.  `present`: took part, if only for a while.

    state: present, late, left, excused (absent with a reason), absent, expected (in the roll, and nothing was said).
    said: absence was said of the person by itself; False in records of before that told yes or no.
    """

    name: str
    post: str
    present: bool
    point: str
    state: str = ""
    came: datetime | None = None
    left: datetime | None = None
    late: bool = False
    reason: str = ""
    said: bool = True
    instead_of: str = ""
    instead_why: str = ""


@dataclass(frozen=True, slots=True)
class RollFact:
    """A roll call: of how many in the roll how many were there.  why: opened, motion or asked."""

    at: datetime
    why: str
    of: int
    here: int


@dataclass(frozen=True, slots=True)
class DocumentFact:
    """A document put before the meeting."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class MinuteFacts:
    """All that minutes and invitation say.  Times are aware UTC; `opened`/`closed` are None before they happen."""

    meeting_id: str
    title: str
    kind: str
    start: datetime
    end: datetime
    unit: IssuingUnit
    chair: Person
    secretary: Person
    division_head: Person
    clerk: Person
    place: str
    agenda: tuple[AgendaFact, ...]
    points: tuple[PointFact, ...]
    opened: datetime | None
    closed: datetime | None
    pauses: tuple[Span, ...]
    floors: tuple[FloorFact, ...]
    votes: tuple[VoteFact, ...]
    conclusions: tuple[str, ...]
    documents: tuple[DocumentFact, ...]
    delegates: tuple[DelegateFact, ...]
    seq: int
    hash: str
    at: datetime
    rolls: tuple[RollFact, ...] = ()
    heads: int = 0
    """Sum of the last countings of the points that counted."""
