"""A whole application on a small province, driven over ASGI as a browser would: cookies, form tokens, redirects."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from meetings.access import Role
from meetings.store import database, datasets, unit_store
from meetings.store.database import Database
from scheduler import points
from tests.support.installation import weak_hash
from web import app as web_app
from web import auth, store
from web.container import Container
from web.settings import Settings

PASSWORD = "Hop-truc-tuyen-2026"
_hash = weak_hash(PASSWORD)


@dataclass
class ManualClock:
    """A clock that moves when told."""

    at: datetime = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


@dataclass
class QuietHub:
    """Stands where the media process would be: pages need none.  Remembers which meetings changed."""

    told: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    ready: bool = True

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def changed(self, meeting_id: str) -> None:
        self.told.append(meeting_id)

    def tell(self, meeting_id: str, event: str, data: object, to: object = None) -> None: ...

    def live(self, meeting_id: str) -> frozenset[str]:
        return frozenset()

    def held(self, meeting_id: str, code: str) -> bool:
        return False

    def revoked(self, meeting_id: str, code: str) -> None: ...

    def drop(self, sessions: Sequence[str]) -> None:
        self.dropped += sessions


@pytest.fixture(scope="session")
def province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with Quảng Ninh of 2020 (239 points) and one account for each role; every test gets a copy."""
    path = tmp_path_factory.mktemp("province") / "diemcau.db"
    db = Database(f"sqlite:///{path}")
    db.migrate()
    at = ManualClock().at
    with db.write() as conn:
        datasets.load_dataset(conn, "quang-ninh-2020", at)
        tree = unit_store.tree(conn, at.date())
        points.ensure_points(conn, tree)
        root, commune = tree.roots()[0], tree.search("Xã Đồn Đạc")[0]
        for login, name, title, roles, unit in (
            ("thuky", "Nguyễn Thị Thu", "Chuyên viên Văn phòng", {Role.SECRETARY}, root),
            ("lanhdao", "Trần Văn Đức", "Trưởng phòng Tổng hợp", {Role.DIVISION_HEAD}, root),
            ("chutri", "Phạm Minh Hải", "Phó Chủ tịch UBND tỉnh", {Role.CHAIR}, root),
            ("vanthu", "Lê Thị Hoa", "Văn thư", {Role.CLERK}, root),
            ("quantri", "Đỗ Quản Trị", "Quản trị hệ thống", {Role.ADMIN}, root),
            ("xa", "Hoàng Văn Sơn", "Công chức xã", {Role.OFFICER}, commune),
            ("nguoila", "Bùi Thị Lạ", "Thư ký nơi khác", {Role.SECRETARY}, tree.search("Huyện Cô Tô")[0]),
        ):
            store.add_account(conn, login, name, title, unit.unit_id, frozenset(roles), _hash, at, must_change=False)
    with db.write() as conn:
        conn.exec_driver_sql("SELECT 1")
    db.close()
    return path


class Unhindered:
    """Lets every hash of a password be computed only while somebody else could write at once."""

    def __init__(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hashes = 0
        self._real = auth._hasher
        monkeypatch.setattr(database, "BUSY_MS", 20)  # whoever holds the lock meanwhile fails the test at once
        self._other = Database(url)
        monkeypatch.setattr(auth, "_hasher", self)

    def hash(self, password: str) -> str:
        self._try()
        return self._real.hash(password)

    def verify(self, known: str, password: str) -> bool:
        self._try()
        return self._real.verify(known, password)

    def _try(self) -> None:
        self.hashes += 1
        with self._other.write():
            pass
        self._other.close()  # its pool is made anew when it is needed


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def hub() -> QuietHub:
    return QuietHub()


@pytest.fixture
def settings(tmp_path: Path, province: Path) -> Settings:
    shutil.copyfile(province, tmp_path / "diemcau.db")
    return Settings(data=tmp_path, schedule=False)  # what is due is done when a test says so


@pytest.fixture
async def app(settings: Settings, clock: ManualClock, hub: QuietHub) -> AsyncIterator[FastAPI]:
    built = web_app.build(settings, clock=clock, media=hub)
    async with built.router.lifespan_context(built):
        yield built


@pytest.fixture
def found(app: FastAPI) -> Container:
    return app.state.container


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app) as opened:
        yield opened


def browser(app: FastAPI) -> httpx.AsyncClient:
    """A new browser: its own cookies, Vietnamese, no redirects followed by itself."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url="http://localhost:8000",
        headers={"accept": "text/html", "accept-language": "vi"},
    )


def token_in(text: str) -> str:
    """The form token of a page."""
    match = re.search(r'name="csrf-token" content="([0-9a-f]{64})"', text)
    assert match, text[:500]
    return match.group(1)


async def post(client: httpx.AsyncClient, path: str, data: dict[str, object] | None = None, **more: object) -> httpx.Response:
    """Posts a form as a page of ours would: fetches the token first."""
    token = token_in((await client.get(str(more.pop("page", "/signin" if path == "/signin" else "/account")))).text)
    return await client.post(path, data={"_csrf": token, **(data or {})}, **more)  # type: ignore[arg-type]


async def sign_in(client: httpx.AsyncClient, login: str, password: str = PASSWORD) -> httpx.Response:
    return await post(client, "/signin", {"login": login, "password": password})
