"""The wall as a tree and as a map: folds that count, trouble that opens itself, every point marked by shape and colour, bounded weight."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import httpx
import pytest

from meetings import service as meetings
from meetings.meeting import NewMeeting
from scheduler import line_tests, service
from scheduler import points as point_store
from scheduler.readiness import Verdict
from tests.web.conftest import ManualClock, browser, sign_in
from tests.web.test_readiness import Story, report, story, tiles
from web import readiness
from web.container import Container
from web.readiness_tree import Fold, folded

__all__ = ["story"]  # the fixture of test_readiness
MOST_BYTES = 300 * 1024
FOLD = re.compile(r'<li data-group data-name="([^"]*)"><details class="fold"( open)?><summary>.*?</summary>', re.S)


def folds(text: str) -> dict[str, tuple[bool, dict[str, int]]]:
    """Name → (open, counts that are shown)."""
    found = {}
    for match in FOLD.finditer(text):
        counted = re.findall(r'data-n="(\w+)">.*?<b>(\d+)</b>', match[0].split("</svg>", 1)[1].replace(" hidden", "\0"))
        found[match[1]] = (bool(match[2]), {verdict: int(count) for verdict, count in counted})
    return found


def marks(text: str) -> dict[str, tuple[str, float, float]]:
    """Key → (verdict by its shape, right, down)."""
    return {key: (verdict, float(right), float(down)) for key, verdict, right, down in re.findall(
        r'data-mark="([^"]+)">.*?<use href="#mk-(\w+)" x="([\d.]+)" y="([\d.]+)">', text)}


@pytest.fixture
def whole(found: Container, story: Story) -> Story:
    """The same people and a meeting of all 239 points; the story's own is left where it is."""
    at = story.clock.now()
    with found.db.write() as conn:
        old = meetings.get(conn, story.meeting)
        new = NewMeeting("Hội nghị toàn tỉnh", old.unit, at + timedelta(hours=1), at + timedelta(hours=3), old.chair, old.secretary,
                         old.division_head, old.clerk)
        story.meeting = meetings.create(conn, new, story.secretary, at).meeting_id
        story.points = [point for point in point_store.all_points(conn)]
        service.book(conn, story.meeting, [point.point_id for point in story.points], story.secretary, at)
    return story


async def test_a_province_is_folded_by_its_tree_and_trouble_opens_itself(client: httpx.AsyncClient, whole: Story) -> None:
    failed = next(number for number, point in enumerate(whole.points) if point.name == "Xã Đồn Đạc")
    await report(client, whole.link(failed), udp=False, tcp=False, relay=False)
    await report(client, whole.link(failed + 1))
    await sign_in(client, "thuky")
    text = (await client.get(whole.wall)).text
    found = folds(text)
    assert found["Tỉnh Quảng Ninh"] == (True, {"failed": 1, "none": 237, "ready": 1})
    assert [name for name, (is_open, _counted) in found.items() if is_open] == ["Tỉnh Quảng Ninh", "Huyện Ba Chẽ"]
    assert list(found)[1] == "Huyện Ba Chẽ" and len(found) == 15, "the worst first: thirteen districts, the bodies, the province"
    assert found["Cơ quan cấp tỉnh"] == (False, {"none": 48}) or any(counted == {"none": 48} for _open, counted in found.values())
    assert sum(Counter(tiles(text).values()).values()) <= 239 and text.count("data-key=") == 239
    assert len(text.encode()) <= MOST_BYTES and "style=" not in text


async def test_the_map_marks_every_point_that_has_a_place_and_says_of_the_others_that_they_have_none(
    client: httpx.AsyncClient, whole: Story,
) -> None:
    await report(client, whole.link(3), up_kbps=180)
    await sign_in(client, "thuky")
    answer = await client.get(f"{whole.wall}?view=map")
    found = marks(answer.text)
    assert len(found) == 185 and "54 điểm cầu không có tọa độ" in answer.text
    assert Counter(verdict for verdict, _right, _down in found.values()) == {"none": 184, "weak": 1}
    assert len({place[1:] for place in found.values()}) == 185 and answer.text.count("data-key=") == 239
    assert f"{whole.points[3].name}: Yếu. Lên 180 kbit/s: tắt hình</title>" in answer.text
    rows = set(re.findall(r'<li id="(p\d+)"', answer.text))
    assert set(re.findall(r'class="mk [^>]*href="#(p\d+)"', answer.text)) <= rows and len(rows) == 239
    assert len(answer.content) <= MOST_BYTES, len(answer.content)


async def test_ways_to_look_keep_the_filters_and_filters_keep_the_way(client: httpx.AsyncClient, story: Story) -> None:
    await report(client, story.link(2), udp=False, tcp=False, relay=False)
    await sign_in(client, "thuky")
    for view in ("map", "tree", "list"):
        text = (await client.get(f"{story.wall}?view={view}&show=failed&q=xa")).text
        assert set(tiles(text)) == {story.points[2].name}, view
        ways = re.findall(r'href="\?([^"]*)" ?(aria-current="true")?', text.split('aria-label="Cách xem"')[1].split("</div>")[0])
        assert [dict(pair.split("=") for pair in query.split("&amp;")) for query, _now in ways] == [
            {"view": other, "show": "failed", "q": "xa"} for other in ("map", "tree", "list")]
        assert [bool(now) for _query, now in ways] == [view == other for other in ("map", "tree", "list")]
        assert f'name="view" value="{view}"' in text and f"view={view}" in text.split('class="row wallchips"')[1].split("</a>")[0]
    assert "<details" in (await client.get(f"{story.wall}?view=nothing")).text, "what is no view is the tree"


async def test_the_day_has_both_too_and_a_point_of_two_meetings_has_two_marks(
    app: object, client: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock,
) -> None:
    with found.db.write() as conn:
        old = meetings.get(conn, story.meeting)
        new = NewMeeting("Họp chiều", old.unit, old.end, old.end + timedelta(hours=1), old.chair, old.secretary, old.division_head, old.clerk)
        second = meetings.create(conn, new, story.secretary, clock.now()).meeting_id
        service.book(conn, second, [story.points[0].point_id], story.secretary, clock.now())
    await sign_in(client, "thuky")
    text = (await client.get("/readiness?view=map")).text
    twice = [place for key, place in marks(text).items() if key.endswith(f".{story.points[0].point_id}")]
    assert len(marks(text)) == 5 and len(twice) == 2 and twice[0] != twice[1]
    assert set(folds((await client.get("/readiness")).text)) >= {"Huyện Ba Chẽ"}
    async with browser(app) as officer:  # type: ignore[arg-type]
        await sign_in(officer, "xa")
        own = (await officer.get("/readiness?view=map")).text
        assert len(marks(own)) == 2 and set(tiles(own)) == {story.points[0].name}


def test_folds_count_all_that_is_in_them_and_nothing_is_lost(found: Container, whole: Story) -> None:
    with found.db.read() as conn:
        meeting = meetings.get(conn, whole.meeting)
        rows = readiness.rows(conn, whole.tree, meeting, line_tests.standings(conn, whole.meeting))

    def check(fold: Fold) -> int:
        total = len(fold.rows) + sum(check(inner) for inner in fold.folds)
        assert fold.total == total == sum(count for _verdict, _begin, count in fold.bar)
        assert [one.rank for one in fold.folds] == sorted(one.rank for one in fold.folds)
        return total

    for count in (239, 100, 30, 1):
        top = folded(rows[:count], {"body": "Cơ quan"})
        assert check(top) == count and top.counted[Verdict.NONE.value] == count
    assert folded([], {}).total == 0
