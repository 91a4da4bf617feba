"""Who is in a room, told from media sessions: a point is present from its first peer up to its last peer down.  Where no media come
through, its page makes it present by signs of life; a peer that comes up supersedes them.

When the media worker dies, or another device of the same point takes over, nobody has left yet: the point gets `GRACE`
to come back before its presence ends, as a single peer would.  `Roles` knows who may come back in however full it is.  Pure:
no clock, no database; `hub.py` asks and writes what is answered.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

GRACE = timedelta(seconds=10)  # the time a silent peer is given, docs/protocol.md


@dataclass(slots=True)
class _Place:
    sessions: set[str] = field(default_factory=set)
    waiting_since: datetime | None = None
    signal_until: datetime | None = None  # without sessions: until when the last sign of life is good
    seated: bool = False  # the page that gives signs holds the seat, as one in the room does and a plain one does not


class Presence:
    """Sessions by room and name (the point's code)."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], _Place] = {}

    def up(self, room: str, name: str, session: str) -> bool:
        """True when this is the point's arrival: no other peer is up and it was not waiting to come back."""
        known = (room, name) in self._places
        place = self._places.setdefault((room, name), _Place())
        place.sessions.add(session)
        place.waiting_since = place.signal_until = None
        return not known

    def signal(self, room: str, name: str, until: datetime, *, seated: bool) -> bool:
        """A page of the point lives and is believed until then; True when this is the point's arrival."""
        key = room, name
        known = self._places.get(key)
        if known is None:
            self._places[key] = _Place(signal_until=until, seated=seated)
            return True
        if known.signal_until is not None:
            known.signal_until = max(known.signal_until, until)
            known.seated |= seated
        return False  # its peers tell, or are waited for

    def down(self, room: str, name: str, session: str) -> bool:
        """True when the point has left: that was its last peer."""
        place = self._places.get((room, name))
        if place is None or session not in place.sessions:
            return False
        place.sessions.discard(session)
        if place.sessions:
            return False
        del self._places[room, name]
        return True

    def replaced(self, room: str, name: str, session: str, at: datetime) -> None:
        """That peer made way for another device of the same point, which is on its way up."""
        place = self._places.get((room, name))
        if place is not None and session in place.sessions:
            place.sessions.discard(session)
            if not place.sessions:
                place.waiting_since = at

    def lost(self, sessions: Collection[str], at: datetime) -> None:
        """These died with their worker: points without another peer may come back within GRACE."""
        gone = set(sessions)
        for place in self._places.values():
            if place.sessions & gone:
                place.sessions -= gone
                if not place.sessions:
                    place.waiting_since = at

    def expire(self, at: datetime) -> list[tuple[str, str]]:
        """Points that did not come back in time; they have left."""
        over = [
            key for key, place in self._places.items()
            if (place.waiting_since is not None and at - place.waiting_since >= GRACE)
            or (place.signal_until is not None and at >= place.signal_until)
        ]
        for key in over:
            del self._places[key]
        return over

    def live(self, room: str) -> frozenset[str]:
        """Names with at least one peer up now, or a page that holds the seat."""
        return frozenset(
            name for (where, name), place in self._places.items()
            if where == room and (place.sessions or (place.signal_until is not None and place.seated)))

    def everyone(self) -> list[tuple[str, str]]:
        """All (room, name) whose presence is open."""
        return list(self._places)


class Roles:
    """Which points have a session of a role (publish, subscribe) that came up, or lost it within GRACE."""

    def __init__(self) -> None:
        self._live: dict[tuple[str, str, str], set[str]] = {}
        self._lost: dict[tuple[str, str, str], datetime] = {}
        self._of: dict[str, tuple[str, str, str]] = {}

    def up(self, room: str, name: str, role: str, session: str) -> None:
        """This session has media."""
        self._of[session] = room, name, role
        self._live.setdefault((room, name, role), set()).add(session)

    def over(self, session: str, at: datetime) -> None:
        """It ended, in whatever way.  Sessions that never came up are nobody's."""
        key = self._of.pop(session, None)
        if key is None:
            return
        self._live[key].discard(session)
        if not self._live[key]:
            del self._live[key]
        self._lost[key] = at

    def returning(self, room: str, name: str, role: str, at: datetime) -> bool:
        """Whether one more session of this role is only the one that was there."""
        key = room, name, role
        return key in self._live or (key in self._lost and at - self._lost[key] < GRACE)

    def expire(self, at: datetime) -> None:
        """Forgets what was lost too long ago."""
        self._lost = {key: lost for key, lost in self._lost.items() if at - lost < GRACE}
