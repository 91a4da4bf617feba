"""Signing in: rates, sessions, cookies, passwords."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from meetings.errors import Invalid
from meetings.store import ledger_store
from tests.web.conftest import PASSWORD, ManualClock, Unhindered, browser, post, sign_in, token_in
from web import auth, store
from web.container import Container
from web.limits import SESSION_ABSOLUTE, SESSION_IDLE


async def test_a_person_signs_in_and_sees_today(client: httpx.AsyncClient) -> None:
    answer = await sign_in(client, "thuky")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    page = await client.get("/")
    assert page.status_code == 200 and "Nguyễn Thị Thu" in page.text


async def test_login_is_compared_without_case(client: httpx.AsyncClient) -> None:
    assert (await sign_in(client, "ThuKy")).status_code == 303


async def test_a_wrong_password_and_an_unknown_login_get_the_same_answer(client: httpx.AsyncClient) -> None:
    wrong = await sign_in(client, "thuky", "sai-mat-khau-1A")
    unknown = await sign_in(client, "khongco", "sai-mat-khau-1A")
    assert wrong.status_code == unknown.status_code == 422
    assert wrong.text.replace("thuky", "X") == unknown.text.replace("khongco", "X")


async def test_the_sixth_try_in_a_minute_is_refused_even_with_the_right_password(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    for _try in range(5):
        assert (await sign_in(client, "thuky", "sai-mat-khau-1A")).status_code == 422
    refused = await sign_in(client, "thuky")
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
    clock.advance(timedelta(seconds=61))
    assert (await sign_in(client, "thuky")).status_code == 303


async def test_many_tries_at_the_same_moment_are_no_way_around(app: FastAPI) -> None:
    async with browser(app) as client:
        token = token_in((await client.get("/signin")).text)
        form = {"_csrf": token, "login": "thuky", "password": "sai-mat-khau-1A"}
        answers = await asyncio.gather(*(client.post("/signin", data=form) for _try in range(12)))
    assert sorted(answer.status_code for answer in answers) == [422] * 5 + [429] * 7


async def test_an_address_is_judged_by_its_failures_alone(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "FAILURES_PER_ADDRESS", 6)
    for _n in range(8):
        assert (await sign_in(client, "chutri" if _n % 2 else "thuky")).status_code == 303  # success counts for nothing
        await post(client, "/signout")
    for n in range(6):
        assert (await sign_in(client, f"ai-do-{n}", "sai-mat-khau-1A")).status_code == 422
    assert (await sign_in(client, "vanthu")).status_code == 429


async def test_the_session_cookie_is_out_of_reach_of_scripts(client: httpx.AsyncClient) -> None:
    cookie = (await sign_in(client, "thuky")).headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie


async def test_signing_in_gives_a_new_session_and_signing_out_ends_it(client: httpx.AsyncClient) -> None:
    await sign_in(client, "thuky")
    first = client.cookies["session"]
    await post(client, "/signout")
    client.cookies.set("session", first)
    assert (await client.get("/")).status_code == 303
    client.cookies.delete("session")
    await sign_in(client, "thuky")
    assert client.cookies["session"] != first


@pytest.mark.parametrize("pause", [SESSION_IDLE + timedelta(seconds=1), SESSION_ABSOLUTE + timedelta(seconds=1)])
async def test_a_session_ends_by_itself(client: httpx.AsyncClient, clock: ManualClock, pause: timedelta) -> None:
    await sign_in(client, "thuky")
    waited = timedelta(0)
    while pause > SESSION_IDLE * 2 and waited + timedelta(minutes=29) < pause:  # busy all the time, still ended
        clock.advance(timedelta(minutes=29))
        waited += timedelta(minutes=29)
        assert (await client.get("/account")).status_code == 200
    clock.advance(pause - waited)
    assert (await client.get("/account")).status_code == 303


async def test_every_sign_in_and_failure_is_in_the_audit(client: httpx.AsyncClient, found: Container) -> None:
    await sign_in(client, "thuky", "sai-mat-khau-1A")
    await sign_in(client, "thuky")
    with found.db.read() as conn:
        kinds = [event.kind for event in ledger_store.events(conn, None)]
    assert kinds == ["signin.failed", "signin.ok"]


async def test_a_locked_account_cannot_sign_in_and_its_session_ends(client: httpx.AsyncClient, app: object) -> None:
    await sign_in(client, "xa")
    async with browser(app) as admin:  # type: ignore[arg-type]
        await sign_in(admin, "quantri")
        page = (await admin.get("/admin/users?q=hoang van son")).text
        user_id = page.split('/lock"')[0].rsplit("/admin/users/", 1)[1]
        await post(admin, f"/admin/users/{user_id}/lock")
    assert (await client.get("/account")).status_code == 303
    assert (await sign_in(client, "xa")).status_code == 422


async def test_changing_the_password_ends_other_sessions(client: httpx.AsyncClient, app: object) -> None:
    await sign_in(client, "thuky")
    async with browser(app) as other:  # type: ignore[arg-type]
        await sign_in(other, "thuky")
        new = {"old": PASSWORD, "password": "Mat-khau-moi-99", "again": "Mat-khau-moi-99"}
        assert (await post(client, "/password", new)).status_code == 303
        assert (await other.get("/account")).status_code == 303
    assert (await client.get("/account")).status_code == 200


@pytest.mark.parametrize(("old", "new", "again", "says"), [
    ("sai", "Mat-khau-moi-99", "Mat-khau-moi-99", "Mật khẩu hiện tại không đúng"),
    (PASSWORD, "Ngan-1", "Ngan-1", "ít nhất 12 ký tự"),
    (PASSWORD, "chicochuthuong", "chicochuthuong", "ít nhất ba loại"),
    (PASSWORD, "Mat-khau-moi-99", "Mat-khau-khac-99", "không giống nhau"),
    (PASSWORD, PASSWORD, PASSWORD, "trùng với mật khẩu cũ"),
])
async def test_a_bad_new_password_is_explained_beside_the_field(
    client: httpx.AsyncClient, old: str, new: str, again: str, says: str
) -> None:
    await sign_in(client, "thuky")
    answer = await post(client, "/password", {"old": old, "password": new, "again": again})
    assert answer.status_code == 422 and says in answer.text


async def test_nobody_waits_while_a_password_is_hashed_and_its_change_is_recorded(
    client: httpx.AsyncClient, app: FastAPI, found: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Unhindered(found.db.url, monkeypatch)
    await sign_in(client, "quantri")
    unit = (await client.get("/admin/users")).text.split('<option value="')[1].split('"')[0]
    made = await post(client, "/admin/users", {"login": "moi.nguoi", "name": "Người Mới", "unit_id": unit})
    assert "moi.nguoi" in made.text
    with found.db.read() as conn:
        known = store.account_by_login(conn, "thuky")
    assert known
    assert (await post(client, f"/admin/users/{known[0].user_id}/password")).status_code == 200
    new = {"old": PASSWORD, "password": "Mat-khau-moi-99", "again": "Mat-khau-moi-99"}
    assert (await post(client, "/password", new)).status_code == 303
    assert watched.hashes == 5  # sign in, two made, the old one and the new one
    with found.db.read() as conn:
        last = ledger_store.events(conn, None)[-1]
    assert last.kind == "user.password_changed" and last.actor and last.actor["name"] == "Đỗ Quản Trị"


async def test_a_new_account_must_choose_its_own_password_first(client: httpx.AsyncClient) -> None:
    await sign_in(client, "quantri")
    form = await client.get("/admin/users")
    unit = form.text.split('<option value="')[1].split('"')[0]
    made = await post(client, "/admin/users", {
        "login": "moi.nguoi", "name": "Người Mới", "post": "Văn thư", "unit_id": unit, "role": ["clerk"]})
    password = made.text.split('<b class="mono">')[1].split("<")[0]
    await post(client, "/signout")
    assert (await sign_in(client, "moi.nguoi", password)).headers["location"] == "/password"
    assert (await client.get("/calendar/timeline")).headers["location"] == "/password"


@pytest.mark.parametrize("target", ["https://ke-xau.example/", "//ke-xau.example", "/\\ke-xau.example", "javascript:1"])
async def test_signing_in_never_sends_to_another_site(client: httpx.AsyncClient, target: str) -> None:
    answer = await post(client, "/signin", {"login": "thuky", "password": PASSWORD, "next": target})
    assert answer.headers["location"] == "/"


async def test_a_form_made_before_signing_in_is_worthless_after(client: httpx.AsyncClient) -> None:
    old = token_in((await client.get("/signin")).text)
    await sign_in(client, "thuky")
    assert (await client.post("/signout", data={"_csrf": old})).status_code == 403


def test_random_passwords_pass_the_rule_and_differ() -> None:
    made = {auth.random_password() for _n in range(20)}
    assert len(made) == 20
    for password in made:
        auth.hash_password(password)


def test_short_passwords_are_refused() -> None:
    with pytest.raises(Invalid, match="password.short"):
        auth.hash_password("Ngan-1a")
