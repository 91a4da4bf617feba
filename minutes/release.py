"""Who gets the issued record: downloads with their receipts, and personal links for delegates without an account.

The decision itself is `meetings.access.decide`, deny by default; every release of a file leaves exactly one event
`packet.released`, before the first byte goes out and after the bytes kept were found to be those of the record.  A
delegate's link is made of its id and a MAC under the server's key, so it can be shown again and nothing secret is
stored; it expires and can be revoked.  It never sends anything itself.  Callers: web routes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from meetings.access import Action, DelegateRef, Resource, Subject, require
from meetings.blobs import BlobStore
from meetings.errors import Closed, Conflict, Invalid, NotFound
from meetings.ids import new_id
from meetings.meeting import Meeting
from meetings.permit import resource_of
from meetings.store import ledger_store, meeting_store
from meetings.store.database import Database
from meetings.store.tables import delegate
from meetings.store.triggers import violated
from minutes import layout, store
from minutes.ahead import work_ahead
from minutes.packet import EXTENSION, MEDIA_TYPE
from minutes.service import Status, status
from minutes.store import ReleaseLink

LONGEST = timedelta(days=90)
DEFAULT = timedelta(days=30)
_MAC_BYTES = 20
_TOKEN_BYTES = 16 + _MAC_BYTES
_PURPOSE = b"diemcau release link 1\0"


class What(StrEnum):
    """What can be downloaded."""

    PDF = "pdf"
    DOCX = "docx"
    PACKET = "packet"


MEDIA_TYPES = {
    What.PDF: "application/pdf",
    What.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    What.PACKET: MEDIA_TYPE,
}
ENDINGS = {What.PDF: ".pdf", What.DOCX: ".docx", What.PACKET: EXTENSION}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A file to send: its digest (hex SHA-256, also the ETag), name and media type; `known` = the asker has it."""

    sha256: str
    name: str
    media_type: str
    known: bool = False


def resource(conn: Connection, meeting_id: str, kind: str = "minutes") -> Resource:
    """The record of a meeting as the thing an action is asked for.  Raises NotFound("not_found")."""
    meeting = meeting_store.load(conn, meeting_id)
    return resource_of(conn, meeting, kind, store.issued(conn, meeting_id))


def deliver(
    db: Database, blobs: BlobStore, meeting_id: str, what: What | str, by: Subject, at: datetime, known: str = ""
) -> Delivery:
    """Decides, reads the file again, writes the receipt, and says which blob to send.

    Drafts may be read by those who work on them; the issued PDF and the packet by whoever took part.
    known: the If-None-Match of the request (RFC 9110 section 13.1.2); who has the file already gets no receipt.
    Raises NotFound to strangers, Conflict("packet.missing") before there is a packet, Conflict("minutes.damaged")
    when the bytes kept are no longer those of the record: then the audit says so, and there is no receipt.
    """
    what = What(what)

    def check(file: Delivery) -> None:
        if file.known or _intact(blobs, file.sha256):
            return
        with db.write() as conn:
            ledger_store.append(conn, None, "file.damaged", at, by if by.user_id else None, data={
                "meeting": meeting_id, "what": what.value, "sha256": file.sha256})
        raise Conflict("minutes.damaged", reason="digest")

    def keep(conn: Connection, file: Delivery, _checked: None) -> Delivery:
        if not file.known:
            _receipt(conn, meeting_id, by, file.sha256, at)
        return file

    return work_ahead(db, lambda conn: _choose(conn, meeting_id, what, by, known), check, keep)


def _choose(conn: Connection, meeting_id: str, what: What, by: Subject, known: str) -> Delivery:
    """The file this person may have."""
    thing = resource(conn, meeting_id, "packet" if what is What.PACKET else "minutes")
    require(by, Action.PACKET_READ if what is What.PACKET else Action.MINUTES_READ, thing)
    found = status(conn, meeting_id)
    if found is None:
        raise NotFound("not_found")
    # Outsiders get the signed original; the editable text stays with those who may write it.
    if what is What.DOCX:
        require(Subject() if by.delegate else by, Action.MINUTES_READ, _unissued(thing))
    sha256 = _digest(found, what)
    return Delivery(sha256, file_name(found, what), MEDIA_TYPES[what], f'"{sha256}"' in known)


def _intact(blobs: BlobStore, sha256: str) -> bool:
    try:
        return blobs.verify(sha256)
    except NotFound:
        return False


def file_name(found: Status, what: What) -> str:
    """`bien-ban-05-BB-UBND-2026.pdf`: ASCII, for every system; a draft says so."""
    if found.round and found.state != "draft":
        number = found.round.number
        stem = f"{layout.number_text(number.number)}-{number.symbol}-{number.year}"
    else:
        stem = f"du-thao-{len(found.versions)}"
    return layout.ascii_name(f"bien-ban-{stem}{ENDINGS[what]}")


def grant(
    conn: Connection, key: bytes, delegate_id: str, by: Subject, at: datetime, expires: datetime | None = None
) -> str:
    """A personal link for a delegate recorded as present; the secret part of its address.

    An earlier link of the same delegate ends with this.  Raises Invalid("release.expires"), Conflict(
    "release.not_issued" | "release.absent"), NotFound.
    """
    meeting, found, name, present = _delegate(conn, delegate_id)
    require(by, Action.RELEASE_GRANT, resource(conn, meeting.meeting_id))
    expires = expires or at + DEFAULT
    if not at < expires <= at + LONGEST:
        raise Invalid("release.expires", field="expires", days=LONGEST.days)
    if found is None or not found.issued:
        raise Conflict("release.not_issued", title=meeting.title)
    if not present:
        raise Conflict("release.absent", name=name)
    store.revoke_links(conn, found.minutes.minutes_id, delegate_id, at)
    link = ReleaseLink(new_id(at), found.minutes.minutes_id, delegate_id, expires, at, None)
    try:
        store.add_link(conn, link, by)
    except IntegrityError as error:
        if violated(error, "release_link_present"):
            raise Conflict("release.absent", name=name) from error
        raise
    ledger_store.append(conn, meeting.meeting_id, "release.granted", at, by, data={
        "delegate": delegate_id, "expires": expires.isoformat()})
    return token(key, link.link_id)


def revoke(conn: Connection, delegate_id: str, by: Subject, at: datetime) -> None:
    """Ends the delegate's link at once.  Raises NotFound("link.unknown") when there is none."""
    meeting, found, _, _ = _delegate(conn, delegate_id)
    require(by, Action.RELEASE_GRANT, resource(conn, meeting.meeting_id))
    if found is None or not store.revoke_links(conn, found.minutes.minutes_id, delegate_id, at):
        raise NotFound("link.unknown")
    ledger_store.append(conn, meeting.meeting_id, "release.revoked", at, by, data={"delegate": delegate_id})


def open_link(conn: Connection, key: bytes, text: str, at: datetime) -> DelegateRef:
    """The delegate who comes by this link.

    Raises NotFound("link.unknown" | "link.revoked"), Closed("link.expired"): whoever holds a true link may know why
    it no longer opens, nobody else learns anything.
    """
    link = store.link(conn, parse_token(key, text))
    if link is None:
        raise NotFound("link.unknown")
    meeting, _, name, present = _delegate(conn, link.delegate_id)
    if link.revoked_at is not None or not present:
        raise NotFound("link.revoked")
    if at >= link.expires_at:
        raise Closed("link.expired")
    return DelegateRef(meeting.meeting_id, link.delegate_id, name)


def token(key: bytes, link_id: str) -> str:
    """48 URL-safe characters: the id and its MAC."""
    body = uuid.UUID(link_id).bytes
    return base64.urlsafe_b64encode(body + _mac(key, body)).decode()


def parse_token(key: bytes, text: str) -> str:
    """The id of a link made with `key`.  Raises NotFound("link.unknown") for anything else."""
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotFound("link.unknown") from None
    if len(raw) != _TOKEN_BYTES or not hmac.compare_digest(raw[16:], _mac(key, raw[:16])):
        raise NotFound("link.unknown")
    link_id = str(uuid.UUID(bytes=raw[:16]))
    if token(key, link_id) != text:  # Base64 readers forgive padding; only the one spelling that we print is good
        raise NotFound("link.unknown")
    return link_id


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, _PURPOSE + body, hashlib.sha256).digest()[:_MAC_BYTES]


def _delegate(conn: Connection, delegate_id: str) -> tuple[Meeting, Status | None, str, bool]:
    row = conn.execute(select(delegate).where(delegate.c.delegate_id == delegate_id)).first()
    if row is None:
        raise NotFound("not_found")
    return meeting_store.load(conn, row.meeting_id), status(conn, row.meeting_id), row.name, row.present


def _digest(found: Status, what: What) -> str:
    if what is What.PACKET:
        if found.packet is None:
            raise Conflict("packet.missing")
        return found.packet.sha256
    return found.docx_sha256 if what is What.DOCX else found.pdf_sha256


def _receipt(conn: Connection, meeting_id: str, by: Subject, sha256: str, at: datetime) -> None:
    name, via = (by.delegate.name, "link") if by.delegate else (by.name, "account")
    data: dict[str, Any] = {"to": name, "via": via, "sha256": sha256}
    if by.delegate:
        data["delegate"] = by.delegate.delegate_id
    ledger_store.append(conn, meeting_id, "packet.released", at, by if by.user_id else None, data=data)


def _unissued(thing: Resource) -> Resource:
    """The same record as if it were still a draft: who may read it then works on it."""
    return Resource(thing.kind, thing.unit_path, thing.meeting_id, thing.state, thing.signers, thing.attending_units)
