"""A concluded meeting of the province in the browser: who presses which button of its minutes.  A fixture to import."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI

from meetings import service as meetings
from meetings.meeting import AgendaLine, NewMeeting, Person, PointRef, UnitRef
from meetings.store import unit_store
from minutes import service
from scheduler import points
from tests.web.conftest import ManualClock, browser, sign_in, token_in
from web import session, store
from web.container import Container

POSTS = {"chair": "chutri", "secretary": "thuky", "division_head": "lanhdao", "clerk": "vanthu"}
ORDER = (("vanthu", "number"), ("lanhdao", "sign/initials"), ("thuky", "sign/secretary"), ("chutri", "sign/chair"),
         ("vanthu", "seal"), ("vanthu", "issue"), ("vanthu", "packet"))


@dataclass
class Story:
    """A concluded meeting with its draft; `do` is one person pressing one button."""

    app: FastAPI
    found: Container
    meeting_id: str
    delegates: dict[str, str]
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    @property
    def page(self) -> str:
        return f"/meetings/{self.meeting_id}/minutes"

    async def person(self, login: str) -> httpx.AsyncClient:
        """This person's browser, signed in once."""
        if login not in self.clients:
            self.clients[login] = browser(self.app)
            assert (await sign_in(self.clients[login], login)).status_code == 303
        return self.clients[login]

    async def press(self, login: str, do: str, **fields: str) -> httpx.Response:
        client = await self.person(login)
        token = token_in((await client.get("/account")).text)
        shown = {"shown": self.status().pdf_sha256}
        return await client.post(f"{self.page}/{do}", data={"_csrf": token, **shown, **fields})

    async def until(self, last: str) -> None:
        """Every step up to `last`, without the browser."""
        for login, do in ORDER:
            self._take(login, do)
            if do == last:
                return

    def _take(self, login: str, do: str) -> None:
        found, at = self.found, self.found.clock.now()
        with found.db.read() as conn:
            account = store.account_by_login(conn, login)
            assert account is not None
            by = session.subject_of(conn, account[0], at.date())
        status, place = self.status(), (found.db, found.blobs)
        minutes_id, shown = status.minutes.minutes_id, status.pdf_sha256
        if do == "number":
            service.number(*place, minutes_id, by, at, shown=shown)
        elif do.startswith("sign/"):
            service.sign(*place, found.signers, minutes_id, do.removeprefix("sign/"), by, at, shown=shown)
        elif do == "seal":
            service.seal(*place, found.signers, minutes_id, by, at, shown=shown)
        else:
            use = {"issue": service.issue, "packet": service.build_packet}[do]
            use(*place, found.signers, minutes_id, by, at)

    def status(self) -> service.Status:
        with self.found.db.read() as conn:
            known = service.status(conn, self.meeting_id)
        assert known is not None
        return known


@pytest.fixture
async def story(app: FastAPI, found: Container, clock: ManualClock) -> AsyncIterator[Story]:
    told = Story(app, found, *concluded(found, clock))
    service.draft(found.db, found.blobs, told.meeting_id, None, clock.now(), base_url=found.settings.base_url)
    yield told
    for client in told.clients.values():
        await client.aclose()


def concluded(found: Container, clock: ManualClock) -> tuple[str, dict[str, str]]:
    """A concluded meeting of the province with one commune, not drafted yet: its id, and its delegates by name."""
    at = clock.now()
    with found.db.write() as conn:
        tree = unit_store.tree(conn, at.date())
        people = {post: store.account_by_login(conn, login)[0] for post, login in POSTS.items()}
        root, commune = tree.roots()[0], tree.search("Xã Đồn Đạc")[0]
        known = {point.unit_id: point for point in points.all_points(conn)}
        refs = [PointRef(known[u.unit_id].point_id, known[u.unit_id].code, known[u.unit_id].name, u.unit_id, u.level)
                for u in (root, commune)]
        who = {post: Person(account.user_id, account.name, account.title) for post, account in people.items()}
        secretary, chair = (session.subject_of(conn, people[post], at.date()) for post in ("secretary", "chair"))
        unit = UnitRef(root.unit_id, root.name, None, tree.path(root.unit_id))
        meeting_id = meetings.create(conn, NewMeeting(
            "Giao ban tháng 3", unit, at, clock.at.replace(hour=9), agenda=[AgendaLine("Báo cáo")], **who),
            by=secretary, at=at).meeting_id
        meetings.seats_set(conn, meeting_id, refs, by=secretary, at=at)
        meetings.convene(conn, meeting_id, by=secretary, at=at)
        meetings.open(conn, meeting_id, by=chair, at=at)
        for ref in refs:
            meetings.seat_join(conn, meeting_id, ref.point_id, at)
        delegates = {name: meetings.delegate_add(conn, meeting_id, refs[1].point_id, name, "Phó Chủ tịch xã", present,
                                                 by=secretary, at=at)
                     for name, present in (("Lò Thị Mai", True), ("Vắng Văn Mặt", False))}
        meetings.close(conn, meeting_id, by=chair, at=at)
    return meeting_id, delegates
