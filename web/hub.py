"""Between the media worker and the record: turns peers into presence, floor into policy, changes into news.

One hub an application.  It owns the supervised worker, decides nothing about meetings (`meetings.service` does) and
touches the database only from threads.  Routes call `open_session`, `close_session` and `changed`; pages listen to
`feed`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from anyio import to_thread

from media.control import MediaClient
from media.errors import Gone
from meetings import service
from meetings.admission import BENCH_PREFIX, Ticket
from meetings.attendance import LEAVE_REASONS
from meetings.errors import MeetingError, NotFound, Unavailable
from meetings.meeting import ROOM_OPEN
from meetings.store import admission_store
from meetings.store.database import Database
from web import roomview
from web.feed import Feed, frame
from web.mediaprocess import MediaProcess
from web.presence import Presence
from web.roomview import OPEN_EVERYWHERE, Policy
from web.seats import Seats

log = logging.getLogger("web.hub")

COALESCE = 0.1  # seconds between two states of one meeting: at most ten a second


class Away(Exception):
    """The media worker does not answer just now; it is being started again."""


class Hub:
    """See the module.  `clock` gives aware UTC; `advertise` are the addresses browsers reach the worker at."""

    def __init__(
        self, db: Database, clock: Callable[[], datetime], *, socket: Path, port: int, advertise: Sequence[str],
        spawn: bool = True,
    ) -> None:
        self.feed = Feed()
        self.seats = Seats()
        self.process = MediaProcess(socket, port, advertise, self._serve, spawn=spawn)
        self._db = db
        self._clock = clock
        self._client: MediaClient | None = None
        self._answers = asyncio.Event()
        self._presence = Presence()
        self._sessions: dict[str, Ticket] = {}
        self._points: dict[tuple[str, str], int] = {}
        self._slots: dict[str, bytes] = {}
        self._policies: dict[str, Policy] = {}
        self._dirty: set[str] = set()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []

    # --- life --------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Ends presence that a crash left open, then starts the worker.  Returns before the worker answers."""
        self._loop = asyncio.get_running_loop()
        await self._record(lambda conn: service.seats_clear(conn, self._clock()))
        self._tasks = [
            asyncio.create_task(self._push(), name="hub-push"), asyncio.create_task(self._tick(), name="hub-tick"),
        ]
        self.process.start()

    async def stop(self) -> None:
        """Ends every news stream, the worker, and the presence of everybody still in a room."""
        self.feed.close()
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.process.stop()
        for room, name in self._presence.everyone():
            await self._leave(room, name, "restart")
        self._loop = None

    @property
    def ready(self) -> bool:
        return self._client is not None

    async def wait_ready(self) -> None:
        """Returns once the worker answers."""
        await self._answers.wait()

    # --- what routes call ----------------------------------------------------------------------------------------

    def changed(self, meeting_id: str) -> None:
        """A commit altered this meeting: its news and its floor policy follow.  From any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just been closed: nobody is left to tell
                self._loop.call_soon_threadsafe(self._mark, meeting_id)

    def live(self, meeting_id: str) -> frozenset[str]:
        """Codes of the points with at least one peer up."""
        return self._presence.live(meeting_id)

    async def open_session(self, ticket: Ticket, offer: str, publishers: list[str] | None = None) -> str:
        """The worker's answer SDP for this redeemed ticket.  Raises Away, BadSdp, RoomFull."""
        client = self._need()
        await self._prepare(client, ticket.room)
        session, room, name = ticket.session_id, ticket.room, ticket.name
        self._sessions[session] = ticket
        try:
            if ticket.role == "publish":
                answer = await client.publish(room, session, name, offer)
            else:
                answer = await client.subscribe(room, session, name, offer, publishers)
            if not await to_thread.run_sync(self._still_wanted, ticket):
                await client.close(session)  # the link was revoked or the meeting closed while the worker answered
                raise NotFound("link.revoked")
            return answer
        except BaseException as error:
            self._sessions.pop(session, None)
            await self._record(lambda conn: service.end_session(conn, session, self._clock()))
            if isinstance(error, Gone):
                raise Away from error
            raise

    async def close_session(self, session: str) -> bool:
        """Ends a media session; False when the worker no longer knew it."""
        await self._record(lambda conn: service.end_session(conn, session, self._clock()))
        try:
            return await self._need().close(session)
        except (Away, Gone):
            return False

    def revoked(self, meeting_id: str, code: str) -> None:
        """The point's link is void: its open pages get no more news.  From any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self.feed.end, meeting_id, code)

    def drop(self, sessions: Sequence[str]) -> None:
        """Ends these media sessions soon (their link was revoked).  From any thread."""
        if self._loop is not None and sessions:
            asyncio.run_coroutine_threadsafe(self._drop(sessions), self._loop)

    async def _drop(self, sessions: Sequence[str]) -> None:
        for session in sessions:
            await self.close_session(session)

    async def stats(self, room: str | None = None) -> dict[str, Any]:
        """The worker's counters.  Raises Away."""
        return await self._need().stats(room)

    async def news(self, room: str, code: str | None) -> list[bytes]:
        """What a page that connects now must know first: the state, and the slots of its point's sessions."""
        _state, data = await to_thread.run_sync(self.view, room)
        slots = [
            known for session, known in self._slots.items()
            if (ticket := self._sessions.get(session)) and ticket.room == room and ticket.name == code
        ]
        return [frame("state", data), *slots]

    # --- the worker's side -----------------------------------------------------------------------------------------

    def _need(self) -> MediaClient:
        if self._client is None:
            raise Away
        return self._client

    async def _serve(self, client: MediaClient) -> None:
        """Runs for the life of one worker."""
        self._policies.clear()
        self._client = client
        self._answers.set()
        if self.process.restarts > 0:
            self.feed.publish_all(frame("media", {"restarts": self.process.restarts}))
        try:
            async for event in client.events():
                await self._guarded(self._event(event))
        finally:
            self._client = None
            self._answers.clear()
            self._presence.lost(self._clock())
            lost, self._sessions, self._slots = list(self._sessions), {}, {}
            # Guarded: a database that is away as well must not keep the next worker from starting.
            await self._guarded(self._record(
                lambda conn: [service.end_session(conn, one, self._clock()) for one in lost]))

    async def _event(self, event: dict[str, Any]) -> None:
        ticket = self._sessions.get(event["session"])
        if ticket is None:
            return
        kind = event["event"]
        if kind == "slots":
            data = frame("slots", {"session": ticket.session_id, "slots": event["slots"]})
            self._slots[ticket.session_id] = data
            self.feed.publish(ticket.room, data, code=ticket.name)
        elif kind == "up":
            await self._up(ticket)
        elif kind == "down":
            await self._down(ticket, event.get("reason") or "gone")

    async def _up(self, ticket: Ticket) -> None:
        if ticket.point_id is None:
            return  # a bench room, or a watcher who is no point: nobody's presence
        point_id = self._points[ticket.room, ticket.name] = ticket.point_id
        if self._presence.up(ticket.room, ticket.name, ticket.session_id):
            await self._record(lambda conn: service.seat_join(conn, ticket.room, point_id, self._clock()))
            self._mark(ticket.room)

    async def _down(self, ticket: Ticket, reason: str) -> None:
        session = ticket.session_id
        self._sessions.pop(session, None)
        self._slots.pop(session, None)
        await self._record(lambda conn: service.end_session(conn, session, self._clock()))
        if reason == "replaced":
            self._presence.replaced(ticket.room, ticket.name, session, self._clock())
            self.feed.publish(ticket.room, frame("replaced", {"session": session}), code=ticket.name)
        elif self._presence.down(ticket.room, ticket.name, session):
            await self._leave(ticket.room, ticket.name, reason)

    async def _leave(self, room: str, name: str, reason: str) -> None:
        point_id = self._points.pop((room, name))
        said = reason if reason in LEAVE_REASONS else "gone"
        await self._record(lambda conn: service.seat_leave(conn, room, point_id, said, self._clock()))
        self._mark(room)

    # --- news and policy -------------------------------------------------------------------------------------------

    def _mark(self, room: str) -> None:
        self._dirty.add(room)
        self._wake.set()

    async def _push(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            rooms, self._dirty = self._dirty, set()
            for room in rooms:
                await self._guarded(self._refresh(room))
            await asyncio.sleep(COALESCE)

    async def _tick(self) -> None:
        """Ends the presence of points that did not come back after a worker's death."""
        while True:
            await asyncio.sleep(1)
            for room, name in self._presence.expire(self._clock()):
                await self._guarded(self._leave(room, name, "gone"))

    async def _refresh(self, room: str) -> None:
        try:
            state, data = await to_thread.run_sync(self.view, room)
        except NotFound:
            return
        # The server silences first and says so afterwards: the page's sign must never run ahead of the truth.
        if self._client is not None:
            await self._apply(self._client, room, roomview.policy(state))
        self.feed.publish(room, frame("state", data))
        if roomview.ended(state):
            self.seats.forget(room)
            if self._client is not None:
                await self._client.close_room(room)

    async def _prepare(self, client: MediaClient, room: str) -> None:
        """The worker must know a room's policy before the first peer of that room can be heard."""
        if room in self._policies:
            return
        try:
            policy = roomview.policy((await to_thread.run_sync(self.view, room))[0])
        except NotFound:
            policy = OPEN_EVERYWHERE  # a bench room
        await self._apply(client, room, policy)

    async def _apply(self, client: MediaClient, room: str, policy: Policy) -> None:
        if self._policies.get(room) != policy:
            heard = None if policy.heard is None else list(policy.heard)
            await client.policy(room, heard, list(policy.stage))
            self._policies[room] = policy

    # --- the database, from threads ---------------------------------------------------------------------------------

    def view(self, room: str) -> tuple[service.RoomState, dict[str, Any]]:
        """The state of a room and what its pages are told.  Raises NotFound.  Blocking: call it in a thread."""
        with self._db.read() as conn:
            state = service.state(conn, room)
            return state, roomview.as_data(state, service.documents(conn, room), self._clock())

    def _still_wanted(self, ticket: Ticket) -> bool:
        """Whether nobody ended this session, and nobody closed its meeting, since the ticket was redeemed."""
        with self._db.read() as conn:
            row = admission_store.session_row(conn, ticket.session_id)
            if row is None or row.ended_at is not None:
                return False
            return ticket.room.startswith(BENCH_PREFIX) or service.get(conn, ticket.room).state in ROOM_OPEN

    async def _record(self, work: Callable[[Any], object]) -> None:
        """One transaction in a thread.  A refusal by the record (a meeting already closed) is logged, never fatal."""

        def run() -> None:
            with self._db.write() as conn:
                work(conn)

        try:
            await to_thread.run_sync(run)
        except Unavailable as error:
            log.error("not recorded: %s", error, exc_info=error.__cause__)
        except MeetingError as error:
            log.info("not recorded: %s", error)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """One bad event or one failing meeting must not silence the others."""
        try:
            await work
        except Gone:
            log.info("media worker went away during an exchange")
        except Exception:
            log.exception("hub")
