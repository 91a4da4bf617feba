"""Sections meeting, agenda, running, main, points, present, total, conclusions: how the session stands and who is here."""

from __future__ import annotations

from typing import Any

from web import roompolicy
from web.parts.look import Look


def part(look: Look) -> dict[str, Any]:
    """`points` is code → name; `present` code → 1 of those whose media or page is up."""
    state = look.state
    running = state.running
    return {
        "meeting": {"title": state.meeting.title, "state": state.meeting.state.value},
        "agenda": [
            {"item": item.item, "title": item.title, "presenter": item.presenter, "ended": item.ended_at is not None}
            for item in state.agenda
        ],
        "running": running.item if running else None,
        "main": roompolicy.main_code(state),
        "points": {seat.code: seat.name for seat in state.seats},
        "present": {seat.code: 1 for seat in state.seats if seat.joined_at is not None},
        "total": len(state.seats),
        "conclusions": [{"ord": number, "text": text} for number, text in state.conclusions],
    }
