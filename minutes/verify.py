"""Says whether signed minutes or a meeting packet are valid, who signed and when.  Deny by default.

A PDF is valid only when: it holds exactly the four expected signatures in their order; each signature is good for
two independent readers; each certificate leads to an authority the caller trusts; the first certifies the document
(form filling allowed) and the last covers every byte and locks all fields; nothing came after; nothing in the file
can act or hide.  A packet is valid only when every byte of it is what its signed manifest determines, and the
minutes in it are valid.  It never fetches anything, never writes, and never raises for bad input: bad input is a
verdict.  Callers: minutes.seal, minutes.service, web (CLI and page).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import x509 as asn1_x509
from cryptography import x509

from minutes import cms
from minutes.signing import SIGNING_ORDER, SignerRole
from minutes.testca import TEST_MARK

LARGEST_PDF = 5 * 1024 * 1024  # minutes of 239 points with four marks are below 1 MiB
CLOCK_SKEW = timedelta(seconds=30)

# Why a verdict is "not valid".  web/errors.py has the sentences, under "verify.<code>".
REASONS = frozenset({
    "unreadable", "too_large", "structure", "active", "roles", "coverage", "changed", "policy", "form", "altered",
    "value", "untrusted", "expired", "weak_key", "usage", "future", "library", "same_signer",
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
    )


async def _pdf_verdict(
    data: bytes, trust: tuple[x509.Certificate, ...], at: datetime, roles: tuple[SignerRole, ...]
) -> Verdict:
    from minutes import pdfcheck  # pulls in pyHanko (2 s of import), which a packet's refusal need not wait for

    try:
        reader = pdfcheck.open_strictly(data)
        embedded = list(reader.embedded_signatures)
        names = [signature.field_name for signature in embedded]
        order = sorted(range(len(embedded)), key=lambda n: int(embedded[n].byte_range[2] + embedded[n].byte_range[3]))
        embedded = [embedded[n] for n in order]
        all_fields = pdfcheck.field_names(reader)
        found = pdfcheck.findings(reader)
    except Exception:  # a hostile file may make the reader raise anything; all of it means "not our PDF"
        return Verdict(False, "pdf", reason="structure")
    verdicts = tuple([await _signature(data, item, n, len(embedded), trust, at) for n, item in enumerate(embedded)])
    reason = ""
    if [v.role for v in verdicts] != [str(role) for role in roles] or len(names) != len(roles):
        reason = "roles"
    elif all_fields != [str(role) for role in SIGNING_ORDER]:
        reason = "roles"
    elif found:
        reason = "active"
    elif bad := next((v.reason for v in verdicts if not v.valid), ""):
        reason = bad
    elif SignerRole.AGENCY in roles and verdicts[-1].signer in {v.signer for v in verdicts[:-1]}:
        reason = "same_signer"
    return Verdict(not reason, "pdf", verdicts, reason)


async def _signature(data: bytes, embedded, place: int, count: int, trust, at: datetime) -> SignatureVerdict:
    """First our own strict reading of bytes and CMS, then pyHanko's; both must agree that it is good."""
    role = str(embedded.field_name)
    time = None
    blank = SignatureVerdict(role, "", None, False, "form")
    try:
        time = embedded.self_reported_timestamp
        blank = replace(blank, time=time)
        signature = cms.read(_contents(data, embedded, last=place == count - 1))
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
        await _library_agrees(embedded, place, count, trust, time)
    except cms.BadSignature as error:
        reason = error.code
    except Exception:
        reason = "library"
    return describe(role, signature.certificate, time, reason)


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


async def _library_agrees(embedded, place: int, count: int, trust, time: datetime) -> None:
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
