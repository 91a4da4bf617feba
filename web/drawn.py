"""Which points have drawn the page that all are to see, so that whoever turns pages knows when the slowest has it.

In this process's memory: it is true for seconds, and the next turn begins anew.  Knows no database; tells nothing itself.
Called by `routes/presenting.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

LAST = 3  # points that are named when only few are missing
ROOMS = 1_000


@dataclass(slots=True)
class _Turn:
    document_id: str
    page: int
    by: str | None
    codes: set[str] = field(default_factory=set)


class Drawn:
    """Of every room the newest turn, and who has acknowledged it."""

    def __init__(self) -> None:
        self._turns: dict[str, _Turn] = {}
        self.due: set[str] = set()  # rooms whose presenter is about to be told

    def turned(self, room: str, document_id: str, page: int, by: str | None) -> None:
        """A new page is to be seen; `by`: code of the point that turns, None for the chair's side."""
        self._turns.pop(room, None)
        self._turns[room] = _Turn(document_id, page, by)
        while len(self._turns) > ROOMS:
            del self._turns[next(iter(self._turns))]

    def hidden(self, room: str) -> None:
        self._turns.pop(room, None)

    def drawn(self, room: str, code: str, document_id: str, page: int) -> bool:
        """False for what is not news: another page, or this point again."""
        turn = self._turns.get(room)
        if turn is None or (turn.document_id, turn.page) != (document_id, page) or code in turn.codes:
            return False
        turn.codes.add(code)
        return True

    def presenter(self, room: str) -> str | None:
        turn = self._turns.get(room)
        return turn.by if turn else None

    def told(self, room: str, listening: Collection[str]) -> dict[str, Any] | None:
        """{document, page, drawn, of, last}: of the points whose pages are open now; `last` when few are missing."""
        turn = self._turns.get(room)
        if turn is None:
            return None
        missing = sorted(set(listening) - turn.codes)
        of = len(set(listening) | turn.codes)
        return {"document": turn.document_id, "page": turn.page, "drawn": of - len(missing), "of": of,
                "last": missing if len(missing) <= LAST else []}
