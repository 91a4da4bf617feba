"""How lines stand over the interface: the newest test, why, the figures, whom to phone; all of a meeting or what one looks after."""

from __future__ import annotations

import httpx

from tests.web.api.conftest import Ask, problem
from tests.web.conftest import ManualClock
from tests.web.test_readiness import Story, report, story  # noqa: F401 - a fixture
from web.container import Container


async def test_the_newest_test_with_its_figures_and_whom_to_phone(
    program: Ask, client: httpx.AsyncClient, story: Story, found: Container,  # noqa: F811
) -> None:
    path = f"/api/v1/meetings/{story.meeting}/readiness"
    script = program("thuky", "read")
    before = (await script.get(path)).json()["items"]
    assert len(before) == 4 and {one["verdict"] for one in before} == {"none"} and all(one["figures"] is None for one in before)
    await report(client, story.link(), up_kbps=180)
    await report(client, story.link(1), udp=False, tcp=False, relay=False)
    await report(client, story.link(2))
    told = (await script.get(path)).json()["items"]
    assert [one["verdict"] for one in told] == ["failed", "none", "weak", "ready"], "who is to be phoned first comes first"
    weak = told[2]
    assert weak["point"] == story.points[0].code and weak["figures"]["up_kbps"] == 180 and weak["round"] == "extra"
    assert weak["reasons"][0]["code"] == "up.picture" and "180 kbit/s" in weak["reasons"][0]["text"] and weak["reasons"][0]["advice"]
    assert told[0]["reasons"][0]["failed"] is True and told[0]["technician"] == {"name": "", "phone": ""}
    english = (await script.get(path, headers={"accept-language": "en"})).json()["items"][2]["reasons"][0]
    assert english["code"] == "up.picture" and english["text"] != weak["reasons"][0]["text"]
    assert [one["verdict"] for one in (await script.get(f"{path}?show=phone")).json()["items"]] == ["failed", "none", "weak"]
    assert len((await script.get(f"{path}?q=don dac")).json()["items"]) == 1
    problem(await script.get(f"{path}?show=all"), 422, "api.invalid")
    parts = await script.get(f"{path}?limit=3")
    rest = await script.get(parts.headers["link"].split(">")[0].removeprefix("<"))
    assert parts.json()["items"] + rest.json()["items"] == told


async def test_an_officer_sees_the_own_point_and_a_stranger_none(program: Ask, story: Story, clock: ManualClock) -> None:  # noqa: F811
    path = f"/api/v1/meetings/{story.meeting}/readiness"
    assert [one["name"] for one in (await program("xa").get(path)).json()["items"]] == ["Xã Đồn Đạc"]
    problem(await program("quantri").get(path), 404, "not_found")
    problem(await program("thuky").get("/api/v1/meetings/khong-co/readiness"), 404, "not_found")
