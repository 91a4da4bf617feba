"""A meeting whose time is over: marked where nobody opened it, with two ways out; asked about again, and not for ever, where nobody ended it."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import select

from meetings import service
from meetings.ledger import stamp
from scheduler import invitations, outbox, reminders
from scheduler.outbox import Item
from scheduler.outbox_table import outbox as table
from tests.web.conftest import ManualClock, post, sign_in
from tests.web.test_pages import Story, story
from web import duties, telling
from web.container import Container
from web.notice_words import WORDS

__all__ = ["story"]  # the fixture of test_pages
MINUTE = timedelta(minutes=1)
WORD = "Quá giờ, chưa mở"


class Over:
    """The end of the story's meeting, and what is due then."""

    def __init__(self, found: Container, story: Story) -> None:
        self.found, self.story, self.at = found, story, story.meeting.end

    def look(self) -> None:
        """The first look, as it is planned; later ones leave their own items."""
        until = self.at + timedelta(days=1)
        payload = {"meeting_id": self.story.meeting.meeting_id, "version": 0, "until": stamp(until)}
        self._do(Item(f"{reminders.prefix(self.story.meeting.meeting_id)}0:close", reminders.CLOSE, self.at, payload, 1), self.at + 15 * MINUTE)

    def go_on(self) -> int:
        """Every look that is still to come, each at its hour; how many."""
        looks = 0
        while (item := self._next()) is not None:
            self._do(item, item.due_at)
            looks += 1
        return looks

    def _next(self) -> Item | None:
        at = self.at + timedelta(days=2)
        with self.found.db.write() as conn:
            item = outbox.claim(conn, "w", at, kinds={reminders.CLOSE})
            if item is not None:
                outbox.settle(conn, item, "w", at)
        return item

    def _do(self, item: Item, at: datetime) -> None:
        with self.found.db.write() as conn:
            duties.DUTIES[reminders.CLOSE](self.found, conn, item, at)

    def told(self, what: str) -> list[tuple[str, str, str]]:
        """(subject, text, address) of the notices, one for each of two people."""
        with self.found.db.read() as conn:
            rows = conn.execute(select(table.c.payload).where(table.c.kind == "notice").order_by(table.c.item_id)).scalars()
            return [telling.render(self.found, conn, one, WORDS[what]) for one in rows if one["what"] == what]


@pytest.fixture
def over(found: Container, story: Story) -> Over:
    return Over(found, story)


async def test_lists_and_calendars_mark_what_nobody_opened_once_its_grace_is_over(client: httpx.AsyncClient, story: Story, clock: ManualClock) -> None:
    pages = ("/", "/meetings", story.path, "/calendar/day?on=2026-03-05", "/calendar/month?on=2026-03-05")
    marked = ("<b>Quá giờ, chưa mở</b>", f"triangle-alert\"></use></svg>{WORD}", 'class="cb late ', 'class="cm late"')
    clock.at = story.meeting.end + 14 * MINUTE
    await sign_in(client, "thuky")
    for path in pages:
        text = (await client.get(path)).text
        assert not any(mark in text for mark in marked), path
    clock.at = story.meeting.end + 15 * MINUTE
    for path in pages:
        text = (await client.get(path)).text
        assert any(mark in text for mark in marked), path
    lanes = (await client.get("/calendar/timeline?on=2026-03-05")).text
    assert lanes.count('class="cb late ') >= 3 and f"</span> · {WORD}" in lanes


async def test_its_page_has_two_ways_out_and_each_ends_the_mark(client: httpx.AsyncClient, story: Story, clock: ManualClock, found: Container) -> None:
    clock.at = story.meeting.end + 20 * MINUTE
    await sign_in(client, "thuky")
    page = (await client.get(story.path)).text
    move = f"/calendar/move/{story.meeting.meeting_id}"
    assert f'href="{move}"' in page and f'href="{story.path}#cancel"' in page and 'id="cancel"><details class="fold" open' in page
    was = {"was_start": "2026-03-05T08:30", "was_end": "2026-03-05T10:00"}
    moved = await post(client, move, {"day": "2026-03-06", "start": "08:30", "end": "10:00", **was})
    assert moved.status_code == 303, moved.text
    assert WORD not in (await client.get(story.path)).text
    clock.at += timedelta(days=1)
    await sign_in(client, "thuky")
    assert WORD in (await client.get(story.path)).text
    assert (await post(client, f"{story.path}/cancel", {"reason": "Đã hoãn qua điện thoại"})).status_code == 303
    assert WORD not in (await client.get(story.path)).text


async def test_who_may_not_change_it_sees_the_mark_and_no_way(client: httpx.AsyncClient, story: Story, clock: ManualClock) -> None:
    clock.at = story.meeting.end + 20 * MINUTE
    await sign_in(client, "xa")
    page = (await client.get(story.path)).text
    assert f"<b>{WORD}</b>" in page and "#cancel" not in page and "/calendar/move/" not in page


def test_secretary_and_chair_are_told_once_and_how_to_get_out(over: Over) -> None:
    over.look()
    over.look()  # delivered twice under its key
    assert over.go_on() == reminders.LOOKS - 1
    told = over.told("meeting.unopened")
    assert len(told) == 2 and {address for _subject, _text, address in told} == {f"http://localhost:8000{over.story.path}"}
    subject, text, _address = told[0]
    assert subject == "Quá giờ, chưa mở: Giao ban tháng 3" and "10:00 05/03/2026" in text and "dời" in text and "hủy" in text


def test_one_that_goes_on_is_asked_about_eight_times_at_most(over: Over, found: Container) -> None:
    with found.db.write() as conn:
        service.open(conn, over.story.meeting.meeting_id, over.story.people["chutri"], over.story.meeting.start)
    over.look()
    assert over.go_on() == reminders.LOOKS - 1 and len(over.told("meeting.overrun")) == 2 * reminders.LOOKS


def test_a_late_opening_and_a_closing_are_seen_at_the_next_look(over: Over, found: Container) -> None:
    meeting_id, chair = over.story.meeting.meeting_id, over.story.people["chutri"]
    over.look()
    with found.db.write() as conn:
        service.open(conn, meeting_id, chair, over.at + 20 * MINUTE)
    item = over._next()
    assert item is not None and item.due_at == over.at + 45 * MINUTE
    over._do(item, item.due_at)
    assert (len(over.told("meeting.unopened")), len(over.told("meeting.overrun"))) == (2, 2)
    with found.db.write() as conn:
        service.close(conn, meeting_id, chair, over.at + 50 * MINUTE)
    assert over.go_on() == 1 and len(over.told("meeting.overrun")) == 2


async def test_closing_by_its_button_plans_the_conclusion_from_that_hour(
    client: httpx.AsyncClient, story: Story, found: Container, clock: ManualClock,
) -> None:
    meeting_id = story.meeting.meeting_id
    with found.db.write() as conn:
        invitations.announce(conn, meeting_id, clock.now())
        service.open(conn, meeting_id, story.people["chutri"], clock.now())
    clock.at = story.meeting.end + timedelta(hours=15)  # after midnight
    await sign_in(client, "thuky")
    assert (await post(client, f"{story.path}/conduct/close")).status_code in (200, 303)
    with found.db.read() as conn:
        rows = conn.execute(select(table).where(outbox.under(conn, reminders.prefix(meeting_id)), table.c.state == "waiting")).all()
    assert {row.key.split(":", 3)[3]: row.due_at.isoformat() for row in rows} == {
        "ended:soon": "2026-03-12T01:00:00+00:00", "ended:due": "2026-03-13T10:00:00+00:00"}
