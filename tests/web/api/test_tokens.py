"""Tokens: made and revoked on the account page, shown once, good for the interface alone and only as far as they say."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from meetings.store import ledger_store
from tests.web.api.conftest import Ask, problem, secret_of
from tests.web.conftest import PASSWORD, ManualClock, browser, post, sign_in, token_in
from web import housekeeping, store
from web.api import pace, tokens
from web.container import Container
from web.limits import API_AT_ONCE, API_TOKENS


async def make(client: httpx.AsyncClient, **fields: object) -> httpx.Response:
    return await post(client, "/account/tokens", {"name": "Đồng bộ lịch", "scope": "write", "days": 90, **fields})


async def test_a_token_is_shown_once_and_opens_the_interface(app: FastAPI, client: httpx.AsyncClient, found: Container) -> None:
    await sign_in(client, "thuky")
    shown = (await make(client)).text
    secret = re.search(r"dc_[\w-]{43}", shown)
    assert secret
    again = (await client.get("/account")).text
    assert "Đồng bộ lịch" in again and secret.group() not in again and "dc_" not in again
    async with browser(app) as other:
        answer = await other.get("/api/v1/points", headers={"authorization": f"Bearer {secret.group()}"})
    assert answer.status_code == 200 and answer.json()["items"]
    with found.db.read() as conn:
        kept = conn.execute(select(store.api_token)).one()
        made = [event for event in ledger_store.events(conn, None) if event.kind == "api_token.made"]
    assert secret.group() not in str(kept) and made[0].data["scope"] == "write" and secret.group() not in str(made)


async def test_a_revoked_token_opens_nothing(client: httpx.AsyncClient, app: FastAPI, program: Ask) -> None:
    script = program("thuky")
    assert (await script.get("/api/v1/points")).status_code == 200
    await sign_in(client, "thuky")
    page = (await client.get("/account")).text
    path = re.search(r'action="(/account/tokens/[^"]+/revoke)"', page)
    assert path
    async with browser(app) as other:
        await sign_in(other, "chutri")
        assert (await post(other, path.group(1))).status_code == 404  # only one's own
    assert (await script.get("/api/v1/points")).status_code == 200
    assert (await post(client, path.group(1))).headers["location"] == "/account?done=token_revoked"
    told = problem(await script.get("/api/v1/points"), 401, "signin.needed")
    assert told["title"] == "Chưa đăng nhập"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer dc_" + "x" * 43, "Basic dGh1a3k6eA==", "dc_x", "Bearer " + "y" * 5000])
async def test_what_is_no_token_is_nobody_even_with_a_cookie(client: httpx.AsyncClient, header: str) -> None:
    await sign_in(client, "thuky")
    answer = await client.get("/api/v1/points", headers={"authorization": header})
    problem(answer, 401, "signin.needed")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_opens_no_page(program: Ask) -> None:
    answer = await program("thuky").get("/meetings", headers={"accept": "text/html"})
    assert answer.status_code == 303 and answer.headers["location"].startswith("/signin")


async def test_a_token_comes_to_its_end(program: Ask, found: Container, clock: ManualClock) -> None:
    script = program("thuky")
    clock.advance(timedelta(days=89))
    assert (await script.get("/api/v1/points")).status_code == 200
    clock.advance(timedelta(days=1, seconds=1))
    problem(await script.get("/api/v1/points"), 401, "signin.needed")
    housekeeping.chores(found)["programs"](clock.now())
    with found.db.read() as conn:
        assert conn.execute(select(store.api_token)).all() == []


async def test_a_new_password_and_a_locked_account_end_every_token(
    program: Ask, found: Container, clock: ManualClock, client: httpx.AsyncClient
) -> None:
    first, second = program("thuky"), program("chutri")
    await sign_in(client, "thuky")
    new = "Mat-khau-moi-2026"
    changed = await post(client, "/password", {"old": PASSWORD, "password": new, "again": new}, page="/password")
    assert changed.status_code == 303
    problem(await first.get("/api/v1/points"), 401, "signin.needed")
    assert (await second.get("/api/v1/points")).status_code == 200
    with found.db.write() as conn:
        known = store.account_by_login(conn, "chutri")
        assert known
        store.set_disabled(conn, known[0].user_id, clock.now())
    problem(await second.get("/api/v1/points"), 401, "signin.needed")


async def test_before_the_first_password_is_changed_nothing_opens(program: Ask, found: Container, client: httpx.AsyncClient) -> None:
    script = program("thuky")
    with found.db.write() as conn:
        conn.execute(update(store.account).where(store.account.c.login == "thuky").values(must_change=True))
    problem(await script.get("/api/v1/points"), 403, "password.change_first")
    await sign_in(client, "thuky")
    assert 'id="tokens"' not in (await client.get("/account")).text
    answer = await client.post("/account/tokens", data={"_csrf": token_in((await client.get("/account")).text)})
    assert answer.headers.get("location") == "/password" or answer.status_code == 403


@pytest.mark.parametrize(("fields", "said"), [
    ({"name": ""}, "Chưa nhập tên mã."), ({"name": "x" * 101}, "tối đa 100"), ({"scope": "all"}, "Hãy chọn quyền"),
    ({"days": "36500"}, "Hãy chọn quyền"), ({"days": "-1"}, "Hãy chọn quyền"), ({"name": "a\u202eb"}, "ký tự"),
])
async def test_what_is_wrong_with_a_new_token_is_said(client: httpx.AsyncClient, fields: dict[str, str], said: str) -> None:
    await sign_in(client, "thuky")
    answer = await make(client, **fields)
    assert answer.status_code == 422 and said in answer.text and "dc_" not in answer.text


async def test_nobody_keeps_more_tokens_than_can_be_looked_through(client: httpx.AsyncClient, found: Container, clock: ManualClock) -> None:
    for _ in range(API_TOKENS):
        secret_of(found, clock, "thuky")
    await sign_in(client, "thuky")
    answer = await make(client)
    assert answer.status_code == 409 and f"Đã có {API_TOKENS} mã" in answer.text


async def test_a_token_that_asks_too_fast_is_told_when_to_come_again(program: Ask, clock: ManualClock) -> None:
    script, other = program("thuky"), program("thuky")
    for _ in range(API_AT_ONCE):
        assert (await script.get("/api/v1/points?limit=1")).status_code == 200
    answer = await script.get("/api/v1/points?limit=1")
    problem(answer, 429, "too_many")
    assert (await other.get("/api/v1/points?limit=1")).status_code == 200
    clock.advance(timedelta(seconds=int(answer.headers["retry-after"])))
    assert (await script.get("/api/v1/points?limit=1")).status_code == 200


def test_the_oldest_buckets_are_forgotten(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST", 3)
    one = pace.Pace(1, 1)
    for who in "abcd":
        one.take(who, clock.now())
    one.take("a", clock.now())  # forgotten, so full again
    with pytest.raises(pace.TooMany):
        one.take("d", clock.now())


async def test_when_it_was_last_used_is_noted_now_and_then(program: Ask, found: Container, clock: ManualClock) -> None:
    script = program("thuky")
    seen = []
    for _ in range(3):
        await script.get("/api/v1/points?limit=1")
        with found.db.read() as conn:
            seen.append(conn.execute(select(store.api_token.c.used_at)).scalar_one())
        clock.advance(timedelta(minutes=6))
    assert seen[0] == seen[1] < seen[2] and tokens.TOUCH_EVERY == timedelta(minutes=10)
