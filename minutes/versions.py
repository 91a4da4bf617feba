"""The chain of versions of one meeting's minutes: each names the SHA-256 of the text it came from.  Pure.

A version is never changed and never removed; editing makes the next one.  What was signed is one version, told by its
digest.  It never renders and never stores: minutes.store does, and the database repeats the chain (trigger
minute_version_chain).  Callers: minutes.service and the pages that show a history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from meetings.errors import Stale


class Cause(StrEnum):
    """Why there is a new version."""

    DRAFTED = "drafted"  # from the ledger
    EDITED = "edited"  # by a person
    NUMBERED = "numbered"  # the register's number now stands in the text
    REFUSED = "refused"  # a round was refused: the number is out of the text again


@dataclass(frozen=True, slots=True)
class MinuteVersion:
    """One version.  Digests are hex SHA-256: of the model's canonical JSON, and of the files made from it."""

    version: int
    cause: Cause
    parent_sha256: str | None
    sha256: str
    docx_sha256: str
    pdf_sha256: str
    by: Mapping[str, Any] | None  # {user, name}; None = the system, at closing
    at: datetime


def broken_at(versions: Sequence[MinuteVersion]) -> int | None:
    """The number of the first version that does not continue the chain; None when all do."""
    parent: str | None = None
    for place, version in enumerate(versions, start=1):
        if version.version != place or version.parent_sha256 != parent:
            return version.version
        parent = version.sha256
    return None


def require_latest(versions: Sequence[MinuteVersion], base: str) -> None:
    """Raises Stale("minutes.stale") unless `base` is the digest of the newest version: someone else has edited."""
    if not versions or versions[-1].sha256 != base:
        raise Stale("minutes.stale", version=versions[-1].version if versions else 0)
