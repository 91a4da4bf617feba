"""The demonstration's authority: openssl accepts its chain, nobody can mistake it for a real one, keys stay private."""

from __future__ import annotations

import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from minutes import cms
from minutes.testca import TEST_MARK, DemoAuthority


@pytest.fixture
def authority(tmp_path: Path) -> DemoAuthority:
    return DemoAuthority(tmp_path / "ca")


def certificate(signer) -> x509.Certificate:
    return x509.load_der_x509_certificate(signer.certificate)


def test_openssl_follows_the_chain_to_the_authority(authority: DemoAuthority, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(authority.ca_pem())
    for signer in (authority.person("u1", "Trần Văn Đức", "Trưởng phòng", "UBND tỉnh"),
                   authority.agency("t", "Ủy ban nhân dân tỉnh Quảng Ninh")):
        path = tmp_path / "leaf.pem"
        path.write_bytes(certificate(signer).public_bytes(Encoding.PEM))
        done = subprocess.run(
            ["openssl", "verify", "-x509_strict", "-purpose", "smimesign", "-CAfile", tmp_path / "ca.pem", path],
            capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_every_certificate_says_that_it_is_a_test(authority: DemoAuthority) -> None:
    person = authority.person("u1", "Trần Văn Đức", "Trưởng phòng", "UBND tỉnh")
    for found in (certificate(person), x509.load_pem_x509_certificate(authority.ca_pem())):
        assert TEST_MARK in found.subject.rfc4514_string()
        assert TEST_MARK in found.issuer.rfc4514_string()
    assert person.test and authority.test


def test_a_person_is_named_with_post_and_unit(authority: DemoAuthority) -> None:
    subject = certificate(authority.person("u1", "Trần Văn Đức", "Trưởng phòng", "UBND tỉnh")).subject
    found = {oid: subject.get_attributes_for_oid(oid)[0].value
             for oid in (NameOID.COMMON_NAME, NameOID.TITLE, NameOID.ORGANIZATION_NAME)}
    assert list(found.values()) == ["Trần Văn Đức", "Trưởng phòng", "UBND tỉnh"]


def test_a_signing_certificate_is_for_non_repudiation_and_signs_no_other(authority: DemoAuthority) -> None:
    extensions = certificate(authority.agency("t", "UBND tỉnh")).extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.content_commitment and usage.digital_signature and not usage.key_cert_sign
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_same_person_in_the_same_post_keeps_the_certificate_also_after_a_restart(tmp_path: Path) -> None:
    first = DemoAuthority(tmp_path).person("u1", "Trần Văn Đức", "Trưởng phòng", "UBND")
    again = DemoAuthority(tmp_path).person("u1", "Trần Văn Đức", "Trưởng phòng", "UBND")
    promoted = DemoAuthority(tmp_path).person("u1", "Trần Văn Đức", "Chánh Văn phòng", "UBND")
    namesake = DemoAuthority(tmp_path).person("u2", "Trần Văn Đức", "Trưởng phòng", "UBND")
    assert first.certificate == again.certificate
    assert len({first.certificate, promoted.certificate, namesake.certificate}) == 3


def test_keys_can_be_read_by_their_owner_alone(authority: DemoAuthority, tmp_path: Path) -> None:
    authority.person("u1", "A", "B", "C")
    assert stat.S_IMODE((tmp_path / "ca").stat().st_mode) == 0o700
    keys = [path for path in (tmp_path / "ca").iterdir() if b"PRIVATE" in path.read_bytes()]
    assert len(keys) == 2 and all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in keys)
    assert b"PRIVATE" not in (tmp_path / "ca" / "ca.pem").read_bytes()


def test_processes_that_start_at_once_agree_on_one_authority(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: DemoAuthority(tmp_path).agency("t", "UBND").certificate, range(8)))
    assert len(set(made)) == 1
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_name_longer_than_a_certificate_allows_is_cut_not_refused(authority: DemoAuthority) -> None:
    signer = authority.person("u1", "Nguyễn " * 20, "Phó Chủ tịch " * 20, "Ủy ban nhân dân " * 20)
    name = certificate(signer).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert 0 < len(name) <= 64


def test_a_long_agency_is_still_called_by_its_whole_name(authority: DemoAuthority) -> None:
    long = "Ủy ban nhân dân phường Văn Miếu - Quốc Tử Giám, Hà Nội"
    assert len(long.encode()) > 64
    assert cms.signer_name(certificate(authority.agency("t", long))) == long
