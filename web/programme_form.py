"""What the form of a meeting's programme holds: a row an item, which may be moved by its number, emptied, or added at the end.  Pure.

Rows come back as they were typed when something is wrong with them.  Used by `routes/programme.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import FormData

from meetings import agenda
from meetings.agenda import AgendaItem
from meetings.errors import Invalid
from meetings.meeting import MAX_MINUTES, AgendaLine
from web.legible import number
from web.limits import AGENDA_ITEMS

BLANK: Final = 3
LAST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Row:
    """As typed.  `item`: the number it has now, None for one that is new; `bound`: it keeps number and title."""

    item: int | None
    order: str
    title: str
    presenter: str
    minutes: str
    bound: bool = False


def rows_of(items: Sequence[AgendaItem], bound: frozenset[int]) -> list[Row]:
    """The programme as it stands, and some rows to write on."""
    shown = [Row(one.item, str(one.item), one.title, one.presenter, str(one.minutes or ""), one.item in bound) for one in items]
    return shown + [Row(None, "", "", "", "")] * BLANK


def read(form: FormData, bound: frozenset[int]) -> list[Row]:
    """The rows of the form, in its order."""
    columns = [[str(value) for value in form.getlist(f"agenda_{name}")][:AGENDA_ITEMS + BLANK] for name in ("item", "order", "title", "presenter", "minutes")]
    longest = max(map(len, columns), default=0)
    rows = zip(*(column + [""] * (longest - len(column)) for column in columns), strict=True)
    return [Row(item := number(was), order[:9].strip(), title, presenter, minutes[:20].strip(), item in bound)
            for was, order, title, presenter, minutes in rows]


def lines(rows: Sequence[Row]) -> list[AgendaLine]:
    """The items in the order of their numbers: what moved up or is new goes before who has that number, what moved down after it.

    A row that is there and loses its title is gone.  Raises Invalid with the `line` it is about.
    """
    kept = [(index, row) for index, row in enumerate(rows, start=1) if row.title.strip() or (row.item is None and (row.presenter.strip() or row.minutes))]
    made = []
    for index, row in kept:
        try:
            minutes = number(row.minutes)
            if row.minutes and not 1 <= (minutes or 0) <= MAX_MINUTES:
                raise Invalid("agenda.minutes", field="agenda", most=MAX_MINUTES)
            agenda.number([line := AgendaLine(row.title, row.presenter, minutes)])
        except Invalid as error:
            raise Invalid(error.code, **{**error.params, "line": index}) from None
        made.append((_place(row), index, line))
    return [line for _place_of, _index, line in sorted(made, key=lambda one: one[:2])]


def _place(row: Row) -> tuple[int, int]:
    order = number(row.order)
    if order is None:
        return (row.item, 0) if row.item is not None else (LAST, 0)
    if row.item is None or order < row.item:
        return order, -1
    return order, int(order > row.item)


def mark(items: Sequence[AgendaItem]) -> str:
    """Names the programme that a form was made from; what runs is no part of it."""
    return hashlib.sha256(json.dumps(agenda.as_data(items), ensure_ascii=False).encode()).hexdigest()[:16]
