"""That the meeting is recorded, for whoever sits behind a point: first of all."""

from __future__ import annotations

from typing import Any

from web.person_places.look import Look


def place(look: Look) -> dict[str, Any] | None:
    recording = look.sections["recording"]
    return {"template": "person/recording.html", "recording": recording} if recording else None
