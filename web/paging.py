"""Long lists in pages of fifty: which part an address asks for, and how many parts there are.  Pure.

The part stands in the address (`?page=2`), so it can be sent to somebody else.  Called by the pages that list meetings
and records; the macro `pager` draws it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Query

from web.legible import MOST

T = TypeVar("T")
PER_PAGE = 50

PageNumber = Annotated[int, Query(alias="page", ge=1, le=MOST)]
"""How a route takes the number of the page."""


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """Page `number` of `pages`; `total` counts what stands on all of them."""

    items: Sequence[T]
    number: int
    pages: int
    total: int


def part(everything: Sequence[T], number: int) -> Part[T]:
    """The page asked for; the last one where the list has become shorter than that."""
    pages = max(1, -(-len(everything) // PER_PAGE))
    number = min(number, pages)
    return Part(everything[(number - 1) * PER_PAGE:number * PER_PAGE], number, pages, len(everything))
