"""What a browser that lies, or two that fight for one seat, may send to a running room: anything, in any order and shape.

A story is a seed: links, tickets, offers, sessions and the chair's moves against the real web and relay.  Every answer is one that
docs/protocol.md knows, the record stays what the tables say, one point sends once, and what was closed stays so.
"""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import httpx
import pytest

from meetings import balloting, muting, service, speaking, voting
from meetings.access import Role, Subject
from meetings.errors import MeetingError
from meetings.replay.check import differences
from meetings.speech import Kind
from meetings.store import ledger_store, speech_store, vote_store
from tests.media.test_sdp import offer
from tests.support import factories
from tests.support.installation import Installation, Room
from tests.support.running import client, installation  # noqa: F401 - fixtures
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
BODIES: tuple[tuple[bytes, str], ...] = (
    (b"", "application/json"), (b"{", "application/json"), (b"[]", "application/json"), (b'"x"', "application/json"), (b"\xff\xfe", "application/json"),
    (b"[" * 5_000, "application/json"), (b"up=1", "application/x-www-form-urlencoded"), (b"up=%00", "application/x-www-form-urlencoded"),
    (b"--x\r\n", "multipart/form-data; boundary=x"), (b"{}", "text/plain"), (b'{"up": "\\ud800"}', "application/json"),
)
OFFERS = (offer("sendonly"), offer("recvonly"), offer("sendrecv"), "", "v=0\r\n", "\r\n" * 50, offer("sendonly").replace("a=mid", "a=mud"), "x" * 70_000)
STEPS = 30
RULE = voting.Rule(Fraction(0), Fraction(1, 2), "cast")


class Story:
    """One room, three points with two devices each, and the chair."""

    def __init__(self, installation: Installation, room: Room, client: httpx.AsyncClient, seed: int) -> None:  # noqa: F811
        self.installation, self.room, self.client, self.chance = installation, room, client, random.Random(seed)
        self.chair: Subject = factories.user(installation.people["chair"].user_id, "t", Role.CHAIR)
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
            else balloting.motion_close(conn, motion.motion_id, self.chair, at))
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
        elif kind < 0.55:
            await story.media()
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
    for _ in range(20):
        await story.act()
        await story.media()
    with found.db.read() as conn:
        after = [event.kind for event in ledger_store.events(conn, meeting, after=last)]
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
