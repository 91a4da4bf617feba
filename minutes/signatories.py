"""Who may stand behind the four signatures of minutes: kinds of certificate, one key each, times in order, names.

Pure; it never looks at a signature's value or at who issued a certificate (minutes.cms does), only at what the
certificates say.  Real certificates of agencies name the organisation and no person: the common name is the
organisation's own, and there is no post, given name or surname.  Callers: minutes.verify, minutes.seal.

Source: Decree 30/2020/NĐ-CP article 13 and annex I (persons sign, the agency's signature is its seal); RFC 5280
section 4.1.2.6 (subject); ETSI EN 319 412-2 and -3 (certificates of persons and of organisations).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from minutes import cms, layout
from minutes.glyphs import printable
from minutes.model import DocumentModel, clean
from minutes.signing import SignerRole

CUT = 60  # bytes; a common name has room for 64, so a longer name may stand there cut in the middle of a letter


class Kind(StrEnum):
    PERSON = "person"
    ORGANISATION = "organisation"


WANTED: Mapping[SignerRole, Kind] = {
    SignerRole.INITIALS: Kind.PERSON,
    SignerRole.SECRETARY: Kind.PERSON,
    SignerRole.CHAIR: Kind.PERSON,
    SignerRole.AGENCY: Kind.ORGANISATION,
}
# Parts of a subject that only a person has.
PERSONAL = (NameOID.TITLE, NameOID.GIVEN_NAME, NameOID.SURNAME, NameOID.INITIALS, NameOID.PSEUDONYM)


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature: its place, whose certificate, and the time it claims."""

    role: SignerRole
    certificate: x509.Certificate
    time: datetime


def refusals(signatures: Sequence[Signed], document: DocumentModel) -> list[str]:
    """Why each signature may not stand where it stands, in codes of minutes.verify; "" for each that may."""
    names = _names(document)
    keys: set[bytes] = set()
    told = []
    for place, item in enumerate(signatures):
        earlier = signatures[place - 1].time if place else item.time
        told.append(next(_against(item, keys, earlier, names.get(item.role, "")), ""))
        keys.add(_key(item.certificate))
    return told


def kind(certificate: x509.Certificate) -> Kind:
    """An organisation's certificate is called by the organisation's name and holds nothing of a person."""
    personal = any(certificate.subject.get_attributes_for_oid(oid) for oid in PERSONAL)
    name, organisation = cms.common_name(certificate), cms.organisation(certificate)
    return Kind.ORGANISATION if not personal and _same(name, organisation) else Kind.PERSON


def _against(item: Signed, keys: set[bytes], earlier: datetime, name: str) -> Iterator[str]:
    if kind(item.certificate) is not WANTED[item.role]:
        yield "not_agency" if WANTED[item.role] is Kind.ORGANISATION else "not_person"
    if _key(item.certificate) in keys:
        yield "same_signer"
    if item.time < earlier:
        yield "backwards"
    if name and not _same(cms.signer_name(item.certificate), name):
        yield "other_signer"


def _names(document: DocumentModel) -> dict[str, str]:
    """Whom the document itself names; the division head's initials stand without a name."""
    return {place.role: place.name for place in document.signatures} | {"agency": " ".join(document.header.issuer)}


def _same(written: str, name: str) -> bool:
    """Whether a certificate's name is the name, which may have been too long for it."""
    written, name = _plain(written), _plain(name)
    return bool(written) and (written == name or (len(written.encode()) >= CUT and name.startswith(written)))


def _plain(name: str) -> str:
    return printable(clean(layout.plain_name(name))).casefold().replace("uỷ", "ủy")


def _key(certificate: x509.Certificate) -> bytes:
    """Two certificates of one key are one signer."""
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
