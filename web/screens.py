"""Which shared screens have media: one that brings none for a while is over, whatever its page still believes.  Pure.

A screen is announced by its page before its media come, and is waited for again when they end (another path, another worker, a
restart of the server).  What became of it is written down by the hub.  Never asks who may share.  Called by `hub.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

COMES = timedelta(seconds=30)  # from the announcement to the first packet, and after a restart
BACK = timedelta(seconds=10)  # after its last session


@dataclass(slots=True)
class _Screen:
    point_id: int
    until: datetime | None
    sessions: set[str] = field(default_factory=set)


class Screens:
    """By room and media name (``22#screen``)."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Screen] = {}

    def announced(self, room: str, name: str, point_id: int, now: datetime, *, anew: bool = True) -> None:
        """It begins: sessions of an earlier one of this name count for nothing.  Not `anew`: a point that shares already says so once
        more, and what has media goes on."""
        if anew or (known := self._known.get((room, name))) is None or not known.sessions:
            self._known[room, name] = _Screen(point_id, now + COMES)

    def up(self, room: str, name: str, session: str) -> None:
        """A session of this name has media; nothing for a name that is no screen."""
        if (screen := self._known.get((room, name))) is not None:
            screen.sessions.add(session)
            screen.until = None

    def over(self, session: str, now: datetime) -> None:
        """A session ended, in whatever way."""
        for screen in self._known.values():
            if session in screen.sessions:
                screen.sessions.discard(session)
                if not screen.sessions:
                    screen.until = now + BACK

    def expire(self, now: datetime) -> list[tuple[str, int]]:
        """(room, point) of those that brought nothing for too long."""
        gone = [key for key, screen in self._known.items() if screen.until is not None and now >= screen.until]
        return [(key[0], self._known.pop(key).point_id) for key in gone]
