"""Long lists: the newest stand on the first page, every one stands on some page, and the page is in the address."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings import service
from meetings.meeting import NewMeeting
from meetings.store import meeting_store
from minutes import store as minutes_store
from minutes.store import Minutes
from tests.web.conftest import ManualClock, sign_in
from tests.web.test_pages import Story, story  # noqa: F401 - a fixture
from web import paging
from web.container import Container


@given(length=st.integers(0, 400), number=st.integers(1, 12))
def test_every_item_stands_on_exactly_one_page(length: int, number: int) -> None:
    whole = list(range(length))
    first = paging.part(whole, 1)
    found = [item for n in range(1, first.pages + 1) for item in paging.part(whole, n).items]
    assert found == whole and first.total == length
    one = paging.part(whole, number)
    assert one.number == min(number, first.pages) and len(one.items) <= paging.PER_PAGE


def many(found: Container, story: Story, clock: ManualClock, n: int) -> list[str]:  # noqa: F811
    """`n` meetings of the province that are over, with minutes: Cuộc họp 000 is the newest."""
    known, by = story.meeting, story.people["thuky"]
    names = [f"Cuộc họp {number:03d}" for number in range(n)]
    with found.db.write() as conn:
        for number, name in enumerate(names):
            start = clock.now() - timedelta(days=1, hours=2 * number)
            made = service.create(conn, NewMeeting(
                name, known.unit, start, start + timedelta(hours=1), known.chair, known.secretary, known.division_head,
                known.clerk), by, clock.now())
            for state in ("convened", "open"):
                meeting_store.save(conn, made.meeting_id, state=state)
            meeting_store.save(conn, made.meeting_id, state="concluded", opened_at=start, closed_at=start)
            minutes_store.add(conn, Minutes(
                f"m{number}", made.meeting_id, 1, minutes_store.new_code(), known.unit.id, clock.now()))
    return names


@pytest.mark.parametrize("path", ["/meetings?period=past", "/meetings?period=all&state=concluded", "/documents?q=hop"])
async def test_the_newest_come_first_and_none_vanishes(
    client: httpx.AsyncClient, found: Container, story: Story, clock: ManualClock, path: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paging, "PER_PAGE", 4)
    names = many(found, story, clock, 10)
    await sign_in(client, "lanhdao")
    shown, address = [], path
    for number in (1, 2, 3):
        page = (await client.get(address)).text
        shown += re.findall(r"Cuộc họp \d{3}", page)
        assert f"Trang {number}/3" in page and ">10 " in page
        following = re.search(r'rel="next" href="([^"]+)"', page)
        assert bool(following) == (number < 3)
        if following:
            address = path.split("?")[0] + following.group(1).replace("&amp;", "&")
    assert list(dict.fromkeys(shown)) == names
    again = (await client.get(f"{path}&page=99")).text
    assert "Trang 3/3" in again and 'rel="prev"' in again
    for wrong in ("0", "x", "9" * 30):
        assert (await client.get(f"{path}&page={wrong}")).status_code == 400
