"""Use cases of a meeting's documents: registered by content address, never changed.  Re-exported by `service`.

The bytes were checked by `documents.check_upload` (and `pages.judge`) and stored by `blobs` before; here they enter the record.

    handed in by a point:  offered ──→ in, or refused
    in the meeting:        in ──→ replaced (by a newer one that names it), or withdrawn

The database knows the same moves.  What was replaced stays readable, what was withdrawn does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from meetings.access import Action, PersonRef, Subject
from meetings.errors import Conflict, NotFound
from meetings.ids import new_id
from meetings.meeting import Meeting, State
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store, paper_store, seat_store
from meetings.store.database import Connection
from meetings.texts import line

REASON = 300
OFFERED_IN = (State.CONVENED, State.OPEN, State.SUSPENDED)
MOST_OFFERED = 10
"""Papers of one point that may wait at a time: the secretary reads each before it is in."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a meeting; the bytes are in the blob store under `sha256`.  `pages`: None for what is not shown by pages."""

    document_id: str
    meeting_id: str
    ord: int
    name: str
    media_type: str
    size: int
    sha256: str
    added_at: datetime
    added_by: str
    pages: int | None = None
    state: str = "in"
    replaces: str | None = None
    ended_at: datetime | None = None
    point_id: int | None = None
    person_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """Bytes that were judged and stored, and what they are called."""

    name: str
    media_type: str
    size: int
    sha256: str
    pages: int | None = None

    def as_data(self) -> dict[str, object]:
        data: dict[str, object] = {"name": self.name, "sha256": self.sha256, "size": self.size, "media_type": self.media_type}
        return data if self.pages is None else {**data, "pages": self.pages}


def document_add(
    conn: Connection, meeting_id: str, name: str, media_type: str, size: int, sha256: str, by: Subject, at: datetime, pages: int | None = None,
) -> str:
    """Register a stored document; its id.  Raises Conflict("document.exists") for a name that is taken."""
    file = File(line(name, "document", 200), media_type, size, sha256, pages)
    _prepared(conn, meeting_id, by)
    document_id = _enter(conn, meeting_id, file, by, at)
    ledger_store.append(conn, meeting_id, "document.added", at, by, data={"document": document_id, **file.as_data()})
    return document_id


def document_replace(conn: Connection, meeting_id: str, document_id: str, file: File, by: Subject, at: datetime) -> str:
    """A newer version takes the place of a document that is in; its id.  Whoever read the old one is told.

    Raises Conflict("document.same") for the same bytes, Conflict("document.exists" | "document.ended"), NotFound.
    """
    file = replace(file, name=line(file.name, "document", 200))
    _prepared(conn, meeting_id, by)
    old = _standing(conn, meeting_id, document_id)
    if old.sha256 == file.sha256:
        raise Conflict("document.same", name=old.name)
    paper_store.hide(conn, meeting_id, document_id)
    paper_store.move(conn, document_id, "replaced", at)
    new = _enter(conn, meeting_id, file, by, at, replaces=document_id)
    ledger_store.append(conn, meeting_id, "document.replaced", at, by, data={"document": new, "replaces": document_id, **file.as_data()})
    return new


def document_withdraw(conn: Connection, meeting_id: str, document_id: str, reason: str, by: Subject, at: datetime) -> None:
    """Nobody reads it any more; the record keeps what it was called and why it went.  Raises Conflict("document.ended"), NotFound."""
    reason = line(reason, "reason", REASON)
    _prepared(conn, meeting_id, by)
    old = _standing(conn, meeting_id, document_id)
    paper_store.hide(conn, meeting_id, document_id)
    paper_store.move(conn, document_id, "withdrawn", at)
    ledger_store.append(conn, meeting_id, "document.withdrawn", at, by, data={"document": document_id, "name": old.name, "reason": reason})


def offer_check(conn: Connection, meeting: Meeting, by: Subject) -> int:
    """The point that hands in, if it may just now.  Asked before its bytes are kept, and again under the lock.

    Raises Conflict("document.offered_many"), NotAllowed, and whatever the meeting's state says.
    """
    permit(conn, meeting, by, Action.DOCUMENT_OFFER)
    meeting.check_state(*OFFERED_IN)
    come = by.person or by.seat
    assert come is not None, "document.offer is for a seat or a person"
    if paper_store.waiting(conn, meeting.meeting_id, come.point_id) >= MOST_OFFERED:
        raise Conflict("document.offered_many", limit=MOST_OFFERED)
    return come.point_id


def document_offer(conn: Connection, meeting_id: str, file: File, by: Subject, at: datetime) -> str:
    """A point, or somebody behind one, hands in a paper; it waits until the secretary takes it.  Its id.

    A name that is taken gets a number.  Raises Conflict("document.offered_many"), NotAllowed.
    """
    name = line(file.name, "document", 200)
    point_id = offer_check(conn, meeting_store.lock(conn, meeting_id), by)
    file = File(_free_name(conn, meeting_id, name), file.media_type, file.size, file.sha256, file.pages)
    document_id = _enter(conn, meeting_id, file, by, at, state="offered", point_id=point_id, person_id=by.person.person_id if by.person else None)
    point = seat_store.one(conn, meeting_id, point_id).point
    ledger_store.append(conn, meeting_id, "document.offered", at, by, point=point, data={"document": document_id, **file.as_data()})
    return document_id


def document_settle(conn: Connection, meeting_id: str, document_id: str, accept: bool, reason: str, by: Subject, at: datetime) -> Document:
    """Take a paper that was offered, or refuse it with a reason.  Raises Conflict("document.ended"), NotFound."""
    reason = "" if accept else line(reason, "reason", REASON, empty=True)
    _prepared(conn, meeting_id, by)
    row = paper_store.one(conn, meeting_id, document_id)
    if row is None:
        raise NotFound("not_found")
    found = Document(*row)
    if found.state != "offered":
        raise Conflict("document.ended", name=found.name)
    paper_store.move(conn, document_id, "in" if accept else "refused", at, reason or None)
    point = seat_store.one(conn, meeting_id, found.point_id).point if found.point_id is not None else None
    data = {"document": document_id, "name": found.name, "sha256": found.sha256}
    if accept:
        ledger_store.append(conn, meeting_id, "document.accepted", at, by, point=point, data=data)
    else:
        ledger_store.append(conn, meeting_id, "document.refused", at, by, point=point, data={**data, "reason": reason})
    return found


def documents(conn: Connection, meeting_id: str, *states: str) -> list[Document]:
    """In the order in which they were added; those that are in, unless other states are named."""
    return [Document(*row) for row in paper_store.papers(conn, meeting_id, states or ("in",))]


def handed_in(conn: Connection, ref: PersonRef) -> list[Document]:
    """What this person handed in, the newest first, whatever became of it."""
    return [Document(*row) for row in paper_store.of_person(conn, ref.meeting_id, {ref.person_id, ref.link_id})]


def document(conn: Connection, meeting_id: str, document_id: str, *states: str) -> Document:
    """One that is in or was replaced, unless other states are named.

    Raises NotFound("not_found"), also for a document of another meeting, and for one that waits or was taken away.
    """
    row = paper_store.one(conn, meeting_id, document_id)
    if row is None or row.state not in (states or ("in", "replaced")):
        raise NotFound("not_found")
    return Document(*row)


def _prepared(conn: Connection, meeting_id: str, by: Subject) -> None:
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.DOCUMENT_ADD)
    meeting.check_alive()


def _standing(conn: Connection, meeting_id: str, document_id: str) -> Document:
    found = document(conn, meeting_id, document_id, "in", "replaced", "withdrawn")
    if found.state != "in":
        raise Conflict("document.ended", name=found.name)
    return found


def _enter(conn: Connection, meeting_id: str, file: File, by: Subject, at: datetime, **more: object) -> str:
    if paper_store.named(conn, meeting_id, file.name):
        raise Conflict("document.exists", name=file.name)
    document_id = new_id(at)
    paper_store.add(conn, meeting_id, document_id=document_id, name=file.name, media_type=file.media_type, size=file.size,
                    sha256=file.sha256, added_at=at, added_by=by.user_id or "", pages=file.pages, **more)
    return document_id


def _free_name(conn: Connection, meeting_id: str, name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    number, free = 1, name
    while paper_store.named(conn, meeting_id, free):
        number += 1
        free = f"{(stem or ending)[:180]} ({number}){dot}{ending if stem else ''}"
    return free
