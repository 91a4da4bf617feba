"""Our own strict reader of signatures: one form of everything, and a verdict for whatever a stranger sends."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import pytest
from asn1crypto import cms as asn1_cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from minutes import cms, packet, seal, verify
from minutes.signing import SIGNING_ORDER, Signer, SignerRole
from minutes.testca import DemoAuthority
from minutes.verify import verify_pdf as judge
from tests.minutes.papers import AT, sign, signer
from tests.minutes.test_verify import _gaps, _signatures, flipped


# --- certificates that nobody would issue -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Odd:
    """A key with a certificate that was tampered with after issuing."""

    inner: Signer
    certificate: bytes
    chain: tuple[bytes, ...] = ()
    name: str = "x"
    test: bool = True

    def sign(self, data: bytes) -> bytes:
        return self.inner.sign(data)


def test_a_broken_certificate_is_a_verdict_and_never_an_error(authority: DemoAuthority) -> None:
    """The signed attributes name it correctly, so only its inside is wrong."""
    good = signer(authority, SignerRole.AGENCY)
    outcomes = set()
    for place in range(20, len(good.certificate) - 80, 11):
        odd = Odd(good, flipped(good.certificate, place, 0x40))
        try:
            der = seal.sign_detached(b"x", odd, AT)
        except Exception:  # our own program does not even sign with such a one
            continue
        verdict = packet._manifest_signature(b"x", der, authority.trust, AT)
        assert not verdict.valid, place
        outcomes.add(verdict.reason)
    assert outcomes >= {"form", "untrusted"}


# --- the two forms of an ECDSA value ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HighSigner:
    """A token that returns whichever form it likes; here always the one that is not accepted."""

    inner: Signer

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def sign(self, data: bytes) -> bytes:
        return other_form(cms.settled(self.inner.sign(data), self.certificate_read))

    @property
    def certificate_read(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.inner.certificate)


def other_form(value: bytes) -> bytes:
    r, s = decode_dss_signature(value)
    return encode_dss_signature(r, cms.ORDERS["secp256r1"] - s)


def replaced_value(der: bytes, change) -> bytes:
    """The CMS object with another signature value and all lengths put right: nobody needs a key for that."""
    content = asn1_cms.ContentInfo.load(der)
    content["content"]["signer_infos"][0]["signature"] = change(cms.read(der).signature)
    return content.dump(force=True)


def test_whatever_form_a_token_returns_the_lower_is_embedded(prepared: bytes, authority: DemoAuthority) -> None:
    pdf = prepared
    for role in SIGNING_ORDER:
        pdf = seal.sign(pdf, role, HighSigner(signer(authority, role)), None, AT, authority.trust)
    assert judge(pdf, authority.trust).valid
    der = seal.sign_detached(b"x", HighSigner(signer(authority, SignerRole.AGENCY)), AT)
    cms.check(cms.read(der), hashlib.sha256(b"x").digest(), verify.load_trust(authority.trust), AT)


def test_the_other_form_of_a_value_is_another_file_and_refused(prepared: bytes, authority: DemoAuthority) -> None:
    pdf = sign(prepared, authority, *SIGNING_ORDER)
    before, after = _gaps(pdf)[-1]
    der = verify._contents(pdf, _signatures(pdf)[-1], last=True)
    other = replaced_value(der, other_form).hex().upper().encode().ljust(after - before - 2, b"0")
    changed = pdf[: before + 1] + other + pdf[after - 1:]
    assert len(changed) == len(pdf) and changed != pdf
    verdict = judge(changed, authority.trust)
    assert (verdict.valid, verdict.signatures[-1].reason) == (False, "form")


def test_the_other_form_is_refused_in_a_packets_manifest_too(authority: DemoAuthority) -> None:
    der = seal.sign_detached(b"x", signer(authority, SignerRole.AGENCY), AT)
    trust = verify.load_trust(authority.trust)
    cms.check(cms.read(der), hashlib.sha256(b"x").digest(), trust, AT)
    with pytest.raises(cms.BadSignature, match="form"):
        cms.check(cms.read(replaced_value(der, other_form)), hashlib.sha256(b"x").digest(), trust, AT)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_a_settled_value_holds_and_is_the_only_one(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    certificate = self_signed(key)
    for _ in range(8):
        value = cms.settled(key.sign(b"x", ec.ECDSA(hashes.SHA256())), certificate)
        key.public_key().verify(value, b"x", ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(value)
        assert s <= cms.ORDERS[curve.name] // 2
        assert cms.settled(encode_dss_signature(r, cms.ORDERS[curve.name] - s), certificate) == value


def self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    return x509.CertificateBuilder(name, name, key.public_key(), 1, AT, AT + timedelta(days=1)).sign(key, hashes.SHA256())
