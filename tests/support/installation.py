"""A real installation for tests: uvicorn in a thread, a real media worker beside it, and meetings with their links.

Tests reach it over HTTP only; `call` runs a coroutine in its loop, for looking at the hub from inside.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn
from argon2 import PasswordHasher

from media.peers import Crowd, Exchange, HangUp
from meetings import service
from meetings.access import Role
from meetings.admission import link_secret
from meetings.meeting import Person
from tests.support import factories
from tests.support.soon import soon
from web import store
from web.app import build
from web.container import Clock, Container
from web.settings import Settings

PASSWORD = "Hop-truc-tuyen-2026"
ACCOUNTS = {
    "chair": ("Phạm Minh Hải", "Phó Chủ tịch", Role.CHAIR), "secretary": ("Nguyễn Thị Thu", "Chuyên viên", Role.SECRETARY),
    "division_head": ("Trần Văn Đức", "Trưởng phòng", Role.DIVISION_HEAD), "clerk": ("Lê Thị Hoa", "Văn thư", Role.CLERK),
}
Value = TypeVar("Value")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Room:
    """A convened meeting of five points: its id and the secrets of their links by code.  "22" is the chair's point."""

    meeting_id: str
    links: dict[str, str]

    @property
    def chair(self) -> str:
        return self.links["22"]


class Installation:
    """Start with `start()`, end with `stop()`.  One data directory, one port, one worker."""

    def __init__(self, data: Path, host: str = "127.0.0.1", clock: Clock | None = None, **settings: Any) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((host, 0))
        port = self._listener.getsockname()[1]
        self.settings = Settings(data=data, host=host, port=port, **settings)
        scheme = "https" if self.settings.tls_cert else "http"
        self.url = f"{scheme}://{'localhost' if host == '127.0.0.1' else host}:{port}"
        self.app = build(self.settings, clock=clock)
        self.loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="installation", daemon=True)
        self._started = threading.Event()
        self._failed: BaseException | None = None
        self._sessions: dict[str, tuple[dict[str, str], str]] = {}

    @property
    def found(self) -> Container:
        container: Container = self.app.state.container
        return container

    def start(self) -> Installation:
        self._add_accounts()
        self._thread.start()
        assert self._started.wait(30) and self._failed is None, self._failed
        self.call(asyncio.wait_for(self.found.hub.wait_ready(), 30))
        return self

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive(), "the server did not stop"

    def call(self, work: Coroutine[Any, Any, Value]) -> Value:
        """Runs `work` in the server's loop and waits for it."""
        assert self.loop is not None
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    async def _serve(self) -> None:
        try:
            config = uvicorn.Config(
                self.app, log_level="warning", access_log=False, lifespan="on", ws="none", timeout_graceful_shutdown=2,
                ssl_certfile=self.settings.tls_cert, ssl_keyfile=self.settings.tls_key,
            )
            self._server = uvicorn.Server(config)
            self.loop = asyncio.get_running_loop()
            serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
            while not self._server.started and not serving.done():
                await asyncio.sleep(0.02)
            self._started.set()
            await serving
            await self._cut_off()
        except BaseException as error:
            self._failed = error
            raise
        finally:
            self._started.set()

    async def _cut_off(self) -> None:
        """Connections that a dead line left in the middle of their handshake are nobody's; they would wait for a minute."""
        for transport in list(getattr(self.loop, "_transports", {}).values()):
            transport.abort()
        await asyncio.sleep(0)

    # --- what is in it ---------------------------------------------------------------------------------------------

    def _add_accounts(self) -> None:
        hashed = weak_hash(PASSWORD)
        with self.found.db.write() as conn:
            self.people = {
                post: known[0] if (known := store.account_by_login(conn, post)) else store.add_account(
                    conn, post, name, title, None, frozenset({role}), hashed, self.now(), must_change=False
                )
                for post, (name, title, role) in ACCOUNTS.items()
            }

    def now(self) -> datetime:
        return self.found.clock.now()

    def room(self, *, opened: bool = False, title: str = "Giao ban trực tuyến") -> Room:
        """A new meeting that is convened, or open, now."""
        at = self.now()
        posts = {
            post: Person(account.user_id, account.name, account.title) for post, account in self.people.items()
        }
        start = at + timedelta(minutes=next(_numbers))
        with self.found.db.write() as conn:
            meeting_id = factories.convened(
                conn, at, title=title, start=start, end=start + timedelta(hours=2), **posts
            )
            if opened:
                chair = factories.user(self.people["chair"].user_id, "t", Role.CHAIR)
                service.open(conn, meeting_id, chair, at)
            links = {
                link.code: link_secret(self.found.keys.links, link.link_id, link.generation)
                for link in service.links(conn, meeting_id)
            }
        return Room(meeting_id, links)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.url, headers={"accept": "application/json", "accept-language": "vi"}, timeout=20, verify=False,
        )

    async def signed_in(self, login: str) -> httpx.AsyncClient:
        """A browser with this account's session and a form token in its headers.  Signs in once an account: more than
        five times a minute is refused."""
        if login not in self._sessions:
            async with self.client() as fresh:
                token = token_in((await fresh.get("/signin", headers={"accept": "text/html"})).text)
                answer = await fresh.post("/signin", data={"_csrf": token, "login": login, "password": PASSWORD})
                assert answer.status_code == 303, answer.text
                page = await fresh.get("/account", headers={"accept": "text/html"})
                self._sessions[login] = (dict(fresh.cookies), token_in(page.text))
        cookies, token = self._sessions[login]
        client = self.client()
        client.cookies.update(cookies)
        client.headers["x-csrf-token"] = token
        return client


def weak_hash(password: str) -> str:
    """A hash the product verifies like its own, without the tenth of a second that its own are meant to take."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


def token_in(text: str) -> str:
    match = re.search(r'name="csrf-token" content="([0-9a-f]{64})"', text)
    assert match, text[:800]
    return match.group(1)


def door(client: httpx.AsyncClient, room: str, kind: str, ticket: str, query: str = "") -> tuple[Exchange, HangUp]:
    """How a synthetic peer comes in by WHIP or WHEP with this ticket, and how it hangs up."""
    bearer = {"authorization": f"Bearer {ticket}"}

    async def exchange(offer: str) -> tuple[str, str]:
        answer = await client.post(
            f"/media/rooms/{room}/{kind}{query}", content=offer, headers={**bearer, "content-type": "application/sdp"}
        )
        answer.raise_for_status()
        return answer.text, answer.headers["location"]

    async def hang_up(location: str) -> None:
        await client.delete(location, headers=bearer)

    return exchange, hang_up


async def tickets(client: httpx.AsyncClient, secret: str, **body: Any) -> dict[str, str]:
    answer = await client.post(f"/j/{secret}/tickets", json=body)
    answer.raise_for_status()
    found: dict[str, str] = answer.json()
    return found


__all__ = ["Crowd", "Installation", "Room", "door", "soon", "tickets", "token_in", "weak_hash"]
