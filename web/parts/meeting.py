"""Sections meeting, agenda, running, main, points, present, total, conclusions: how the session stands and who is here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from meetings.agenda import AgendaItem, planned
from web import roompolicy
from web.parts.look import Look, iso


def part(look: Look) -> dict[str, Any]:
    """`points` is code → name; `present` code → 1 of those whose media or page is up."""
    state = look.state
    running = state.running
    hours = planned(state.agenda, state.meeting.start)
    return {
        "meeting": {"title": state.meeting.title, "state": state.meeting.state.value},
        "agenda": [
            {"item": item.item, "title": item.title, "presenter": item.presenter, "ended": item.ended_at is not None,
             **_times(item, hours.get(item.item))}
            for item in state.agenda
        ],
        "running": running.item if running else None,
        "main": roompolicy.main_code(state),
        "points": {seat.code: seat.name for seat in state.seats},
        "present": {seat.code: 1 for seat in state.seats if seat.joined_at is not None},
        "total": len(state.seats),
        "conclusions": [{"ord": number, "text": text} for number, text in state.conclusions],
    }


def _times(item: AgendaItem, hours: tuple[datetime, datetime | None] | None) -> dict[str, Any]:
    """minutes and starts as planned, due: when the running item has had its minutes; each only where it is known."""
    told = {"minutes": item.minutes, "starts": iso(hours[0]) if hours else None, "due": iso(item.due_at)}
    return {name: value for name, value in told.items() if value is not None}
