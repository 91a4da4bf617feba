"""What the record says of who had the floor, from when to when, interruptions taken out.

Pure: a part of the fold in `reading`.  Records of before there was a queue tell given and taken alone, and read as they did.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from meetings.ledger import Event
from minutes.facts import FloorFact, Span


class FloorFold:
    """One `on_<kind>` for each kind of event about the floor; `floors` is the result, one stretch of speaking each."""

    item: int | None

    def __init__(self) -> None:
        self.floors: list[FloorFact] = []
        self._speaks: FloorFact | None = None
        self._turns: dict[int, FloorFact] = {}     # entry -> as it was given, for those who go on after an interruption

    def on_floor_given(self, event: Event) -> None:
        self._end_floor(event.at)
        if event.point:
            data = event.data
            self._begin(int(data.get("entry") or event.seq), FloorFact(
                event.point.get("code") or "", event.point.get("name") or "", Span(event.at, event.at), self.item,
                data.get("kind") or "contribution", (data.get("person") or {}).get("name") or ""))

    def on_floor_paused(self, event: Event) -> None:
        self._end_floor(event.at)

    def on_floor_continued(self, event: Event) -> None:
        entry = int(event.data["entry"])
        self._end_floor(event.at)
        if turn := self._turns.get(entry):
            self._begin(entry, replace(turn, span=Span(event.at, event.at)))

    def on_floor_taken(self, event: Event) -> None:
        self._end_floor(event.at)

    def _begin(self, entry: int, turn: FloorFact) -> None:
        self._speaks = self._turns[entry] = turn

    def _end_floor(self, at: datetime) -> None:
        """A clock that was set back may not make a stretch end before it began."""
        if self._speaks is not None:
            self.floors.append(replace(self._speaks, span=Span(self._speaks.span.start, max(self._speaks.span.start, at))))
        self._speaks = None
