"""Puts signatures on a PDF: PAdES B-B, one incremental update each, over fields made before the first of them.

Never decides whose turn it is (minutes.signing) and never stores.  It does look at what is already there: a PDF
whose earlier signatures do not hold, or that carries anything but text and the four fields, is not signed.
Callers: minutes.service.  Signing needs 30-150 ms of processor time and runs in a thread of its own, so that it
may also be called where an event loop runs.

Source: ISO 32000-1 sections 12.7.4.5 and 12.8; ETSI EN 319 142-1 (PAdES); appearance Decree 30/2020/NĐ-CP annex I.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko.pdf_utils import layout
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields as pdf_fields
from pyhanko.sign import signers as pdf_signers
from pyhanko.sign.ades.api import CAdESSignedAttrSpec
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from meetings.errors import Conflict, Invalid
from minutes import cms, pdfcheck, verify
from minutes.signing import SIGNING_ORDER, Signer, SignerRole

# Mark and field have the same size by construction; the library's default would shrink the seal by a margin, but
# Decree 30 wants it in its actual size.
_ACTUAL_SIZE = layout.SimpleBoxLayoutRule(
    x_align=layout.AxisAlignment.ALIGN_MID, y_align=layout.AxisAlignment.ALIGN_MID,
    inner_content_scaling=layout.InnerScaling.NO_SCALING)


class Field(Protocol):
    """A box for one signature, in points from the lower left corner; `page` counts from 0."""

    role: str
    page: int
    x0: float
    y0: float
    x1: float
    y1: float


def prepare(pdf: bytes, boxes: Sequence[Field]) -> bytes:
    """Adds the four empty fields.  A field added later would break the certification of the first signature.

    Raises Invalid("minutes.fields") unless there is exactly one box for each role, Invalid("minutes.pdf_active")
    when the PDF holds scripts, actions, foreign annotations or other things that could change what a reader sees.
    """
    by_role = {box.role: box for box in boxes}
    if len(boxes) != len(SIGNING_ORDER) or set(by_role) != {role.value for role in SIGNING_ORDER}:
        raise Invalid("minutes.fields", field="document")
    if found := pdfcheck.active_content(pdf):
        raise Invalid("minutes.pdf_active", field="document", found=found)
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    for role in SIGNING_ORDER:
        box = by_role[role.value]
        lock = pdf_fields.FieldMDPSpec(pdf_fields.FieldMDPAction.ALL) if role is SignerRole.AGENCY else None
        pdf_fields.append_signature_field(writer, pdf_fields.SigFieldSpec(
            sig_field_name=role.value,
            on_page=box.page,
            box=(box.x0, box.y0, box.x1, box.y1),
            field_mdp_spec=lock,
            combine_annotation=True,
        ))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def sign(
    pdf: bytes, role: SignerRole, signer: Signer, mark: bytes | None, at: datetime, trust: Sequence[bytes]
) -> bytes:
    """The PDF with one more signature in the field of `role`, shown as `mark` (a one-page PDF of the box's size).

    Raises Conflict("minutes.order") when the signatures before this one are missing or do not hold,
    Conflict("minutes.signer", reason) when this certificate may not stand in this place (minutes.signatories).
    """
    before = SIGNING_ORDER[: SIGNING_ORDER.index(role)]
    earlier: tuple[verify.SignatureVerdict, ...] = ()
    if before:
        verdict = verify.verify_pdf(pdf, trust, at=at, roles=before)
        if not verdict.valid:
            raise Conflict("minutes.order", state="broken", role=role.value, expected=verdict.reason)
        earlier = verdict.signatures
    document = pdfcheck.attached(pdfcheck.open_strictly(pdf))
    if document is None:
        raise Invalid("minutes.pdf_active", field="document", found="/EmbeddedFiles")
    own = verify.describe(role.value, x509.load_der_x509_certificate(signer.certificate), at, "")
    if reason := verify.misplaced((*earlier, own), document)[-1]:
        raise Conflict("minutes.signer", role=role.value, reason=reason)
    return _in_thread(_sign(pdf, role, signer, mark, at))


def sign_detached(data: bytes, signer: Signer, at: datetime) -> bytes:
    """A detached CAdES signature over `data` (DER), as ASiC-E puts beside its manifest."""
    async def work() -> bytes:
        content = await _Adapter(signer).async_sign_general_data(
            data, "sha256", detached=True, use_cades=True,
            signed_attr_settings=PdfCMSSignedAttributes(
                signing_time=at, cades_signed_attrs=CAdESSignedAttrSpec()),
        )
        return content.dump()
    return _in_thread(work())


class _Adapter(pdf_signers.Signer):
    """Our Signer in the clothes pyHanko expects."""

    def __init__(self, signer: Signer) -> None:
        store = SimpleCertificateStore()
        store.register_multiple(asn1_x509.Certificate.load(der) for der in signer.chain)
        super().__init__(
            signing_cert=asn1_x509.Certificate.load(signer.certificate), cert_registry=store, embed_roots=False)
        self._signer = signer
        self._certificate = x509.load_der_x509_certificate(signer.certificate)

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if digest_algorithm != "sha256":
            raise ValueError("only SHA-256 is used")
        return bytes(512) if dry_run else cms.settled(self._signer.sign(data), self._certificate)


async def _sign(pdf: bytes, role: SignerRole, signer: Signer, mark: bytes | None, at: datetime) -> bytes:
    first = role is SIGNING_ORDER[0]
    meta = pdf_signers.PdfSignatureMetadata(
        field_name=role.value,
        md_algorithm="sha256",
        subfilter=pdf_fields.SigSeedSubFilter.PADES,
        name=signer.name,
        certify=first,
        docmdp_permissions=pdf_fields.MDPPerm.FILL_FORMS,
    )
    with tempfile.TemporaryDirectory() as directory:
        style = None
        if mark is not None:
            path = Path(directory) / "mark.pdf"
            path.write_bytes(mark)
            style = StaticStampStyle.from_pdf_file(
                str(path), border_width=0, background_opacity=1.0, background_layout=_ACTUAL_SIZE)
        pdf_signer = pdf_signers.PdfSigner(meta, _Adapter(signer), stamp_style=style)
        writer = IncrementalPdfFileWriter(BytesIO(pdf))
        session = pdf_signer.init_signing_session(writer, existing_fields_only=True)
        session.system_time = at  # the caller's clock, so that the visible mark and the signature say the same
        document = session.prepare_tbs_document(validation_info=None, bytes_reserved=_reserved(signer))
        digest, out = document.digest_tbs_document()
        attributes = PdfCMSSignedAttributes(signing_time=at, cades_signed_attrs=CAdESSignedAttrSpec())
        signed = await document.perform_signature(
            document_digest=digest.document_digest, pdf_cms_signed_attrs=attributes)
        await signed.post_signature_processing(out)
    return out.getvalue()


def _reserved(signer: Signer) -> int:
    """Hexadecimal digits to keep free for the signature: certificates, up to 512 bytes of value, 1 KiB of the rest.

    Reckoned, where the library would sign once more on trial: half the time of a signature.
    """
    return 2 * (len(signer.certificate) + sum(len(der) for der in signer.chain) + 512 + 1024)


def _in_thread(work: Coroutine[Any, Any, bytes]) -> bytes:
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="signing") as pool:
        return pool.submit(asyncio.run, work).result()
