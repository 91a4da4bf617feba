"""What making a record costs: four signatures with their marks on minutes, and a packet with 5 MiB of documents.

Printed beside a floor of the same run: the bare elliptic-curve signatures and one hash and one durable write of the same
bytes.  Called by `python3 -m web bench record`; touches nothing but a temporary folder.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from meetings.ledger import Event, link_event, stamp
from minutes import packet, pdf, seal
from minutes.appearance import render_appearance
from minutes.draft import minutes_model
from minutes.model import DocumentModel
from minutes.reading import facts_from_events
from minutes.packet import PacketFile
from minutes.signing import SIGNING_ORDER, Signer, SignerRole
from minutes.testca import DemoAuthority

MIB = 1024 * 1024
NAME = "Ủy ban nhân dân tỉnh Quảng Ninh"


def measure(mib: int = 5) -> dict[str, float]:
    """Seconds of wall time: sign_s, packet_s, record_s (both), floor_s, ratio."""
    model = _minutes()
    with tempfile.TemporaryDirectory(prefix="diemcau-bench-") as folder:
        place = Path(folder)
        authority = DemoAuthority(place / "ca")
        paper = os.urandom(mib * MIB)
        rendered = pdf.render_pdf(model)
        _sign(rendered.data, rendered.fields, authority)  # once unmeasured: the first use loads the library
        began = time.perf_counter()
        signed = _sign(rendered.data, rendered.fields, authority)
        middle = time.perf_counter()
        files = [PacketFile(name, "application/pdf", hashlib.sha256(data).hexdigest(), lambda data=data: BytesIO(data))
                 for name, data in ((packet.MINUTES_NAME, signed), ("tai-lieu/01 Lon.pdf", paper))]
        packet.build(place / "packet.asice", files, _signer(authority, SignerRole.AGENCY), datetime.now(UTC))
        ended = time.perf_counter()
        floor = _floor(place, paper, authority)
    return {
        "document_mib": float(mib), "sign_s": round(middle - began, 3), "packet_s": round(ended - middle, 3),
        "record_s": round(ended - began, 3), "floor_s": round(floor, 3), "ratio": round((ended - began) / floor, 1),
    }


def _minutes() -> DocumentModel:
    """Minutes of a meeting that was opened and closed: the pages matter little beside the signatures."""
    at = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    person = {"id": "x", "name": "Nguyễn Văn A", "title": "Chuyên viên"}
    created = {
        "title": "Hội nghị đo đạc", "kind": "conference", "place": "Phòng họp số 1", "start": stamp(at),
        "end": stamp(at + timedelta(hours=2)), "unit": {"id": "22", "name": "Tỉnh Quảng Ninh", "parent_name": None},
        "chair": person, "secretary": person, "division_head": person, "clerk": person, "agenda": [],
    }
    told: list[Event] = []
    for kind, data in (("meeting.created", created), ("meeting.opened", {}), ("meeting.closed", {"present": 0, "booked": 0})):
        last = (told[-1].seq, told[-1].hash) if told else None
        told.append(link_event(last, "bench", kind, at + timedelta(minutes=len(told)), data=data))
    return minutes_model(facts_from_events(told), number=1)


def _signer(authority: DemoAuthority, role: SignerRole) -> Signer:
    if role is SignerRole.AGENCY:
        return authority.agency("bench", NAME)
    return authority.person(role.value, "Nguyễn Văn A", "Chuyên viên", NAME)


def _sign(data: bytes, fields: object, authority: DemoAuthority) -> bytes:
    done = seal.prepare(data, fields)  # type: ignore[arg-type]
    for role in SIGNING_ORDER:
        at = datetime.now(UTC)
        mark = render_appearance(role.value, "Nguyễn Văn A", NAME, at, test=True)
        done = seal.sign(done, role, _signer(authority, role), mark, at, authority.trust)
    return done


def _floor(place: Path, paper: bytes, authority: DemoAuthority) -> float:
    """Five bare signatures, one hash and one write with fsync of the document: less is not possible."""
    signer = _signer(authority, SignerRole.AGENCY)
    began = time.perf_counter()
    for _number in range(5):
        signer.sign(b"digest")
    hashlib.sha256(paper).digest()
    with (place / "floor").open("wb") as out:
        out.write(paper)
        out.flush()
        os.fsync(out.fileno())
    return time.perf_counter() - began
