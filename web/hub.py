"""Between the media workers and the record: turns peers into presence, floor into policy, changes into news.

One hub an application.  It owns the crew of supervised workers, decides nothing about meetings (`meetings.service` does) and
touches the database only from threads.  What must end is ended at the worker first and recorded afterwards: a database
that is away leaves nobody in a room.  Routes call `open_session`, `close_session`, `replace` and `changed`; pages listen
to `feed`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from anyio import to_thread

from media.admission import Capacity
from media.control import Message
from media.errors import Gone, MediaError
from meetings import service, sharing
from meetings.admission import BENCH_PREFIX, SCREEN, Ticket, point_of
from meetings.attendance import LEAVE_REASONS
from meetings.errors import NotFound
from meetings.meeting import ROOM_OPEN
from meetings.store import admission_store
from meetings.store.database import Database
from web.crew import Away, Crew, Joining
from web.feed import EVERYBODY, Feed, Point, Points, To, frame
from web.lines import LOOK, Lines
from web.newsroom import Newsroom, View
from web.presence import Presence, Roles
from web.records import Records
from web.screens import Screens
from web.seats import Seats
from web.silent import Silent

log = logging.getLogger("web.hub")


class Hub:
    """See the module.  `clock` gives aware UTC; `advertise` are the addresses browsers reach the worker at."""

    def __init__(
        self, db: Database, clock: Callable[[], datetime], *, socket: Path, port: int, advertise: Sequence[str],
        workers: int = 1, spare: bool = True, spawn: bool = True, capacity: Callable[[], Capacity] = Capacity,
    ) -> None:
        self.feed = Feed()
        self.seats = Seats()
        self.crew = Crew(
            self, socket=socket, port=port, advertise=advertise, count=workers, spawn=spawn, spare=spare, capacity=capacity
        )
        self.newsroom = Newsroom(db, clock, self.feed, self.crew, self.seats.forget)
        self._db = db
        self._clock = clock
        self._answers = asyncio.Event()
        self._presence = Presence()
        self._roles = Roles()
        self._records = Records(db, self.newsroom.mark)
        self._sessions: dict[str, Ticket] = {}
        self._points: dict[tuple[str, str], int] = {}
        self._slots: dict[str, bytes] = {}
        self._seen: dict[str, frozenset[str]] = {}  # session → points whose sound or picture it has
        self._wanted: dict[str, bytes] = {}
        self.lines = Lines()
        self._silent = Silent()
        self.screens = Screens()
        self._stranded: dict[int, list[Ticket]] = {}  # whose worker died, until they are told to come again
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []

    # --- life --------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Ends presence and sessions that a crash left open, then starts the workers.  Returns before they answer."""
        self._loop = asyncio.get_running_loop()
        self.newsroom.open()
        await to_thread.run_sync(self._clear)
        self._records.start()
        self._tasks = [
            asyncio.create_task(self.newsroom.push(), name="hub-push"), asyncio.create_task(self._tick(), name="hub-tick"),
            asyncio.create_task(self._watch(), name="hub-lines"),
        ]
        self.crew.workers.start()

    async def stop(self) -> None:
        """Ends the workers, and the presence of everybody still in a room.  Whoever serves pages ends their news before
        (`feed.close`), since it waits for open requests."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.crew.workers.stop()
        for room, name in self._presence.everyone():
            self._leave(room, name, "restart")
        await self._records.stop()
        self.newsroom.close()
        self._loop = None

    def _clear(self) -> None:
        with self._db.write() as conn:
            service.seats_clear(conn, self._clock())
            service.sessions_clear(conn, self._clock())
            self.seats.remember(service.interrupted(conn), self._clock())
            for room, point_id, code in sharing.running(conn):
                self.screens.announced(room, code + SCREEN, point_id, self._clock())

    @property
    def ready(self) -> bool:
        """A worker is there and answered when it was last asked."""
        return self.crew.ready

    @property
    def writes_waiting(self) -> int:
        """What the record has not taken yet."""
        return len(self._records)

    async def wait_ready(self) -> None:
        """Returns once a worker answers."""
        await self._answers.wait()

    # --- what routes call ----------------------------------------------------------------------------------------

    def changed(self, meeting_id: str) -> None:
        """A commit altered this meeting: its news and its floor policy follow.  From any thread."""
        self.newsroom.changed(meeting_id)

    def tell(self, meeting_id: str, event: str, data: Any, to: To = EVERYBODY) -> None:
        """One event at once to those it is meant for, without a new state.  From any thread."""
        self.newsroom.tell(meeting_id, event, data, to)

    def view(self, meeting_id: str) -> View:
        """The room as it is now.  Raises NotFound.  Blocking."""
        return self.newsroom.view(meeting_id)

    def live(self, meeting_id: str) -> frozenset[str]:
        """Codes of the points with at least one peer up, or a page that holds the seat."""
        return self._presence.live(meeting_id)

    def held(self, meeting_id: str, code: str) -> bool:
        """Whether a device has this point's place: another one is asked what it wants."""
        return self.seats.held(meeting_id, code, self._clock(), live=code in self.live(meeting_id))

    async def signal(self, room: str, code: str, point_id: int, life: timedelta, *, seated: bool) -> None:
        """A page of this point lives; without media it makes the point present for so long."""
        at = self._clock()
        if self._presence.signal(room, code, at + life, seated=seated):
            self._points[room, code] = point_id
            self._records.add(lambda conn: service.seat_join(conn, room, point_id, at, "signal"), room)
            await self._records.flush()

    async def open_session(self, ticket: Ticket, offer: str, publishers: list[str] | None = None) -> str:
        """The worker's answer SDP for this redeemed ticket.  Raises Away, BadSdp, RoomFull (NoCapacity too)."""
        session, room, name = ticket.session_id, ticket.room, ticket.name
        returning = self._roles.returning(room, name, ticket.role, self._clock())
        try:
            joining = Joining(session, room, name, ticket.role, offer, publishers, returning)
            worker = self.crew.place(joining)
            self._sessions[session] = ticket
            answer = await self.crew.open(worker, joining)
            # Nobody is heard without the answer: a policy that stands before it goes out stands in time.
            await self.newsroom.prepare(worker, room)
            if not await to_thread.run_sync(self._still_wanted, ticket):
                raise NotFound("link.revoked")  # or the meeting closed, or the seat was taken, while the worker answered
            return answer
        except (Away, Gone) as error:  # nobody is there to be told
            self._sessions.pop(session, None)
            await self._over(session)
            raise Away from error
        except BaseException:
            self._sessions.pop(session, None)
            await self.close_session(session)
            raise

    async def close_session(self, session: str) -> bool:
        """Ends a media session; False when the worker no longer knew it."""
        known = await self._hang_up(session)
        await self._records.flush()
        return known

    async def _hang_up(self, session: str) -> bool:
        """The worker's part, and what is to be written; several sessions all hang up before the database is waited for."""
        known = False
        with contextlib.suppress(Away, MediaError):
            known = await self.crew.close(session)
        self._end(session)
        return known

    async def _over(self, session: str) -> None:
        self._end(session)
        await self._records.flush()

    async def replace(self, sessions: Sequence[str]) -> None:
        """Another device took the place of these sessions: they end, their pages are told, and the point, whose new device
        is on its way up, stays."""
        for session in sessions:
            ticket = self._sessions.pop(session, None)  # the worker's own "down" then finds nobody who left
            await self._guarded(self._hang_up(session))
            if ticket is not None:
                self._replaced(ticket)
        await self._guarded(self._records.flush())

    def revoked(self, meeting_id: str, code: str) -> None:
        """The point's link is void: its open pages get no more news.  From any thread."""
        self.newsroom.end(meeting_id, code)

    def drop(self, sessions: Sequence[str]) -> None:
        """Ends these media sessions soon (their link was revoked).  From any thread."""
        if self._loop is not None and sessions:
            asyncio.run_coroutine_threadsafe(self._drop(sessions), self._loop)

    async def _drop(self, sessions: Sequence[str]) -> None:
        for session in sessions:
            await self._guarded(self._hang_up(session))
        await self._guarded(self._records.flush())

    async def stats(self, room: str | None = None) -> dict[str, Any]:
        """The workers' counters.  Raises Away."""
        return await self.crew.stats(room)

    async def news(self, room: str, code: str | None, *, conducts: bool = False) -> list[bytes]:
        """What a page that connects now must know first: the state, the slots and wanted layers of its point's sessions, and
        which lines are in trouble."""
        state = await self.newsroom.first(room)
        away = [frame("away", {"name": name}) for name in self.away(room)]
        seen = None if conducts else {name for session in self.sessions_of(room, code) for name in self._seen.get(session, ())}
        return [state, *self.own_slots(room, code), *away, *self.lines.known(room, code, seen)]

    def own_slots(self, room: str, code: str | None) -> list[bytes]:
        """The last word on the slots and wanted layers of this name's sessions."""
        own = set(self.sessions_of(room, code))
        return [known for session, known in (*self._slots.items(), *self._wanted.items()) if session in own]

    def sessions_of(self, room: str, name: str | None) -> list[str]:
        """Media sessions under this name: of a point, and of its screen, its code, of a watcher its own."""
        return [session for session, ticket in self._sessions.items() if ticket.room == room and point_of(ticket.name) == name]

    def away(self, room: str) -> list[str]:
        """Points whose line has fallen silent and that may come back."""
        return self._silent.names(room)

    # --- the workers' side -------------------------------------------------------------------------------------------

    def on_back(self, worker: int) -> None:
        """Whoever lost this worker finds it, or another one, now."""
        self._answers.set()
        restarts = self.crew.workers.restarts
        for ticket in self._stranded.pop(worker, ()):
            data = {"restarts": restarts, "session": ticket.session_id}
            self._tell_own(ticket, frame("media", data))

    def on_lost(self, worker: int, sessions: list[str]) -> None:
        """The worker died with these sessions."""
        if not self.crew.ready:
            self._answers.clear()
        self._presence.lost(sessions, self._clock())
        for session in sessions:
            if (ticket := self._sessions.pop(session, None)) is not None:
                self._stranded.setdefault(worker, []).append(ticket)
            self._end(session)
            if ticket is not None:
                self._heard(ticket, away=True)  # until it comes back, or its presence ends

    async def on_event(self, event: Message) -> None:
        """News of a worker."""
        await self._guarded(self._event(event))

    async def _event(self, event: Message) -> None:
        ticket = self._sessions.get(event.get("session", ""))
        if ticket is None:
            return
        kind = event["event"]
        if kind == "slots":
            data = frame("slots", {"session": ticket.session_id, "slots": event["slots"]})
            self._slots[ticket.session_id] = data
            self._tell_own(ticket, data)
            before = self._seen.get(ticket.session_id, frozenset())
            self._seen[ticket.session_id] = now = frozenset(slot["name"] for slot in event["slots"] if slot["name"])
            for line in self.lines.known(ticket.room, None, now - before):  # of pictures that it had not, how they go
                self._tell_own(ticket, line)
        elif kind == "wanted":
            data = frame("wanted", {"session": ticket.session_id, "tracks": event["tracks"]})
            self._wanted[ticket.session_id] = data
            self._tell_own(ticket, data)
        elif kind in ("frozen", "thawed") and not ticket.name.endswith(SCREEN):  # nothing moves on a screen that is read
            data = frame(kind, {"session": ticket.session_id, "name": ticket.name, "mid": event.get("mid")})
            self.feed.publish(ticket.room, data)
        elif kind in ("away", "back"):
            self._heard(ticket, away=kind == "away")
        elif kind == "up":
            self._up(ticket)
        elif kind == "down":
            self._down(ticket, event.get("reason") or "gone")

    def _tell_own(self, ticket: Ticket, data: bytes) -> None:
        """To the pages of the point whose session it is."""
        self.feed.publish(ticket.room, data, to=Point(point_of(ticket.name)))

    def _heard(self, ticket: Ticket, *, away: bool) -> None:
        """A session fell silent or is heard again; of a watcher who is no point nobody is told."""
        if ticket.point_id is not None:
            self._say(self._silent.heard(ticket.room, ticket.name, ticket.role, ticket.session_id, away=away))

    def _say(self, news: tuple[str, str, bool] | None) -> None:
        if news is not None:
            room, name, away = news
            self.feed.publish(room, frame("away" if away else "back", {"name": name}))

    def _up(self, ticket: Ticket) -> None:
        if ticket.point_id is None:
            self.screens.up(ticket.room, ticket.name, ticket.session_id)
            return  # a bench room, a screen, or a watcher who is no point: nobody's presence
        point_id, at = ticket.point_id, self._clock()
        self._points[ticket.room, ticket.name] = point_id
        self._roles.up(ticket.room, ticket.name, ticket.role, ticket.session_id)
        self._say(self._silent.up(ticket.room, ticket.name, ticket.role, ticket.session_id))
        if self._presence.up(ticket.room, ticket.name, ticket.session_id):
            self._records.add(lambda conn: service.seat_join(conn, ticket.room, point_id, at), ticket.room)

    def _down(self, ticket: Ticket, reason: str) -> None:
        self._sessions.pop(ticket.session_id, None)
        self._end(ticket.session_id)
        if reason == "replaced":
            self._replaced(ticket)
        elif self._presence.down(ticket.room, ticket.name, ticket.session_id):
            self._leave(ticket.room, ticket.name, reason)

    def _replaced(self, ticket: Ticket) -> None:
        self._presence.replaced(ticket.room, ticket.name, ticket.session_id, self._clock())
        self._tell_own(ticket, frame("replaced", {"session": ticket.session_id}))

    def _leave(self, room: str, name: str, reason: str) -> None:
        point_id, at = self._points.pop((room, name)), self._clock()
        said = reason if reason in LEAVE_REASONS else "gone"
        self._silent.left(room, name)
        self._records.add(lambda conn: service.seat_leave(conn, room, point_id, said, at), room)

    def _end(self, session: str) -> None:
        """The session's bearer is good for nothing more."""
        at = self._clock()
        self._slots.pop(session, None)
        self._seen.pop(session, None)
        self._wanted.pop(session, None)
        self._roles.over(session, at)
        self.screens.over(session, at)
        self._say(self._silent.down(session))
        self._records.add(lambda conn: service.end_session(conn, session, at))

    # --- by the clock -----------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        """Ends the presence of points that did not come back after a worker's death."""
        while True:
            await asyncio.sleep(1)
            self._roles.expire(self._clock())
            for room, name in self._presence.expire(self._clock()):
                self._leave(room, name, "gone")
            for room, point_id in self.screens.expire(self._clock()):
                self._records.add(partial(sharing.lost, meeting_id=room, point_id=point_id, at=self._clock()), room)

    async def _watch(self) -> None:
        """How lines go, in the rooms somebody looks at."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(LOOK)
            for room in self.lines.due(self.feed.rooms(), clock()):
                await self._guarded(self._look(room, clock()))

    async def _look(self, room: str, now: float) -> None:
        with contextlib.suppress(Away):
            stats = await self.stats(room)
            for name, sends, data in self.lines.look(room, stats["rooms"].get(room, {}).get("sessions", ()), now):
                self.feed.publish(room, data, self._who_sees(room, name) if sends else Point(name))

    def _who_sees(self, room: str, name: str) -> Points:
        """The pages of that point and of those that have its picture."""
        return Points(frozenset({name, *(
            point_of(ticket.name) for session, ticket in self._sessions.items() if ticket.room == room and name in self._seen.get(session, ()))}))

    def _still_wanted(self, ticket: Ticket) -> bool:
        """Whether nobody ended this session, and nobody closed its meeting, since the ticket was redeemed."""
        with self._db.read() as conn:
            row = admission_store.session_row(conn, ticket.session_id)
            if row is None or row.ended_at is not None:
                return False
            return ticket.room.startswith(BENCH_PREFIX) or service.get(conn, ticket.room).state in ROOM_OPEN

    async def _guarded(self, work: Coroutine[Any, Any, object]) -> None:
        """One bad event or one failing meeting must not silence the others."""
        try:
            await work
        except Gone:
            log.info("media worker went away during an exchange")
        except Exception:
            log.exception("hub")
