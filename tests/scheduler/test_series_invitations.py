"""A series is one entry of a calendar: whatever is done to it, each person's calendar shows what is so, by one mail for a change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from sqlalchemy import Connection, select

from meetings import service as meetings
from meetings.errors import MeetingError, NotFound, Stale
from meetings.meeting import Meeting, State
from meetings.store.database import Database
from scheduler import calendar_mail, invitations, invitees, outbox, series_invitations, series_store, service
from scheduler.calendar_mail import Answer, Entry, Party
from scheduler.invitees import Guest
from scheduler.outbox import Item
from scheduler.series_store import Change, Scope
from scheduler.series_table import series_meeting
from scheduler.slots import Slot
from scheduler.workdays import WorkingDays
from tests.scheduler.calendars import Program
from tests.scheduler.conftest import Office, Province
from tests.scheduler.test_series_store import RULES, all_members, another, repeat

HANOI = "Asia/Ho_Chi_Minh"
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
MONDAY = datetime(2026, 3, 9, 1, tzinfo=UTC)  # 08:00 in Ha Noi
SON, HOA, LAN = Guest("Sơn", "son@qn.vn"), Guest("Hoa", "Hoa@qn.vn"), Guest("Lan", "lan@qn.vn")
OFFICE = Party("vp@qn.vn", "UBND tỉnh")


class Story:
    """A series in one transaction, its post, and the calendars of those invited: each address in two kinds of programs."""

    def __init__(self, conn: Connection, office: Office, point: int, at: datetime) -> None:
        self.conn, self.office, self.point, self.at = conn, office, point, at
        self.absent: set[tuple[str, str]] = set()  # (address, meeting) that is not invited
        self.calendars: dict[str, tuple[Program, Program]] = {one.address: (Program(False), Program(True)) for one in (SON, HOA, LAN)}
        self.mails: Counter[str] = Counter()
        self.letters: list[tuple[str, bytes]] = []
        self.meetings: list[str] = []

    def book(self, first: str, rule: str, **more: object) -> list[str]:
        stored = series_store.create(self.conn, first, rule, HANOI, [self.point], self.office.secretary, self.at, **more)  # type: ignore[arg-type]
        self.meetings = [row.meeting_id for row in series_store.members(self.conn, stored.series_id)]
        return self.meetings

    def again(self) -> list[str]:
        """All the meetings there are now."""
        self.meetings = all_members(self.conn)
        return self.meetings

    def guests(self, _conn: Connection, found: Sequence[Meeting]) -> Mapping[str, Sequence[Guest]]:
        return {one.meeting_id: [guest for guest in (SON, HOA, LAN) if (guest.address, one.meeting_id) not in self.absent] for one in found}

    def spread(self) -> None:
        while (item := outbox.claim(self.conn, "w", self.at, kinds={invitations.SPREAD})) is not None:
            if "series_id" in item.payload:
                series_invitations.spread(self.conn, item.payload, self.guests, self.at)
            else:
                invitations.spread(self.conn, item.payload, [], WorkingDays(), self.at)
            outbox.settle(self.conn, item, "w", self.at)

    def deliver(self, most: int = 1000) -> Counter[str]:
        """Letters handed over by address; `most`: the server goes away after so many."""
        self.spread()
        self.mails = Counter()
        while most and (item := outbox.claim(self.conn, "w", self.at, kinds={invitations.INVITE})) is not None:
            address, text = self.write(item)
            for program in self.calendars[address]:
                program.receive(text)
            self.mails[address] += 1
            self.letters.append((address, text))
            outbox.settle(self.conn, item, "w", self.at)
            most -= 1
        return self.mails

    def write(self, item: Item) -> tuple[str, bytes]:
        who = series_invitations.standing(self.conn, item.payload["guest"])
        assert who.item == item.key, "what is older than the newest is not delivered"
        plain = Entry(who.series_id, "", self.at, self.at, "", item.payload["sequence"], self.at)
        _dates, entries = who.form.mail(plain, who.mine, item.payload)
        return who.address, calendar_mail.itip(entries, item.payload["method"], OFFICE, Party(who.address, who.name))

    def touch(self) -> None:
        for series_id in set(self.conn.execute(select(series_meeting.c.series_id)).scalars()):
            series_invitations.touch(self.conn, series_id, None, self.at)

    def own(self, meeting_id: str) -> Meeting:
        return meetings.get(self.conn, meeting_id)

    def edit(self, meeting_id: str, scope: Scope, change: Change) -> None:
        series_store.edit(self.conn, meeting_id, scope, change, self.office.secretary, self.at, acts=Telling())

    def cancel(self, meeting_id: str, scope: Scope) -> None:
        series_store.cancel(self.conn, meeting_id, scope, "Hoãn", self.office.secretary, self.at)

    def check(self) -> None:
        """Every calendar shows the meetings that are so, at their times, and nothing else."""
        so = [one for one in map(self.own, self.meetings) if one.state is State.CONVENED]
        for address, programs in self.calendars.items():
            wanted = sorted((one.start, one.end, one.title) for one in so if (address, one.meeting_id) not in self.absent)
            for program in programs:
                assert program.shows() == wanted, (address, program.keeps)


class Telling(series_store.Plain):
    """The use cases, and telling of words that changed, as the web does."""

    @staticmethod
    def change(conn: Connection, meeting_id: str, by: object, at: datetime, **values: object) -> Meeting:
        changed = meetings.change(conn, meeting_id, by, at, **values)  # type: ignore[arg-type]
        invitations.announce(conn, meeting_id, at)
        return changed


class _Over(Exception):
    pass


@pytest.fixture
def story(db: Database, province: Province, at: datetime) -> Iterator[Story]:
    office = province.office("22")
    first = office.draft(db, MONDAY, hours=2)
    with db.write() as conn:
        told = Story(conn, office, province.points[0].point_id, at)
        told.book(first, "FREQ=WEEKLY;COUNT=4")
        yield told


def last(story: Story) -> list[object]:
    return [part for part in Calendar.from_ical(story.letters[-1][1]).walk("VEVENT")]


def test_a_series_is_one_letter_and_one_entry_for_each(story: Story) -> None:
    assert story.deliver() == {"son@qn.vn": 1, "Hoa@qn.vn": 1, "lan@qn.vn": 1}
    story.check()
    [event] = last(story)
    assert event["RRULE"].to_ical() == b"FREQ=WEEKLY;COUNT=4" and event["SEQUENCE"] == 0 and "EXDATE" not in event  # type: ignore[index,operator]
    assert event["DTSTART"].params["TZID"] == HANOI and event["DTSTART"].to_ical() == b"20260309T080000"  # type: ignore[index]
    assert not story.deliver()


def test_a_series_far_ahead_is_written_about_when_it_comes_near(db: Database, province: Province, at: datetime) -> None:
    office = province.office("22")
    first = office.draft(db, MONDAY + 20 * WEEK, hours=2)
    with db.write() as conn:
        story = Story(conn, office, province.points[0].point_id, at)
        found = story.book(first, "FREQ=WEEKLY;COUNT=4")
        story.edit(found[0], Scope.ALL, Change({"title": "Tên khác"}))
        assert not story.deliver()
        story.at = MONDAY + 20 * WEEK - invitations.AHEAD
        assert set(story.deliver().values()) == {1}
        story.check()


def test_one_date_that_changes_is_one_letter_about_it(story: Story) -> None:
    found = story.meetings
    story.deliver()
    own = story.own(found[1])
    story.edit(found[1], Scope.ONE, Change({"title": "Họp bù"}, Slot(own.start + 30 * HOUR, own.end + 30 * HOUR)))
    assert set(story.deliver().values()) == {1}
    story.check()
    [event] = last(story)
    assert event["RECURRENCE-ID"].to_ical() == b"20260316T080000" and event["SEQUENCE"] == 1  # type: ignore[index]
    story.cancel(found[2], Scope.ONE)
    assert set(story.deliver().values()) == {1}
    story.check()
    text = story.letters[-1][1]
    assert b"METHOD:CANCEL" in text and b"RECURRENCE-ID;TZID=Asia/Ho_Chi_Minh:20260323T080000" in text and b"SEQUENCE:2" in text


def test_all_that_change_are_one_letter_and_dates_apart_stay_apart(story: Story) -> None:
    found = story.meetings
    story.deliver()
    own = story.own(found[1])
    story.edit(found[1], Scope.ONE, Change(slot=Slot(own.start + 30 * HOUR, own.end + 30 * HOUR)))
    story.deliver()
    story.edit(found[0], Scope.ALL, Change({"title": "Tên mới"}, Slot(MONDAY + HOUR, MONDAY + 4 * HOUR)))
    assert set(story.deliver().values()) == {1}
    story.check()


def test_a_date_that_was_apart_and_is_as_the_others_again_is_said_to_be(story: Story) -> None:
    """Programs that keep single dates when the rule is sent anew must not keep an old one."""
    found = story.meetings
    story.deliver()
    story.edit(found[1], Scope.ONE, Change({"title": "Họp bù"}))
    story.absent = {(LAN.address, found[2])}
    story.touch()
    story.deliver()
    story.edit(found[0], Scope.ALL, Change({"title": "Tên mới"}))
    story.absent = set()
    assert set(story.deliver().values()) == {1}
    story.check()


def test_this_and_the_following_end_the_one_and_begin_another(story: Story) -> None:
    found = story.meetings
    story.deliver()
    own = story.own(found[2])
    story.edit(found[2], Scope.FOLLOWING, Change(slot=Slot(own.start + HOUR, own.end + HOUR)))
    assert set(story.deliver().values()) == {2}
    story.check()
    texts = [text for address, text in story.letters[-6:] if address == SON.address]
    assert len({Calendar.from_ical(text).walk("VEVENT")[0]["UID"] for text in texts}) == 2
    assert any(b"UNTIL=20260316T010000Z" in text for text in texts) and all(b"METHOD:REQUEST" in text for text in texts)
    story.cancel(found[3], Scope.ALL)
    story.cancel(found[0], Scope.ALL)
    assert set(story.deliver().values()) == {2}
    story.check()


def test_another_rule_is_one_letter_with_the_same_name_and_a_higher_number(story: Story) -> None:
    found = story.meetings
    story.deliver()
    said(story, "accepted", 0)
    story.edit(found[0], Scope.ALL, repeat("FREQ=WEEKLY;BYDAY=MO,FR;COUNT=5", datetime(2026, 3, 9, 8)))
    story.again()
    assert set(story.deliver().values()) == {1}
    story.check()
    first, event = Calendar.from_ical(story.letters[0][1]).walk("VEVENT")[0], last(story)[0]
    assert event["UID"] == first["UID"] and event["SEQUENCE"] == 1 > first["SEQUENCE"]  # type: ignore[index,operator]
    assert event["RRULE"].to_ical() == b"FREQ=WEEKLY;COUNT=5;BYDAY=MO,FR" and b"METHOD:REQUEST" in story.letters[-1][1]  # type: ignore[index]
    answers = {one: invitees.by_address(story.conn, one, "son@qn.vn").partstat for one in found if story.own(one).state is State.CONVENED}
    assert set(answers.values()) == {"accepted"} and len(answers) == 3, "who said yes to a day that stays said it"
    story.edit(story.meetings[3], Scope.FOLLOWING, repeat("FREQ=DAILY;COUNT=2", datetime(2026, 3, 23, 8)))
    story.again()
    assert set(story.deliver().values()) == {2}, "the old one ends, another begins"
    story.check()


def test_a_date_that_was_cancelled_and_is_one_again_is_said_to_be(story: Story) -> None:
    """Programs that keep single dates when the rule is sent anew must not keep the date as cancelled."""
    found = story.meetings
    story.deliver()
    story.cancel(found[1], Scope.ONE)
    assert b"METHOD:CANCEL" in (story.deliver(), story.letters[-1][1])[1]
    story.edit(found[0], Scope.ALL, repeat("FREQ=WEEKLY;COUNT=4", datetime(2026, 3, 9, 8), frozenset()))
    story.again()
    assert set(story.deliver().values()) == {1}
    story.check()


def test_who_has_some_of_the_dates_has_those_and_no_others(story: Story) -> None:
    found = story.meetings
    story.absent = {(HOA.address, found[n]) for n in (0, 1, 3)} | {(LAN.address, found[1])}
    assert set(story.deliver().values()) == {1}
    story.check()
    texts = dict(story.letters)
    assert b"RRULE" not in texts[HOA.address] and b"EXDATE;TZID=Asia/Ho_Chi_Minh:20260316T080000" in texts[LAN.address]
    story.absent.add((SON.address, found[3]))
    story.absent.remove((HOA.address, found[0]))
    story.touch()
    assert story.deliver() == {SON.address: 1, HOA.address: 1}
    story.check()
    story.absent |= {(HOA.address, one) for one in found}
    story.touch()
    assert story.deliver() == {HOA.address: 1}
    story.check()
    story.absent -= {(HOA.address, one) for one in found}
    story.touch()
    assert story.deliver() == {HOA.address: 1}
    story.check()


def test_who_never_heard_of_it_hears_nothing_when_it_is_off(story: Story) -> None:
    story.spread()
    story.cancel(story.meetings[0], Scope.ALL)
    assert not story.deliver()
    story.check()


def said(story: Story, partstat: str, sequence: int, date: datetime | None = None, address: str = "SON@qn.vn", at: datetime | None = None) -> None:
    series_id = story.conn.execute(select(series_meeting.c.series_id).where(series_meeting.c.meeting_id == story.meetings[0])).scalar_one()
    assert series_invitations.answer(story.conn, Answer(series_id, address, partstat, sequence, at or story.at, "", date), story.at)


def states(story: Story) -> list[str]:
    return [invitees.by_address(story.conn, one, "son@qn.vn").partstat for one in story.meetings]


def test_answers_to_the_whole_and_to_one_date_are_kept_where_they_belong(story: Story) -> None:
    story.deliver()
    assert states(story) == ["needs-action"] * 4
    said(story, "accepted", 0)
    said(story, "declined", 0, datetime(2026, 3, 16, 8))
    said(story, "tentative", 0, datetime(2026, 3, 23, 1, tzinfo=UTC))
    assert states(story) == ["accepted", "declined", "tentative", "accepted"]
    own = story.own(story.meetings[3])
    story.edit(own.meeting_id, Scope.ONE, Change(slot=Slot(own.start + HOUR, own.end + HOUR)))
    story.deliver()
    assert states(story) == ["accepted", "declined", "tentative", "needs-action"], "asked anew for that date only"
    said(story, "accepted", 0, datetime(2026, 3, 30, 8))
    assert states(story)[3] == "needs-action", "that was to the older time"
    said(story, "accepted", 1, datetime(2026, 3, 30, 8))
    assert states(story)[3] == "accepted"
    for date, address, code in ((datetime(2026, 3, 31, 8), "son@qn.vn", "reply.date"), (None, "x@qn.vn", "reply.unknown")):
        with pytest.raises(NotFound, match=code):
            said(story, "accepted", 0, date, address)
    with pytest.raises(Stale, match=r"reply\.older"):
        said(story, "declined", 1, at=story.at - HOUR)
    assert not series_invitations.answer(story.conn, Answer(story.meetings[0], "son@qn.vn", "accepted", 0, story.at, ""), story.at)


def test_a_split_off_series_takes_answers_and_numbers_along(story: Story) -> None:
    story.deliver()
    said(story, "accepted", 0)
    story.edit(story.meetings[2], Scope.FOLLOWING, Change({"title": "Tên khác"}))
    story.deliver()
    assert states(story) == ["accepted"] * 4, "a title asks nobody anew"
    assert b"SEQUENCE:1" in story.letters[-1][1]


STEPS = st.lists(st.tuples(
    st.integers(0, 9), st.sampled_from(list(Scope)), st.sampled_from(["hour", "length", "title", "move", "cancel", "audience", "day", "rule"]),
    st.integers(1, 5), st.sampled_from([1000, 1000, 1000, 0, 1]),
), max_size=7)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=12, deadline=None)
@given(st.sampled_from(["FREQ=DAILY;COUNT=5", "FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20260402", "FREQ=MONTHLY;BYDAY=2MO;COUNT=4"]),
       st.frozensets(st.tuples(st.sampled_from([HOA.address, LAN.address]), st.integers(0, 7)), max_size=8), STEPS)
def test_whatever_is_done_calendars_show_what_is_so_by_one_mail_for_a_change(
    field: tuple[Database, Province], at: datetime, rule: str, absent: frozenset[tuple[str, int]], steps: list[tuple[int, Scope, str, int, int]],
) -> None:
    db, province = field
    office = province.office("22")
    first = office.draft(db, MONDAY, hours=2)
    with pytest.raises(_Over), db.write() as conn:
        story = Story(conn, office, province.points[0].point_id, at)
        found = story.book(first, rule)
        story.absent = {(address, found[n]) for address, n in absent if n < len(found)}
        story.deliver()
        story.check()
        behind = False
        for which, scope, what, by, most in steps:
            mine = found[which % len(found)]
            own = story.own(mine)
            if own.state is State.CANCELLED:
                continue
            before = len(set(conn.execute(select(series_meeting.c.series_id)).scalars()))
            if what == "cancel":
                story.cancel(mine, scope)
            elif what == "title":
                story.edit(mine, scope, Change({"title": f"Lần {by}"}))
            elif what == "move":
                story.edit(mine, Scope.ONE, Change(slot=Slot(own.start + by * timedelta(minutes=10), own.end + by * timedelta(minutes=10))))
            elif what == "audience":
                story.absent ^= {(LAN.address, mine)}
                story.touch()
            elif what in ("day", "rule"):
                ahead = timedelta(days=by - 3)
                change = Change(slot=Slot(own.start + ahead, own.end + ahead))
                if what == "rule":
                    scope = Scope.FOLLOWING if scope is Scope.ONE else scope
                    change = another(RULES[by - 1], series_store.of_meeting(conn, mine).key, by % 2 == 0)  # type: ignore[union-attr]
                try:
                    with conn.begin_nested():
                        story.edit(mine, scope, change)
                except MeetingError:
                    continue
                found = story.again()
            else:
                slot = Slot(own.start + (timedelta(minutes=7 * by) if what == "hour" else timedelta(0)), own.end + timedelta(minutes=7 * by))
                story.edit(mine, scope, Change(slot=slot))
            split = len(set(conn.execute(select(series_meeting.c.series_id)).scalars())) > before
            mails = story.deliver(most)
            if not behind:
                assert all(count <= 1 + split for count in mails.values()), (what, scope, mails)
            behind = most < 1000
        story.deliver()
        story.check()
        raise _Over


def test_the_plain_store_books_as_before(db: Database, province: Province, at: datetime) -> None:
    """A meeting that stands alone is told under its own name."""
    office = province.office("22")
    meeting_id = office.draft(db, MONDAY)
    with db.write() as conn:
        service.book(conn, meeting_id, [province.points[0].point_id], office.secretary, at)
        assert series_invitations.of_meeting(conn, meeting_id) is None
