"""Which device holds a point's place in a room, and how often a point may ask for tickets.  In memory, no clock, no
database: after a restart every device asks again anyway.  Called by `routes/room.py` through the hub.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from meetings.errors import Conflict
from web.auth import TooMany
from web.limits import TICKETS_PER_POINT

WINDOW = timedelta(minutes=1)


class Seats:
    """Places of points by (room, code)."""

    def __init__(self) -> None:
        self._devices: dict[tuple[str, str], str] = {}
        self._asked: dict[tuple[str, str, str], deque[datetime]] = {}

    def busy(self, room: str, code: str, device: str, *, live: bool) -> bool:
        """Whether another device has live media for this point.  A device that reconnects is not another one."""
        return live and self._devices.get((room, code), "") != device

    def take(self, room: str, code: str, device: str, *, live: bool, over: bool) -> None:
        """The device takes the place.  Raises Conflict("point.busy") when another is live and `over` was not said."""
        if self.busy(room, code, device, live=live) and not over:
            raise Conflict("point.busy", point=code)
        self._devices[room, code] = device

    def count(self, room: str, code: str, role: str, now: datetime) -> None:
        """Raises TooMany beyond 10 tickets of one role a minute; a page that reconnects needs fewer."""
        asked = self._asked.setdefault((room, code, role), deque())
        while asked and now - asked[0] >= WINDOW:
            asked.popleft()
        if len(asked) >= TICKETS_PER_POINT:
            raise TooMany(max(1, round((WINDOW - (now - asked[0])).total_seconds())))
        asked.append(now)

    def forget(self, room: str) -> None:
        """The room has ended."""
        for places in (self._devices, self._asked):
            for key in [key for key in places if key[0] == room]:
                del places[key]  # type: ignore[arg-type]
