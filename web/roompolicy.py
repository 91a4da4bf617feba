"""Who is heard in a room and who is shown first, as the media worker is told it; and small facts of a state.  Pure.

Never touches a worker.  Called by the newsroom, the rooms' routes and `web.parts`.
"""

from __future__ import annotations

from dataclasses import dataclass

from meetings.meeting import State
from meetings.state import RoomState

ENDED = frozenset({State.CONCLUDED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Policy:
    """Whose sound passes (None: everybody's but of those `quiet`), who is shown first, whose sound goes before whoever speaks."""

    heard: tuple[str, ...] | None
    stage: tuple[str, ...]
    quiet: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()


OPEN_EVERYWHERE = Policy(None, ())
NEXT = 1
"""Raised hands that are made ready on the stage: their pictures are there before they are called."""


def policy(state: RoomState) -> Policy:
    """No floor: everybody is heard.  A floor: that point and the chair's, nobody else.  Whoever is next stands ready."""
    main = main_code(state)
    first = [code for code in (state.floor.code if state.floor else None, main) if code]
    voices = tuple(dict.fromkeys(first))
    stage = tuple(dict.fromkeys([*first, *(seat.code for seat in state.hands[:NEXT])]))
    return Policy(voices if state.floor else None, stage, voices=voices)


def main_code(state: RoomState) -> str | None:
    """Code of the chair's point, if it is booked."""
    wanted = state.meeting.main_point_id
    return next((seat.code for seat in state.seats if seat.point_id == wanted), None)


def ended(state: RoomState) -> bool:
    return state.meeting.state in ENDED
