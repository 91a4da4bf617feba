"""The person checks in and leaves."""

from __future__ import annotations

from typing import Any

from meetings.people import EARLY, roll_open
from web.person_places.look import Look


def place(look: Look) -> dict[str, Any] | None:
    meeting = look.visit.meeting
    return {"template": "person/roll.html", "open": roll_open(meeting, look.at), "opens_at": meeting.start - EARLY,
            "waiting": meeting.state.value in ("draft", "convened")}
