"""Giờ và ngưỡng: kept by an administrator of the highest unit, previewed in words, friendly about what cannot be, true for what is judged."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from meetings.access import Role
from meetings.store import ledger_store, unit_store
from scheduler import times_store, workday_store
from scheduler.times import read
from tests.web.conftest import ManualClock, _hash, browser, sign_in, token_in
from tests.web.test_readiness import Story, report, story  # noqa: F401 - a fixture
from web import store, times_form
from web.container import Container

PAGE = "/admin/times"


def fields(page: str) -> dict[str, str]:
    """What the form would send as it stands."""
    found = {name: value for name, value in re.findall(r'<input(?=[^>]*\sname="([^"]+)")(?=[^>]*\svalue="([^"]*)")', page)}
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', page):
        found[name] = re.findall(r'value="([^"]+)" selected', options)[0]
    return found


@pytest.fixture
async def keeper(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await sign_in(client, "quantri")
    return client


async def send(client: httpx.AsyncClient, action: str = "save", **changes: str) -> httpx.Response:
    page = (await client.get(PAGE)).text
    return await client.post(PAGE, data={**fields(page), "_csrf": token_in(page), "action": action, **changes})


async def test_what_follows_is_said_in_words_before_it_is_saved(keeper: httpx.AsyncClient, found: Container) -> None:
    page = (await keeper.get(PAGE)).text
    assert "Điểm cầu nhận liên kết kiểm tra lúc 08:00 hôm trước và 07:00." in page
    assert "kỹ thuật viên được gọi lúc 07:30, người thay lúc 07:45" in page and "Dưới 36 kbit/s: lỗi." in page
    looked = await send(keeper, "look", round1="36", round2="90", round2_unit="min", round3="15", round3_unit="min", deputy="", unanswered="")
    assert looked.status_code == 200 and "Chưa lưu." in looked.text
    assert re.search(r"kiểm tra lúc 20:00 Thứ \w+ \d\d/\d\d, 06:30 và 07:45\.", looked.text), looked.text
    assert "kỹ thuật viên được gọi lúc 07:30." in looked.text and "Không ai được nhắc trả lời giấy mời." in looked.text
    assert fields(looked.text)["round1"] == "36" and fields((await keeper.get(PAGE)).text)["round1"] == "24"
    saved = await keeper.post(PAGE, data={**fields(looked.text), "_csrf": token_in(looked.text), "action": "save"})
    assert saved.status_code == 303 and saved.headers["location"] == f"{PAGE}?done=times&n=0"
    with found.db.read() as conn:
        kept = times_store.current(conn, found.settings.line_policy)
        assert list(kept.timing.line_tests) == ["T-36h", "T-90min", "T-15min"]
        assert [event.data["unanswered"] for event in ledger_store.events(conn, None) if event.kind == "timing.changed"] == [[]]


async def test_the_same_in_english(keeper: httpx.AsyncClient) -> None:
    page = (await keeper.get(PAGE, headers={"accept-language": "en"})).text
    assert "Points get the link to test at 08:00 the day before and 07:00." in page and "Times and limits" in page
    assert "Packet loss from 3 %: weak; from 20 %: failed." in page


@pytest.mark.parametrize(("changes", "field", "said"), [
    ({"round1": "mai"}, "round1", "Nhập từ 10 phút đến 7 ngày trước giờ họp."), ({"round1": "8", "round1_unit": "h", "round2": "9", "round2_unit": "h"}, "round2", "gần giờ họp hơn đợt trước ít nhất 10 phút"),
    ({"room": "0"}, "room", "Nhập từ 5 phút đến 4 giờ trước giờ họp."), ({"deputy": "45"}, "deputy", "Người thay được gọi sau kỹ thuật viên"),
    ({"loss_weak": "0"}, "loss_weak", "từ 0,1 % đến 30 %"), ({"loss_weak": "3,55"}, "loss_weak", "từ 0,1 % đến 30 %"), ({"loss_failed": "2"}, "loss_failed", "(3 %)"),
    ({"good_kbps": "100"}, "good_kbps", "Không được thấp hơn mức đứng trước nó (200)."), ({"evening": "07:00"}, "evening", "Phải sau giờ nhắc buổi sáng."),
    ({"morning": "sáng"}, "morning", "Nhập giờ như 08:00."), ({"conclusion_days": "1,5"}, "conclusion_days", "Nhập số nguyên từ 1 đến 15."),
])
async def test_what_cannot_be_is_said_at_its_field(keeper: httpx.AsyncClient, changes: dict[str, str], field: str, said: str) -> None:
    answer = await send(keeper, **changes)
    assert answer.status_code == 422 and said in answer.text and f'id="{field}-wrong"' in answer.text
    assert fields(answer.text)[field] == changes[field], "what was typed stays"
    assert "Sửa các chỗ được đánh dấu" in answer.text


async def test_two_keepers_do_not_overwrite_each_other(keeper: httpx.AsyncClient) -> None:
    old = (await keeper.get(PAGE)).text
    assert (await send(keeper, room="30")).status_code == 303
    late = await keeper.post(PAGE, data={**fields(old), "_csrf": token_in(old), "action": "save", "room": "45"})
    assert late.status_code == 409 and "Người khác vừa đổi" in late.text
    assert fields((await keeper.get(PAGE)).text)["room"] == "30"


async def test_only_an_administrator_of_the_highest_unit_opens_it(app: FastAPI, found: Container, clock: ManualClock) -> None:
    with found.db.write() as conn:
        unit = unit_store.tree(conn, clock.now().date()).search("Huyện Ba Chẽ")[0]
        store.add_account(conn, "quantri2", "Lý Quản", "", unit.unit_id, frozenset({Role.ADMIN}), _hash, clock.now(), must_change=False)
    for login in ("quantri2", "thuky"):
        async with browser(app) as other:
            await sign_in(other, login)
            assert (await other.get(PAGE)).status_code == 404
            account = (await other.get("/account")).text
            assert (await other.post(PAGE, data={"_csrf": token_in(account), "action": "save"})).status_code == 404
            assert PAGE not in (await other.get("/admin/users")).text


async def test_new_limits_judge_the_tests_from_now_on(
    app: FastAPI, keeper: httpx.AsyncClient, story: Story  # noqa: F811
) -> None:
    secret = story.link()
    async with browser(app) as point:
        assert (await report(point, secret, up_kbps=500)).json()["verdict"] == "ready"
        assert (await send(keeper, good_kbps="600")).status_code == 303
        story.clock.advance(timedelta(minutes=5))
        told = (await report(point, secret, up_kbps=500)).json()
    assert told["verdict"] == "weak" and "cần 600 kbit/s" in told["reasons"][0]["text"]


def test_what_a_form_shows_is_what_it_reads(found: Container) -> None:
    with found.db.read() as conn:
        now = times_store.current(conn, found.settings.line_policy)
    for changes in ({}, {"round1": "90", "loss_weak": "35", "unanswered": "90"}, {"round2": "", "unanswered": "", "loss_failed": "205"}):
        wanted, errors = read({**now.typed(), **({"round2": "60"} if "round1" in changes else {}), **changes})
        assert wanted and not errors
        assert read(times_form.plain(times_form.shown(wanted))) == (wanted, {})


async def test_days_of_all_levels_are_read_by_every_administrator_and_kept_at_the_top(app: FastAPI, found: Container, clock: ManualClock) -> None:
    with found.db.write() as conn:
        unit = unit_store.tree(conn, clock.now().date()).search("Huyện Ba Chẽ")[0]
        store.add_account(conn, "quantri2", "Lý Quản", "", unit.unit_id, frozenset({Role.ADMIN}), _hash, clock.now(), must_change=False)
    async with browser(app) as top, browser(app) as below:
        await sign_in(top, "quantri")
        day = {"day": "2026-03-10", "works": "no", "note": "Nghỉ bão"}
        assert (await top.post("/admin/days", data={**day, "_csrf": token_in((await top.get("/admin/days")).text)})).status_code == 303
        await sign_in(below, "quantri2")
        page = (await below.get("/admin/days")).text
        assert "Nghỉ bão" in page and 'name="day"' not in page and "/forget" not in page and "đơn vị cao nhất ghi" in page
        for path in ("/admin/days", "/admin/days/2026-03-10/forget"):
            assert (await below.post(path, data={**day, "_csrf": token_in(page)})).status_code == 404
        assert (await below.get("/admin/units")).status_code == 200
    with found.db.read() as conn:
        assert [one.note for one in workday_store.told(conn)] == ["Nghỉ bão"]
