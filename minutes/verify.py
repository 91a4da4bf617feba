"""Says whether signed minutes or a meeting packet are valid, who signed and when.  Deny by default.

A PDF is valid only when: it holds exactly the four expected signatures in their order; each signature is good for
two independent readers; each certificate leads to an authority the caller trusts; they are those of three persons and
the agency that the document names (minutes.signatories); the first certifies the document (form filling allowed) and
the last covers every byte and locks all fields; nothing came after; nothing in the file can act or hide.  Work is
bounded: what costs much is done only for a file whose signatures are all by keys of trusted authorities.  A packet is valid only when every byte of it is what its signed manifest determines, and the
minutes in it are valid.  It never fetches anything, never writes, and never raises for bad input: bad input is a
verdict.  Callers: minutes.seal, minutes.service, web (CLI and page).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from minutes import cms, signatories
from minutes.model import DocumentModel
from minutes.signing import SIGNING_ORDER, SignerRole
from minutes.testca import TEST_MARK

LARGEST_PDF = 5 * 1024 * 1024  # minutes of 239 points with four marks are below 1 MiB
CLOCK_SKEW = timedelta(seconds=30)

# Why a verdict is "not valid".  web/errors.py has the sentences, under "verify.<code>".
REASONS = frozenset({
    "unreadable", "too_large", "structure", "active", "document", "roles", "coverage", "changed", "policy", "form", "altered",
    "value", "untrusted", "expired", "weak_key", "usage", "future", "library",
    "not_agency", "not_person", "same_signer", "backwards", "other_signer",
    "packet_form", "packet_manifest", "packet_content", "packet_minutes", "packet_signer",
})


@dataclass(frozen=True, slots=True)
class SignatureVerdict:
    """One signature.  `role` is the field's name, or "manifest" for the packet's own; `time` is the signer's clock."""

    role: str
    signer: str
    time: datetime | None
    valid: bool
    reason: str = ""  # a code of REASONS, empty when valid
    issuer: str = ""
    test: bool = False
    certificate: bytes = field(default=b"", repr=False)  # DER


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kind` is "pdf", "packet" or "" when the file is neither; `reason` is a code of REASONS, empty when valid."""

    valid: bool
    kind: str
    signatures: tuple[SignatureVerdict, ...] = ()
    reason: str = ""

    @property
    def test(self) -> bool:
        """Whether any certificate is one of a test authority: such a document has no legal value."""
        return any(signature.test for signature in self.signatures)

    @property
    def readable(self) -> bool:
        """False when the file is not a PDF or packet at all."""
        return bool(self.kind)


def verify_file(path: Path | str, trust: Sequence[bytes], at: datetime | None = None) -> Verdict:
    """The verdict on a file; `trust` are PEM (or DER) certificates, `at` the moment of judging (default: now)."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(8)
            if head.startswith(b"%PDF-"):
                data = head + file.read(LARGEST_PDF + 1)
                return verify_pdf(data, trust, at)
    except OSError:
        return Verdict(False, "", reason="unreadable")
    if head.startswith(b"PK\x03\x04"):
        from minutes import packet  # a packet contains minutes, so its reader needs this module

        return packet.verify_packet(path, trust, at)
    return Verdict(False, "", reason="unreadable")


def verify_pdf(
    data: bytes, trust: Sequence[bytes], at: datetime | None = None, roles: Sequence[SignerRole] = SIGNING_ORDER
) -> Verdict:
    """The verdict on a PDF that should bear exactly the signatures of `roles` (all four, for finished minutes)."""
    if len(data) > LARGEST_PDF:
        return Verdict(False, "pdf", reason="too_large")
    at = at or datetime.now(UTC)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="verify") as pool:
        return pool.submit(asyncio.run, _pdf_verdict(data, load_trust(trust), at, tuple(roles))).result()


def load_trust(trust: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    """Certificates out of PEM bundles and DER.  Raises ValueError for what is neither."""
    found: list[x509.Certificate] = []
    for item in trust:
        found += x509.load_pem_x509_certificates(item) if b"-----BEGIN" in item else [
            x509.load_der_x509_certificate(item)]
    return tuple(found)


def describe(role: str, certificate: x509.Certificate, time: datetime | None, reason: str) -> SignatureVerdict:
    """The verdict on one signature whose certificate could be read."""
    issuer = certificate.issuer.rfc4514_string()
    names = certificate.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return SignatureVerdict(
        role=role, signer=cms.signer_name(certificate), time=time, valid=not reason, reason=reason,
        issuer=str(names[0].value) if names else issuer, test=TEST_MARK in issuer,
        certificate=certificate.public_bytes(Encoding.DER),
    )


def misplaced(verdicts: Sequence[SignatureVerdict], document: DocumentModel) -> list[str]:
    """For each signature that holds, why it may not stand in its place (minutes.signatories); "" where it may."""
    return signatories.refusals([
        signatories.Signed(SignerRole(item.role), x509.load_der_x509_certificate(item.certificate), item.time)
        for item in verdicts if item.time is not None
    ], document)


async def _pdf_verdict(
    data: bytes, trust: tuple[x509.Certificate, ...], at: datetime, roles: tuple[SignerRole, ...]
) -> Verdict:
    from minutes import pdfcheck  # pulls in pyHanko (2 s of import), which a packet's refusal need not wait for

    try:
        reader = pdfcheck.open_strictly(data, pdfcheck.READS_UNTRUSTED)
        if pdfcheck.field_names(reader) != [str(role) for role in SIGNING_ORDER]:
            return Verdict(False, "pdf", reason="roles")
        embedded = sorted(reader.embedded_signatures, key=lambda item: int(item.byte_range[2] + item.byte_range[3]))
    except Exception:  # a hostile file may make the reader raise anything; all of it means "not our PDF"
        return Verdict(False, "pdf", reason="structure")
    verdicts = [_own_opinion(data, item, place == len(embedded) - 1, trust, at) for place, item in enumerate(embedded)]
    reason = next((verdict.reason for verdict in verdicts if not verdict.valid), "")
    if [verdict.role for verdict in verdicts] != [str(role) for role in roles]:
        reason = "roles"
    document = None
    if not reason:
        reason, document = _looked_at(reader)
    if document is None:  # nobody else is asked, so none of them is called valid
        return Verdict(False, "pdf", tuple(_refused(verdict, reason) for verdict in verdicts), reason)
    told = misplaced(verdicts, document)
    verdicts = [_refused(verdict, code) if code else verdict for verdict, code in zip(verdicts, told, strict=True)]
    for place, item in enumerate(embedded):
        if code := await _library_opinion(item, place, len(embedded), trust, verdicts[place].time):
            verdicts[place] = _refused(verdicts[place], code)
    reason = next((verdict.reason for verdict in verdicts if not verdict.valid), "")
    return Verdict(not reason, "pdf", tuple(verdicts), reason)


def _looked_at(reader) -> tuple[str, DocumentModel | None]:
    """What is wrong with the rest of the file, or the model of the minutes; only for files of trusted signers."""
    from minutes import pdfcheck

    try:
        pdfcheck.trusted(reader)
        if pdfcheck.findings(reader):
            return "active", None
        return "document", pdfcheck.attached(reader)
    except Exception:
        return "structure", None


def _refused(verdict: SignatureVerdict, reason: str) -> SignatureVerdict:
    return replace(verdict, valid=False, reason=verdict.reason or reason)


def _own_opinion(data: bytes, embedded, last: bool, trust, at: datetime) -> SignatureVerdict:
    """Our own strict reading of bytes and CMS."""
    blank = SignatureVerdict(str(embedded.field_name), "", None, False, "form")
    try:
        time = embedded.self_reported_timestamp
        blank = replace(blank, time=time)
        signature = cms.read(_contents(data, embedded, last))
    except cms.BadSignature as error:
        return replace(blank, reason=error.code)
    except Exception:
        return blank
    reason = ""
    try:
        if time is None or time > at + CLOCK_SKEW:
            raise cms.BadSignature("future")
        first, _, third, length = embedded.byte_range
        digest = hashlib.sha256(data[first:embedded.byte_range[1]])
        digest.update(data[third:third + length])
        cms.check(signature, digest.digest(), trust, time)
    except cms.BadSignature as error:
        reason = error.code
    except Exception:
        reason = "form"
    return describe(blank.role, signature.certificate, time, reason)


def _contents(data: bytes, embedded, last: bool) -> bytes:
    """The CMS bytes of one signature, after checking that the unsigned gap holds them and nothing else.

    Raises BadSignature("coverage") when the signed ranges are not: everything from byte 0 to an end-of-file mark,
    but for one hexadecimal string; and for the last signature, everything.
    """
    start, before, after, length = (int(number) for number in embedded.byte_range)
    end = after + length
    gap = data[before:after]
    whole = start == 0 and 0 < before < after < end <= len(data) and gap[:1] == b"<" and gap[-1:] == b">"
    if not whole or not data[:end].rstrip(b"\r\n").endswith(b"%%EOF") or (last and end != len(data)):
        raise cms.BadSignature("coverage")
    der = bytes.fromhex(gap[1:-1].decode("ascii"))
    der = der[: _der_length(der)]
    # The padding must be zeros and the digits upper case: else a byte could be flipped there unnoticed.
    if gap[1:-1] != der.hex().upper().encode().ljust(len(gap) - 2, b"0"):
        raise cms.BadSignature("form")
    return der


def _der_length(der: bytes) -> int:
    if der[:2] != b"\x30\x82":  # a SEQUENCE of 256 to 65,535 bytes, as every CMS signature is
        raise cms.BadSignature("form")
    return 4 + int.from_bytes(der[2:4])


async def _library_opinion(embedded, place: int, count: int, trust, time: datetime | None) -> str:
    """The code of what pyHanko has against the signature; empty when it agrees that it is good."""
    try:
        await _library_agrees(embedded, place, count, trust, time)
        return ""
    except cms.BadSignature as error:
        return error.code
    except Exception:
        return "library"


async def _library_agrees(embedded, place: int, count: int, trust, time: datetime | None) -> None:
    """pyHanko's opinion, and its comparison of each revision with the rights the earlier signatures gave."""
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.fields import FieldMDPAction, MDPPerm, SigSeedSubFilter
    from pyhanko.sign.validation import async_validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(_der(root)) for root in trust], moment=time, allow_fetching=False,
        best_signature_time=time,
    )
    if embedded.sig_object.get("/SubFilter") != SigSeedSubFilter.PADES.value:
        raise cms.BadSignature("form")
    status = await async_validate_pdf_signature(embedded, signer_validation_context=context)
    wanted = SignatureCoverageLevel.ENTIRE_FILE if place == count - 1 else SignatureCoverageLevel.ENTIRE_REVISION
    if status.coverage != wanted:
        raise cms.BadSignature("coverage")
    if status.modification_level is None or status.modification_level > ModificationLevel.FORM_FILLING:
        raise cms.BadSignature("changed")
    if (embedded.docmdp_level == MDPPerm.FILL_FORMS) is not (place == 0) or not status.docmdp_ok:
        raise cms.BadSignature("policy")
    if embedded.field_name == SignerRole.AGENCY and (
            embedded.fieldmdp is None or embedded.fieldmdp.action is not FieldMDPAction.ALL):
        raise cms.BadSignature("policy")
    if not status.bottom_line:
        raise cms.BadSignature("library")


def _der(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)
