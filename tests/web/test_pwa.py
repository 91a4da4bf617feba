"""Installable, and every script of a page kept for good: hashes that modules inherit, a service worker that keeps nobody's page."""

from __future__ import annotations

import json
import re

import httpx

from tests.support.installation import Installation
from tests.support.running import client, installation  # noqa: F401 - fixtures
from web import scripts


async def test_the_manifest_names_what_can_be_installed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/manifest.webmanifest")
    assert answer.headers["content-type"].startswith("application/manifest+json")
    said = json.loads(answer.text)
    assert said["start_url"] == said["scope"] == "/" and said["display"] == "standalone"
    for icon in said["icons"]:
        picture = await client.get(icon["src"])
        assert picture.status_code == 200 and picture.headers["content-type"] == "image/png"
        assert "immutable" in picture.headers["cache-control"]


async def test_the_service_worker_stands_at_the_root_and_keeps_one_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/sw.js")
    assert answer.headers["content-type"].startswith("text/javascript") and answer.headers["cache-control"] == "no-cache"
    assert answer.text.count("caches.match(") == answer.text.count(".add(") == 1 and "credentials: \"omit\"" in answer.text
    away = await client.get("/away")
    assert away.status_code == 200 and "Không có kết nối" in away.text


async def test_a_module_and_what_it_imports_come_under_one_hash_and_are_kept(installation: Installation, client: httpx.AsyncClient) -> None:
    room = installation.room(opened=True)
    page = (await client.get(f"/j/{room.links['204']}/room", headers={"accept": "text/html"})).text
    main = re.search(r'<script type="module" src="([^"]+)"', page)
    assert main and main[1] == scripts.module("room/main.js")
    listed = re.findall(r'rel="modulepreload" href="([^"]+)"', page)
    assert scripts.module("room/store.js") in listed and scripts.module("room/page.js") in listed and main[1] not in listed
    for address in (main[1], *listed):
        answer = await client.get(address)
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"], address
        for name in re.findall(r'^import [^;]*?"(\.[^"]+)"', answer.text, re.MULTILINE):
            assert str(httpx.URL(f"http://x{address}").join(name).path) in (main[1], *listed), (address, name)
    old = await client.get("/static/=000000000000/room/main.js")
    assert old.status_code == 200 and old.headers["cache-control"] == "no-cache", "a page of yesterday still works"
    assert (await client.get("/static/=000000000000/../../pages.py")).status_code == 404
