"""What a browser that lies, or two that fight for one seat, may send to a running room: anything, in any order and shape.

A story is a seed: links of points and of people, tickets, offers, sessions, files and the chair's moves against the real web and relay.  Every
answer is one that docs/protocol.md knows, the record stays what the tables say, one point sends once, and what was closed stays so.
"""

from __future__ import annotations

import random
from datetime import timedelta
from fractions import Fraction
from typing import Any

import httpx
import pytest

from meetings import balloting, muting, papers, service, speaking, voting
from meetings.access import Role, Subject
from meetings.errors import MeetingError
from meetings.motions import Draft
from meetings.replay.check import differences
from meetings.speech import Kind
from meetings.store import ledger_store, speech_store, vote_store
from scheduler import delegate_list, person_links, slip_rounds
from scheduler.delegate_sheet import Entry
from scheduler.slip_rounds import Whom
from tests.media.test_sdp import offer
from tests.support import factories
from tests.support.installation import Installation, Room
from tests.support.running import client, installation  # noqa: F401 - fixtures
from tests.support.sheets import acting, pdf, photograph
from web.api.pace import Pace
from web.messages import TEXTS

WORDS: tuple[Any, ...] = (
    "", "x", "for", "against", "contribution", "question", "order", "22", "204", "here", "away", "late", "a", "b", "takeover", "companion", "😀", "\u202e", "é" * 500,
    None, True, False, 0, 1, -1, 3, 10**30, 1.5, [], ["publish"], ["publish", "publish"], [None], {}, {"0": 5}, [["x"]] * 40, "0190a000-0000-7000-8000-000000000000",
)
FIELDS: dict[str, tuple[str, ...]] = {
    "hand": ("up", "kind", "item", "note", "entry"), "vote": ("motion", "choice", "voter"), "chat": ("text",), "voice": ("accept",),
    "people": ("person", "state", "reason", "name", "post", "heads"), "people/link": ("person", "do"), "recording": ("agreed",),
    "show": ("document", "page"), "hide": (), "papers": ("document",), "here": ("device",), "share": (), "share/end": (), "share/tickets": (),
    "tickets": ("roles", "device", "mode"), "screen/tickets": ("screen",), "papers/none/read": ("page",), "papers/none/notes": ("page", "kind", "at", "text"),
}
ALONE: dict[str, tuple[str, ...]] = {
    "here": (), "left": (), "hand": FIELDS["hand"], "vote": ("motion", "choice"), "chat": ("text",), "slips/{slip}": ("choice", "opinion"),
    "papers/{paper}/read": ("page",), "papers/{paper}/notes": ("page", "kind", "at", "text"),
}
"""What a person's own page posts; the rest of it is looked at."""
LOOKS = ("", "/chat?after=x", "/chat?after=-9", "/papers", "/slips/{slip}", "/slips/{slip}/documents/{paper}", "/documents/{paper}", "/papers/{paper}",
         "/papers/{paper}/about", "/papers/{paper}/pages/1?w=300", "/papers/{paper}/pages/0", "/papers/{paper}/pages/9/text", "?done=x")
BODIES: tuple[tuple[bytes, str], ...] = (
    (b"", "application/json"), (b"{", "application/json"), (b"[]", "application/json"), (b'"x"', "application/json"), (b"\xff\xfe", "application/json"),
    (b"[" * 5_000, "application/json"), (b"up=1", "application/x-www-form-urlencoded"), (b"up=%00", "application/x-www-form-urlencoded"),
    (b"--x\r\n", "multipart/form-data; boundary=x"), (b"{}", "text/plain"), (b'{"up": "\\ud800"}', "application/json"),
)
FILES = (
    *(("photo", name, data, "image/jpeg") for name, data in (
        ("a.jpg", photograph()), ("b.png", photograph(kind="PNG")), ("a.jpg", b""), ("a.jpg", photograph()[:300]), ("a.jpg", b"MZ" * 50), ("", photograph()),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\x7f\xff\xff\xff" * 2 + b"\x08\x02\0\0\0" + b"\0" * 40), ("a.jpg", pdf()))),
    *(("document", name, data, "application/pdf") for name, data in (
        ("a.pdf", pdf(2)), ("a.pdf", acting("script")), ("../../etc/a.pdf", pdf()), ("a.exe", b"MZ"), ("\u202efdp.pdf", pdf()), ("a.pdf", b"%PDF-1.7\n%%EOF"),
        ("x" * 300 + ".pdf", pdf()), (".pdf", pdf()), ("a.docx", b"PK\3\4"), ("a.txt", "Chào".encode()))),
    ("other", "a.jpg", photograph(), "text/plain"),
)
BROKEN = (b"--x\r\n", b"--x--\r\n", b"--y\r\n\r\n--y--", b"--x\r\ncontent-disposition: form-data; name=photo; filename=a\r\n\r\n", b"\xff" * 99,
          b'--x\r\ncontent-disposition: form-data; name="photo"; filename="\xff\0"\r\n\r\nx\r\n--x--\r\n', b"--x\r\n" + b"a" * 20_000 + b": b\r\n\r\n\r\n--x--")
OFFERS = (offer("sendonly"), offer("recvonly"), offer("sendrecv"), "", "v=0\r\n", "\r\n" * 50, offer("sendonly").replace("a=mid", "a=mud"), "x" * 70_000)
STEPS = 30
# An upload that breaks off in the middle of a file: Starlette leaves what it had begun to keep to the garbage collector, which closes it and says so.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning")
RULE = voting.Rule(Fraction(0), Fraction(1, 2), "cast")


class Story:
    """One room, three points with two devices each, and the chair."""

    def __init__(self, installation: Installation, room: Room, client: httpx.AsyncClient, seed: int) -> None:  # noqa: F811
        self.installation, self.room, self.client, self.chance = installation, room, client, random.Random(seed)
        self.chair: Subject = factories.user(installation.people["chair"].user_id, "t", Role.CHAIR)
        self.secretary: Subject = factories.user(installation.people["secretary"].user_id, "t", Role.SECRETARY)
        with installation.found.db.write() as conn:
            for name, point_id in (("Lê An", 2), ("Vũ Bình", 3), ("Trần Chi", 3)):
                delegate_list.register(conn, room.meeting_id, Entry(point_id, name, "Chủ tịch", "0912"), self.secretary, installation.now())
            self.phones = [f"/p/{card.secret}" for card in person_links.cards(conn, installation.found.keys.persons, room.meeting_id, self.secretary)]
        self.tickets, self.sessions, self.said = ["no ticket"], [("/media/sessions/none", "no ticket")], list[str]()

    def one(self, *among: Any) -> Any:
        return self.chance.choice(among)

    async def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = await self.client.request(method, path, **more)
        self.said.append(f"{method} {path[:12]}…{path.rpartition('/')[2]} {answer.status_code}")
        assert answer.status_code < 500 or (answer.status_code == 503 and answer.headers.get("retry-after")), (self.said[-5:], answer.text[:300])
        if answer.status_code >= 400 and answer.headers.get("content-type", "").startswith(("application/json", "application/problem")):
            code = answer.json().get("error")
            assert code in TEXTS, (self.said[-1], answer.text[:300])
            assert answer.json()["message"], self.said[-1]
        return answer

    async def act(self) -> None:
        """Something one of the pages posts, or says that it does."""
        name = self.one(*FIELDS)
        secret = self.one(*self.room.links.values(), "x" * 46) if self.chance.random() < 0.1 else self.room.links[self.one("22", "204", "06973")]
        path = f"/j/{secret}/{name}"
        if self.chance.random() < 0.15:
            body, kind = self.one(*BODIES)
            await self.send("POST", path, content=body, headers={"content-type": kind})
            return
        fields = {field: self.likely(field) for field in FIELDS[name] if self.chance.random() < 0.8}
        answer = await self.send("POST", path, json=fields)
        if name.endswith("tickets") and answer.status_code == 200:
            self.tickets += [token for token in answer.json().values() if isinstance(token, str)]

    async def alone(self) -> None:
        """Somebody behind a point, by the own link, with or without the page's scripts."""
        phone = self.one(*self.phones) if self.chance.random() < 0.95 else self.one("/p/" + "x" * 46, "/p/" + self.room.links["204"])
        with self.installation.found.db.read() as conn:
            slips = [one.motion_id for one in vote_store.motions(conn, self.room.meeting_id) if one.method == "slip"]
            known = [one.document_id for one in papers.documents(conn, self.room.meeting_id, "in", "offered", "refused")]
        there = {"slip": self.one("none", *slips[-1:]), "paper": self.one("none", *known[-2:])}
        accept = {"accept": self.one("application/json", "text/html")}
        if self.chance.random() < 0.3:
            await self.send("GET", phone + self.one(*LOOKS).format(**there), headers=accept)
            return
        name = self.one(*ALONE)
        path, fields = f"{phone}/{name.format(**there)}", {field: self.likely(field) for field in ALONE[name] if self.chance.random() < 0.8}
        if self.chance.random() < 0.15:
            body, kind = self.one(*BODIES)
            await self.send("POST", path, content=body, headers={**accept, "content-type": kind})
        elif self.chance.random() < 0.3:
            await self.send("POST", path, data={field: value for field, value in fields.items() if isinstance(value, str)}, headers=accept)
        else:
            await self.send("POST", path, json=fields, headers=accept)

    async def hand_in(self) -> None:
        """Files, as a camera, a form, or neither sends them."""
        path = self.one(*self.phones, *(f"/j/{secret}" for secret in self.room.links.values())) + "/papers"
        if self.chance.random() < 0.25:
            await self.send("POST", path, content=self.one(*BROKEN), headers={"content-type": "multipart/form-data; boundary=x"})
            return
        some = [self.one(*FILES) for _ in range(self.one(1, 1, 2))] * self.one(1, 1, 1, 11)
        await self.send("POST", path, files=[(field, (name, data, kind)) for field, name, data, kind in some], data=self.one({}, {"x": "y"}))

    def likely(self, field: str) -> Any:
        """Half of the time what a page would send there."""
        if self.chance.random() < 0.5:
            return self.one(*WORDS)
        with self.installation.found.db.read() as conn:
            motion = vote_store.open_motion(conn, self.room.meeting_id)
            entries = [one.entry for one in speech_store.live(conn, self.room.meeting_id)]
        return {"up": True, "kind": "contribution", "choice": "for", "motion": motion.motion_id if motion else "x", "text": "xin chào", "accept": True,
                "entry": self.one(*entries) if entries else 1, "state": "present", "name": "Lê An", "heads": 3, "device": self.one("a", "b"),
                "mode": self.one("takeover", ""), "roles": self.one(["publish"], ["subscribe"], ["publish", "subscribe"]), "person": "p1"}.get(field, self.one(*WORDS))

    async def media(self) -> None:
        """Signalling, by whatever ticket is at hand and in whatever order."""
        what, ticket = self.one("whip", "whip", "whep", "patch", "view", "pins", "delete"), self.one(*self.tickets)
        bearer = {"authorization": f"Bearer {ticket}"} if self.chance.random() < 0.95 else {}
        if what in ("whip", "whep"):
            answer = await self.send("POST", f"/media/rooms/{self.one(self.room.meeting_id, 'bench-x', 'x')}/{what}", content=self.one(*OFFERS).encode(),
                                     headers={**bearer, "content-type": self.one("application/sdp", "application/sdp", "text/plain")})
            if answer.status_code == 201:
                self.sessions.append((answer.headers["location"], ticket))
            return
        session, own = self.one(*self.sessions)
        bearer = {"authorization": f"Bearer {own}"} if self.chance.random() < 0.8 else bearer
        if what == "patch":
            fragment = self.one("a=ice-ufrag:x\r\n", "", "a=ice-ufrag:abcd\r\na=ice-pwd:" + "p" * 22 + "\r\n", "\x00" * 9, "a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n")
            tag = self.one({"if-match": "*"}, {"if-match": '"x"'}, {})
            await self.send("PATCH", session, content=fragment.encode(), headers={**bearer, **tag, "content-type": "application/trickle-ice-sdpfrag"})
        elif what == "delete":
            await self.send("DELETE", session, headers=bearer)
        else:
            body = self.one({"0": self.one(*WORDS)}, {}, [], {"video0": 360}, {"audio0": "204"}, {str(n): n for n in range(300)}, None)
            await self.send("PUT", f"{session}/{what}", json=body, headers=bearer)

    def conduct(self) -> None:
        """The chair goes on with the meeting."""
        meeting, at = self.room.meeting_id, self.installation.now()
        point = self.one(1, 2, 4)
        with self.installation.found.db.read() as conn:
            motion = vote_store.open_motion(conn, meeting)
        step = self.one(
            lambda conn: service.open(conn, meeting, self.chair, at), lambda conn: service.suspend(conn, meeting, self.chair, at),
            lambda conn: service.resume(conn, meeting, self.chair, at), lambda conn: service.seat_join(conn, meeting, point, at),
            lambda conn: service.floor_give(conn, meeting, point, self.chair, at, kind=self.one(*Kind)), lambda conn: speaking.lower_all(conn, meeting, self.chair, at),
            lambda conn: muting.mute_all(conn, meeting, self.one(True, False), self.chair, at), lambda conn: muting.ask(conn, meeting, point, self.chair, at),
            lambda conn: balloting.motion_open(conn, meeting, "Thông qua", RULE, self.chair, at) if not motion
            else balloting.motion_close(conn, motion.motion_id, self.chair, at),
            lambda conn: slip_rounds.send(conn, meeting, Draft("Ý kiến", RULE, method=voting.Method.SLIP), Whom.ALL, at + timedelta(hours=2), self.chair, at),
            lambda conn: papers.document_settle(conn, meeting, papers.documents(conn, meeting, "offered")[0].document_id, self.one(True, False), "mờ",
                                                self.secretary, at) if papers.documents(conn, meeting, "offered") else None)
        try:
            with self.installation.found.db.write() as conn:
                step(conn)
        except MeetingError:
            return
        self.installation.found.hub.changed(meeting)

    async def check(self) -> None:
        """What must hold after anything."""
        with self.installation.found.db.read() as conn:
            assert differences(conn, self.room.meeting_id) == [], self.said[-5:]
            for paper in papers.documents(conn, self.room.meeting_id, "in", "offered", "refused"):
                assert self.installation.found.blobs.path(paper.sha256).stat().st_size == paper.size, "a paper without its bytes"
        rooms = self.installation.call(self.installation.found.hub.stats(self.room.meeting_id))["rooms"]
        sessions = rooms.get(self.room.meeting_id, {}).get("sessions", [])
        senders = [session["name"] for session in sessions if session["role"] == "publish" and "#" not in session["name"]]
        assert len(senders) == len(set(senders)), f"a point sends twice: {senders}"
        assert len(sessions) <= len(self.sessions)


async def run(installation: Installation, client: httpx.AsyncClient, seed: int) -> Story:  # noqa: F811
    installation.found.room_pace = Pace(10**6, 10**6)
    story = Story(installation, installation.room(opened=bool(seed % 3)), client, seed)
    for step in range(STEPS):
        kind = story.chance.random()
        if kind < 0.2:
            story.conduct()
        elif kind < 0.45:
            await story.media()
        elif kind < 0.65:
            await story.alone()
        elif kind < 0.75:
            await story.hand_in()
        else:
            await story.act()
        if step % 10 == 9:
            await story.check()
    return story


async def closed(story: Story) -> None:
    """After the closing everything is refused and changes nothing."""
    meeting, found = story.room.meeting_id, story.installation.found
    with found.db.write() as conn:
        if motion := vote_store.open_motion(conn, meeting):
            balloting.motion_close(conn, motion.motion_id, story.chair, found.clock.now())
        if service.get(conn, meeting).state.value == "convened":
            service.open(conn, meeting, story.chair, found.clock.now())
        service.close(conn, meeting, story.chair, found.clock.now())
        last = ledger_store.last_seq(conn, meeting)
    found.hub.changed(meeting)
    for _ in range(10):
        for move in (story.act, story.media, story.alone, story.one(story.act, story.media, story.hand_in)):
            await move()
    with found.db.read() as conn:
        slips = {one.motion_id for one in vote_store.motions(conn, meeting) if one.method == voting.Method.SLIP}
        after = [event.kind for event in ledger_store.events(conn, meeting, after=last) if event.data.get("motion") not in slips]
        assert not [kind for kind in after if not kind.startswith(("chat.erased", "document.opened"))], after
        assert differences(conn, meeting) == []


@pytest.mark.parametrize("seed", range(2))
async def test_any_messages_in_any_order_are_answered_and_change_only_what_they_may(
    installation: Installation, client: httpx.AsyncClient, seed: int  # noqa: F811
) -> None:
    await closed(await run(installation, client, seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 160))
async def test_any_messages_long(installation: Installation, client: httpx.AsyncClient, seed: int) -> None:  # noqa: F811
    await closed(await run(installation, client, seed))
