"""What the room costs a weak line before anything is seen: its scripts and styles, compressed, as they go over the wire."""

from __future__ import annotations

import re

import httpx

from tests.support.installation import Installation
from tests.support.running import client, installation  # noqa: F401 - fixtures
from tests.web.test_room_pages import HTML

LIMIT = 250 * 1024  # bytes, of scripts and styles; documents and their viewer come when they are opened


async def weight(client: httpx.AsyncClient, address: str) -> int:
    """Bytes of the answer's body on the wire."""
    async with client.stream("GET", address, headers={"accept-encoding": "gzip"}) as answer:
        assert answer.status_code == 200, address
        return sum([len(part) async for part in answer.aiter_raw()])


async def test_scripts_and_styles_of_the_room_are_light(installation: Installation, client: httpx.AsyncClient) -> None:
    room = installation.room(opened=True)
    page = (await client.get(f"/j/{room.links['204']}/room", headers=HTML)).text
    addresses = set(re.findall(r'<(?:script[^>]* src|link rel="(?:stylesheet|modulepreload)" href)="([^"]+)"', page))
    weights = {address: await weight(client, address) for address in sorted(addresses)}
    assert len([one for one in weights if ".css" in one]) >= 3 and len([one for one in weights if one.endswith(".js")]) >= 12
    print(f"room: {sum(weights.values()) / 1024:.0f} KiB in {len(weights)} files, limit {LIMIT / 1024:.0f}")
    assert sum(weights.values()) <= LIMIT, weights


async def test_what_is_compressed_is_the_file_and_parts_of_files_are_not(client: httpx.AsyncClient) -> None:
    squeezed = await client.get("/static/room/room.css", headers={"accept-encoding": "gzip"})
    whole = await client.get("/static/room/room.css", headers={"accept-encoding": "identity"})
    assert squeezed.headers["content-encoding"] == "gzip" and "content-encoding" not in whole.headers
    assert squeezed.content == whole.content and int(squeezed.headers["content-length"]) < len(whole.content)
    assert "accept-encoding" in squeezed.headers["vary"].lower() and "accept-encoding" in whole.headers["vary"].lower()
    part = await client.get("/static/room/room.css", headers={"accept-encoding": "gzip", "range": "bytes=0-9"})
    assert part.status_code == 206 and part.content == whole.content[:10]
    known = await client.get("/static/room/room.css", headers={"accept-encoding": "gzip", "if-none-match": squeezed.headers["etag"]})
    assert known.status_code == 304
