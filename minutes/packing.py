"""Use case: put the record of a meeting into one packet once its minutes are issued.

Reading and building happen before the transaction, which then only names the finished file (minutes.ahead): a packet
may be 2 GiB, and a vote must not wait for it.  It never decides what the container looks like (minutes.packet) nor
who gets it (minutes.release).  Caller: minutes.service (which re-exports).
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path

from sqlalchemy import Connection

from meetings import papers
from meetings.access import Action, Subject
from meetings.blobs import BlobStore
from meetings.errors import Conflict, Invalid, NotAllowed
from meetings.meeting import Meeting
from meetings.papers import Document
from meetings.store import ledger_store
from meetings.store.database import Database
from minutes import round_store, store, verify
from minutes.ahead import work_ahead
from minutes.drafting import open_minutes
from minutes.inviting import invitation
from minutes.model import DocumentModel
from minutes.packet import EXTENSION, MINUTES_NAME, PacketFile, build
from minutes.pdf import render_pdf
from minutes.rounds import agency_name, stored_pdf
from minutes.signing import RoundState, Signers
from minutes.store import Minutes, StoredPacket

INVITATION_NAME = "giay-moi.pdf"
FOLDER = "tai-lieu"
LONGEST_STEM = 120  # bytes of UTF-8

log = logging.getLogger("minutes.packing")


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into the packet, by digest; `built` is the packet when there is one already."""

    minutes: Minutes
    meeting: Meeting
    pdf: str
    invitation: DocumentModel | None
    documents: tuple[Document, ...]
    built: StoredPacket | None


def build_packet(
    db: Database,
    blobs: BlobStore,
    signers: Signers,
    minutes_id: str,
    by: Subject,
    at: datetime,
    *,
    work: Path | None = None,
    production: bool = False,
) -> StoredPacket:
    """Minutes, invitation and documents in an ASiC-E container signed by the agency; built once.

    work: a directory on a disk with room for the packet (default: the system's temporary one).
    Raises Conflict("minutes.order") before issuing, Unavailable("blob.full"), NotAllowed("signer.test_only").
    """
    def plan(conn: Connection) -> Contents:
        minutes, meeting = open_minutes(conn, minutes_id, by, Action.MINUTES_ISSUE)
        found = round_store.current(conn, minutes_id)
        if found is None or found.round.state is not RoundState.ISSUED:
            state = found.round.state.value if found else "draft"
            raise Conflict("minutes.order", state=state, role="", expected="issued")
        return Contents(
            minutes, meeting, found.round.pdf, _invitation(conn, meeting.meeting_id),
            tuple(papers.documents(conn, meeting.meeting_id)), store.packet_of(conn, minutes_id))

    def make(contents: Contents) -> StoredPacket:
        return contents.built or _build(contents, blobs, signers, at, work, production)

    def keep(conn: Connection, contents: Contents, packet: StoredPacket) -> StoredPacket:
        if contents.built is None:
            store.add_packet(conn, minutes_id, packet.sha256, packet.size, at)
            ledger_store.append(conn, contents.meeting.meeting_id, "packet.built", at, by, data={
                "sha256": packet.sha256, "size": packet.size})
        return packet

    return work_ahead(db, plan, make, keep)


def _build(
    contents: Contents, blobs: BlobStore, signers: Signers, at: datetime, work: Path | None, production: bool
) -> StoredPacket:
    """Writes, verifies and keeps the container."""
    signer = signers.agency(contents.meeting.unit.id, agency_name(contents.meeting))
    if production and signer.test:
        raise NotAllowed("signer.test_only")
    with tempfile.TemporaryDirectory(dir=work) as directory:
        path = Path(directory) / f"packet{EXTENSION}"
        size = build(path, _files(contents, blobs), signer, at).size
        verdict = verify.verify_file(path, signers.trust, at)
        if not verdict.valid:
            raise Conflict("packet.damaged", reason=verdict.reason)
        return StoredPacket(blobs.put(path), size, at)


def packed_name(place: int, name: str) -> str:
    """`tai-lieu/01 Báo cáo.pdf`: the document's own name, made fit for every file system."""
    name = unicodedata.normalize("NFC", name)
    plain = "".join("_" if unicodedata.category(c)[0] == "C" or c in '/\\:*?"<>|' else c for c in name)
    stem, dot, ending = plain.rpartition(".")
    if not dot:
        stem, ending = plain, ""
    stem = stem.encode()[:LONGEST_STEM].decode(errors="ignore").strip(" .") or "tai lieu"
    ending = ending.strip(" .").encode()[:10].decode(errors="ignore")
    return f"{FOLDER}/{place:02d} {stem}{'.' if ending else ''}{ending}"


def _invitation(conn: Connection, meeting_id: str) -> DocumentModel | None:
    """A record is packed also where its invitation cannot be made."""
    try:
        return invitation(conn, meeting_id)
    except Invalid as error:
        log.warning("no invitation in the packet of %s: %s", meeting_id, error)
        return None


def _files(contents: Contents, blobs: BlobStore) -> list[PacketFile]:
    signed = stored_pdf(blobs, contents.pdf)
    files = [PacketFile(MINUTES_NAME, "application/pdf", contents.pdf, partial(BytesIO, signed))]
    if contents.invitation:
        data = render_pdf(contents.invitation).data
        files.append(PacketFile(INVITATION_NAME, "application/pdf", _sha256(data), partial(BytesIO, data)))
    files += [
        PacketFile(packed_name(place, item.name), item.media_type, item.sha256, partial(blobs.open, item.sha256))
        for place, item in enumerate(contents.documents, start=1)
    ]
    return files


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
