"""Unsigned minutes for tests of signatures: a real page of ours, and the smallest file that may be signed at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

import pikepdf

from minutes import seal
from minutes.draft import facts_from_events, minutes_model
from minutes.model import DocumentModel
from minutes.pdf import render_pdf
from minutes.signing import SIGNING_ORDER, Signer, SignerRole
from minutes.testca import DemoAuthority
from tests.minutes.ledgers import Ledger

AT = datetime(2026, 2, 5, 7, 3, 27, tzinfo=UTC)
AGENCY = "Ủy ban nhân dân tỉnh Quảng Ninh"
NAMES = {role: f"Nguyễn Văn {role.title()}" for role in SIGNING_ORDER}


@dataclass(frozen=True)
class Box:
    role: str
    page: int
    x0: float
    y0: float
    x1: float
    y1: float


BOXES = [Box(role.value, 0, 40 + 130 * place, 90, 160 + 130 * place, 150) for place, role in enumerate(SIGNING_ORDER)]


def model(**changes: object) -> DocumentModel:
    """Minutes of a meeting of the signers below."""
    posts = {"chair": SignerRole.CHAIR, "secretary": SignerRole.SECRETARY, "division_head": SignerRole.INITIALS}
    people = {post: {"id": post, "name": NAMES[role], "title": "Chức vụ"} for post, role in posts.items()}
    log = Ledger().create(agenda=[], **{**people, **changes}).add("meeting.opened", 0).add("meeting.closed", 1)
    return minutes_model(facts_from_events(log.events), number=7)


def page() -> bytes:
    """As our engine prints it."""
    return render_pdf(model()).data


def smallest(attach=lambda pdf, data: declare(pdf, data)) -> bytes:
    """A blank page with the model attached; `attach` puts it there."""
    out = BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        attach(pdf, model().to_json())
        pdf.docinfo["/Keywords"] = model().sha256
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def declare(
    pdf: pikepdf.Pdf, data: bytes, name: str = "document.json", relationship: str = "/Source", kind: str = "/Filespec"
) -> None:
    """Attaches `data` as our engine attaches the model; the arguments make it another thing."""
    stream = pdf.make_stream(data, Type=pikepdf.Name.EmbeddedFile)
    stream.write(data, filter=None)
    spec = pikepdf.Dictionary(
        F=name, UF=name, AFRelationship=pikepdf.Name(relationship), EF=pikepdf.Dictionary(F=stream, UF=stream))
    if kind:
        spec.Type = pikepdf.Name(kind)
    listed = pdf.make_indirect(spec)
    pdf.Root.Names = pikepdf.Dictionary(EmbeddedFiles=pikepdf.Dictionary(Names=[name, listed]))
    pdf.Root.AF = pikepdf.Array([listed])


def signer(authority: DemoAuthority, role: SignerRole) -> Signer:
    if role is SignerRole.AGENCY:
        return authority.agency("t", AGENCY)
    return authority.person(role.value, NAMES[role], "Chức vụ", AGENCY)


def sign(pdf: bytes, authority: DemoAuthority, *roles: SignerRole, mark: bytes | None = None) -> bytes:
    for role in roles:
        pdf = seal.sign(pdf, role, signer(authority, role), mark, AT, authority.trust)
    return pdf


def sign_blindly(pdf: bytes, role: SignerRole, key: Signer, at: datetime = AT) -> bytes:
    """What somebody with our program and a key, but without our checks, can make."""
    return seal._in_thread(seal._sign(pdf, role, key, None, at))
