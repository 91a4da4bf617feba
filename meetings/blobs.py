"""Bytes kept by their SHA-256: written once, never changed, absent or complete, never half.

put = write to a temporary file, fsync, rename, fsync the directory: when `put` returned, the bytes survive a power
loss.  A full disk leaves no trace and raises Unavailable("blob.full").  Called by uploads, minutes and packets.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from meetings.errors import NotFound, Unavailable

_CHUNK = 1 << 20
_LARGE = 16 << 20
_NAME = re.compile(r"[0-9a-f]{64}\Z")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def noticing_full_disk() -> Iterator[None]:
    """Whatever fills the disk in this block, temporary files included, raises Unavailable("blob.full")."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise Unavailable("blob.full") from error
        raise


class BlobStore(Protocol):
    """Content-addressed bytes."""

    def put(self, data: bytes | Path) -> str:
        """Keep the bytes (or the content of a file); their SHA-256 in hex.  Raises Unavailable("blob.full")."""

    def open(self, sha256: str) -> BinaryIO:
        """A readable file of the bytes; the caller closes it.  Raises NotFound("blob.unknown")."""

    def path(self, sha256: str) -> Path:
        """Where the bytes are, for tools that want a file; never write there.  Raises NotFound("blob.unknown")."""

    def exists(self, sha256: str) -> bool: ...

    def verify(self, sha256: str) -> bool:
        """Whether the bytes kept are still those of that name.  Raises NotFound("blob.unknown")."""


class FileBlobStore:
    """Blobs as files `<dir>/<two hex digits>/<sha256>` on one machine."""

    def __init__(self, directory: Path | str) -> None:
        self._root = Path(directory)
        self._incoming = self._root / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._good: dict[str, tuple[int, ...]] = {}

    def put(self, data: bytes | Path) -> str:
        temporary = self._incoming / secrets.token_hex(16)
        with noticing_full_disk():
            try:
                digest = self._write(temporary, data)
                target = self._place(digest)
                if target.exists():
                    return digest
                self._make_folder(target.parent)
                os.replace(temporary, target)
                _sync_folder(target.parent)
                return digest
            finally:
                with suppress(FileNotFoundError):
                    temporary.unlink()

    def open(self, sha256: str) -> BinaryIO:
        return self.path(sha256).open("rb")

    def path(self, sha256: str) -> Path:
        if not self.exists(sha256):
            raise NotFound("blob.unknown")
        return self._place(sha256)

    def exists(self, sha256: str) -> bool:
        return bool(_NAME.match(sha256)) and self._place(sha256).is_file()

    def verify(self, sha256: str) -> bool:
        """Read the blob again: are they still the bytes of that name?

        A large one that was found good is read again only when the file system says that it was touched: hashing
        gigabytes for each download would be a way to keep the machine busy.
        """
        with self.open(sha256) as file:
            status = os.fstat(file.fileno())
            mark = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            if self._good.get(sha256) == mark:
                return True
            good = hashlib.file_digest(file, "sha256").hexdigest() == sha256
        if good and status.st_size >= _LARGE:
            self._good[sha256] = mark
        return good

    def sweep(self) -> int:
        """At start: remove what a killed process left half-written; how many files.  Nobody may be writing."""
        left = list(self._incoming.iterdir())
        for path in left:
            path.unlink()
        return len(left)

    def _write(self, temporary: Path, data: bytes | Path) -> str:
        digest = hashlib.sha256()
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        try:
            for chunk in _chunks(data):
                digest.update(chunk)
                _write_all(descriptor, chunk)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return digest.hexdigest()

    def _make_folder(self, folder: Path) -> None:
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            _sync_folder(self._root)

    def _place(self, digest: str) -> Path:
        return self._root / digest[:2] / digest


def _chunks(data: bytes | Path) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
        return
    with data.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _write_all(descriptor: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view):]


def _sync_folder(folder: Path) -> None:
    """Without this a power loss could forget the name although the bytes are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
