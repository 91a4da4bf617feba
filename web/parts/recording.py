"""Section recording: that the meeting is recorded, since when, what for and until when it is kept; None while it is not."""

from __future__ import annotations

from typing import Any

from meetings.store import recording_store
from web.parts.look import Look, iso


def part(look: Look) -> dict[str, Any]:
    for one in recording_store.running(look.conn, look.meeting_id):
        return {"recording": {
            "id": one.recording_id, "since": iso(one.started_at), "paused": one.paused_at is not None, "purpose": one.purpose,
            "notice": one.notice, "until": iso(one.keep_until), "asks": one.asks,
        }}
    return {"recording": None}
