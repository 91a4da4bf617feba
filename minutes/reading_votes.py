"""Reads votes from ledger events: the part of `reading` that knows motions, ballots and counts of hands.  Pure.

Slips may be answered and counted after the meeting: what is said of a vote after the closing belongs to the next meeting's
minutes, never to minutes that may be signed already.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from meetings.ledger import Event
from minutes.facts import Ballot, Elector, VoteFact

AFTERWARDS = ("motion.", "ballot.", "slip.")
"""Kinds that may follow the closing of a meeting and are not told then."""


class VotesFold:
    """The votes of a meeting while its events are read; one `on_<kind>` for each kind that matters."""

    def __init__(self) -> None:
        super().__init__()
        self.votes: dict[str, VoteFact] = {}
        self.ballots: dict[str, list[Ballot]] = {}
        self.electors: dict[str, dict[str, Elector]] = {}
        self.item: int | None = None
        self.closed: datetime | None = None

    def on_motion_opened(self, event: Event) -> None:
        data = event.data
        motion = str(data["motion"])
        item = data.get("item")
        self.votes[motion] = VoteFact(
            motion, data["title"], dict(data["rule"]), data["entitled"], data["present"], data["quorum_needed"], event.at,
            self.item if item is None else item, method=data.get("method") or "electronic", options=tuple(data.get("options") or ()),
            labels=dict(data.get("labels") or {}), voters=data.get("voters", data["entitled"]))

    def on_motion_voters(self, event: Event) -> None:
        electors = self.electors.setdefault(str(event.data["motion"]), {})
        for one in event.data["voters"]:
            electors[one["id"]] = Elector(one["id"], one["point"], one.get("name") or "", one["weight"], one["present"])

    def on_ballot_cast(self, event: Event) -> None:
        motion, point = str(event.data["motion"]), event.point
        if motion in self.votes and point:
            person = event.data.get("person")
            self.ballots.setdefault(motion, []).append(Ballot(
                point.get("code") or "", point.get("name") or "", event.data["choice"], event.data.get("name") or "",
                str(person or point["id"])))

    def on_count_entered(self, event: Event) -> None:
        self._change(event, entered_by=_name(event.actor), witness="")

    def on_count_witnessed(self, event: Event) -> None:
        self._change(event, witness=_name(event.actor))

    def on_motion_present(self, event: Event) -> None:
        electors = self.electors.get(str(event.data["motion"]), {})
        for one in event.data["voters"]:
            if one in electors:
                electors[one] = replace(electors[one], stayed=True)

    def on_motion_closed(self, event: Event) -> None:
        data = event.data
        vote = self.votes.get(str(data["motion"]))
        if vote:
            self._change(event, counts=dict(data["counts"]), entitled=data["entitled"], present=data["present"], passed=data["passed"],
                         rule=dict(data.get("rule") or vote.rule), won=data.get("won"), tie=data.get("tie") or "",
                         arithmetic=dict(data.get("arithmetic") or {}), joined=bool(data.get("joins")))

    def _change(self, event: Event, **values: Any) -> None:
        motion = str(event.data["motion"])
        if motion in self.votes:
            self.votes[motion] = replace(self.votes[motion], **values)

    def all_votes(self) -> tuple[VoteFact, ...]:
        return tuple(
            replace(vote, ballots=tuple(self.ballots.get(motion, ())), electors=tuple(self.electors.get(motion, {}).values()))
            for motion, vote in self.votes.items())


def _name(actor: Mapping[str, Any] | None) -> str:
    return str((actor or {}).get("name") or "")
