"""Which device holds a point's place in a room, and how often a point may ask for tickets.  No clock, no database.

Places are kept in memory; after a restart the hub tells who held them (`remember`), so that the first of two devices to come back
does not take the place of the other without being asked.  Called by `routes/tickets.py` and `routes/media.py` through the hub.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from meetings.errors import Conflict
from web.limits import SESSIONS_PER_POINT, TICKETS_PER_POINT
from web.rates import TooMany

WINDOW = timedelta(minutes=1)
RETURN = timedelta(seconds=30)  # for which the devices from before a restart are waited for


class Seats:
    """Places of points by (room, code)."""

    def __init__(self) -> None:
        self._devices: dict[tuple[str, str], str] = {}
        self._returning: dict[tuple[str, str], datetime] = {}
        self._asked: dict[tuple[str, str, str], deque[datetime]] = {}
        self._opened: dict[tuple[str, str, str], deque[datetime]] = {}
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def turn(self, room: str, code: str) -> asyncio.Lock:
        """Held from asking for a place until it is taken: the two tickets of one page come at the same moment."""
        return self._turns.setdefault((room, code), asyncio.Lock())

    def remember(self, held: Iterable[tuple[str, str, str]], now: datetime) -> None:
        """(room, code, device) of those that were there when the server ended: they are expected back."""
        for room, code, device in held:
            self._devices[room, code] = device
            self._returning[room, code] = now + RETURN

    def held(self, room: str, code: str, now: datetime, *, live: bool) -> bool:
        """Whether a device has this place: it is there, or expected back after a restart."""
        return live or now < self._returning.get((room, code), now)

    def holder(self, room: str, code: str) -> str | None:
        """The device that took the place last."""
        return self._devices.get((room, code))

    def asks(self, room: str, code: str, device: str, now: datetime, *, live: bool, over: bool) -> bool:
        """Whether the place changes hands when this device takes it.  One that reconnects is not another one.

        Raises Conflict("point.busy") when another device has the place (`held`) and `over` was not said.
        """
        holder = self._devices.get((room, code))
        if (holder or "") != device and not over and self.held(room, code, now, live=live):
            raise Conflict("point.busy", point=code)
        return holder not in (None, device)

    def take(self, room: str, code: str, device: str) -> None:
        """The device holds the place from now on."""
        self._devices[room, code] = device
        self._returning.pop((room, code), None)

    def count(self, room: str, code: str, role: str, now: datetime) -> None:
        """Raises TooMany when ten tickets of one role opened nothing within a minute, or more sessions than any line needs were
        opened; a page that reconnects uses what it asks for."""
        key = room, code, role
        asked = self._asked.setdefault(key, deque())
        for times, most in ((asked, TICKETS_PER_POINT), (self._opened.get(key, deque()), SESSIONS_PER_POINT)):
            while times and now - times[0] >= WINDOW:
                times.popleft()
            if len(times) >= most:
                raise TooMany(max(1, round((WINDOW - (now - times[0])).total_seconds())))
        asked.append(now)

    def opened(self, room: str, code: str, role: str, now: datetime) -> None:
        """A ticket of this point was used: it no longer counts as asked for in vain."""
        key = room, code, role
        if asked := self._asked.get(key):
            asked.pop()
            self._opened.setdefault(key, deque(maxlen=SESSIONS_PER_POINT)).append(now)

    def forget(self, room: str) -> None:
        """The room has ended."""
        for places in (self._devices, self._returning, self._asked, self._opened):
            for key in [key for key in places if key[0] == room]:
                del places[key]  # type: ignore[attr-defined]
