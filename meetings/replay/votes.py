"""Replay of motions: what is prepared, open, closed; who may vote, every ballot and count, every result; slips and what was said beside them.
Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from meetings.ledger import Event
from meetings.replay.part import Part, Sections, point_of

PREPARED, WITHDRAWN, OPEN, CLOSED = "prepared", "withdrawn", "open", "closed"


@dataclass(slots=True)
class Motion:
    title: str
    method: str
    item: int | None
    options: tuple[str, ...]
    stands: str
    entitled: int | None = None
    present: int | None = None
    due: datetime | None = None
    voters: dict[str, tuple[int, bool]] = field(default_factory=dict)
    ballots: dict[str, tuple[str, str]] = field(default_factory=dict)
    stayed: set[str] = field(default_factory=set)
    counts: dict[int, tuple[Mapping[str, int], str | None, bool]] = field(default_factory=dict)
    result: tuple[Any, ...] | None = None
    joins: str | None = None
    said: dict[str, str] = field(default_factory=dict)
    """Of slips: voter → digest of the opinion, empty where nothing was said."""
    reminded: dict[int, int] = field(default_factory=dict)

    def votes(self) -> dict[str, int]:
        """Votes for each choice by the ballots, weighted."""
        found = dict.fromkeys(self.options, 0)
        for voter, (choice, _receipt) in self.ballots.items():
            found[choice] += self.voters[voter][0]
        return found


class Motions(Part):
    def __init__(self) -> None:
        self.motions: dict[str, Motion] = {}

    def on_motion_prepared(self, event: Event) -> None:
        data = event.data
        self.motions[data["motion"]] = Motion(
            data["title"], data["method"], data["item"], tuple(option["choice"] for option in data["options"]), PREPARED)

    on_motion_revised = on_motion_prepared

    def on_motion_withdrawn(self, event: Event) -> None:
        self.motions[event.data["motion"]].stands = WITHDRAWN

    def on_motion_opened(self, event: Event) -> None:
        data = event.data
        self.motions[data["motion"]] = Motion(
            data["title"], data.get("method", "electronic"), data.get("item"), tuple(data["options"]), OPEN, data["entitled"], data["present"],
            datetime.fromisoformat(data["due"]) if data.get("due") else None, joins=data.get("joins"))

    def on_slip_extended(self, event: Event) -> None:
        self.motions[event.data["motion"]].due = datetime.fromisoformat(event.data["due"])

    def on_slip_reminded(self, event: Event) -> None:
        self.motions[event.data["motion"]].reminded[event.data["n"]] = event.data["silent"]

    def on_motion_voters(self, event: Event) -> None:
        self.motions[event.data["motion"]].voters |= {one["id"]: (one["weight"], one["present"]) for one in event.data["voters"]}

    def on_ballot_cast(self, event: Event) -> None:
        data, motion = event.data, self.motions[event.data["motion"]]
        voter = data.get("person") or str(point_of(event))
        motion.ballots[voter] = (data["choice"], data["receipt"])
        if data.get("via") == "slip":
            motion.said[voter] = data.get("opinion", "")

    def on_count_entered(self, event: Event) -> None:
        data = event.data
        self.motions[data["motion"]].counts[data["n"]] = (data["counts"], data["chair"], False)

    def on_count_witnessed(self, event: Event) -> None:
        motion, n = self.motions[event.data["motion"]], event.data["n"]
        motion.counts[n] = (*motion.counts[n][:2], True)

    def on_motion_present(self, event: Event) -> None:
        self.motions[event.data["motion"]].stayed |= set(event.data["voters"])

    def on_motion_closed(self, event: Event) -> None:
        data = event.data
        motion = self.motions[data["motion"]]
        motion.stands, motion.result = CLOSED, (data["counts"], data["passed"], data["present"])

    def sections(self) -> Sections:
        every = self.motions.items()
        return {
            "motions": {key: (one.title, one.method, one.item, one.stands, one.entitled, one.present, one.due) for key, one in every},
            "options": {key: one.options for key, one in every},
            "voters": {(key, voter): told for key, one in every for voter, told in one.voters.items()},
            "ballots": {(key, voter): told for key, one in every for voter, told in one.ballots.items()},
            "turnout": {(key, voter): True for key, one in every for voter in one.stayed},
            "counts": {(key, n): told for key, one in every for n, told in one.counts.items()},
            "results": {key: one.result for key, one in every if one.result is not None},
            "joined": {key: one.joins for key, one in every if one.joins},
            "opinions": {(key, voter): told for key, one in every for voter, told in one.said.items()},
            "reminders": {(key, n): silent for key, one in every for n, silent in one.reminded.items()},
        }
