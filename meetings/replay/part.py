"""One part of the hall, read off the ledger.  Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from meetings.ledger import Event

Sections = dict[str, dict[Any, Any]]
"""Section → what is where: plain values that can be compared."""


class Part(ABC):
    """The running state of one area; `on_<kind>`, with `_` for each dot, is called for each event that changes it."""

    def take(self, event: Event) -> None:
        handler = getattr(self, handler_name(event.kind), None)
        if handler is not None:
            handler(event)

    @abstractmethod
    def sections(self) -> Sections:
        """What it has come to."""


def handler_name(kind: str) -> str:
    return "on_" + kind.replace(".", "_")


def point_of(event: Event) -> int:
    assert event.point is not None, f"{event.kind} of a point"
    return int(event.point["id"])
