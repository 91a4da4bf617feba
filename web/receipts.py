"""Which receipts of a file in pieces were written lately: a player asks for hundreds of pieces, and that is one release.

Whoever takes the whole file gets a receipt each time; pieces of it one an hour.  In memory: after a restart there is one more.
Called by the downloads of recordings, inside the transaction that writes the receipt.
"""

from __future__ import annotations

from datetime import datetime, timedelta

LASTS = timedelta(hours=1)
MOST = 10_000


class Receipts:
    """(who, SHA-256 of the file) → when the last receipt was written."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], datetime] = {}

    def due(self, who: str, sha256: str, pieces: bool, at: datetime) -> bool:
        last = self._given.get((who, sha256))
        return not pieces or last is None or not last <= at < last + LASTS

    def given(self, who: str, sha256: str, at: datetime) -> None:
        """After the receipt is durable."""
        if len(self._given) >= MOST:
            self._given.clear()
        self._given[who, sha256] = at
