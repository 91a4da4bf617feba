"""News of line tests for the walls that are open: what changed since a wall was last told, gathered for a fifth of a second.

A province reports within minutes, so results wait for each other: a wall is told the newest standing of each point, however
many came, and a slow reader falls behind in time and never in memory.  It knows nothing of who may see what but the sets it
is given.  Belongs to one event loop.  Called by web/routes/linetest.py (publishes) and web/routes/readiness.py (listens).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

from scheduler.line_tests import Standing

GATHER = 0.2  # seconds in which results wait for each other
BEAT = 15.0   # seconds of silence after which a wall is told that nothing happened

Visible = Mapping[str, frozenset[int]]
"""meeting → points of it that a reader may see."""
Key = tuple[str, int]


class News:
    """How one point stands now, and its text for the wire: written when the first wall of a language asks, shared by all."""

    __slots__ = ("_texts", "meeting_id", "standing")

    def __init__(self, meeting_id: str, standing: Standing) -> None:
        self.meeting_id = meeting_id
        self.standing = standing
        self._texts: dict[str, bytes] = {}

    def text(self, language: str, write: Callable[[str, Standing], bytes]) -> bytes:
        known = self._texts.get(language)
        if known is None:
            known = self._texts[language] = write(self.meeting_id, self.standing)
        return known


class Wall:
    """One open page."""

    __slots__ = ("closed", "pending", "visible", "wake")

    def __init__(self, visible: Visible) -> None:
        self.visible = visible
        self.pending: dict[Key, News] = {}
        self.wake = asyncio.Event()
        self.closed = False

    async def news(self, beat: float) -> AsyncIterator[dict[Key, News]]:
        """What changed, again and again until the wall is closed; nothing at all once a beat."""
        while not self.closed:
            try:
                await asyncio.wait_for(self.wake.wait(), beat)
            except TimeoutError:
                yield {}
                continue
            await asyncio.sleep(GATHER)
            self.wake.clear()
            told, self.pending = self.pending, {}
            if not self.closed:
                yield told


class Walls:
    """All open walls."""

    def __init__(self) -> None:
        self._open: set[Wall] = set()
        self.beat = BEAT
        self._closed = False

    def __len__(self) -> int:
        return len(self._open)

    def listen(self, visible: Visible) -> Wall:
        wall = Wall(visible)
        if self._closed:
            wall.closed = True
        else:
            self._open.add(wall)
        return wall

    def leave(self, wall: Wall) -> None:
        self._open.discard(wall)

    def publish(self, meeting_id: str, standing: Standing) -> None:
        """One point stands differently now."""
        point, news = standing.seat.point_id, News(meeting_id, standing)
        for wall in self._open:
            if point in wall.visible.get(meeting_id, ()):
                wall.pending[meeting_id, point] = news
                wall.wake.set()

    def close(self) -> None:
        """Ends every stream, and those that still come, so that the server can stop."""
        self._closed = True
        for wall in self._open:
            wall.closed = True
            wall.wake.set()
        self._open.clear()
