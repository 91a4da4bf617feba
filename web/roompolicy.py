"""Who is heard in a room and who is shown first, from one RoomState; and small facts of a state.  Pure.

One rule, told to the relay (`policy`), which holds it against any client, and to the pages (`web.parts.voices`), whose signs
say no more than it.  Never touches a worker.  Called by the newsroom, the rooms' routes and `web.parts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from meetings.admission import SCREEN
from meetings.meeting import State
from meetings.screens import Facts, why_not
from meetings.state import RoomState
from meetings.voices import Lobby

ENDED = frozenset({State.CONCLUDED, State.CANCELLED})


class Why(StrEnum):
    """Which rule holds just now."""

    LOBBY = "lobby"
    """Not opened yet: the chair's point alone."""
    BREAK = "break"
    """Suspended: the chair's point alone."""
    FLOOR = "floor"
    """Somebody has the floor: that point, the chair's, the one that was interrupted, and whoever the chair lets in beside."""
    MUTED = "muted"
    """All are muted but the chair's point and those that were freed."""
    FREE = "free"
    """Everybody but those who were muted."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """`heard` None: everybody but `muted`; else these alone, and nobody is to be taken away from them."""

    why: Why
    heard: tuple[str, ...] | None
    muted: tuple[str, ...] = ()

    def passes(self, code: str) -> bool:
        return code not in self.muted if self.heard is None else code in self.heard


@dataclass(frozen=True, slots=True)
class Policy:
    """Whose sound passes (None: everybody's, but never that of `quiet`); who comes first, `stage` for pictures, `voices` for sounds; which
    second sources pass at all; whose picture only those get who asked for it."""

    heard: tuple[str, ...] | None
    stage: tuple[str, ...]
    quiet: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()
    seconds: tuple[str, ...] | None = ()
    aside: tuple[str, ...] = ()


OPEN_EVERYWHERE = Policy(None, (), seconds=None)
NEXT = 1
"""Of those who wait to speak, how many are made ready on the stage: their pictures are there before they are called."""
AHEAD = 1
"""Of those who are heard first, how many go before the sound of a shared screen even while they say nothing: the floor, else the chair."""


def hearing(state: RoomState) -> Hearing:
    """Whose sound passes.  The chair's point is heard whatever holds; nobody else is before the opening or in a pause."""
    main, stands, voices = main_code(state), state.meeting.state, state.voices
    if stands is State.SUSPENDED:
        return Hearing(Why.BREAK, _codes([main]))
    if stands is not State.OPEN and voices.setting.lobby is Lobby.QUIET:
        return Hearing(Why.LOBBY, _codes([main]))
    freed = [seat.code for seat in state.seats if voices.freed(seat.point_id)]
    if state.floor is not None:
        speaker, paused = state.floor, state.paused.point_id if state.paused else None
        silenced = speaker.code != main and state.floor_since is not None and voices.muted_since(speaker.point_id, state.floor_since)
        beside = None if paused is None or voices.muted_one(paused) else code_of(state, paused)
        return Hearing(Why.FLOOR, _codes([None if silenced else speaker.code, main, beside, *freed]))
    if voices.setting.all_muted:
        return Hearing(Why.MUTED, _codes([main, *freed]))
    muted = [seat.code for seat in state.seats if voices.muted(seat.point_id) and seat.code != main]
    return Hearing(Why.FREE, None, tuple(muted))


def policy(state: RoomState) -> Policy:
    """What the relay is told.  On the stage: the shared screen, the spotlight, who has the floor, the chair, and whoever is next stands
    ready.  The interpreter into sign language is sent to those who switched it on, and has the stage only as anybody else.  Of sounds the
    floor's (or the chair's) comes first, then the shared screen's."""
    now, shared, sign = hearing(state), screen_code(state), sign_code(state)
    screen = shared + SCREEN if shared else None
    ahead = now.heard if now.heard is not None else _codes([main_code(state)])
    stage = [screen, spotlight_code(state), state.floor.code if state.floor else None, main_code(state), *(code_of(state, one.point_id) for one in state.queue[:NEXT])]
    voices = _codes([*ahead[:AHEAD], screen, *ahead[AHEAD:]])
    return Policy(now.heard, _codes(stage), now.muted, voices, _codes([screen]), _codes([sign]))


def screen_code(state: RoomState) -> str | None:
    """Code of the point whose screen the room sees, as long as it may share one."""
    if state.share is None:
        return None
    meeting, floor = state.meeting, (state.floor.point_id, state.floor_since) if state.floor and state.floor_since else None
    facts = Facts(meeting.state, meeting.main_point_id, floor, state.paused.point_id if state.paused else None, state.voices)
    return None if why_not(state.share.point_id, facts) else code_of(state, state.share.point_id)


def main_code(state: RoomState) -> str | None:
    """Code of the chair's point, if it is booked."""
    return code_of(state, state.meeting.main_point_id)


def spotlight_code(state: RoomState) -> str | None:
    """Code of the point that is large for everybody, if there is one and it is booked."""
    return code_of(state, state.voices.setting.spotlight)


def sign_code(state: RoomState) -> str | None:
    """Code of the point that interprets into sign language, if there is one and it is booked."""
    return code_of(state, state.voices.setting.sign)


def code_of(state: RoomState, point_id: int | None) -> str | None:
    return next((seat.code for seat in state.seats if seat.point_id == point_id), None)


def ended(state: RoomState) -> bool:
    return state.meeting.state in ENDED


def _codes(codes: Iterable[str | None]) -> tuple[str, ...]:
    """Each once, in this order."""
    return tuple(dict.fromkeys(code for code in codes if code is not None))
