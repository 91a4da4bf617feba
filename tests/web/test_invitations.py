"""Giấy mời over HTTP: numbered with the booking, there from then on for whoever may read the meeting, for nobody else."""

from __future__ import annotations

import httpx
from fastapi import FastAPI

from tests.web.conftest import browser, sign_in
from tests.web.test_booking import book, fill, points_named
from web.container import Container


async def booked(app: FastAPI, found: Container) -> tuple[httpx.AsyncClient, str]:
    """The secretary's browser and the page of a meeting of two points."""
    secretary = browser(app)
    await sign_in(secretary, "thuky")
    answer = await book(secretary, points_named(found, "Tỉnh Quảng Ninh", "Xã Đồn Đạc"))
    return secretary, answer.headers["location"].split("?")[0]


async def test_the_meeting_page_offers_the_numbered_invitation_as_both_files(app: FastAPI, found: Container) -> None:
    secretary, here = await booked(app, found)
    page = (await secretary.get(here)).text
    for ending, magic in (("pdf", b"%PDF-"), ("docx", b"PK")):
        assert f'href="{here}/invitation.{ending}"' in page
        answer = await secretary.get(f"{here}/invitation.{ending}")
        assert answer.status_code == 200 and answer.content.startswith(magic)
        assert f"giay-moi-01-GM-UBND.{ending}" in answer.headers["content-disposition"]
    assert (await secretary.get(f"{here}/invitation.pdf")).content == (await secretary.get(
        f"{here}/invitation.pdf")).content
    await secretary.aclose()


async def test_those_invited_get_it_and_strangers_learn_nothing(app: FastAPI, found: Container) -> None:
    secretary, here = await booked(app, found)
    await secretary.aclose()
    for login, status in (("xa", 200), ("vanthu", 200), ("nguoila", 404), ("quantri", 404)):
        async with browser(app) as visitor:
            await sign_in(visitor, login)
            assert (await visitor.get(f"{here}/invitation.pdf")).status_code == status, login


async def test_a_draft_invites_nobody(app: FastAPI, found: Container) -> None:
    async with browser(app) as secretary:
        await sign_in(secretary, "thuky")
        answer = await secretary.post("/meetings/new", data=await fill(
            secretary, point=points_named(found, "Xã Đồn Đạc"), action="draft"))
        here = answer.headers["location"].split("?")[0]
        assert (await secretary.get(f"{here}/invitation.pdf")).status_code == 404
        assert "invitation.pdf" not in (await secretary.get(here)).text
