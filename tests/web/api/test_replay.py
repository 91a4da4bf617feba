"""However often, in whatever order creations are sent again: each key makes one meeting, and a replay changes nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.web.api.conftest import Ask, problem
from tests.web.api.test_meetings import PATH, body, state
from web.container import Container

SENT = st.lists(st.tuples(st.sampled_from(["key-one!", "key-two!", "key-three"]), st.integers(0, 2)), max_size=8)
WRONG = 2  # of the bodies, this one is refused


async def test_each_key_makes_one_meeting(program: Ask, found: Container) -> None:
    script = program("thuky")
    whole = await body(script)
    bodies: list[dict[str, Any]] = [{**whole, "title": "Một"}, {**whole, "title": "Hai"}, {**whole, "title": ""}]
    made: dict[str, tuple[int, bytes]] = {}
    loop = asyncio.get_running_loop()

    async def send(round_: str, key: str, number: int) -> None:
        key = f"{round_}{key}"
        before = state(found)
        answer = await script.post(PATH, json=bodies[number], headers={"idempotency-key": key})
        if key in made and made[key][0] == number:
            assert answer.status_code == 201 and answer.content == made[key][1]
            assert answer.headers["idempotency-replayed"] == "true" and state(found) == before
        elif key in made:
            problem(answer, 422, "api.key_reused")
            assert state(found) == before
        elif number == WRONG:
            problem(answer, 422, "text.empty")
            assert state(found) == before
        else:
            assert answer.status_code == 201 and state(found)[0] == before[0] + 1  # type: ignore[operator]
            made[key] = number, answer.content

    rounds = iter(range(10_000))

    @settings(max_examples=15, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(SENT)
    def run(sent: list[tuple[str, int]]) -> None:
        round_ = f"{next(rounds)}-"
        found.pace._left.clear()
        for key, number in sent:
            asyncio.run_coroutine_threadsafe(send(round_, key, number), loop).result(60)

    await asyncio.to_thread(run)
    assert state(found)[0] == len(made) > 10
