"""Which workers are linked for which room: all those that have part of it, each with each.

A link that cannot be made is tried again; one whose worker died is ended at the other side and made anew under fresh keys as soon
as both have somebody of the room.  Called by `crew.py`, from one event loop.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Collection

from media.control import MediaClient, join_workers
from media.errors import MediaError

log = logging.getLogger("web.media")

AGAIN = 1.0  # seconds until a link that could not be made is tried again

Pair = tuple[int, int]


class Links:
    """`client(worker)` is None while that worker does not run."""

    def __init__(self, client: Callable[[int], MediaClient | None]) -> None:
        self._client = client
        self._wanted: dict[str, frozenset[Pair]] = {}
        self._made: dict[tuple[str, Pair], str] = {}
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._made)

    @property
    def names(self) -> list[str]:
        """Of the links that stand."""
        return list(self._made.values())

    def knit(self, room: str, workers: Collection[int]) -> None:
        """The room is on these workers now: what is missing is made soon, what is too much is ended."""
        pairs = frozenset(itertools.combinations(sorted(workers), 2))
        if pairs == self._wanted.get(room, frozenset()):
            return
        if pairs:
            self._wanted[room] = pairs
        else:
            self._wanted.pop(room, None)
        self._soon(room)

    def lost(self, worker: int) -> None:
        """The worker died; the other ends of its links are void."""
        for (room, pair), name in list(self._made.items()):
            if worker in pair:
                del self._made[room, pair]
                self._start(self._end(name, [one for one in pair if one != worker]))
        for room, pairs in list(self._wanted.items()):
            self.knit(room, {one for pair in pairs for one in pair} - {worker})

    def _soon(self, room: str) -> None:
        self._start(self._adjust(room))

    def _start(self, work: object) -> None:
        task = asyncio.get_running_loop().create_task(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _adjust(self, room: str) -> None:
        async with self._turn:
            wanted = self._wanted.get(room, frozenset())
            for known, pair in list(self._made):
                if known == room and pair not in wanted:
                    await self._end(self._made.pop((room, pair)), pair)
            for pair in wanted:
                if (room, pair) not in self._made:
                    await self._make(room, pair)

    async def _make(self, room: str, pair: Pair) -> None:
        one, other = map(self._client, pair)
        if one is None or other is None:
            return  # whoever comes back knits anew
        try:
            self._made[room, pair] = await join_workers(room, one, other)
        except MediaError as error:
            log.warning("link of workers %d and %d is tried again: %s", *pair, error)
            asyncio.get_running_loop().call_later(AGAIN, self._soon, room)

    async def _end(self, name: str, workers: Collection[int]) -> None:
        for worker in workers:
            client = self._client(worker)
            try:
                if client is not None:
                    await client.unlink(name)
            except MediaError:
                pass  # it died: so did the link
