"""Section people: of how many people in the roll of each point how many are there, and heads where they were counted.  No names."""

from __future__ import annotations

from typing import Any

from scheduler import roll_call
from web.parts.look import Look

KEPT = 32  # rooms
_known: dict[str, tuple[tuple[int | str, ...], dict[str, list[int | None]]]] = {}


def part(look: Look) -> dict[str, Any]:
    """`people` is code → [expected, there, heads or null].  The rolls are read again only when something was said, or other points are booked."""
    stamp = (*roll_call.stamp(look.conn, look.meeting_id), *(seat.code for seat in look.state.seats))
    known = _known.get(look.meeting_id)
    if known is None or known[0] != stamp:
        rolls = roll_call.rolls(look.conn, look.meeting_id)
        known = (stamp, {roll.seat.code: [roll.expected, roll.present, roll.heads] for roll in rolls})
        _known.pop(look.meeting_id, None)
        _known[look.meeting_id] = known
        while len(_known) > KEPT:
            _known.pop(next(iter(_known)), None)
    return {"people": known[1]}
