"""A self-signed certificate for the local network: browsers give camera and microphone only over HTTPS.

The certificate is reused while it names every address wanted and stays valid for a month; its key is readable by its
owner alone.  It never issues anything for the public internet.  Called by `demo --lan` and its test.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = timedelta(days=397)  # browsers refuse longer ones
MARGIN = timedelta(days=30)


def ensure_certificate(folder: Path, hosts: Sequence[str], now: datetime) -> tuple[Path, Path]:
    """(certificate PEM, key PEM) for these host names and addresses, made anew only when the old one does not fit."""
    certificate, key = folder / "lan-cert.pem", folder / "lan-key.pem"
    if not (certificate.exists() and key.exists() and _fits(certificate.read_bytes(), hosts, now)):
        folder.mkdir(parents=True, exist_ok=True)
        cert_pem, key_pem = make_certificate(hosts, now)
        _write(key, key_pem, 0o600)
        _write(certificate, cert_pem, 0o644)
    return certificate, key


def make_certificate(hosts: Sequence[str], now: datetime) -> tuple[bytes, bytes]:
    """A fresh self-signed certificate and its key, both PEM.  ECDSA P-256, server authentication only."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Điểm Cầu trong mạng nội bộ")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([_name(host) for host in dict.fromkeys(hosts)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), secret


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _fits(pem: bytes, hosts: Sequence[str], now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    still_good = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc - MARGIN
    return still_good and all(_name(host) in names for host in hosts)


def _write(path: Path, data: bytes, mode: int) -> None:
    """A new file with its rights from the first byte, put in place at once."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
