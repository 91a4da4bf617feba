"""How the points' lines go, as news for the pages of a room: said when it changes, and not on and off with every measure.

Of what a point receives by its own pages alone are told; of what it sends by also those that have its picture, and whoever conducts.
Words are made by the page, from codes and numbers of `quality.py`.  Pure: the hub asks the relay, hands in what it answered
and the time, and publishes what comes back.  Called by `hub.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from meetings.admission import point_of
from web import quality
from web.feed import frame

LOOK = 2.0  # seconds between two questions to the relay about a small room ...
EACH = 0.02  # ... and so many for each session of a large one: an answer holds the relay up for as long as it is
HOLD = 6.0  # a trouble is over when it has not been seen for so long
NUMBERS = 6.0  # where only the numbers differ it is said again no sooner

PUBLISH = "publish"
Key = tuple[str, str]  # publish and a name, of which one at a time sends; or subscribe and a session

SAME = ("loss", "rate", "layers")
"""What may change without anything having happened."""


@dataclass(slots=True)
class _Said:
    """The last word on one line: whose, whether it sends by it, what, when; `seen`: when the relay last found it so."""

    name: str
    sends: bool
    data: dict[str, Any]
    at: float
    seen: float


class Lines:
    """All rooms somebody looks at."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[Key, _Said]] = {}
        self._due: dict[str, float] = {}
        self._pictures: dict[str, frozenset[str]] = {}
        self._settled: dict[str, set[str]] = {}  # sessions that the last look found too: who just came is still being served

    def due(self, rooms: Iterable[str], now: float) -> list[str]:
        """Which of these rooms, all that have listeners, are to be asked about.  The others are forgotten."""
        listening = set(rooms)
        for gone in (self._rooms.keys() | self._due.keys()) - listening:
            self._rooms.pop(gone, None)
            self._pictures.pop(gone, None)
            self._due.pop(gone, None)
            self._settled.pop(gone, None)
        return [room for room in listening if self._due.get(room, now) <= now]

    def look(self, room: str, sessions: Iterable[Mapping[str, Any]], now: float) -> list[tuple[str, bool, bytes]]:
        """What is to be said after this answer of the relay: (the point, whether it is a line that it sends by, the news)."""
        said = self._rooms.setdefault(room, {})
        found = {(one["role"], one["name" if one["role"] == PUBLISH else "session"]): one for one in sessions
                 if one["state"] == "up" and point_of(one["name"]) == one["name"]}  # of a point's own line, not once more of its screen
        self._pictures[room] = frozenset(one["name"] for one in found.values() if _has_picture(one))
        self._due[room] = now + max(LOOK, EACH * len(found))
        settled, self._settled[room] = self._settled.get(room, set()), {one["session"] for one in found.values()}
        news: list[tuple[str, bool, bytes]] = []
        for key, session in found.items():
            if key not in said and session["session"] not in settled:
                continue
            if (one := self._judge(said, key, quality.told(session), now)) is not None:
                news.append(one)
        for key in said.keys() - found.keys():  # who left has no line that could be weak
            gone = said.pop(key)
            news.append((gone.name, gone.sends, frame("line", {**gone.data, "level": quality.GOOD_LEVEL, "reason": "", "paused": []})))
        return news

    def _judge(
        self, said: dict[Key, _Said], key: Key, data: dict[str, Any], now: float
    ) -> tuple[str, bool, bytes] | None:
        before, good = said.get(key), data["level"] == quality.GOOD_LEVEL
        if before is None and good:
            return None
        if before is not None and before.data["session"] == data["session"]:
            if good and before.data["reason"] != quality.FROZEN and now - before.seen < HOLD:
                return None
            before.seen = before.seen if good else now
            same = all(before.data[name] == data[name] for name in data if name not in SAME)
            if same and (before.data == data or now - before.at < NUMBERS):
                return None
        name, sends = str(data["name"]), key[0] == PUBLISH
        if good:
            del said[key]
        else:
            said[key] = _Said(name, sends, data, now, now)
        return name, sends, frame("line", data)

    def troubles(self, room: str) -> dict[str, list[dict[str, Any]]]:
        """By name of the point, every line of it that is in trouble now: what it sends by before what it receives by."""
        found: dict[str, list[dict[str, Any]]] = {}
        for _key, one in sorted(self._rooms.get(room, {}).items()):  # publish, then subscribe
            found.setdefault(str(one.data["name"]), []).append(one.data)
        return found

    def pictures(self, room: str) -> frozenset[str]:
        """Names that sent a picture when the relay was asked last, whether anybody looked at it or not."""
        return self._pictures.get(room, frozenset())

    def known(self, room: str, code: str | None, seen: Collection[str] | None = ()) -> list[bytes]:
        """What a page of this point must hear that comes now, or has the pictures of `seen` (None: of everybody) from now on."""
        return [frame("line", one.data) for one in self._rooms.get(room, {}).values()
                if one.name == code or (one.sends and (seen is None or one.name in seen))]


def _has_picture(session: Mapping[str, Any]) -> bool:
    tracks = (session.get("quality") or {}).get("tracks") or {}
    return any(track["kind"] == "video" and not track["asleep"] for track in tracks.values())
