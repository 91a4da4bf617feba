"""The installation's secret: one file of 32 random bytes, from which a key for each purpose is derived.

A leaked cookie key then says nothing about join links.  It never leaves the data directory and is never logged.
Called once by `web/container.py`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path

MASTER_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """Derived keys, 32 bytes each; `repr` shows none of them."""

    links: bytes = field(repr=False)
    csrf: bytes = field(repr=False)
    releases: bytes = field(repr=False)
    replies: bytes = field(repr=False)
    tests: bytes = field(repr=False)
    persons: bytes = field(repr=False)


def derive(master: bytes) -> Keys:
    """One key for each purpose: HMAC-SHA-256 of the purpose's name under the master (RFC 5869's expand, one block)."""

    def key(purpose: str) -> bytes:
        return hmac.new(master, f"diemcau/{purpose}/1\x01".encode(), hashlib.sha256).digest()

    return Keys(links=key("join links"), csrf=key("form tokens"), releases=key("delegates' links"),
                tests=key("line tests"), replies=key("answers of those invited"), persons=key("links of persons"))


def load(directory: Path) -> Keys:
    """Reads `secret.key` of the data directory; makes it on first use, readable by its owner alone."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "secret.key"
    try:
        # O_EXCL: two processes that start together agree on one file instead of overwriting each other's.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(MASTER_BYTES))
            file.flush()
            os.fsync(file.fileno())
    master = path.read_bytes()
    if len(master) != MASTER_BYTES:
        raise RuntimeError(f"{path} is damaged: it must hold {MASTER_BYTES} bytes. Restore it from the backup.")
    return derive(master)
