"""Which points of a room have fallen silent and may come back: their line is cut, their page is looking for another path.

The relay tells of each media session by itself; others are told of points.  A point is away while all it sends with is, or, where
it sends nothing, all it receives with.  Whoever has left is away no longer, and nothing is said of that.  Pure; one value for all
rooms of an installation.  Called by `hub.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PUBLISH = "publish"


@dataclass(slots=True)
class _Sessions:
    """Of one point: session → (role, whether it is away)."""

    known: dict[str, tuple[str, bool]] = field(default_factory=dict)
    told: bool = False

    @property
    def away(self) -> bool:
        sending = [is_so for role, is_so in self.known.values() if role == PUBLISH]
        return bool(self.known) and all(sending or [is_so for _role, is_so in self.known.values()])


News = tuple[str, str, bool]
"""Room, name, whether the point is away: only where that changed."""


class Silent:
    """Sessions of points, by room and name."""

    def __init__(self) -> None:
        self._points: dict[tuple[str, str], _Sessions] = {}
        self._where: dict[str, tuple[str, str]] = {}

    def up(self, room: str, name: str, role: str, session: str) -> News | None:
        """A session of this point began.  Those it takes the place of, of which nothing is heard, may never say goodbye."""
        known = self._points.setdefault((room, name), _Sessions()).known
        for silent in [one for one, (its, away) in known.items() if its == role and away]:
            del known[silent], self._where[silent]
        return self.heard(room, name, role, session, away=False)

    def heard(self, room: str, name: str, role: str, session: str, *, away: bool) -> News | None:
        """The relay's word on a session that goes on, or that was lost with its process."""
        self._points.setdefault((room, name), _Sessions()).known[session] = role, away
        self._where[session] = room, name
        return self._told((room, name))

    def down(self, session: str) -> News | None:
        """It ended.  A point that was away stays so until it is back or has left: its new session may come after this."""
        key = self._where.pop(session, None)
        if key is None:
            return None
        point = self._points[key]
        point.known.pop(session, None)
        if point.known:
            return self._told(key)
        if not point.told:  # otherwise its return is still to be told, or it leaves
            del self._points[key]
        return None

    def left(self, room: str, name: str) -> None:
        """The point has left."""
        point = self._points.pop((room, name), None)
        for session in point.known if point is not None else ():
            self._where.pop(session, None)

    def names(self, room: str) -> list[str]:
        """Points of this room that are away now."""
        return [name for (where, name), point in self._points.items() if where == room and point.told]

    def _told(self, key: tuple[str, str]) -> News | None:
        point = self._points[key]
        if point.away == point.told:
            return None
        point.told = point.away
        return (*key, point.told)
