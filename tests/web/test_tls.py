"""The local network's certificate: fits its addresses, is kept while it fits, and its key is nobody else's."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from web.tls import ensure_certificate, make_certificate

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def test_certificate_names_addresses_and_hosts_and_loads_into_a_server(tmp_path: Path) -> None:
    certificate, key = ensure_certificate(tmp_path, ["192.168.1.9", "localhost"], NOW)
    names = x509.load_pem_x509_certificate(certificate.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    ).value
    assert [str(value) for value in names.get_values_for_type(x509.IPAddress)] == ["192.168.1.9"]
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_certificate_is_kept_while_it_fits(tmp_path: Path) -> None:
    first = ensure_certificate(tmp_path, ["192.168.1.9", "localhost"], NOW)[0].read_bytes()
    again = ensure_certificate(tmp_path, ["192.168.1.9"], NOW + timedelta(days=300))[0].read_bytes()
    assert again == first


def test_certificate_is_made_anew_for_a_new_address_before_its_end_or_when_damaged(tmp_path: Path) -> None:
    first = ensure_certificate(tmp_path, ["192.168.1.9"], NOW)[0].read_bytes()
    moved = ensure_certificate(tmp_path, ["10.0.0.4"], NOW)[0].read_bytes()
    assert moved != first
    late = ensure_certificate(tmp_path, ["10.0.0.4"], NOW + timedelta(days=380))[0].read_bytes()
    assert late != moved
    (tmp_path / "lan-cert.pem").write_bytes(b"not a certificate")
    assert b"BEGIN CERTIFICATE" in ensure_certificate(tmp_path, ["10.0.0.4"], NOW)[0].read_bytes()


def test_two_certificates_never_share_a_key() -> None:
    assert make_certificate(["localhost"], NOW)[1] != make_certificate(["localhost"], NOW)[1]
