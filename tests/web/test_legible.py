"""Requests that no page of ours sends are answered as wrong, never as a fault of ours."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from meetings import admission, service
from tests.web.conftest import browser, post, sign_in, token_in
from tests.web.test_booking import fill, points_named
from tests.web.test_pages import Story, story  # noqa: F401 - a fixture
from web import legible
from web.container import Container

JSON = {"content-type": "application/json", "accept": "application/json"}


@pytest.mark.parametrize(("path", "status"), [
    ("/verify/%00", 404), ("/d/%00", 404), ("/j/%00", 404), ("/points/%00", 404), ("/static/%00", 404),
    ("/meetings/%00", 404), ("/signin?next=%00", 400), ("/verify?code=%00", 400), ("/signin?%00=1", 400),
])
async def test_an_address_with_nul_is_refused(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.get(path)
    assert answer.status_code == status and 'lang="vi"' in answer.text


async def test_a_form_with_nul_is_refused(client: httpx.AsyncClient) -> None:
    for data in ({"login": "a\0"}, {"lo\0gin": "a"}):
        assert (await post(client, "/signin", data)).status_code == 400  # type: ignore[arg-type]


async def test_a_file_whose_name_holds_nul_or_whose_part_is_in_no_encoding_is_refused(client: httpx.AsyncClient) -> None:
    kind = {"content-type": "multipart/form-data; boundary=x"}
    for head, encoding in (('name="document"; filename="a%00b"', "utf-8"), ('name="q"', "idna")):
        part = f"--x\r\ncontent-disposition: form-data; {head}\r\n\r\n".encode().replace(b"%00", b"\0")
        body = part + b"xn--" + b"a" * 70 + b"\r\n--x--\r\n"
        kind["content-type"] = f"multipart/form-data; boundary=x; charset={encoding}"
        assert (await client.post("/verify", content=body, headers=kind)).status_code == 400


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"motion":"\\ud800","choice":"for"}', b'{"device":"\\u0000"}',
                                  b'{"mode":' + b"9" * 5000 + b"}", b"\xff\xfe", b"null"])
async def test_json_that_nobody_can_keep_is_refused(
    app: FastAPI, client: httpx.AsyncClient, found: Container, story: Story, body: bytes  # noqa: F811
) -> None:
    with found.db.read() as conn:
        link = service.links(conn, story.meeting.meeting_id)[0]
    secret = admission.link_secret(found.keys.links, link.link_id, link.generation)
    for path in ("vote", "hand", "tickets"):
        answer = await client.post(f"/j/{secret}/{path}", content=body, headers=JSON)
        assert answer.status_code in (400, 422) and answer.json()["error"] == "bad_request", path
    odd = {"content-type": "multipart/form-data; boundary=x; charset=idna"}
    part = b"--x\r\ncontent-disposition: form-data; name=\"motion\"\r\n\r\nxn--" + b"a" * 70 + b"\r\n--x--\r\n"
    assert (await client.post(f"/j/{secret}/vote", content=part, headers=odd)).status_code == 400
    await sign_in(client, "chutri")
    token = token_in((await client.get("/account")).text)
    answer = await client.post(f"{story.path}/conduct/agenda", content=body, headers={**JSON, "x-csrf-token": token})
    assert answer.status_code in (400, 422) and answer.json()["error"] == "bad_request"


async def test_numbers_beyond_any_column_are_refused(app: FastAPI, story: Story) -> None:  # noqa: F811
    async with browser(app) as clerk:
        await sign_in(clerk, "vanthu")
        for year in ("1" + "0" * 20, "-1", "9" * 5000):
            assert (await clerk.get(f"/register?year={year}")).status_code == 400
    async with browser(app) as secretary:
        await sign_in(secretary, "thuky")
        for point in ("1" + "0" * 20, str(2**31), "0"):
            assert (await post(secretary, f"{story.path}/links/{point}/renew")).status_code == 404
        data: dict[str, Any] = {"days": "²"}
        assert (await post(secretary, f"{story.path}/minutes/links/x", data)).status_code == 404


async def test_odd_points_and_receipts_in_a_form_are_dropped(client: httpx.AsyncClient, found: Container) -> None:
    await sign_in(client, "thuky")
    point = points_named(found, "Tỉnh Quảng Ninh")[0]
    data = await fill(client, point=[point, "9" * 5000, "1" + "0" * 20, "²"], kept=["abc.é", "é"], action="look")
    answer = await client.post("/meetings/new", data=data)
    assert answer.status_code == 200 and '<span class="big">1</span>' in answer.text


@pytest.mark.parametrize(("text", "number"), [
    ("0", 0), ("7", 7), (str(2**31 - 1), 2**31 - 1), (str(2**31), None), ("-1", None), ("", None), ("²", None),
    ("٣", None), ("1_0", None), (" 1", None), ("9" * 5000, None),
])
def test_a_number_is_what_a_column_can_hold(text: str, number: int | None) -> None:
    assert legible.number(text) == number
