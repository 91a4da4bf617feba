"""A file that somebody hands in as a PDF: looked through it is pages and a word, or unreadable; written anew it is the same.  Holds no tests.

The readers are libraries in C, which the product runs in a process of its own; here they run in this one, so that what would end
that process ends the run.
"""

from __future__ import annotations

import io
from collections.abc import Hashable

import pikepdf

from meetings.pages import ACTIONS, MOST, NOTES, Look, judge
from tests.fuzz.engine import documented
from tests.support.sheets import acting, pdf
from web.pdflook import Unreadable, look

WORDS = {"", "form", "opening", *ACTIONS.values(), *NOTES.values()}
KINDS = ("script", "launch", "attachment", "form", "opening", "media", "sending", "links", "script on a page")
SEEDS = (pdf(1), pdf(3, packed=False), *(acting(kind, packed=False) for kind in KINDS), acting("script"))


def paper(data: bytes) -> Hashable:
    """What acts by itself is found again when another program has written the file anew."""
    try:
        found = look(data)
    except Unreadable as error:
        return documented(error, "unreadable")
    assert found.acts in WORDS and found.pages >= 0
    if not found.acts and 1 <= found.pages <= MOST:
        assert judge("a.pdf", found) == found.pages
    with pikepdf.open(io.BytesIO(data)) as file:
        held = io.BytesIO()
        file.save(held)
    try:
        again = look(held.getvalue())
    except Unreadable as error:  # what one reader makes of a broken tree of pages, the other need not draw
        return _told(found), documented(error, "unreadable")
    assert found.acts or not again.acts, (found, again)  # what nothing leads to is not written again, and another may come first
    return _told(found), again.pages == found.pages


def _told(found: Look) -> Hashable:
    return found.acts, min(found.pages, 5)
