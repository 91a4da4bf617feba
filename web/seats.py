"""Which device holds a point's place in a room, and how often a point may ask for tickets.  In memory, no clock, no
database: after a restart every device asks again anyway.  Called by `routes/room.py` through the hub.
"""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from meetings.errors import Conflict
from web.limits import TICKETS_PER_POINT
from web.rates import TooMany

WINDOW = timedelta(minutes=1)


class Seats:
    """Places of points by (room, code)."""

    def __init__(self) -> None:
        self._devices: dict[tuple[str, str], str] = {}
        self._asked: dict[tuple[str, str, str], deque[datetime]] = {}
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def turn(self, room: str, code: str) -> asyncio.Lock:
        """Held from asking for a place until it is taken: the two tickets of one page come at the same moment."""
        return self._turns.setdefault((room, code), asyncio.Lock())

    def asks(self, room: str, code: str, device: str, *, live: bool, over: bool) -> bool:
        """Whether the place changes hands when this device takes it.  One that reconnects is not another one.

        Raises Conflict("point.busy") when another device has live media for this point and `over` was not said.
        """
        holder = self._devices.get((room, code))
        if live and (holder or "") != device and not over:
            raise Conflict("point.busy", point=code)
        return holder not in (None, device)

    def take(self, room: str, code: str, device: str) -> None:
        """The device holds the place from now on."""
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
