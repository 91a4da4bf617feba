"""Files that people hand in: checked, kept by content, entered into the record.  Called by booking and documents pages,
and by the pages that take a table.

A file is judged before its bytes are kept (`meetings/documents.py` has the rules).  On the booking page a good file
must survive a form that has another mistake: it is kept at once and its receipt, signed by us, travels in the form.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from starlette.datastructures import FormData, UploadFile

from meetings import documents, service
from meetings.access import Subject
from meetings.errors import Invalid, MeetingError
from meetings.pages import judge
from meetings.texts import line
from scheduler import point_sheet
from web import firstpage
from web.container import Container
from web.errors import explain


@dataclass(frozen=True, slots=True)
class Kept:
    """A file whose bytes are in the blob store but not yet in any record."""

    name: str
    media_type: str
    size: int
    sha256: str
    pages: int | None = None


def receive(found: Container, files: Iterable[Any]) -> tuple[list[Kept], list[str]]:
    """Checks and keeps each file: the good ones, and one sentence for each that was refused."""
    good: list[Kept] = []
    problems: list[str] = []
    for file in files:
        if not isinstance(file, UploadFile) or not file.filename:
            continue
        try:
            good.append(keep(found, file.filename, file.file.read(documents.MAX_BYTES + 1)))
        except MeetingError as error:
            problems.append(explain(error))
    return good, problems


def keep(found: Container, filename: str, data: bytes) -> Kept:
    """Raises Invalid or TooLarge for a file that may not be here, Unavailable("blob.full").  Nothing of it is kept before it is judged."""
    name = line(filename.replace("\\", "/").rpartition("/")[2], "document", 200)
    media_type = documents.check_upload(name, data, "")
    documents.check_upload(name, data, firstpage.text_of(name, data))
    pages = judge(name, found.press.look(data)) if media_type == documents.TYPES["pdf"] else 1 if media_type.startswith("image/") else None
    return Kept(name, media_type, len(data), found.blobs.put(data), pages)


def add(conn: Connection, meeting_id: str, file: Kept, by: Subject, at: datetime) -> str:
    return service.document_add(conn, meeting_id, file.name, file.media_type, file.size, file.sha256, by, at, file.pages)


def receipt(key: bytes, file: Kept) -> str:
    """What the form carries instead of the file."""
    body = base64.urlsafe_b64encode(json.dumps(asdict(file)).encode()).decode()
    return f"{body}.{_mac(key, body)}"


def redeem(key: bytes, text: str) -> Kept | None:
    """The file behind a receipt of ours; None for anything else."""
    body, _dot, mac = text.partition(".")
    if not hmac.compare_digest(mac.encode(), _mac(key, body).encode()):
        return None
    return Kept(**json.loads(base64.urlsafe_b64decode(body)))


def sheet(found: Container, form: FormData, waited: Kept | None) -> bytes:
    """The table that was sent in `file`, or the one that waits aside for a second press.  At most one byte beyond what a sheet may have.

    Raises Invalid("document.none"), NotFound("aside.gone").
    """
    if waited is not None:
        return found.aside.read(waited.sha256)
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid("document.none", field="file")
    return file.file.read(point_sheet.MOST_BYTES + 1)


def wait(found: Container, data: bytes, name: str) -> str:
    """Puts a table aside until the second press; its receipt."""
    return receipt(found.keys.csrf, Kept(name, "text/csv", len(data), found.aside.put(data)))


def _mac(key: bytes, body: str) -> str:
    return hmac.new(key, b"upload receipt|" + body.encode(), hashlib.sha256).hexdigest()
