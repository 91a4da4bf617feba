"""What the record says of people behind the points: who came, late, left, was absent and why, came instead of whom; heads; roll calls.

Pure: a part of the fold in `reading`.  A record of before persons had states tells `delegate.recorded` alone, and reads as it did.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from meetings.ledger import Event
from minutes.facts import DelegateFact, RollFact


class PeopleFold:
    """One `on_<kind>` for each kind of event about people; `people()`, `rolls` and `heads` are the result."""

    def __init__(self) -> None:
        super().__init__()
        self.delegates: dict[str, DelegateFact] = {}
        self.rolls: list[RollFact] = []
        self.heads: dict[int, int] = {}
        self._entries: dict[str, DelegateFact] = {}       # as registered, whether they came or not
        self._withdrawn: dict[str, tuple[str, str]] = {}  # entry -> (name, reason)
        self._replaced: dict[str, str] = {}               # entry -> whom it came instead of (an entry)
        self._listed: dict[str, DelegateFact] = {}        # in a roll, of whom nothing more was said

    # ---- before the meeting
    def on_delegate_registered(self, event: Event) -> None:
        data, entry = event.data, str(event.data["entry"])
        self._entries[entry] = DelegateFact(data["name"], data.get("post") or "", False, _point(event), "expected")
        if data.get("replaces"):
            self._replaced[entry] = str(data["replaces"])

    def on_delegate_withdrawn(self, event: Event) -> None:
        self._withdrawn[str(event.data["entry"])] = (event.data["name"], event.data["reason"])
        known = self._entries.get(str(event.data["entry"]))
        self._entries[str(event.data["entry"])] = known or DelegateFact(event.data["name"], "", False, _point(event), "expected")

    # ---- the roll
    def on_delegate_recorded(self, event: Event) -> None:
        present = bool(event.data["present"])
        self._say(event, str(event.data["delegate"]), "present" if present else "absent", said=present)

    def on_person_present(self, event: Event) -> None:
        self._say(event, str(event.data["person"]), "late" if event.data["late"] else "present")

    def on_person_left(self, event: Event) -> None:
        self._say(event, str(event.data["person"]), "left")

    def on_person_absent(self, event: Event) -> None:
        self._say(event, str(event.data["person"]), "excused" if event.data["reason"] else "absent")

    def on_person_expected(self, event: Event) -> None:
        self.delegates.pop(str(event.data["person"]), None)

    def _say(self, event: Event, person: str, state: str, said: bool = True) -> None:
        """said: nobody was asked for a reason where it is False (a record of before)."""
        data, before = event.data, self.delegates.get(person)
        came = before.came if before and before.came else event.at if state in ("present", "late") else None
        self.delegates[person] = DelegateFact(
            data["name"], data.get("post") or "", state in ("present", "late", "left"), _point(event), state,
            came=came if state in ("present", "late", "left") else None, left=event.at if state == "left" else None,
            late=state == "late" or (state == "left" and before is not None and before.late), reason=data.get("reason") or "", said=said)

    def on_heads_counted(self, event: Event) -> None:
        if event.point:
            self.heads[int(event.point["id"])] = int(event.data["heads"])

    def on_roll_called(self, event: Event) -> None:
        of, here = event.data["persons"]
        self.rolls.append(RollFact(event.at, event.data["why"], of, here))

    def on_roll_page(self, event: Event) -> None:
        for one in event.data["people"]:
            self._listed.setdefault(str(one["id"]), DelegateFact(one["name"], one["post"], False, one["point"], "expected"))

    # ---- the result
    def people(self, names: dict[str, str]) -> tuple[DelegateFact, ...]:
        """names: of the points by their code.  Who was replaced is told with whoever came instead, and nowhere else."""
        instead = set(self._replaced.values())
        found = {person: self._substitute(person, fact) for person, fact in self.delegates.items() if person not in instead}
        for entry, (_name, reason) in self._withdrawn.items():
            if entry not in instead and entry not in found:
                found[entry] = replace(self._entries[entry], state="excused", reason=reason)
        for person, fact in self._listed.items():
            if person not in found and person not in instead:
                found[person] = self._substitute(person, replace(fact, point=names.get(fact.point, fact.point)))
        return tuple(found.values())

    def _substitute(self, person: str, fact: DelegateFact) -> DelegateFact:
        name, why = self._withdrawn.get(self._replaced.get(person, ""), ("", ""))
        return replace(fact, instead_of=name, instead_why=why) if name else fact


def _point(event: Event) -> Any:
    return (event.point or {}).get("name") or ""
