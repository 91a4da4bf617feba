"""I11 for the control protocol.  Any order of requests, true or false, at any time: each is answered, the worker knows exactly the
sessions that were let in and have not ended, and the end of each is told once."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from media.control import decode, encode
from media.limits import CONTROL_VERSION, PEER_SILENCE, SETUP_TIME
from media.port import open_sockets
from media.sfu import Sfu
from media.worker import Worker
from tests.media.test_sdp import offer

ROOMS, SESSIONS, NAMES = st.sampled_from(["r1", "r2"]), st.sampled_from([f"s{n}" for n in range(6)]), st.sampled_from("AB")
NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["r1", "s1", "stats", 2]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=8)
FIELDS = st.sampled_from(["v", "id", "op", "room", "session", "name", "offer", "publishers", "heard", "stage", "seen", "quiet", "voices", "heights", "names", "fragment"])


class Controller(RuleBasedStateMachine):
    """The model: session -> (room, time it came)."""

    def __init__(self) -> None:
        super().__init__()
        self.runner, self.now, self.told = asyncio.Runner(), 1000.0, []
        self.known: dict[str, tuple[str, float]] = {}
        self.ended: list[str] = []
        self.worker: Worker = self.runner.run(self._start())

    async def _start(self) -> Worker:
        worker = Worker(lambda tell, port: Sfu(open_sockets(0, ["127.0.0.1"]), ["127.0.0.1"], tell, clock=lambda: self.now))
        tell = worker.sfu._tell

        def listen(event: dict[str, Any]) -> None:
            self.told.append(event)
            tell(event)
        worker.sfu._tell = listen
        return worker

    def ask(self, op: Any, **fields: Any) -> Any:
        async def answer() -> bytes:
            said = self.worker._answer(encode({"v": CONTROL_VERSION, "id": 7, "op": op, **fields}))
            await asyncio.sleep(0)
            return said
        told = decode(self.runner.run(answer()))
        return told["error"]["code"] if "error" in told else told["ok"]

    @rule(session=SESSIONS, room=ROOMS, name=NAMES, role=st.sampled_from(["publish", "subscribe"]))
    def join(self, session: str, room: str, name: str, role: str) -> None:
        way = "sendonly" if role == "publish" else "recvonly"
        done = self.ask(role, room=room, session=session, name=name, offer=offer(way))
        if session in self.known:
            assert done == "session.exists"
        else:
            assert "a=ice-lite" in str(done)
            self.known[session] = room, self.now

    @rule(session=SESSIONS, role=st.sampled_from(["publish", "subscribe"]), text=st.sampled_from(["", "v=0\r\n", offer("inactive")]))
    def join_with_a_bad_offer(self, session: str, role: str, text: str) -> None:
        done = self.ask(role, room="r1", session=session, name="A", offer=text)
        assert done == "session.exists" if session in self.known else done.startswith("sdp.")

    @rule(session=SESSIONS)
    def close(self, session: str) -> None:
        assert self.ask("close", session=session) is (session in self.known)
        if self.known.pop(session, None):
            self.ended.append(session)

    @rule(room=ROOMS)
    def close_room(self, room: str) -> None:
        assert self.ask("close_room", room=room) is None
        for session in [session for session, (where, _) in self.known.items() if where == room]:
            del self.known[session]
            self.ended.append(session)

    @rule(room=ROOMS, heard=st.none() | st.lists(NAMES, max_size=3), stage=st.lists(NAMES, max_size=3))
    def policy(self, room: str, heard: list[str] | None, stage: list[str]) -> None:
        assert self.ask("policy", room=room, heard=heard, stage=stage) is None

    @rule(seconds=st.sampled_from([0.02, 0.5, 3.0, 9.0, 21.0]))
    def time_passes(self, seconds: float) -> None:
        async def tick() -> None:
            self.worker.sfu.tick(self.now)
            self.worker.look()
        self.now += seconds
        self.runner.run(tick())
        limit = max(SETUP_TIME, PEER_SILENCE)
        for session in [session for session, (_, since) in self.known.items() if self.now - since > limit]:
            del self.known[session]  # it never came
            self.ended.append(session)

    @rule(message=st.dictionaries(FIELDS, NONSENSE, max_size=6), op=st.sampled_from(["publish", "subscribe", "policy", "view", "stats", "listen", "x"]))
    def nonsense(self, message: dict[str, Any], op: str) -> None:
        async def answer(line: bytes) -> bytes:
            return self.worker._answer(line)
        said = {"v": CONTROL_VERSION, "id": 1, "op": op, "session": "\ud800", **message}
        if said["op"] in ("close", "close_room", "policy") and said.get("room", said.get("session")) in ("r1", "r2", "s1"):
            return  # that would be sense
        done = decode(self.runner.run(answer(encode(said))))
        assert done.get("error", {}).get("code") != "control.fault", (said, done)

    @invariant()
    def the_worker_knows_who_is_there(self) -> None:
        stats = self.ask("stats", room=None)
        there = {s["session"]: room for room, entry in stats["rooms"].items() for s in entry["sessions"]}
        assert there == {session: room for session, (room, _) in self.known.items()} and stats["peers"] == len(there)
        assert set(stats["rooms"]) == set(there.values()) and stats["counters"]["faults"] == 0

    @invariant()
    def each_end_is_told_once(self) -> None:
        assert sorted(event["session"] for event in self.told if event["event"] == "down") == sorted(self.ended)

    def teardown(self) -> None:
        async def stop() -> None:
            self.worker.shut()
            await asyncio.sleep(0)
        self.runner.run(stop())
        self.runner.close()


def test_i11_any_order_of_requests() -> None:
    run_state_machine_as_test(Controller, settings=settings(max_examples=8, stateful_step_count=25))
