"""What the pages outside the minutes need to know of them: how far they are, who still has to sign, what to do next.

The only bridge from the meeting pages to `minutes`; it reads through `minutes.service` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from meetings.access import Resource, Subject
from meetings.meeting import Meeting, State


@dataclass(frozen=True, slots=True)
class Link:
    """A button of the summary."""

    text: str
    href: str
    icon: str
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """The record of one meeting in a sentence."""

    title: str
    text: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """One record that waits for this person's signature."""

    title: str
    detail: str
    href: str


def step(conn: Connection, meeting: Meeting) -> int:
    """0 being drafted, 1 numbered or being signed, 2 issued."""
    return 0


def issued(conn: Connection, meeting_id: str) -> bool:
    return False


def waiting(conn: Connection, subject: Subject) -> list[Waiting]:
    """What waits for this person's signature, the oldest first."""
    return []


def next_action(subject: Subject, meeting: Meeting, resource: Resource) -> Mapping[str, Any] | None:
    """The primary button after the meeting."""
    assert meeting.state is State.CONCLUDED
    return None


def summary(conn: Connection, subject: Subject, meeting: Meeting, resource: Resource) -> Summary | None:
    """None while there is nothing this person may know of."""
    return None
