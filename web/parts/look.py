"""What a part of the news is made from: an open read transaction and the room as it is now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from meetings.state import RoomState


@dataclass(frozen=True, slots=True)
class Look:
    """`conn` reads only; `at` is aware UTC."""

    conn: Connection
    state: RoomState
    at: datetime

    @property
    def meeting_id(self) -> str:
        return self.state.meeting.meeting_id


def iso(at: datetime | None) -> str | None:
    """ISO 8601 UTC as pages read it."""
    return at.isoformat().replace("+00:00", "Z") if at else None
