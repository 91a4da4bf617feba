"""The programme: which item runs, and what happens when the chair goes to another.  Pure; called by `conduct`.

At most one item runs.  An item may be taken up again later; the ledger keeps every start and end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from meetings.errors import Conflict, Invalid, NotFound
from meetings.meeting import MAX_AGENDA, AgendaLine
from meetings.texts import line


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """One item, numbered from 1; the times are of its latest run."""

    item: int
    title: str
    presenter: str
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def running(self) -> bool:
        return self.started_at is not None and self.ended_at is None


@dataclass(frozen=True, slots=True)
class Step:
    """What one decision of the chair does: end an item, start an item, or both."""

    end: AgendaItem | None
    start: AgendaItem | None


def number(lines: Sequence[AgendaLine]) -> tuple[AgendaItem, ...]:
    """Lines as typed become numbered items.  Raises Invalid."""
    if len(lines) > MAX_AGENDA:
        raise Invalid("agenda.too_long", field="agenda", limit=MAX_AGENDA)
    return tuple(
        AgendaItem(index, line(entry.title, "agenda", 500), line(entry.presenter, "presenter", 200, empty=True))
        for index, entry in enumerate(lines, start=1)
    )


def go(items: Sequence[AgendaItem], to: int | None) -> Step:
    """Go to item `to`, or only end the running one (None).

    Raises NotFound("agenda.unknown"), Conflict("agenda.running") if it already runs, Conflict("agenda.idle") if there
    is nothing to end.
    """
    running = next((item for item in items if item.running), None)
    if to is None:
        if running is None:
            raise Conflict("agenda.idle")
        return Step(running, None)
    target = next((item for item in items if item.item == to), None)
    if target is None:
        raise NotFound("agenda.unknown", item=to)
    if target.running:
        raise Conflict("agenda.running", item=to, title=target.title)
    return Step(running, target)
