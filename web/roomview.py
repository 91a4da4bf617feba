"""What a room's pages are told, and what the media worker is told, both from one RoomState.  Pure.

The news name points by code only: names stand once in the page, so a state of 239 points is a few kilobytes.  While a
vote is open they say who has voted, never how the count stands: a running count would sway those still to vote.
Called by `hub.py` and `routes/room.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meetings.meeting import State
from meetings.papers import Document
from meetings.state import RoomState

ENDED = frozenset({State.CONCLUDED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Policy:
    """Whose sound passes (None: everybody's) and who is shown first."""

    heard: tuple[str, ...] | None
    stage: tuple[str, ...]


OPEN_EVERYWHERE = Policy(None, ())
NEXT = 1
"""Raised hands that are made ready on the stage.  The stage goes before whoever speaks, and sounds are few: with every hand on it
those who only wait would fill them, and nobody would hear who speaks."""


def policy(state: RoomState) -> Policy:
    """No floor: everybody is heard.  A floor: that point and the chair's, nobody else.  Whoever is next stands ready."""
    main = main_code(state)
    first = [code for code in (state.floor.code if state.floor else None, main) if code]
    stage = tuple(dict.fromkeys([*first, *(seat.code for seat in state.hands[:NEXT])]))
    return Policy(tuple(dict.fromkeys(first)) if state.floor else None, stage)


def main_code(state: RoomState) -> str | None:
    """Code of the chair's point, if it is booked."""
    wanted = state.meeting.main_point_id
    return next((seat.code for seat in state.seats if seat.point_id == wanted), None)


def ended(state: RoomState) -> bool:
    return state.meeting.state in ENDED


def names(state: RoomState) -> dict[str, str]:
    """code → name of every booked point; put into a page once."""
    return {seat.code: seat.name for seat in state.seats}


def as_data(state: RoomState, documents: Sequence[Document], at: datetime) -> dict[str, Any]:
    """The `state` event.  Times are ISO 8601 UTC; `at` lets pages follow the server's clock."""
    running = state.running
    return {
        "version": state.version,
        "at": _iso(at),
        "meeting": {"title": state.meeting.title, "state": state.meeting.state.value},
        "agenda": [
            {"item": item.item, "title": item.title, "presenter": item.presenter, "ended": item.ended_at is not None}
            for item in state.agenda
        ],
        "running": running.item if running else None,
        "main": main_code(state),
        "floor": {"code": state.floor.code, "since": _iso(state.floor_since)} if state.floor else None,
        "hands": [{"code": seat.code, "at": _iso(seat.hand_at)} for seat in state.hands],
        "present": [seat.code for seat in state.seats if seat.joined_at is not None],
        "total": len(state.seats),
        "motion": _motion(state),
        "result": _result(state),
        "conclusions": [{"ord": number, "text": text} for number, text in state.conclusions],
        "documents": [
            {"id": one.document_id, "name": one.name, "size": one.size, "media_type": one.media_type}
            for one in documents
        ],
    }


def _motion(state: RoomState) -> dict[str, Any] | None:
    motion = state.motion
    if motion is None:
        return None
    voted = set(motion.voted)
    return {
        "id": motion.motion_id, "title": motion.title, "cast": len(motion.voted), "entitled": motion.entitled,
        "voted": [seat.code for seat in state.seats if seat.point_id in voted],
    }


def _result(state: RoomState) -> dict[str, Any] | None:
    last = state.last_motion
    return {"id": last.motion_id, "title": last.title, **last.result.as_data()} if last else None


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
