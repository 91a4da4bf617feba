"""The meeting packet: an ASiC-E container with the documents, the minutes and a manifest signed by the agency.

Built as a stream into a temporary file, then fsync and rename: a packet is absent or whole, also when the disk fills
up.  Reading is bounded and deny by default: see minutes.zipform and minutes.manifest.  It never decides who may have
a packet (minutes.release).  Callers: minutes.service (build), minutes.verify (read).

Source: ETSI EN 319 162-1 (ASiC-E with CAdES).
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from meetings.blobs import noticing_full_disk
from meetings.errors import Invalid, TooLarge
from minutes import cms, manifest, verify, zipform
from minutes.manifest import Listed
from minutes.signing import Signer

MIMETYPE = b"application/vnd.etsi.asic-e+zip"
MEDIA_TYPE = MIMETYPE.decode()
EXTENSION = ".asice"
MINUTES_NAME = "bien-ban.pdf"
MANIFEST_ROLE = "manifest"


@dataclass(frozen=True, slots=True)
class PacketFile:
    """One file to pack; `sha256` (hex) is what it must turn out to be, `opener` gives its bytes from the start."""

    name: str
    media_type: str
    sha256: str
    opener: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Built:
    """What `build` made: SHA-256 (hex) and size in bytes of the container."""

    sha256: str
    size: int


def build(path: Path, files: Sequence[PacketFile], signer: Signer, at: datetime) -> Built:
    """Writes the packet to `path`.  One of `files` must be named MINUTES_NAME.

    Raises Unavailable("blob.full") when the disk is full, Invalid("packet.file_changed", name) when a file is not
    what its digest says, Invalid("packet.name"), TooLarge("packet.too_large"); nothing is left behind then.
    """
    if sum(file.name == MINUTES_NAME for file in files) != 1:
        raise Invalid("packet.name", field="document", name=MINUTES_NAME)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with noticing_full_disk(), draft.open("xb+") as out:
            _fill(out, files, signer, at)
            out.flush()
            os.fsync(out.fileno())
            out.seek(0)
            built = Built(hashlib.file_digest(out, "sha256").hexdigest(), os.fstat(out.fileno()).st_size)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_directory(path.parent)
    return built


def verify_packet(path: Path | str, trust: Sequence[bytes], at: datetime | None = None) -> verify.Verdict:
    """The verdict on a packet: the manifest's signature, every file against it, and the minutes inside."""
    at = at or datetime.now(UTC)
    try:
        with Path(path).open("rb") as file:
            return _judge(file, trust, at)
    except zipform.BadZip:
        return verify.Verdict(False, "packet", reason="packet_form")
    except manifest.BadManifest:
        return verify.Verdict(False, "packet", reason="packet_manifest")
    except OSError:
        return verify.Verdict(False, "", reason="unreadable")


def _fill(out: BinaryIO, files: Iterable[PacketFile], signer: Signer, at: datetime) -> None:
    from minutes import seal  # pyHanko is only needed here, not to read

    writer = zipform.Writer(out)
    writer.add("mimetype", BytesIO(MIMETYPE))
    listed = []
    for file in files:
        with file.opener() as source:
            hashing = _Hashing(source)
            try:
                writer.add(file.name, hashing)
            except ValueError as error:
                if str(error) == "size":
                    raise TooLarge("packet.too_large", limit=zipform.LARGEST) from error
                raise Invalid("packet.name", field="document", name=file.name) from error
        if hashing.sha256.hexdigest() != file.sha256:
            raise Invalid("packet.file_changed", field="document", name=file.name)
        listed.append(Listed(file.name, file.media_type, file.sha256, root=file.name == MINUTES_NAME))
    text = manifest.write(listed)
    writer.add(manifest.MANIFEST_NAME, BytesIO(text))
    writer.add(manifest.SIGNATURE_NAME, BytesIO(seal.sign_detached(text, signer, at)))
    writer.close()


class _Hashing:
    """A source that is hashed while it is copied."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._source.read(size)
        self.sha256.update(chunk)
        return chunk


def _judge(file: BinaryIO, trust: Sequence[bytes], at: datetime) -> verify.Verdict:
    entries = zipform.read_directory(file)
    names = [entry.name for entry in entries]
    by_name = dict(zip(names, entries, strict=True))
    wanted_ends = ["mimetype"], [manifest.MANIFEST_NAME, manifest.SIGNATURE_NAME]
    if len(names) < 4 or (names[:1], names[-2:]) != wanted_ends:
        raise zipform.BadZip("order")
    if _small(file, by_name["mimetype"], len(MIMETYPE)) != MIMETYPE:
        raise zipform.BadZip("mimetype")
    text = _small(file, by_name[manifest.MANIFEST_NAME], manifest.LARGEST)
    signature = _manifest_signature(text, _small(file, by_name[manifest.SIGNATURE_NAME], cms.LARGEST), trust, at)
    listed = manifest.read(text)
    if [item.name for item in listed] != names[1:-2] or [i.name for i in listed if i.root] != [MINUTES_NAME]:
        raise manifest.BadManifest("files")
    changed = any(_digest(file, by_name[item.name]) != item.sha256 for item in listed)
    inside = _minutes(file, by_name[MINUTES_NAME], trust, at)
    reason = signature.reason
    if not reason and changed:
        reason = "packet_content"
    if not reason and not inside.valid:
        reason = "packet_minutes"
    if not reason and inside.signatures[-1].certificate != signature.certificate:
        reason = "packet_signer"
    if not reason and signature.time < inside.signatures[-1].time:
        reason = "backwards"
    return verify.Verdict(not reason, "packet", (*inside.signatures, signature), reason)


def _manifest_signature(
    text: bytes, der: bytes, trust: Sequence[bytes], at: datetime
) -> verify.SignatureVerdict:
    try:
        signature = cms.read(der)
    except cms.BadSignature as error:
        return verify.SignatureVerdict(MANIFEST_ROLE, "", None, False, error.code)
    reason = ""
    try:
        if signature.time is None or signature.time > at + verify.CLOCK_SKEW:
            raise cms.BadSignature("future")
        cms.check(signature, hashlib.sha256(text).digest(), verify.load_trust(trust), signature.time)
    except cms.BadSignature as error:
        reason = error.code
    except Exception:  # hostile bytes are a verdict, never an error
        reason = "form"
    return verify.describe(MANIFEST_ROLE, signature.certificate, signature.time, reason)


def _minutes(file: BinaryIO, entry: zipform.Entry, trust: Sequence[bytes], at: datetime) -> verify.Verdict:
    if entry.size > verify.LARGEST_PDF:
        return verify.Verdict(False, "pdf", reason="too_large")
    return verify.verify_pdf(b"".join(zipform.chunks(file, entry)), trust, at)


def _small(file: BinaryIO, entry: zipform.Entry, limit: int) -> bytes:
    if entry.size > limit:
        raise zipform.BadZip("size")
    return b"".join(zipform.chunks(file, entry))


def _digest(file: BinaryIO, entry: zipform.Entry) -> str:
    digest = hashlib.sha256()
    for chunk in zipform.chunks(file, entry):
        digest.update(chunk)
    return digest.hexdigest()


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
