"""The person hands in papers: a file, or photographs of sheets, which become one PDF.  They wait for the secretary."""

from __future__ import annotations

from typing import Any

from meetings.papers import OFFERED_IN
from web.camera import MOST
from web.person_places.look import Look


def place(look: Look) -> dict[str, Any] | None:
    return {"template": "person/offer.html", "most": MOST} if look.visit.meeting.state in OFFERED_IN else None
