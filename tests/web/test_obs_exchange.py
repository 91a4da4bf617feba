"""What OBS asks by WHIP, octet for octet as its HTTP library (libcurl) sends it, and what it needs of the answers.

`plugins/obs-webrtc` of OBS 30: the offer is posted with a bearer, nothing is trickled or patched, only 201 is taken; the answer is
what begins with `v=0`, its `Location` is found whatever its letters, and what does not begin with `http` replaces the path; the
DELETE must be answered with 200.  With real media: tests/journeys/test_obs.py.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import httpx
import pytest

from tests.media.test_offers import read
from tests.support.installation import Installation, soon, tickets
from tests.support.running import client, installation  # noqa: F401 - fixtures

AGENT = "Mozilla/5.0 (OBS-Studio/30.2.3; Linux x86_64; vi-VN)"


async def ask(url: str, method: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, dict[str, str], str]:
    """One request on a connection of its own; libcurl waits for a word before it sends a longer body."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    said = {"Host": f"{place.hostname}:{place.port}", "Accept": "*/*", **headers}
    if body:
        said |= {"Content-Length": str(len(body)), "Expect": "100-continue"}
    writer.write(f"{method} {place.path} HTTP/1.1\r\n".encode() + "".join(f"{n}: {v}\r\n" for n, v in said.items()).encode() + b"\r\n")
    async with asyncio.timeout(8):
        if body:
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
            writer.write(body)
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        found = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines) if name}
        text = (await reader.readexactly(int(found.get("content-length", 0)))).decode()
    writer.close()
    return int(first.split(" ")[1]), found, text


@pytest.mark.parametrize("name", ["obs-30-publish", "obs-32-publish-simulcast"])
async def test_obs_comes_by_one_post_and_goes_by_one_delete(
    installation: Installation, client: httpx.AsyncClient, name: str  # noqa: F811
) -> None:
    room, hub = installation.room(), installation.found.hub
    bearer = {"Authorization": f"Bearer {(await tickets(client, room.links['22']))['publish']}", "User-Agent": AGENT}
    status, headers, answer = await ask(
        f"{installation.url}/media/rooms/{room.meeting_id}/whip", "POST", {"Content-Type": "application/sdp", **bearer}, read(name).encode())
    assert status == 201 and "v=0" in answer
    assert answer.count("a=candidate:") >= 2 and "a=setup:passive" in answer, "all it needs to connect: it hears of nothing later"
    location = headers["location"]
    session = location if location.startswith("http") else f"{installation.url}{location}"
    stats = installation.call(hub.stats(room.meeting_id))["rooms"][room.meeting_id]["sessions"]
    assert [(one["name"], one["role"]) for one in stats] == [("22", "publish")]
    assert (await ask(session, "DELETE", bearer))[0] == 200
    await soon(lambda: not installation.call(hub.stats(room.meeting_id))["rooms"].get(room.meeting_id, {}).get("sessions"))
    assert (await ask(session, "DELETE", bearer))[0] == 404
