"""The test of a point's line as real browsers run it: on six shaped lines the verdict and its reasons are right, without a
camera or a permission it works, and a wall shows every result within two seconds.

The browsers sit at the far end of a cable in a namespace of their own; what is narrowed, dropped or blocked is that cable.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright
from pydantic import SecretStr

from meetings import service as meetings
from meetings.access import Role, Subject
from meetings.meeting import NewMeeting, Person, UnitRef
from meetings.store import datasets, unit_store
from scheduler import line_tests, points
from scheduler import service as booking
from tests.journeys.conftest import CHROMIUM_ARGUMENTS, FAR_ARGUMENTS, at_near_end
from tests.journeys.visitors import HOLD, MIDDLE, oneself, sign_in
from tests.support.coturn import SECRET, Coturn
from tests.support.firefox import Firefox
from tests.support.firewall import let_out
from tests.scheduler.test_readiness import GOOD
from tests.support.installation import Installation, Room, soon
from tests.support.line import Line

pytestmark = [pytest.mark.browser, pytest.mark.netns]

PATIENCE = 90  # seconds for a whole test on two cores that others use too
PHONE = {"width": 390, "height": 844}
READY = "document.getElementById('start')?.disabled === false"
READY_THERE = "() => document.getElementById('start')?.disabled === false"
# Counters that leap in one millisecond of a coarse clock.
ABSURD = """async () => {
  const { weigh } = await import("/static/linetest/measure.js");
  const row = (at, n) => Object.fromEntries([["at", at], ...["video", "audio"].map((kind) => [kind, Object.fromEntries(
    ["sent", "told", "got"].map((what) => [what, { bytes: 1e9 * n, packets: 100 * n, lost: 900 * n }]))])]);
  return weigh([0, 1, 2, 3, 4].map((n) => row(n / 1000, n)), [1e12]);
}"""
VERDICT = "() => { const box = document.getElementById('verdict'); return box.hidden ? null : { verdict: box.dataset.verdict, reasons: box.dataset.reasons }; }"


@dataclass
class Desk:
    """An installation and a coturn at the near end, links to test with at hand."""

    line: Line
    coturn: Coturn
    running: Installation
    room: Room = field(init=False)

    def __post_init__(self) -> None:
        self.room = self.running.room()

    @property
    def pages(self) -> str:
        return f"tcp dport {self.running.settings.port}"

    @property
    def relay(self) -> str:
        return ", ".join(str(place.port) for place in self.running.found.hub.crew.workers.places)

    def link(self, code: str) -> str:
        """The address of this point's extra test."""
        found = self.running.found
        with found.db.write() as conn:
            standing = next(one for one in line_tests.standings(conn, self.room.meeting_id) if one.seat.code == code)
            secret = line_tests.extra(conn, found.keys.tests, self.room.meeting_id, standing.seat.point_id, found.clock.now())
        return f"{self.running.url}/t/{secret}"

    def standing(self, code: str) -> line_tests.Standing:
        with self.running.found.db.read() as conn:
            return next(one for one in line_tests.standings(conn, self.room.meeting_id) if one.seat.code == code)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with Line.laid() as line, Coturn.running(folder, line.here) as coturn:
        turn = {"turn_urls": coturn.urls, "turn_secret": SecretStr(SECRET)}
        with at_near_end(line, folder, media_spare=False, **turn) as running:
            yield Desk(line, coturn, running)


@pytest.fixture
async def desk(place: Desk) -> AsyncIterator[Desk]:
    yield place
    place.line.free()
    let_out(place.line)


@pytest.fixture
async def far(desk: Desk, tmp_path: Path) -> AsyncIterator[Browser]:
    async with desk.line.chromium(tmp_path, FAR_ARGUMENTS) as browser:
        yield browser


SLOW = {"up.small", "camera.slow"}
"""What two shared processors may add to any line: the browser draws and encodes beside the server."""


async def opened(browser: Browser, url: str, script: str = oneself(440, 120, MIDDLE), **context: Any) -> Page:
    """The test page of a link on a phone, ready for its one button."""
    window = await browser.new_context(locale="vi-VN", viewport=PHONE, ignore_https_errors=True, **context)
    if script:
        await window.add_init_script(script)
    page = await window.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    await page.goto(url)
    await soon(lambda: page.evaluate(READY), 20)
    return page


async def press(page: Page) -> tuple[str, set[str], dict[str, Any]]:
    """Presses the button: verdict, reasons, figures."""
    await page.get_by_role("button", name="Kiểm tra").click()
    said = await soon(lambda: page.evaluate(VERDICT), PATIENCE)
    measured = await page.evaluate("window.measured")
    return said["verdict"], set(said["reasons"].split()), measured


async def on(desk: Desk, browser: Browser, code: str = "204") -> tuple[str, set[str], dict[str, Any]]:
    page = await opened(browser, desk.link(code))
    try:
        return await press(page)
    finally:
        await page.context.close()


async def test_a_good_line_is_ready(desk: Desk, far: Browser) -> None:
    verdict, reasons, measured = await on(desk, far)
    assert reasons <= SLOW and verdict == ("weak" if reasons else "ready"), measured
    assert measured["udp"] and measured["tcp"] and measured["relay"]
    assert measured["up_kbps"] > 200 and measured["down_kbps"] > 2000 and measured["rtt_ms"] < 200, measured
    kept = desk.standing("204")
    assert kept.verdict.value == verdict and kept.measured is not None and kept.measured.up_kbps == measured["up_kbps"]


@pytest.mark.long  # what a browser measures on two shared processors is a figure, not a fact
async def test_300_kbit_up_sends_a_small_picture(desk: Desk, far: Browser) -> None:
    page = await opened(far, desk.link("204"))
    desk.line.rate(20_000, up=300)
    verdict, reasons, measured = await press(page)
    assert (verdict, reasons) == ("weak", {"up.small"}), measured
    assert 200 <= measured["up_kbps"] <= 310, measured


@pytest.mark.long  # what a browser measures on two shared processors is a figure, not a fact
async def test_64_kbit_is_sound_alone(desk: Desk, far: Browser) -> None:
    page = await opened(far, desk.link("204"))
    desk.line.rate(64)
    verdict, reasons, measured = await press(page)
    assert verdict == "weak" and {"up.picture", "down.picture"} <= reasons, measured
    assert reasons <= {"up.picture", "down.picture", "loss.some", "rtt.long"}, "a full queue may be seen, and nothing else"
    assert 36 <= measured["up_kbps"] <= 100 and 36 <= measured["down_kbps"] <= 70, measured


@pytest.mark.long  # what a browser measures on two shared processors is a figure, not a fact
async def test_five_percent_of_loss_is_seen_both_ways(desk: Desk, far: Browser) -> None:
    page = await opened(far, desk.link("204"))
    desk.line.lose(50)
    verdict, reasons, measured = await press(page)
    assert (verdict, reasons) == ("weak", {"loss.some"}), measured
    assert 25 <= measured["loss_up"] <= 80 and 25 <= measured["loss_down"] <= 80, measured


async def test_where_udp_is_blocked_the_page_says_so(desk: Desk, far: Browser) -> None:
    let_out(desk.line, desk.pages, f"tcp dport {{ {desk.relay} }}", f"tcp dport {desk.coturn.tls_port}")
    verdict, reasons, measured = await on(desk, far)
    assert (verdict, reasons - SLOW) == ("weak", {"path.tcp"}), measured
    assert (measured["udp"], measured["tcp"], measured["relay"]) == (False, True, True)


async def test_where_udp_and_tcp_are_blocked_the_relay_is_left(desk: Desk, far: Browser) -> None:
    let_out(desk.line, desk.pages, f"tcp dport {desk.coturn.tls_port}")
    verdict, reasons, measured = await on(desk, far)
    assert (verdict, reasons - SLOW) == ("weak", {"path.relay"}), measured
    assert (measured["udp"], measured["tcp"], measured["relay"]) == (False, False, True)


async def test_where_nothing_but_pages_passes_the_line_has_failed(desk: Desk, far: Browser) -> None:
    let_out(desk.line, desk.pages)
    verdict, reasons, measured = await on(desk, far)
    assert (verdict, reasons) == ("failed", {"path.none"}), measured
    assert measured["down_kbps"] > 1000 and "up_kbps" not in measured


async def test_without_permission_the_line_is_tested_all_the_same_and_can_be_tested_again(desk: Desk, far: Browser) -> None:
    denied = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };"
    page = await opened(far, desk.link("06970"), denied)
    assert "chưa cho phép" in await page.inner_text("#audio-said")
    verdict, reasons, measured = await press(page)
    assert (verdict, reasons) == ("weak", {"mic.denied", "camera.denied"}), measured
    text = await page.inner_text("#verdict")
    assert "Yếu" in text and "Cho phép" in text
    assert await page.get_by_role("button", name="Kiểm tra lại").is_enabled()
    verdict, _reasons, _measured = await press(page)
    assert verdict == "weak"


async def test_a_silent_microphone_is_told_from_the_card_in_two_presses(desk: Desk, far: Browser) -> None:
    silent = oneself(440, 120, MIDDLE).replace("gain: 0.5", "gain: 0")
    window = await far.new_context(locale="en-GB", viewport=PHONE, ignore_https_errors=True)
    await window.add_init_script(silent)
    page = await window.new_page()
    await page.goto(f"{desk.running.url}/j/{desk.room.links['06973']}")
    await page.get_by_role("button", name="Test the line").click()
    await soon(lambda: page.evaluate(READY), 20)
    await page.get_by_role("button", name="Test").click()
    said = await soon(lambda: page.evaluate(VERDICT), PATIENCE)
    assert (said["verdict"], set(said["reasons"].split()) - SLOW) == ("weak", {"mic.silent"})
    assert "microphone" in await page.inner_text("#verdict")
    found = await page.evaluate(ABSURD)
    assert (found["loss_up"], found["loss_down"]) == (1000, 900) and found["up_kbps"] == found["received"] == 1_000_000, "figures that the server takes"


async def test_firefox_tests_its_line_too(firefox: Firefox, reachable: Installation) -> None:
    """It tells no estimate of its line and draws slowly where processors are shared: both make a line look narrower only."""
    room, found = reachable.room(), reachable.found
    with found.db.write() as conn:
        standing = next(one for one in line_tests.standings(conn, room.meeting_id) if one.seat.code == "204")
        secret = line_tests.extra(conn, found.keys.tests, room.meeting_id, standing.seat.point_id, found.clock.now())
    page = await firefox.page(oneself(440, 120, MIDDLE) + HOLD)
    await page.goto(f"{reachable.url}/t/{secret}")
    await soon(lambda: page.evaluate(READY_THERE), 20)
    await page.press("#start")
    try:
        said = await soon(lambda: page.evaluate(VERDICT), PATIENCE)
    except AssertionError as error:
        raise AssertionError(f"stands still: {await page.evaluate('document.body.innerText')} {page.problems}") from error
    assert set(said["reasons"].split()) <= {"up.small", "camera.slow"}, said
    with found.db.read() as conn:
        kept = next(one for one in line_tests.standings(conn, room.meeting_id) if one.seat.code == "204").measured
    assert kept is not None and kept.udp and kept.tcp and kept.relay is None and kept.browser.startswith("Firefox")
    assert (kept.up_kbps or 0) > 200 and kept.loss_up is not None and kept.loss_down is not None and kept.rtt_ms is not None
    assert not page.problems


# --- the wall of a whole province ----------------------------------------------------------------------------------

PROVINCE = 239
REAL = 3
AT_ONCE = 12   # synthetic points that report at the same moment
BAR = 2.0      # seconds from a result's answer to its tile
# When each tile of the wall first showed a result, in milliseconds of the machine's clock.
SHOWN = """() => {
  window.shown = {};
  const look = () => {
    for (const tile of document.querySelectorAll("[data-key]")) {
      if (tile.dataset.verdict !== "none") window.shown[tile.dataset.key] ??= Date.now();
    }
  };
  new MutationObserver(look).observe(document.getElementById("wall"), { subtree: true, attributes: true, attributeFilter: ["data-verdict"] });
  look();
}"""


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, str, dict[int, str]]]:
    """An installation with all 239 points booked for one meeting: (it, the meeting, secrets of test links by point)."""
    running = Installation(tmp_path_factory.mktemp("province"), media_spare=False).start()
    at = running.now()
    with running.found.db.write() as conn:
        datasets.load_dataset(conn, "quang-ninh-2020", at)
        tree = unit_store.tree(conn, at.date())
        points.ensure_points(conn, tree)
        root = tree.roots()[0]
        posts = {post: Person(one.user_id, one.name, one.title) for post, one in running.people.items()}
        by = Subject(posts["secretary"].user_id, "Thư ký", "", root.unit_id, (root.unit_id,), frozenset({Role.SECRETARY}))
        unit = UnitRef(root.unit_id, root.name, None, (root.unit_id,))
        start = at + timedelta(hours=3)
        meeting = meetings.create(conn, NewMeeting("Hội nghị toàn tỉnh", unit, start, start + timedelta(hours=2), **posts), by, at)
        ids = [point.point_id for point in points.all_points(conn) if point.unit_id in tree]
        booking.book(conn, meeting.meeting_id, ids, by, at)
    with running.found.db.write() as conn:
        secrets = {point: line_tests.extra(conn, running.found.keys.tests, meeting.meeting_id, point, at) for point in ids}
    assert len(secrets) == PROVINCE
    yield running, meeting.meeting_id, secrets
    running.stop()


def synthetic(number: int) -> dict[str, Any]:
    """What a point that is no browser reports: most are ready, some weak, a few failed."""
    changes = {0: {"udp": False, "tcp": False, "relay": False}, 1: {"loss_down": 71}, 2: {"up_kbps": 180}, 3: {"udp": False}, 4: {"mic_dbfs": -60}}
    return replace(GOOD, rtt_ms=10 + number % 40, **changes.get(number % 20, {})).as_data()


@pytest.fixture
async def office(chromium: Browser) -> AsyncIterator[Browser]:
    """The technician's own browser: another process than those that test."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(CHROMIUM_ARGUMENTS))
        yield browser
        await browser.close()


@pytest.mark.alone
@pytest.mark.long
async def test_a_wall_shows_every_result_of_a_province_within_two_seconds(
    chromium: Browser, office: Browser, province: tuple[Installation, str, dict[int, str]],
) -> None:
    running, meeting, secrets = province
    window = await office.new_context(locale="vi-VN", viewport={"width": 1440, "height": 900})
    await sign_in(window, running, "secretary")
    wall = await window.new_page()
    await wall.goto(f"{running.url}/meetings/{meeting}/readiness")
    await soon(lambda: wall.evaluate("document.getElementById('wall').dataset.shown"), 20)
    await wall.evaluate(SHOWN)
    answered: dict[str, float] = {}
    turns = asyncio.Semaphore(AT_ONCE)
    ids = list(secrets)

    async def reports(client: httpx.AsyncClient, number: int) -> None:
        async with turns:
            answer = await client.post(f"/t/{secrets[ids[number]]}/results", json=synthetic(number))
            assert answer.status_code == 200, answer.text
            answered[f"{meeting}.{ids[number]}"] = time.time()

    async def really(number: int) -> str:
        page = await opened(chromium, f"{running.url}/t/{secrets[ids[number]]}", "")
        verdict, _reasons, _measured = await press(page)
        answered[f"{meeting}.{ids[number]}"] = time.time()
        await page.context.close()
        return verdict

    async with running.client() as client:
        browsers = asyncio.gather(*(really(PROVINCE - 1 - number) for number in range(REAL)))
        await asyncio.gather(*(reports(client, number) for number in range(PROVINCE - REAL)))
        assert set(await browsers) <= {"ready", "weak"}
    await soon(lambda: wall.evaluate(f"Object.keys(window.shown).length === {PROVINCE}"), 5)
    shown: dict[str, float] = await wall.evaluate("window.shown")
    late = sorted(shown[key] / 1000 - at for key, at in answered.items())
    print(f"wall: {len(late)} results, median {late[len(late) // 2]:.2f} s, worst {late[-1]:.2f} s")
    assert len(late) == PROVINCE and late[-1] <= BAR
    ready = int(await wall.inner_text("#ready"))
    assert ready == await wall.evaluate("document.querySelectorAll('[data-verdict=ready]').length")
    with running.found.db.read() as conn:
        kept = [one.verdict.value for one in line_tests.standings(conn, meeting)]
    assert kept.count("ready") == ready and "none" not in kept
    await soon(lambda: wall.evaluate("document.getElementById('wall').dataset.ordered === document.getElementById('wall').dataset.shown"), 5)
    order = await wall.evaluate("[...document.querySelectorAll('#wall [data-folds]')].map((list) => [...list.children].map((one) => Math.min(...[...one.querySelectorAll('[data-rank]')].map((tile) => tile.dataset.rank))))")
    assert order and all(one == sorted(one) for one in order), "the worst group first, also after news"
    await window.close()
