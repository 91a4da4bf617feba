"""The person votes, where persons vote, and finds the own ballots again with their receipts."""

from __future__ import annotations

from typing import Any

from web import own_votes
from web.person_places.look import Look
from web.voting_words import choice_said


def place(look: Look) -> dict[str, Any] | None:
    """`mine`: the own ballot of the vote that is open, None where this person has none; `earlier`: those of votes that are closed."""
    motion, ref = look.sections["motion"], look.visit.ref
    own = own_votes.of(look.conn, ref.meeting_id, ref.point_id, ref.person_id)
    mine = next(iter(own.pop(motion["id"], ())), None) if motion else None
    earlier = [{**one, "said": choice_said(one["choice"], one["text"])} for ballots in own.values() for one in ballots if one["receipt"]]
    if motion is None and not earlier:
        return None
    made = {"template": "person/vote.html", "motion": motion, "mine": mine, "earlier": earlier}
    if motion:
        made |= {"options": [(choice, choice_said(choice, text)) for choice, text in motion["options"]], "by_hand": motion["method"] == "hands",
                 "said": choice_said(mine["choice"], mine["text"]) if mine and mine["choice"] else ""}
    return made
