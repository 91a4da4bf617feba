"""A program that is asked to wait for a place asks again with a fresh ticket, and gives up where waiting is of no use."""

from __future__ import annotations

import httpx
import pytest

from web.doors import Door

FULL = {"error": "media.full", "why": "cpu"}


def door(answers: list[httpx.Response]) -> tuple[Door, list[str]]:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/tickets"):
            return httpx.Response(200, json={"publish": f"t{len(asked)}"})
        asked.append(request.headers["authorization"])
        return answers.pop(0)

    return Door(httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://here"), "room", "secret", "device"), asked


async def test_a_full_relay_is_asked_again_after_as_long_as_it_says() -> None:
    place = httpx.Response(201, text="answer", headers={"location": "/s/1"})
    full = [httpx.Response(503, json=FULL, headers={"retry-after": "0.01"}) for _ in range(3)]
    here, asked = door([*full, place])
    exchange, _ = here.session("publish")
    assert await exchange("offer") == ("answer", "/s/1")
    assert asked == ["Bearer t0", "Bearer t1", "Bearer t2", "Bearer t3"], "a ticket opens one session"


@pytest.mark.parametrize("answer", [
    httpx.Response(503, json={"error": "media.away"}, headers={"retry-after": "2"}),
    httpx.Response(503, json=FULL, headers={"retry-after": "3600"}), httpx.Response(500, text="x"),
    httpx.Response(503, text="Service Unavailable", headers={"retry-after": "1"}),
])
async def test_other_refusals_and_a_wait_without_end_are_told_at_once(answer: httpx.Response) -> None:
    here, asked = door([answer])
    exchange, _ = here.session("publish")
    with pytest.raises(httpx.HTTPStatusError):
        await exchange("offer")
    assert len(asked) == 1
