"""Use cases of a reader's own side of the papers: notes on a page, the page last read, what changed since.

Notes are private: they are found by reader and content, never listed by meeting, and never enter the ledger.  A reader is an
account, a person behind a point, or the devices of one point together; the last share their notes, and are told so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meetings.access import Action, Subject
from meetings.errors import Invalid, NotFound, TooLarge
from meetings.ids import new_id
from meetings.pages import check_page
from meetings.papers import Document, document, documents
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store, paper_store, seat_store
from meetings.store.database import Connection
from meetings.texts import paragraph

KINDS = ("text", "mark", "pen")
SCALE = 10_000
"""Places on a page are whole numbers of its width and height, so that a note stands where it stood on any screen."""
MOST_NOTES = 500
MOST_POINTS = 400
TEXT = 1_000


@dataclass(frozen=True, slots=True)
class Note:
    """One note on one page; `body` as `body_of` makes it."""

    note_id: str
    page: int
    body: Mapping[str, Any]


def reader_of(by: Subject) -> str:
    """Whose notes these are.  An account first: whoever is signed in has the same notes by every door."""
    if by.user_id:
        return f"u:{by.user_id}"
    if by.person:
        return f"d:{by.person.person_id}"
    if by.seat:
        return f"s:{by.seat.point_id}"
    raise NotFound("not_found")


def body_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a note that a page sent.  Raises Invalid("note.bad"), and Invalid("text.…") for its words.

    text: at a place, with words.  mark: a rectangle, perhaps with words.  pen: a line through places.
    """
    kind, places, text = data.get("kind"), data.get("at"), data.get("text", "")
    if kind not in KINDS or not isinstance(places, list) or not isinstance(text, str):
        raise Invalid("note.bad", field="note")
    if len(places) % 2 or not all(isinstance(one, int) and not isinstance(one, bool) and 0 <= one <= SCALE for one in places):
        raise Invalid("note.bad", field="note")
    wanted = {"text": len(places) == 2, "mark": len(places) == 4, "pen": 4 <= len(places) <= 2 * MOST_POINTS}[str(kind)]
    if not wanted:
        raise Invalid("note.bad", field="note")
    words = paragraph(text, "note", TEXT, empty=kind != "text")
    return {"kind": kind, "at": places, **({"text": words} if words else {})}


def note_put(
    conn: Connection, meeting_id: str, document_id: str, note_id: str | None, page: int, data: Mapping[str, Any], by: Subject, at: datetime,
) -> str:
    """Keep a new note, or change one's own; its id.  Raises TooLarge("note.many"), NotFound, Invalid."""
    paper, reader = _readable(conn, meeting_id, document_id, by), reader_of(by)
    check_page(page, paper.pages)
    body = json.dumps(body_of(data), ensure_ascii=False, separators=(",", ":"))
    if note_id is not None:
        if not paper_store.put_note(conn, note_id, paper.sha256, reader, page, body, at):
            raise NotFound("not_found")
        return note_id
    paper_store.one_by_one(conn, paper.sha256, reader)
    if paper_store.count_notes(conn, paper.sha256, reader) >= MOST_NOTES:
        raise TooLarge("note.many", field="note", limit=MOST_NOTES)
    note_id = new_id(at)
    paper_store.add_note(conn, note_id, paper.sha256, reader, page, body, at)
    return note_id


def note_remove(conn: Connection, meeting_id: str, document_id: str, note_id: str, by: Subject) -> None:
    """Raises NotFound, also for a note of somebody else."""
    paper = _readable(conn, meeting_id, document_id, by)
    if not paper_store.remove_note(conn, note_id, paper.sha256, reader_of(by)):
        raise NotFound("not_found")


def notes(conn: Connection, paper: Document, by: Subject) -> list[Note]:
    """One's own, from every meeting in which this very file was read."""
    return [Note(row.note_id, row.page, json.loads(row.body)) for row in paper_store.notes(conn, paper.sha256, reader_of(by))]


def read_to(conn: Connection, meeting_id: str, document_id: str, page: int, by: Subject, at: datetime) -> None:
    """Marks the page one is at, so that the document opens there again.  The first time is an event: who opened which paper."""
    paper = _readable(conn, meeting_id, document_id, by)
    reader = reader_of(by)
    check_page(page, paper.pages)
    if paper_store.read_again(conn, document_id, reader, page, at):
        return
    meeting_store.lock(conn, meeting_id)  # two devices of one reader may open it at once
    if paper_store.read_again(conn, document_id, reader, page, at):
        return
    paper_store.read_first(conn, document_id, reader, page, at)
    come = by.person or by.seat
    point = seat_store.one(conn, meeting_id, come.point_id).point if come else None
    ledger_store.append(conn, meeting_id, "document.opened", at, by, point=point, data={"document": document_id})


def marks(conn: Connection, meeting_id: str, by: Subject) -> tuple[dict[str, int], set[str]]:
    """document → page one was at; and the documents of which one read an older version, not this one."""
    mine = paper_store.marks(conn, reader_of(by), meeting_id)
    older = {one.document_id: one.replaces for one in documents(conn, meeting_id, "in", "replaced", "withdrawn")}
    return mine, {one for one in older if one not in mine and _read_before(one, older, mine)}


def _read_before(document_id: str, older: Mapping[str, str | None], mine: Mapping[str, int]) -> bool:
    before = older.get(document_id)
    while before is not None:
        if before in mine:
            return True
        before = older.get(before)
    return False


def _readable(conn: Connection, meeting_id: str, document_id: str, by: Subject) -> Document:
    meeting = meeting_store.load(conn, meeting_id)
    permit(conn, meeting, by, Action.PAPER_NOTE)
    return document(conn, meeting_id, document_id)
