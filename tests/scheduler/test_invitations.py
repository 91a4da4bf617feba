"""One change is one mail to each of those invited; whatever is older than the newest is not delivered any more."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from meetings import service as meetings
from meetings.errors import NotFound, Stale
from meetings.store.database import Database
from scheduler import invitations, invitees, outbox, reminders, service
from scheduler.invitees import Guest
from scheduler.outbox import Item
from scheduler.outbox_table import outbox as table
from scheduler.workdays import WorkingDays
from tests.scheduler.conftest import Office, Province

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAYS = WorkingDays()
SON, HOA = Guest("Sơn", "son@qn.vn"), Guest("Hoa", "Hoa@qn.vn")


class Post:
    """Delivers what is due as the product does, into a list."""

    def __init__(self, db: Database, guests: list[Guest]) -> None:
        self.db, self.guests, self.sent = db, guests, list[Item]()

    def spread(self, at: datetime) -> None:
        def deliver(item: Item) -> None:
            with self.db.write() as conn:
                invitations.spread(conn, item.payload, self.guests, DAYS, at)

        outbox.work(self.db, "w", deliver, lambda: at, kinds={invitations.SPREAD})

    def deliver(self, at: datetime) -> list[tuple[str, str, int]]:
        """What goes out now: (address, method, sequence)."""
        self.spread(at)
        got = list[Item]()
        outbox.work(self.db, "w", got.append, lambda: at, kinds={invitations.INVITE})
        self.sent += got
        with self.db.read() as conn:
            names = {one.invitee_id: one.address for item in got
                     for one in invitees.of_meeting(conn, item.payload["meeting_id"], removed=True)}
        return sorted((names[item.payload["invitee"]], item.payload["method"], item.payload["sequence"]) for item in got)

    def planned(self, meeting_id: str) -> dict[str, str]:
        with self.db.read() as conn:
            rows = conn.execute(select(table.c.key, table.c.state).where(outbox.under(conn, reminders.prefix(meeting_id))))
            return {row.key.split(":", 2)[2]: row.state for row in rows}


@pytest.fixture
def post(db: Database) -> Post:
    return Post(db, [SON, HOA])


@pytest.fixture
def office(province: Province) -> Office:
    return province.office("22")


def convened(db: Database, province: Province, office: Office, start: datetime, at: datetime) -> str:
    meeting_id = office.draft(db, start)
    with db.write() as conn:
        service.book(conn, meeting_id, [province.points[0].point_id], office.secretary, at)
    return meeting_id


def moving(db: Database, meeting_id: str, office: Office, at: datetime) -> Callable[[datetime], None]:
    def move(start: datetime) -> None:
        with db.write() as conn:
            service.move(conn, meeting_id, start, start + HOUR, office.secretary, at)

    return move


def test_a_draft_invites_nobody(db: Database, office: Office, at: datetime) -> None:
    meeting_id = office.draft(db, at + 5 * DAY)
    with db.write() as conn:
        assert not invitations.announce(conn, meeting_id, at)
        meetings.cancel(conn, meeting_id, "Thôi", office.secretary, at)
        assert not invitations.announce(conn, meeting_id, at)


def test_one_change_is_one_mail_and_what_is_older_stays_behind(
    db: Database, province: Province, office: Office, post: Post, at: datetime
) -> None:
    start = at + 5 * DAY
    meeting_id = convened(db, province, office, start, at)
    move = moving(db, meeting_id, office, at)
    assert post.deliver(at) == [("Hoa@qn.vn", "REQUEST", 0), ("son@qn.vn", "REQUEST", 0)]
    assert post.deliver(at) == []
    move(start + HOUR)
    assert post.deliver(at) == [("Hoa@qn.vn", "REQUEST", 1), ("son@qn.vn", "REQUEST", 1)]
    move(start + 2 * HOUR)
    post.spread(at)  # the mails of this move wait already when the next one comes
    move(start + 3 * HOUR)
    assert post.deliver(at) == [("Hoa@qn.vn", "REQUEST", 3), ("son@qn.vn", "REQUEST", 3)]
    with db.write() as conn:
        meetings.change(conn, meeting_id, office.secretary, at, title="Tên khác")
        invitations.announce(conn, meeting_id, at)
        invitations.announce(conn, meeting_id, at)  # nothing has changed: nobody is told
    assert [one[2] for one in post.deliver(at)] == [4, 4]
    assert len({item.key for item in post.sent}) == len(post.sent)


def test_a_meeting_far_ahead_is_written_about_when_it_comes_near(
    db: Database, province: Province, office: Office, post: Post, at: datetime
) -> None:
    start = at + 100 * DAY
    meeting_id = convened(db, province, office, start, at)
    moving(db, meeting_id, office, at)(start + HOUR)
    assert post.deliver(at) == []
    assert [one[1:] for one in post.deliver(start + HOUR - invitations.AHEAD)] == [("REQUEST", 1)] * 2
    moving(db, meeting_id, office, at)(at + 10 * DAY)
    assert [one[1:] for one in post.deliver(at)] == [("REQUEST", 2)] * 2, "near enough now"
    gone = convened(db, province, office, start, at)
    with db.write() as conn:
        service.cancel(conn, gone, "Hoãn", office.secretary, at)
    assert post.deliver(at) == [], "who never heard of it hears nothing"


def test_reminders_follow_the_time_and_only_the_time(
    db: Database, province: Province, office: Office, post: Post, at: datetime
) -> None:
    start = at + 5 * DAY
    meeting_id = convened(db, province, office, start, at)
    post.spread(at)
    first = post.planned(meeting_id)
    assert len(first) == 7 and set(first.values()) == {"waiting"} and all(key.startswith("0:") for key in first)
    with db.write() as conn:
        meetings.change(conn, meeting_id, office.secretary, at, title="Tên khác")
        invitations.announce(conn, meeting_id, at)
    post.spread(at)
    assert post.planned(meeting_id) == first
    moving(db, meeting_id, office, at)(start + HOUR)
    assert set(post.planned(meeting_id).values()) == {"cancelled"}, "in the very transaction of the move"
    post.spread(at)
    assert sorted(post.planned(meeting_id).values()) == ["cancelled"] * 7 + ["waiting"] * 7
    with db.write() as conn:
        service.cancel(conn, meeting_id, "Hoãn", office.secretary, at)
    post.spread(at)
    assert set(post.planned(meeting_id).values()) == {"cancelled"}


def test_only_who_may_have_heard_of_it_hears_that_it_is_off(
    db: Database, province: Province, office: Office, post: Post, at: datetime
) -> None:
    told, untold = (convened(db, province, office, at + (5 + n) * DAY, at) for n in range(2))
    with db.write() as conn:
        outbox.cancel(conn, f"{invitations.SPREAD}:{untold}", at)
    post.deliver(at)
    for meeting_id in (told, untold):
        with db.write() as conn:
            service.cancel(conn, meeting_id, "Hoãn", office.secretary, at)
    assert post.deliver(at) == [("Hoa@qn.vn", "CANCEL", 1), ("son@qn.vn", "CANCEL", 1)]
    assert {item.payload["meeting_id"] for item in post.sent} == {told}


def test_who_comes_later_is_invited_who_goes_is_told_and_may_come_back(
    db: Database, province: Province, office: Office, post: Post, at: datetime
) -> None:
    post.guests = [SON]
    meeting_id = convened(db, province, office, at + 5 * DAY, at)
    assert post.deliver(at) == [("son@qn.vn", "REQUEST", 0)]

    def again() -> list[tuple[str, str, int]]:
        with db.write() as conn:
            invitations.announce(conn, meeting_id, at)
        return post.deliver(at)

    post.guests = [SON, HOA, Guest("Sơn, điểm khác", "SON@qn.vn")]
    assert again() == [("Hoa@qn.vn", "REQUEST", 0)], "an address is invited once"
    post.guests = [HOA]
    assert again() == [("son@qn.vn", "CANCEL", 0)] and again() == []
    with db.read() as conn:
        assert [one.name for one in invitees.of_meeting(conn, meeting_id)] == ["Hoa"]
        with pytest.raises(NotFound, match="reply.removed"):
            invitees.answer(conn, invitees.by_address(conn, meeting_id, "son@qn.vn"), "accepted", 0, at, "", at)
    post.guests = [SON, HOA]
    assert again() == [("son@qn.vn", "REQUEST", 0)]
    post.guests = [SON]
    with db.write() as conn:
        invitations.announce(conn, meeting_id, at)
    post.spread(at)  # that Hoa is out waits in the outbox while the meeting moves on
    moving(db, meeting_id, office, at)(at + 6 * DAY)
    assert post.deliver(at) == [("Hoa@qn.vn", "CANCEL", 0), ("son@qn.vn", "REQUEST", 1)]


def test_an_answer_counts_for_the_time_it_was_given_to(
    db: Database, province: Province, office: Office, post: Post, at: datetime
) -> None:
    start = at + 5 * DAY
    meeting_id = convened(db, province, office, start, at)
    post.deliver(at)

    def son() -> invitees.Invitee:
        with db.read() as conn:
            return invitees.by_address(conn, meeting_id, "SON@QN.vn")

    def says(partstat: str, sequence: int, stamped: datetime) -> bool:
        with db.write() as conn:
            return invitees.answer(conn, son(), partstat, sequence, stamped, "vì…", at + DAY)

    assert son().partstat == "needs-action" and says("accepted", 0, at + HOUR) and son().partstat == "accepted"
    with pytest.raises(Stale, match="reply.older"):
        says("declined", 0, at)
    moving(db, meeting_id, office, at)(start + HOUR)
    assert (son().partstat, son().said) == ("needs-action", "accepted"), "asked anew"
    assert not says("declined", 0, at + 2 * HOUR), "an answer to the older time is kept and does not count"
    assert says("declined", 1, at + 1000 * DAY) and son().partstat == "declined"
    assert says("accepted", 99, at + DAY), "a clock that goes ahead is not right for ever, nor is a number of the future"
    with pytest.raises(NotFound, match="reply.unknown"), db.read() as conn:
        invitees.by_address(conn, meeting_id, "nobody@qn.vn")


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_each_hears_every_number_once_and_the_last_one_last(
    db: Database, province: Province, office: Office, post: Post, at: datetime, seed: int
) -> None:
    chance, start, changes = random.Random(seed), at + 20 * DAY, 0
    meeting_id = convened(db, province, office, start, at)
    heard = defaultdict[str, list[int]](list)
    for step in range(25):
        match chance.choice(["move", "title", "nothing", "spread", "deliver"]):
            case "move":
                start += HOUR
                moving(db, meeting_id, office, at)(start)
                changes += 1
            case "title":
                with db.write() as conn:
                    meetings.change(conn, meeting_id, office.secretary, at, title=f"Tên {step}")
                    invitations.announce(conn, meeting_id, at)
                changes += 1
            case "nothing":
                with db.write() as conn:
                    invitations.announce(conn, meeting_id, at)
            case "spread":
                post.spread(at)
            case _:
                for address, _method, sequence in post.deliver(at):
                    heard[address].append(sequence)
    for address, _method, sequence in post.deliver(at):
        heard[address].append(sequence)
    with db.read() as conn:
        known = invitations.standing(conn, meeting_id)
    assert known is not None and known[0] == changes, "the sequence grows by one with each change"
    assert set(heard) == {"son@qn.vn", "Hoa@qn.vn"}
    for numbers in heard.values():
        assert numbers == sorted(set(numbers)) and numbers[-1] == changes
