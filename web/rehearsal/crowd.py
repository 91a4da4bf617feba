"""The points of a rehearsal: real WebRTC peers that come in by their links, both ways, and count what reaches them.

Called by `journey.py`; the peers themselves are media/peers.py.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import httpx

from media.peers import Crowd, Publisher, Subscriber
from media.peers_clip import Clip
from web.doors import Door

AT_ONCE = 24
"""Points that come in at the same moment; all of them come within seconds all the same."""


@dataclass(slots=True)
class Seat:
    """One point that joined: it publishes (silently unless it is a speaker) and receives every speaker."""

    code: str
    secret: str
    publisher: Publisher
    subscriber: Subscriber


@dataclass(frozen=True, slots=True)
class Counted:
    """What all receivers together saw."""

    received: int
    lost: int
    missing: int
    """Asked for again: may still come."""
    silent: int
    """Receivers that got nothing of a speaker they should have."""


class Points:
    """All points of one room.  `speakers` are the first codes; each other point receives all of them."""

    def __init__(self, base_url: str, room: str, secrets: dict[str, str], speakers: list[str]) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=60, limits=httpx.Limits(max_connections=AT_ONCE),
            headers={"accept": "application/json"},
        )
        self._room = room
        self._secrets = secrets
        self._speakers = speakers
        self.seats: dict[str, Seat] = {}
        self._present: list[Seat] = []

    async def join(self) -> list[float]:
        """Everybody comes in; milliseconds from the first request to both sessions standing, one for each point."""
        crowd, gate = Crowd(), asyncio.Semaphore(AT_ONCE)
        clips = {code: await asyncio.to_thread(Clip.make, code, place) for place, code in enumerate(self._speakers)}
        if not clips:
            raise ValueError("a rehearsal has at least one speaker")
        spare = next(iter(clips.values()))

        async def one(code: str) -> float:
            publisher = crowd.publisher(code, clips.get(code, spare))
            if code not in clips:
                publisher.mute("audio")
                publisher.mute("video")
            slots = max(1, len([name for name in self._speakers if name != code]))
            subscriber = crowd.subscriber(code, audio=slots, video=slots)
            door = Door(self._http, self._room, self._secrets[code], f"rehearsal-{code}")
            async with gate:
                began = asyncio.get_running_loop().time()
                await publisher.connect(*door.session("publish"))
                await subscriber.connect(*door.session("subscribe"))
                took = asyncio.get_running_loop().time() - began
            seat = self.seats[code] = Seat(code, self._secrets[code], publisher, subscriber)
            self._present.append(seat)
            return took * 1000

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(code)) for code in self._secrets]
        return [task.result() for task in tasks]

    def counted(self) -> Counted:
        """Sums over all receivers."""
        received = lost = missing = silent = 0
        for seat in self.seats.values():
            others = [code for code in self._speakers if code != seat.code]
            slots = seat.subscriber.slots()
            received += sum(slot.received for slot in slots)
            lost += sum(slot.lost for slot in slots)
            missing += sum(slot.missing for slot in slots)
            heard = sum(slot.received > 0 for slot in slots)
            silent += heard < 2 * len(others)
        return Counted(received, lost, missing, silent)

    async def vote(self, motion: str, choice: dict[str, str]) -> dict[str, str]:
        """Each point casts its ballot; code → receipt."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(code: str) -> tuple[str, str]:
            async with gate:
                answer = await self._http.post(
                    f"/j/{self._secrets[code]}/vote", json={"motion": motion, "choice": choice[code]})
            answer.raise_for_status()
            return code, str(answer.json()["receipt"])

        return dict(await asyncio.gather(*(one(code) for code in self._secrets)))

    async def raise_hand(self, code: str) -> None:
        answer = await self._http.post(f"/j/{self._secrets[code]}/hand", json={"up": True})
        answer.raise_for_status()

    async def leave(self) -> None:
        """Everybody hangs up; a second call finds nobody."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(seat: Seat) -> None:
            async with gate:
                await asyncio.gather(seat.publisher.close(), seat.subscriber.close(), return_exceptions=True)

        leaving, self._present = self._present, []
        await asyncio.gather(*(one(seat) for seat in leaving))
        await self._http.aclose()
