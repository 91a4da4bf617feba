"""Replay of the roll: where every person stands of whom something was said, heads that were counted.  Pure."""

from __future__ import annotations

from meetings.ledger import Event
from meetings.people import There
from meetings.replay.part import Part, Sections, point_of


class Roll(Part):
    def __init__(self) -> None:
        self.people: dict[str, tuple[int, str, str, str, str | None]] = {}
        self.heads: dict[int, int] = {}

    def on_person_present(self, event: Event) -> None:
        self._say(event, There.LATE if event.data["late"] else There.PRESENT)

    def on_person_left(self, event: Event) -> None:
        self._say(event, There.LEFT)

    def on_person_expected(self, event: Event) -> None:
        self._say(event, There.EXPECTED)

    def on_person_absent(self, event: Event) -> None:
        self._say(event, There.EXCUSED if event.data["reason"] else There.ABSENT, event.data["reason"])

    def on_delegate_recorded(self, event: Event) -> None:
        """Recorded by hand, on time or absent."""
        data = event.data
        self.people[data["delegate"]] = (point_of(event), data["name"], data["post"],
                                         (There.PRESENT if data["present"] else There.ABSENT).value, None)

    def on_heads_counted(self, event: Event) -> None:
        self.heads[point_of(event)] = event.data["heads"]

    def sections(self) -> Sections:
        return {"people": dict(self.people), "heads": dict(self.heads)}

    def _say(self, event: Event, there: There, reason: str | None = None) -> None:
        data = event.data
        self.people[data["person"]] = (point_of(event), data["name"], data["post"], there.value, reason)
