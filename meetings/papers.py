"""Use cases of a meeting's documents: registered by content address, never changed.  Re-exported by `service`.

The bytes were checked by `documents.check_upload` and stored by `blobs` before; here they enter the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from meetings.access import Action, Subject
from meetings.errors import Conflict, NotFound
from meetings.ids import new_id
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store
from meetings.store.database import Connection
from meetings.texts import line


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a meeting; the bytes are in the blob store under `sha256`."""

    document_id: str
    meeting_id: str
    ord: int
    name: str
    media_type: str
    size: int
    sha256: str
    added_at: datetime
    added_by: str


def document_add(
    conn: Connection, meeting_id: str, name: str, media_type: str, size: int, sha256: str, by: Subject, at: datetime,
) -> str:
    """Register a stored document; its id.  Raises Conflict("document.exists") for a name that is taken."""
    name = line(name, "document", 200)
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.DOCUMENT_ADD)
    meeting.check_alive()
    if meeting_store.document_named(conn, meeting_id, name):
        raise Conflict("document.exists", name=name)
    document_id = new_id(at)
    meeting_store.add_document(conn, meeting_id, document_id=document_id, name=name, media_type=media_type, size=size,
                               sha256=sha256, added_at=at, added_by=by.user_id or "")
    ledger_store.append(conn, meeting_id, "document.added", at, by, data={
        "document": document_id, "name": name, "sha256": sha256, "size": size, "media_type": media_type})
    return document_id


def documents(conn: Connection, meeting_id: str) -> list[Document]:
    """In the order in which they were added."""
    return [Document(*row) for row in meeting_store.documents(conn, meeting_id)]


def document(conn: Connection, meeting_id: str, document_id: str) -> Document:
    """Raises NotFound("not_found"), also for a document of another meeting."""
    for found in documents(conn, meeting_id):
        if found.document_id == document_id:
            return found
    raise NotFound("not_found")
