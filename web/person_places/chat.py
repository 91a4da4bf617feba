"""Messages that all may read, the newest of them, and a form for one of the own name."""

from __future__ import annotations

from typing import Any, Final

from meetings import chat
from meetings.meeting import ROOM_OPEN
from web.person_places.look import Look

NEWEST: Final = 20
"""A telephone asks for its page often; all are one press away."""


def place(look: Look) -> dict[str, Any] | None:
    """`more`: there are earlier ones; `mode`: open, held, closed."""
    if look.visit.meeting.state not in ROOM_OPEN:
        return None
    messages, said = chat.read(look.conn, look.visit.ref.meeting_id), look.sections["chat"]
    return {"template": "person/chat.html", "messages": messages[-NEWEST:], "more": len(messages) > NEWEST, "mode": said["mode"],
            "limit": chat.LIMIT, "newest": NEWEST}
