"""Strict reading of a detached CMS signature: a second opinion, independent of the library that made it.

Every byte must be the one possible encoding of what it says (rebuilt and compared), so a flipped byte in padding,
in a parameter or in an embedded certificate is found as surely as one in the text.  An ECDSA value has two forms that
mean the same, (r, s) and (r, n - s); anybody can turn one into the other, so only the lower is accepted, and `settled`
gives it for whatever a token or service returned.  Only what we produce is
accepted: one signer, SHA-256, RSA PKCS #1 v1.5 or ECDSA, the signer's certificate named by the signature itself, no
unsigned attributes.  It never fetches anything and never decides who ought to have signed: minutes.verify does.

Source: RFC 5652 (CMS), RFC 5035 (signing-certificate-v2), RFC 5753 (ECDSA in CMS), ETSI EN 319 122-1 (CAdES).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509.oid import NameOID

LARGEST = 64 * 1024  # bytes of one CMS object; ours are about 2 KiB
SMALLEST_RSA_BITS = 2048
LONGEST_CHAIN = 4

# The number of points of each curve that is accepted (FIPS 186-5, SP 800-186), by the curve's name.
ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    "secp521r1": (1 << 521) - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
}

_VERSION_1 = bytes.fromhex("020101")
_OID_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_OID_DATA = bytes.fromhex("06092a864886f70d010701")
_SHA256 = bytes.fromhex("300d06096086480165030402010500")  # with NULL, RFC 5754 section 2 allows both
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_RSA_SHA256 = bytes.fromhex("300d06092a864886f70d01010b0500")


class BadSignature(Exception):
    """The signature is not good; `code` says why, in the codes of minutes.verify."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class DetachedSignature:
    """What one CMS object says once it has been found well formed."""

    certificate: x509.Certificate
    extra: tuple[x509.Certificate, ...]
    attributes: cms.CMSAttributes
    signature: bytes
    time: datetime | None  # the signer's own claim, if the CMS carries one


def read(der: bytes) -> DetachedSignature:
    """Raises BadSignature("form") for anything that is not exactly what we would have written."""
    if len(der) > LARGEST:
        raise BadSignature("form")
    try:
        content = cms.ContentInfo.load(der, strict=True)
        signed = content["content"]
        (info,) = signed["signer_infos"]
        if len(signed["certificates"]) > LONGEST_CHAIN:
            raise BadSignature("form")
        certificates = [choice.chosen for choice in signed["certificates"]]
        certificate = _signer_certificate(info, certificates)
        if _rebuilt(signed, info, certificate) != der:
            raise BadSignature("form")
        attributes = info["signed_attrs"]
        return DetachedSignature(
            certificate=_parsed(certificate),
            extra=tuple(_parsed(other) for other in certificates if other is not certificate),
            attributes=attributes,
            signature=info["signature"].native,
            time=_attribute(attributes, "signing_time", required=False),
        )
    except BadSignature:
        raise
    except Exception as error:  # any escape of the ASN.1 reader on hostile bytes means the same thing
        raise BadSignature("form") from error


def check(signature: DetachedSignature, digest: bytes, trust: Sequence[x509.Certificate], at: datetime) -> None:
    """Checks the signature over the 32-byte SHA-256 `digest`, and the chain to `trust` as of `at`.

    Raises BadSignature: "altered" (the content is not what was signed), "value" (the signature does not hold),
    "untrusted" (no chain to a trusted root), "expired", "weak_key", "usage".
    """
    if _attribute(signature.attributes, "message_digest") != digest:
        raise BadSignature("altered")
    try:
        _check_value(signature)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise BadSignature("value") from error
    _check_chain(signature, trust, at)


def settled(value: bytes, certificate: x509.Certificate) -> bytes:
    """The one form of a signature value that verification accepts.  Raises ValueError for what is no value."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return value
    r, s = decode_dss_signature(value)
    return encode_dss_signature(r, min(s, ORDERS[key.curve.name] - s))


def signer_name(certificate: x509.Certificate) -> str:
    """The subject's name as a person reads it; empty when the certificate has none.

    An agency's name stands twice, and where it is long only the organisation's has room for all of it.
    """
    name, whole = common_name(certificate), organisation(certificate)
    return whole if name and whole.startswith(name) else name


def common_name(certificate: x509.Certificate) -> str:
    return _subject(certificate, NameOID.COMMON_NAME)


def organisation(certificate: x509.Certificate) -> str:
    return _subject(certificate, NameOID.ORGANIZATION_NAME)


def _subject(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def _parsed(certificate: asn1_x509.Certificate) -> x509.Certificate:
    """With every part looked at once, because the library parses them late and raises then."""
    read = x509.load_der_x509_certificate(certificate.dump())
    parts = (read.subject.rfc4514_string(), read.issuer.rfc4514_string(), read.public_key(), list(read.extensions),
             read.not_valid_before_utc, read.not_valid_after_utc)
    assert parts
    return read


def _signer_certificate(info: cms.SignerInfo, certificates: list[asn1_x509.Certificate]) -> asn1_x509.Certificate:
    named = _attribute_value(info["signed_attrs"], "signing_certificate_v2")
    if not isinstance(named, tsp.SigningCertificateV2):
        raise BadSignature("form")
    wanted = named["certs"][0]
    for certificate in certificates:
        if hashlib.sha256(certificate.dump()).digest() == wanted["cert_hash"].native:
            return certificate
    raise BadSignature("form")


def _rebuilt(signed: cms.SignedData, info: cms.SignerInfo, certificate: asn1_x509.Certificate) -> bytes:
    """The same statement written anew: only certificates, signed attributes and the value are taken over.

    Written by hand because the general encoder needs 25 ms for what is a handful of nested lengths.
    """
    sid = certificate.issuer.dump() + certificate["tbs_certificate"]["serial_number"].dump()
    value_algorithm = _ECDSA_SHA256 if certificate.public_key.algorithm == "ec" else _RSA_SHA256
    signer = (
        _VERSION_1 + _tlv(0x30, sid) + _SHA256 + _tlv(0xA0, info["signed_attrs"].contents)
        + value_algorithm + _tlv(0x04, info["signature"].native)
    )
    body = (
        _VERSION_1 + _tlv(0x31, _SHA256) + _tlv(0x30, _OID_DATA)
        + _tlv(0xA0, signed["certificates"].contents) + _tlv(0x31, _tlv(0x30, signer))
    )
    return _tlv(0x30, _OID_SIGNED_DATA + _tlv(0xA0, _tlv(0x30, body)))


def _tlv(tag: int, body: bytes) -> bytes:
    """One DER element (X.690): tag, shortest length, body."""
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def _attribute_value(attributes: cms.CMSAttributes, name: str):
    try:
        found = [attribute for attribute in attributes if attribute["type"].native == name]
        (value,) = found[0]["values"] if len(found) == 1 else ()
        value.native  # parsed here, because the reader of ASN.1 is lazy and would raise at the first use
        return value
    except (ValueError, TypeError, KeyError) as error:
        raise BadSignature("form") from error


def _attribute(attributes: cms.CMSAttributes, name: str, required: bool = True):
    if not required and not any(attribute["type"].native == name for attribute in attributes):
        return None
    return _attribute_value(attributes, name).native


def _check_value(signature: DetachedSignature) -> None:
    if _attribute(signature.attributes, "content_type") != "data":
        raise BadSignature("form")
    signed_bytes = signature.attributes.untag().dump()
    key = signature.certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in ORDERS:
        if settled(signature.signature, signature.certificate) != signature.signature:
            raise BadSignature("form")
        key.verify(signature.signature, signed_bytes, ec.ECDSA(hashes.SHA256()))
    elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_RSA_BITS:
        key.verify(signature.signature, signed_bytes, padding.PKCS1v15(), hashes.SHA256())
    else:
        raise BadSignature("weak_key")


def _check_chain(signature: DetachedSignature, trust: Sequence[x509.Certificate], at: datetime) -> None:
    """Walks from the signer up; every embedded certificate must be a step of the way, none may be decoration."""
    current, rest = signature.certificate, list(signature.extra)
    _check_usage(current)
    for _ in range(LONGEST_CHAIN):
        if not current.not_valid_before_utc <= at <= current.not_valid_after_utc:
            raise BadSignature("expired")
        root = next((root for root in trust if _issued(current, root)), None)
        if root is not None:
            if rest or not root.not_valid_before_utc <= at <= root.not_valid_after_utc:
                raise BadSignature("expired" if not rest else "form")
            return
        above = next((candidate for candidate in rest if _issued(current, candidate)), None)
        if above is None:
            raise BadSignature("untrusted")
        rest.remove(above)
        current = above
    raise BadSignature("untrusted")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        return bool(issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False


def _check_usage(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (ValueError, x509.ExtensionNotFound) as error:
        raise BadSignature("usage") from error
    if not usage.content_commitment:
        raise BadSignature("usage")
