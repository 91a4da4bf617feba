"""The person asks to speak.  Whose turn it is decides the queue of the room."""

from __future__ import annotations

from typing import Any

from web.person_places.look import Look


def place(look: Look) -> dict[str, Any] | None:
    """`up`: in the queue, by the own name; `place`: how many wait before, and oneself."""
    if not (look.here and look.sections["meeting"]["state"] in ("convened", "open", "suspended")):
        return None
    waiting = sorted(look.sections["queue"].values(), key=lambda row: row["ord"])
    mine = next((n for n, row in enumerate(waiting, start=1) if row.get("person") == look.visit.ref.person_id), None)
    return {"template": "person/hand.html", "up": mine is not None, "place": mine}
