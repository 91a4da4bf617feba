"""What a paged document may be: how many pages, and nothing in it that acts by itself.  Pure.

A page is shown as a picture of it, so nothing in a file ever runs here; but a paper is also downloaded, and a file that opens
programs, fetches, plays or hides another file has no place among a meeting's papers.  Such files are refused in words,
never silently changed: whoever hands one in learns what to take out.  `judge` is asked by `web/uploads.py` before a byte is
stored; what is in a file is found by `web/pdflook.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from meetings.errors import Invalid

MOST = 5_000
"""Pages of one document; the budget papers of a province have about 1,500."""
MANY = 500
"""From here on whoever hands it in is advised to split it."""

ACTIONS = {
    "/JavaScript": "script", "/Launch": "launch", "/SubmitForm": "sending", "/ImportData": "sending", "/GoToE": "attachment",
    "/Rendition": "media", "/Movie": "media", "/Sound": "media", "/RichMediaExecute": "media",
}
"""What an action (its /S) would do: the word of the refusal.  Going to a page or an address is what links are for."""
NOTES = {"/FileAttachment": "attachment", "/RichMedia": "media", "/Movie": "media", "/Sound": "media", "/Screen": "media", "/3D": "media"}
"""What an annotation (its /Subtype) carries."""
OWN_DATA = "document.json"
"""The machine-readable copy inside minutes that we made ourselves (PDF/A-3): data, opened by no program."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in a file: its pages, and what acts by itself ("" when nothing does), a word of ACTIONS, "form" or "opening"."""

    pages: int
    acts: str = ""


def acting(action: str, note: str) -> str:
    """The word for a dictionary with this /S and this /Subtype; "" for one that only describes."""
    return ACTIONS.get(action) or NOTES.get(note, "")


def opening(kind: str) -> str:
    """A document may open at a place of its own; every other thing it does when it is opened is refused."""
    return "" if kind in ("", "/GoTo") else ACTIONS.get(kind, "opening")


def judge(name: str, look: Look | None) -> int:
    """How many pages the document has.  `look` is None when nobody could read the file.

    Raises Invalid("document.unreadable" | "document.pages" | "document.active_script" and its kin).
    """
    if look is None or look.pages < 1:
        raise Invalid("document.unreadable", field="document", name=name)
    if look.acts:
        raise Invalid(f"document.active_{look.acts}", field="document", name=name)
    if look.pages > MOST:
        raise Invalid("document.pages", field="document", name=name, pages=look.pages, limit=MOST)
    return look.pages


def check_page(page: int, pages: int | None) -> int:
    """Raises Invalid("page.unknown") for what is no page of a document of so many."""
    if pages is None or not 1 <= page <= pages:
        raise Invalid("page.unknown", field="page", page=page, pages=pages or 0)
    return page
