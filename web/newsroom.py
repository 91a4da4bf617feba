"""From a change in the record to policy at the workers and news on the pages: rooms that changed are read, and told what differs.

One newsroom an application, the hub's.  A connection begins with the whole `state`; afterwards come `change` events with only
the parts that differ (`web.roomdelta`), each from one version to the next.  What must not wait for the next reading of the
state (a page turned, a message) goes out at once by `tell`.  Never decides about a meeting; reads the database in threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

from anyio import to_thread

from media.errors import MediaError
from meetings import service
from meetings.errors import NotFound, Unavailable
from meetings.state import RoomState
from meetings.store.database import Database
from web import parts, roomdelta, roompolicy
from web.crew import Away, Crew
from web.feed import EVERYBODY, Feed, To, frame
from web.parts.look import Look, iso
from web.roompolicy import OPEN_EVERYWHERE

log = logging.getLogger("web.hub")

COALESCE = 0.1  # seconds between two changes of one meeting: at most ten a second
AGAIN = 1.0  # seconds until a room's policy and news, which failed, are tried again
ONCE = ("points",)  # sections that pages carry already: no part of the first state of a connection


@dataclass(frozen=True, slots=True)
class View:
    """A room as it was read: what the policy is made from, and what pages are told."""

    state: RoomState
    sections: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What all open pages of a room know: `version` counts what was told, by this process."""

    version: int
    sections: dict[str, Any]

    def data(self, at: datetime) -> dict[str, Any]:
        """The `state` event.  `at` lets pages follow the server's clock."""
        return {"version": self.version, "at": iso(at), **self.sections}


class Newsroom:
    """See the module.  `over` hears of a room whose meeting has ended."""

    def __init__(self, db: Database, clock: Callable[[], datetime], feed: Feed, crew: Crew, over: Callable[[str], None]) -> None:
        self._db = db
        self._clock = clock
        self._feed = feed
        self._crew = crew
        self._over = over
        self._told: dict[str, Told] = {}
        self._versions = itertools.count(1)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._dirty: set[str] = set()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    # --- what happened, from any thread ------------------------------------------------------------------------------

    def changed(self, room: str) -> None:
        """A commit altered this meeting: its news and its floor policy follow."""
        self._soon(self.mark, room)

    def tell(self, room: str, event: str, data: Any, to: To = EVERYBODY) -> None:
        """One event, at once, past the coalescing of states.  Never private text: a number, which the page then asks for."""
        self._soon(self._feed.publish, room, frame(event, data), to)

    def end(self, room: str, code: str) -> None:
        """The pages of this point get no more news."""
        self._soon(self._feed.end, room, code)

    def _soon(self, work: Callable[..., object], *given: Any) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just been closed: nobody is left to tell
                self._loop.call_soon_threadsafe(work, *given)

    # --- on the loop ------------------------------------------------------------------------------------------------

    def open(self) -> None:
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        self._loop = None

    def mark(self, room: str) -> None:
        """As `changed`, on the loop."""
        self._dirty.add(room)
        self._wake.set()

    async def push(self) -> None:
        """For ever: policy and news of the rooms that changed, each room for itself: one that waits delays no other."""
        refreshing: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                rooms, self._dirty = self._dirty, set()
                for room in rooms:
                    if (task := refreshing.get(room)) is not None and not task.done():
                        task.add_done_callback(lambda _task, room=room: self.mark(room))
                    else:
                        refreshing[room] = asyncio.create_task(self._guarded(room))
                refreshing = {room: task for room, task in refreshing.items() if not task.done()}
                await asyncio.sleep(COALESCE)
        finally:
            for task in refreshing.values():
                task.cancel()

    async def first(self, room: str) -> bytes:
        """The `state` with which a connection begins.  Raises NotFound, Unavailable."""
        told = await self._known(room)
        sections = {name: value for name, value in told.sections.items() if name not in ONCE}
        return frame("state", {"version": told.version, "at": iso(self._clock()), **sections})

    async def whole(self, room: str) -> dict[str, Any]:
        """Every section as pages know it now; for a page that missed something."""
        return (await self._known(room)).data(self._clock())

    async def prepare(self, worker: int, room: str) -> None:
        """Gives the worker the policy of a room that somebody enters: it has none, or that of an earlier stay."""
        if self._crew.knows(worker, room):
            return  # a whole province comes in at once: one question, not hundreds in a row
        async with self._turn(room):
            if self._crew.knows(worker, room):
                return
            try:
                policy = roompolicy.policy((await to_thread.run_sync(self.view, room)).state)
            except NotFound:
                policy = OPEN_EVERYWHERE  # a bench room
            await self._crew.announce(worker, room, policy)

    def view(self, room: str) -> View:
        """The room as it is now.  Raises NotFound.  Blocking: call it in a thread."""
        at = self._clock()
        with self._db.read() as conn:
            state = service.state(conn, room)
            return View(state, parts.sections(Look(conn, state, at)), at)

    def _turn(self, room: str) -> asyncio.Lock:
        """Held from reading a room's state until the worker has its policy: an older reading never overtakes a newer one."""
        return self._turns.setdefault(room, asyncio.Lock())

    async def _known(self, room: str) -> Told:
        """What the pages of this room were told last; whoever comes while a change waits is told it, as everybody will be."""
        if room in self._told and room not in self._dirty:
            return self._told[room]
        async with self._turn(room):
            if room not in self._told or room in self._dirty:
                self._publish(room, await to_thread.run_sync(self.view, room))
            return self._told[room]

    def _publish(self, room: str, view: View) -> None:
        """Tells what differs from what was told, if anything does."""
        before = self._told.get(room)
        if before is None:
            self._told[room] = Told(next(self._versions), view.sections)
            return
        parts_ = roomdelta.between(before.sections, view.sections)
        if not parts_:
            return
        now = self._told[room] = Told(next(self._versions), view.sections)
        self._feed.publish(room, frame("change", {
            "from": before.version, "to": now.version, "at": iso(view.at), "parts": parts_,
        }))

    async def _guarded(self, room: str) -> None:
        """One failing meeting must not silence the others."""
        try:
            await self._refresh(room)
        except Exception:
            log.exception("news of %s", room)

    async def _refresh(self, room: str) -> None:
        """Policy and news of one room; what database or worker do not do now is tried again."""
        try:
            async with self._turn(room):
                view = await to_thread.run_sync(self.view, room)
                try:
                    # The server silences first and says so afterwards: the page's sign must not run ahead of the truth.
                    await self._crew.adjust(room, roompolicy.policy(view.state))
                finally:
                    self._publish(room, view)
                    for left in self._told.keys() - self._feed.rooms():
                        del self._told[left]
            if roompolicy.ended(view.state):
                self._over(room)
                await self._crew.close_room(room)
        except NotFound:
            return  # a bench room
        except (Away, MediaError, Unavailable) as error:
            log.warning("policy or news of %s are tried again: %s", room, error)
            asyncio.get_running_loop().call_later(AGAIN, self.mark, room)
