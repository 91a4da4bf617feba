"""Which worker has which room, session and policy; what the hub asks for goes to the right one.

A room is at home on one worker (`media/placement.py`); whether one more peer may come in is asked of that worker's gate
(`media/admission.py`).  When a worker dies its rooms wait for the spare, or move to another worker where there is no spare.
It knows neither people nor pages nor the database: the hub hears of events and losses.  Called by `hub.py` alone.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from media.admission import Capacity, Gate, cost
from media.control import MediaClient, Message
from media.errors import Gone, RoomFull
from media.placement import Placement
from web.links import Links
from web.roompolicy import Policy
from web.workers import Workers


class Away(Exception):
    """The media worker does not answer just now; it is being started again."""


class NoCapacity(RoomFull):
    """One more peer would make it worse for those who are there.  `why`: packets, lag or cpu."""

    def __init__(self, why: str) -> None:
        super().__init__("worker.capacity")
        self.why = why


class Listener(Protocol):
    """Who hears of the workers: the hub."""

    async def on_event(self, event: Message) -> None: ...

    def on_lost(self, worker: int, sessions: list[str]) -> None:
        """These sessions died with their worker."""

    def on_back(self, worker: int) -> None:
        """Whoever was lost with that worker can come again."""


@dataclass(frozen=True, slots=True)
class Joining:
    """A session to be opened.  `returning`: it was in the room a moment ago, so it is let in however full it is."""

    session: str
    room: str
    name: str
    role: str
    offer: str
    publishers: list[str] | None
    returning: bool


@dataclass(slots=True)
class _Running:
    """One worker that answers."""

    client: MediaClient
    gate: Gate
    policies: dict[str, Policy]


class Crew:
    """See the module."""

    def __init__(
        self, listener: Listener, *, socket: Path, port: int, advertise: Sequence[str], count: int = 1, spawn: bool = True,
        spare: bool = True, capacity: Callable[[], Capacity] = Capacity, clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`capacity()` is asked whenever a worker starts."""
        self.workers = Workers(
            socket, port, advertise, self._serve, self._measured, count=count, spawn=spawn, spare=spare
        )
        self.refused: Counter[str] = Counter()
        self.placement = Placement()
        self._listener, self._capacity, self._clock = listener, capacity, clock
        self._running: dict[int, _Running] = {}
        self.links = Links(lambda worker: self._running[worker].client if worker in self._running else None)
        self._where: dict[str, tuple[int, str]] = {}  # session -> worker, room

    @property
    def ready(self) -> bool:
        """Some worker is there and answered when it was last asked."""
        return any(place.ready and place.index in self._running for place in self.workers.places)

    @property
    def running(self) -> int:
        """How many workers answer."""
        return len(self._running)

    # --- lives of the workers ----------------------------------------------------------------------------------------

    async def _serve(self, worker: int, client: MediaClient) -> None:
        """Runs for the life of one worker."""
        self._running[worker] = _Running(client, Gate(self._capacity()), {})
        self._listener.on_back(worker)
        try:
            async for event in client.events():
                if event["event"] == "down":
                    self._forget(event["session"])
                await self._listener.on_event(event)
        finally:
            del self._running[worker]
            lost = [session for session, (where, _room) in self._where.items() if where == worker]
            for session in lost:
                del self._where[session]
            self.links.lost(worker)
            self._listener.on_lost(worker, lost)
            if not self.workers.spare and self._running:
                self.placement.move_from(worker)  # nobody waits for a process that is still to be started
                self._listener.on_back(worker)

    def _measured(self, worker: int, stats: Message) -> None:
        running = self._running.get(worker)
        if running is not None:
            running.gate.look(stats.get("load") or {})

    # --- sessions ----------------------------------------------------------------------------------------------------

    def place(self, joining: Joining) -> int:
        """The worker this session goes to.  Raises: Away, NoCapacity."""
        now = self._clock()
        running = {place.index for place in self.workers.places if place.ready} & set(self._running)
        worker = self.placement.choose(joining.room, {one: self._running[one].gate.packets for one in running}, now)
        if worker is None:
            raise Away
        packets = cost(joining.offer) if joining.role == "subscribe" else 0
        why = self._refuses(worker, packets, now)
        if why is not None and not joining.returning:
            found = self._beside(joining.room, running - {worker}, packets, now)
            if found is None:
                self.refused[why] += 1
                raise NoCapacity(why)
            worker = found
        self.placement.promised.add(worker, packets, now)
        return worker

    def _refuses(self, worker: int, packets: int, now: float) -> str | None:
        return self._running[worker].gate.refuses(packets, self.placement.promised.of(worker, now))

    def _beside(self, room: str, others: set[int], packets: int, now: float) -> int | None:
        """Another worker that has room for it: one that has part of this room already, or else the least loaded."""
        has = self._inside(room)
        order = sorted(others, key=lambda one: (one not in has, self._running[one].gate.packets, one))
        return next((one for one in order if self._refuses(one, packets, now) is None), None)

    def _inside(self, room: str) -> set[int]:
        """Workers with a session of this room."""
        return {worker for worker, where in self._where.values() if where == room}

    async def open(self, worker: int, joining: Joining) -> str:
        """The worker's answer.  Raises: Away, Gone, BadSdp, RoomFull."""
        client, one = self._client(worker), joining
        self._where[one.session] = worker, one.room
        try:
            if one.role == "publish":
                answer = await client.publish(one.room, one.session, one.name, one.offer)
            else:
                answer = await client.subscribe(one.room, one.session, one.name, one.offer, one.publishers)
        except Gone:
            self._forget(one.session)
            raise
        self.links.knit(one.room, self._inside(one.room))
        return answer

    def _forget(self, session: str) -> int | None:
        """The session is over; a room that nobody is in has no home.  Returns its worker."""
        worker, room = self._where.pop(session, (None, ""))
        if worker is not None and all(other != room for _worker, other in self._where.values()):
            self.placement.forget(room)
        self.links.knit(room, self._inside(room))
        return worker

    async def close(self, session: str) -> bool:
        """Ends a session; False when nobody knew it.  Raises: Away, Gone."""
        worker = self._forget(session)
        if worker is None:
            return False
        return await self._client(worker).close(session)

    async def view(self, session: str, heights: dict[str, int]) -> None:
        """How high each slot of a session is shown.  Raises: Away, Gone, MediaError."""
        await self._of(session).view(session, heights)

    async def pin(self, session: str, names: dict[str, str | None]) -> None:
        """Whom a session wants in which slot.  Raises: Away, Gone, MediaError."""
        await self._of(session).pin(session, names)

    async def trickle(self, session: str, tags: list[str], fragment: str) -> None:
        """Candidates of a session's client.  Raises: Away, Gone, BadSdp, MediaError."""
        await self._of(session).trickle(session, tags, fragment)

    async def restart(self, session: str, fragment: str) -> str:
        """Our new side of a session whose ICE restarts.  Raises: Away, Gone, BadSdp, MediaError."""
        return await self._of(session).restart(session, fragment)

    def _of(self, session: str) -> MediaClient:
        worker, _room = self._where.get(session, (None, ""))
        if worker is None:
            raise Away
        return self._client(worker)

    async def close_room(self, room: str) -> None:
        """Ends every session of a room.  Raises: Gone, MediaError."""
        for running in list(self._running.values()):
            running.policies.pop(room, None)
            await running.client.close_room(room)
        self.placement.forget(room)

    def _client(self, worker: int) -> MediaClient:
        if worker not in self._running:
            raise Away
        return self._running[worker].client

    # --- policies ----------------------------------------------------------------------------------------------------

    def knows(self, worker: int, room: str) -> bool:
        """Whether this worker has the policy of the room."""
        return worker in self._running and room in self._running[worker].policies

    async def announce(self, worker: int, room: str, policy: Policy) -> None:
        """Gives one worker the policy of a room.  Raises: Away, Gone, MediaError."""
        if worker not in self._running:
            raise Away
        running = self._running[worker]
        heard = None if policy.heard is None else list(policy.heard)
        running.policies.pop(room, None)  # until it is taken, nobody knows what holds
        await running.client.policy(room, heard, list(policy.stage), quiet=policy.quiet, voices=policy.voices, seconds=policy.seconds, aside=policy.aside)
        running.policies[room] = policy

    async def adjust(self, room: str, policy: Policy) -> None:
        """Sends a changed policy to the workers that have anybody in this room.  Raises: Gone, MediaError."""
        inside = self._inside(room)
        for worker, running in list(self._running.items()):
            if worker not in inside:
                running.policies.pop(room, None)  # whoever comes next brings the policy of that moment along
            elif running.policies.get(room) != policy:
                await self.announce(worker, room, policy)

    # --- what they count ---------------------------------------------------------------------------------------------

    async def stats(self, room: str | None = None) -> Message:
        """The counters of all workers together, their rooms, and `workers` one by one; one that dies just now is left out.
        Raises: Away when none is left."""
        found = []
        for worker, running in sorted(self._running.items()):
            try:
                stats = await running.client.stats(room)
            except Gone:
                continue
            found.append({"worker": worker, "restarts": self.workers.places[worker].restarts, **stats})
        if not found:
            raise Away
        return together(found)


def together(found: list[Message]) -> Message:
    """The stats of several workers as one: sums, but the worst lag; `workers` are their own without the rooms."""
    counters: Counter[str] = Counter()
    rooms: dict[str, Message] = {}
    for one in found:
        counters.update(one["counters"])
        for name, room in one["rooms"].items():
            known = rooms.setdefault(name, {"sessions": []})
            known["sessions"] = known["sessions"] + room["sessions"]
            for key in room.keys() - {"sessions"}:
                known[key] = known.get(key, 0) + room[key] if isinstance(room[key], int | float) else room[key]
    sums = {key: sum(one[key] for one in found) for key in ("cpu_s", "rss_bytes", "threads", "peers")}
    lag = {share: max(one["loop_lag_ms"][share] for one in found) for share in ("p50", "p99")}
    return {
        **sums, "room_count": len(rooms), "pid": found[0]["pid"], "port": found[0]["port"],
        "counters": dict(counters), "loop_lag_ms": lag, "rooms": rooms,
        "links": {f"{one['worker']}/{name}": link for one in found for name, link in one.get("links", {}).items()},
        "workers": [{key: value for key, value in one.items() if key != "rooms"} for one in found],
    }
