"""How a program comes into a room over the product's own HTTP: join link → ticket → WHIP or WHEP → DELETE.

Called by the demonstration's synthetic points and by the rehearsal; browsers do the same in static/room/.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Callable

import httpx

from media.errors import Gone
from media.peers import Exchange, HangUp

PATHS = {"publish": "whip", "subscribe": "whep"}
SDP = "application/sdp"
PATIENCE = 60.0  # seconds in which who is asked to wait asks again, as a page does
SILENCE = 40.0  # seconds without a heartbeat after which news are asked for anew
AGAIN = 1.0  # seconds between two attempts to hear them


class Door:
    """One point's way in.  `http` is a client at the server's address, shared by all doors."""

    def __init__(self, http: httpx.AsyncClient, room: str, secret: str, device: str) -> None:
        self._http = http
        self._room = room
        self._secret = secret
        self._device = device
        self._bearers: dict[str, str] = {}

    def session(self, role: str) -> tuple[Exchange, HangUp]:
        """The exchange and the hang-up of one media session (`publish` or `subscribe`)."""

        async def exchange(offer: str) -> tuple[str, str]:
            now = asyncio.get_running_loop().time
            until = now() + PATIENCE
            while True:
                token = await self._ticket(role)
                headers = {"authorization": f"Bearer {token}", "content-type": SDP}
                answer = await self._http.post(f"/media/rooms/{self._room}/{PATHS[role]}", content=offer, headers=headers)
                pause = _asked_to_wait(answer)
                if not pause or now() + pause > until:
                    break
                await asyncio.sleep(pause)
            _checked(answer)
            location = answer.headers["location"]
            self._bearers[location] = token
            return answer.text, location

        async def hang_up(location: str) -> None:
            bearer = self._bearers.pop(location, "")
            await self._http.delete(location, headers={"authorization": f"Bearer {bearer}"})

        return exchange, hang_up

    async def listen(self, moved: Callable[[str], None], stop: asyncio.Event) -> None:
        """Reads the point's news until `stop`, as its page would: `moved(session)` hears that a session died with its worker."""
        while not stop.is_set():
            with contextlib.suppress(httpx.HTTPError):
                async with self._http.stream("GET", f"/j/{self._secret}/events", timeout=SILENCE) as answer:
                    if answer.status_code in (404, 410):
                        return
                    name = ""
                    async for line in answer.aiter_lines():
                        if line.startswith("event: "):
                            name = line.removeprefix("event: ")
                        elif name == "media" and line.startswith("data: "):
                            moved(str(json.loads(line.removeprefix("data: "))["session"]))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), AGAIN)

    async def _ticket(self, role: str) -> str:
        answer = await self._http.post(f"/j/{self._secret}/tickets", json={"roles": [role], "device": self._device})
        return str(_checked(answer).json()[role])


def _asked_to_wait(answer: httpx.Response) -> float:
    """Seconds until a place may be free again where the relay has none just now; 0 for every other answer."""
    if answer.status_code != 503 or "json" not in answer.headers.get("content-type", ""):
        return 0.0  # not of the product: a proxy's, or the server's own limit
    if answer.json().get("error") != "media.full":
        return 0.0
    return float(answer.headers["retry-after"]) * random.uniform(1.0, 1.25)  # never all of a province in one instant


def _checked(answer: httpx.Response) -> httpx.Response:
    """Raises Gone where trying again is of no use: the link or the meeting is over."""
    if answer.status_code in (404, 410) or (answer.status_code == 409 and "closed" in answer.text):
        raise Gone(f"{answer.request.url.path}: {answer.status_code}")
    answer.raise_for_status()
    return answer
