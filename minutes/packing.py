"""Use case: put the record of a meeting into one packet once its minutes are issued.

It never decides what the container looks like (minutes.packet) nor who gets it (minutes.release).
Caller: minutes.service (which re-exports).
"""

from __future__ import annotations

import hashlib
import tempfile
import unicodedata
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path

from sqlalchemy import Connection

from meetings import papers
from meetings.access import Action, Subject
from meetings.blobs import BlobStore
from meetings.errors import Conflict, NotAllowed
from meetings.store import ledger_store
from minutes import round_store, store, verify
from minutes.drafting import invitation, open_minutes
from minutes.packet import EXTENSION, MINUTES_NAME, PacketFile, build
from minutes.pdf import render_pdf
from minutes.rounds import agency_name, stored_pdf
from minutes.signing import RoundState, Signers
from minutes.store import StoredPacket

INVITATION_NAME = "giay-moi.pdf"
FOLDER = "tai-lieu"
LONGEST_STEM = 120  # bytes of UTF-8


def build_packet(
    conn: Connection,
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
    minutes, meeting = open_minutes(conn, minutes_id, by, Action.MINUTES_ISSUE)
    found = round_store.current(conn, minutes_id)
    if found is None or found.round.state is not RoundState.ISSUED:
        raise Conflict("minutes.order", state=found.round.state.value if found else "draft", role="", expected="issued")
    if built := store.packet_of(conn, minutes_id):
        return built
    signer = signers.agency(meeting.unit.id, agency_name(meeting))
    if production and signer.test:
        raise NotAllowed("signer.test_only")
    files = _files(conn, blobs, meeting.meeting_id, found.round.pdf)
    with tempfile.TemporaryDirectory(dir=work) as directory:
        path = Path(directory) / f"packet{EXTENSION}"
        size = build(path, files, signer, at).size
        verdict = verify.verify_file(path, signers.trust, at)
        if not verdict.valid:
            raise Conflict("packet.damaged", reason=verdict.reason)
        digest = blobs.put(path)
    store.add_packet(conn, minutes.minutes_id, digest, size, at)
    ledger_store.append(conn, meeting.meeting_id, "packet.built", at, by, data={"sha256": digest, "size": size})
    return StoredPacket(digest, size, at)


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


def _files(conn: Connection, blobs: BlobStore, meeting_id: str, pdf: str) -> list[PacketFile]:
    signed = stored_pdf(blobs, pdf)
    files = [PacketFile(MINUTES_NAME, "application/pdf", pdf, partial(BytesIO, signed))]
    if model := invitation(conn, meeting_id):
        data = render_pdf(model).data
        files.append(PacketFile(INVITATION_NAME, "application/pdf", _sha256(data), partial(BytesIO, data)))
    files += [
        PacketFile(packed_name(place, item.name), item.media_type, item.sha256, partial(blobs.open, item.sha256))
        for place, item in enumerate(papers.documents(conn, meeting_id), start=1)
    ]
    return files


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
