"""The programme: which item runs, and what happens when the chair goes to another.  Pure; called by `conduct`.

At most one item runs.  An item may be taken up again later; the ledger keeps every start and end.  Planned minutes are kept,
planned hours follow from them: a meeting that is moved keeps its programme.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from meetings.errors import Conflict, Invalid, NotFound
from meetings.meeting import MAX_AGENDA, MAX_MINUTES, AgendaLine
from meetings.texts import line


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """One item, numbered from 1; the times are of its latest run."""

    item: int
    title: str
    presenter: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    minutes: int | None = None
    """Planned length."""

    @property
    def due_at(self) -> datetime | None:
        """When the item that runs has had its planned minutes."""
        return self.started_at + timedelta(minutes=self.minutes) if self.running and self.started_at and self.minutes else None

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
        AgendaItem(index, line(entry.title, "agenda", 500), line(entry.presenter, "presenter", 200, empty=True),
                   minutes=_minutes(entry.minutes))
        for index, entry in enumerate(lines, start=1)
    )


def rewritten(before: Sequence[AgendaItem], lines: Sequence[AgendaLine], bound: Collection[int]) -> tuple[AgendaItem, ...]:
    """The programme written anew while the meeting is on.  The items in `bound` (begun, or voted on) keep number, title and times: the
    record names them by these.  Raises Conflict("agenda.begun"), Invalid."""
    items = list(number(lines))
    for old in before:
        if old.item not in bound:
            continue
        if old.item > len(items) or items[old.item - 1].title != old.title:
            raise Conflict("agenda.begun", item=old.item, title=old.title)
        items[old.item - 1] = replace(items[old.item - 1], started_at=old.started_at, ended_at=old.ended_at)
    return tuple(items)


def as_data(items: Sequence[AgendaItem]) -> list[dict[str, Any]]:
    """As the record has it: minutes only where they are planned, what has none reads as it always did."""
    return [{"item": item.item, "title": item.title, "presenter": item.presenter, **({"minutes": item.minutes} if item.minutes else {})}
            for item in items]


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


def planned(items: Sequence[AgendaItem], start: datetime) -> dict[int, tuple[datetime, datetime | None]]:
    """item → its planned hours, of those before which every item has its minutes; the last may be without an end."""
    hours, at = dict[int, tuple[datetime, datetime | None]](), start
    for item in items:
        end = at + timedelta(minutes=item.minutes) if item.minutes else None
        hours[item.item] = (at, end)
        if end is None:
            break
        at = end
    return hours if any(item.minutes for item in items) else {}


def followed(before: Sequence[AgendaItem], after: Sequence[AgendaItem]) -> dict[int, int | None]:
    """Where the items of a programme went when it was written anew, told by their titles; None = it is gone.

    For entries of the queue, which name an item by its number.
    """
    at = {item.title: item.item for item in reversed(after)}
    same = {item.item for item in before if any(one.item == item.item and one.title == item.title for one in after)}
    return {item.item: item.item if item.item in same else at.get(item.title) for item in before}


def _minutes(value: int | None) -> int | None:
    if value is None or 1 <= value <= MAX_MINUTES:
        return value
    raise Invalid("agenda.minutes", field="agenda", most=MAX_MINUTES)
