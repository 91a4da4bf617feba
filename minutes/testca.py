"""A certificate authority for demonstrations and tests: software keys of people and agencies, made on demand.

It never signs for a real office: every certificate, the authority's own included, says THỬ NGHIỆM – TEST, every signer
answers `test = True`, and minutes.service issues nothing with such a signer in production.  Keys are plain files of
mode 0600 in a directory of mode 0700; there is no revocation.  Callers: web's composition root, the rehearsal, tests.

Source: RFC 5280 (certificates), RFC 5652 (their use in CMS); curve P-256 satisfies "ECDSA of at least 256 bits" of
Circular 15/2025/TT-BKHCN.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TEST_MARK = "THỬ NGHIỆM – TEST"
AUTHORITY_NAME = f"Điểm Cầu – CA {TEST_MARK}"

# Wide and fixed, so that rehearsals with another clock still fall inside; a test key has no life to protect.
VALID_FROM = datetime(2019, 1, 1, tzinfo=UTC)
VALID_TO = datetime(2049, 12, 31, tzinfo=UTC)
LEAF_VALID_TO = datetime(2048, 12, 31, tzinfo=UTC)
LONGEST_NAME = 64  # characters; ub-common-name and its kin, RFC 5280 appendix A


@dataclass(frozen=True, slots=True)
class SoftSigner:
    """A key in this process's memory.  Satisfies minutes.signing.Signer."""

    name: str
    certificate: bytes  # DER
    chain: tuple[bytes, ...]  # DER, issuers below the root; empty here
    key: ec.EllipticCurvePrivateKey
    test: bool = True

    def sign(self, data: bytes) -> bytes:
        """ECDSA over SHA-256 of `data`, DER encoded as CMS wants it (RFC 5753)."""
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


class DemoAuthority:
    """The authority of one data directory.  Satisfies minutes.signing.Signers."""

    test = True

    def __init__(self, directory: Path | str) -> None:
        self._directory = Path(directory)
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key, self._certificate = self._load_or_make("authority", self._make_authority)
        (self._directory / "ca.pem").write_bytes(self.ca_pem())

    def ca_pem(self) -> bytes:
        """The authority's own certificate, PEM: what others must be told to trust."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def trust(self) -> tuple[bytes, ...]:
        """PEM certificates a verifier should trust for what these signers sign."""
        return (self.ca_pem(),)

    def person(self, user_id: str, name: str, title: str, unit: str) -> SoftSigner:
        """The signer of one person in one post: a new post gets a new certificate, the old one stays."""
        subject = [(NameOID.COMMON_NAME, name), (NameOID.TITLE, title), (NameOID.ORGANIZATION_NAME, unit)]
        return self._signer("person", user_id, name, subject)

    def agency(self, unit_id: str, name: str) -> SoftSigner:
        """The signer that stands for the agency's seal."""
        subject = [(NameOID.COMMON_NAME, name), (NameOID.ORGANIZATION_NAME, name)]
        return self._signer("agency", unit_id, name, subject)

    def _signer(self, kind: str, owner: str, name: str, subject: list[tuple[x509.ObjectIdentifier, str]]) -> SoftSigner:
        fingerprint = hashlib.sha256("\x1f".join([owner, *(value for _, value in subject)]).encode()).hexdigest()
        key, certificate = self._load_or_make(f"{kind}-{fingerprint[:40]}", lambda: self._make_leaf(subject))
        return SoftSigner(name, certificate.public_bytes(serialization.Encoding.DER), (), key)

    def _make_authority(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name([(NameOID.COMMON_NAME, AUTHORITY_NAME), (NameOID.ORGANIZATION_NAME, "Điểm Cầu")])
        usage = _usage(key_cert_sign=True, crl_sign=True)
        builder = (
            _builder(name, name, key, VALID_TO)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return key, builder.sign(key, hashes.SHA256())

    def _make_leaf(
        self, subject: list[tuple[x509.ObjectIdentifier, str]]
    ) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key = ec.generate_private_key(ec.SECP256R1())
        # No extended key usage: `openssl cms -verify` would then insist on e-mail protection, which this is not.
        builder = (
            _builder(_name(subject), self._certificate.subject, key, LEAF_VALID_TO)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True, content_commitment=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        return key, builder.sign(self._key, hashes.SHA256())

    def _load_or_make(self, stem: str, make) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        """Key and certificate are one file put in place by link(2): of two processes that make it, one wins whole."""
        path = self._directory / f"{stem}.pem"
        if not path.exists():
            key, certificate = make()
            text = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ) + certificate.public_bytes(serialization.Encoding.PEM)
            draft = self._directory / f".{stem}.{secrets.token_hex(8)}"
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        text = path.read_bytes()
        key = serialization.load_pem_private_key(text, password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key, x509.load_pem_x509_certificate(text)


def _name(parts: list[tuple[x509.ObjectIdentifier, str]]) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")]
    attributes += [x509.NameAttribute(oid, _cut(oid, value)) for oid, value in parts if value]
    attributes.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, TEST_MARK))
    return x509.Name(attributes)


def _cut(oid: x509.ObjectIdentifier, value: str) -> str:
    """The standard counts characters; for common names the library counts bytes of UTF-8, so those are cut shorter."""
    value = value.strip()[:LONGEST_NAME]
    if oid == NameOID.COMMON_NAME:
        value = value.encode()[:LONGEST_NAME].decode(errors="ignore")
    return value.strip()


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(VALID_FROM)
        .not_valid_after(until)
    )


def _usage(
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,  # nonRepudiation
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
