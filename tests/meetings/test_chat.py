"""What is written in a room: moderated, erasable, hashed; and what passes between chair and secretary alone."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from meetings import chat, muting, service
from meetings.access import PersonRef, Subject
from meetings.errors import Closed, Conflict, Invalid, NotAllowed, NotFound
from meetings.store.database import Database
from meetings.store.ledger_store import events
from meetings.store.voice_table import chat_message
from tests.support.factories import CHAIR, CLERK, OFFICER, POINTS, SECRETARY, STRANGER, convened, draft, opened, seat_of


def texts(messages: list[chat.Message]) -> list[str | None]:
    return [one.text for one in messages]


def test_everybody_reads_what_a_point_a_person_and_the_chair_say(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        person = Subject(name="Điểm cầu xã", person=PersonRef(meeting_id, "p1", 4, "06973", "Bà Lan", "l"))
        for who, text in ((seat_of(meeting_id, POINTS[1]), "Xin chào"), (person, "Tôi nghe rõ"), (CHAIR, "Cảm ơn")):
            chat.say(conn, meeting_id, text, by=who, at=at)
        told = chat.read(conn, meeting_id)
        assert [(one.ord, one.code, one.author) for one in told] == [(1, "204", POINTS[1].name), (2, "06973", "Bà Lan"), (3, None, CHAIR.name)]
        assert texts(chat.read(conn, meeting_id, after=2)) == ["Cảm ơn"]
        assert chat.standing(conn, meeting_id) == (3, 3)


def test_the_ledger_has_the_salted_hash_and_never_the_text(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        chat.say(conn, meeting_id, "Đồng ý", by=seat_of(meeting_id, POINTS[1]), at=at)
        chat.confide(conn, meeting_id, "Mời huyện nói trước", by=SECRETARY, at=at)
        kept = {row.channel: row for row in conn.execute(chat_message.select())}
        story = [one for one in events(conn, meeting_id) if one.kind in ("chat.said", "private.said")]
        assert [one.data["sha256"] for one in story] == [chat.digest(kept[c].salt, kept[c].text) for c in ("room", "private")]
        assert story[0].point == {"id": 2, "code": "204", "name": POINTS[1].name} and story[1].point is None
        whole = json.dumps([dict(one.data) for one in events(conn, meeting_id)], ensure_ascii=False)
        assert "Đồng ý" not in whole and "huyện nói" not in whole


def test_held_messages_wait_for_chair_or_secretary_and_a_closed_chat_takes_none_of_a_point(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        own = seat_of(meeting_id, POINTS[1])
        muting.set_room(conn, meeting_id, by=CHAIR, at=at, chat="held")
        assert chat.say(conn, meeting_id, "Một", by=own, at=at).state == "held"
        assert chat.say(conn, meeting_id, "Hai", by=CHAIR, at=at).state == "said"
        assert texts(chat.read(conn, meeting_id)) == ["Hai"] and texts(chat.read_all(conn, meeting_id)) == ["Một", "Hai"]
        assert chat.release(conn, meeting_id, 1, by=SECRETARY, at=at).text == "Một"
        with pytest.raises(Conflict, match=r"chat\.settled"):
            chat.release(conn, meeting_id, 1, by=SECRETARY, at=at)
        assert texts(chat.read(conn, meeting_id)) == ["Một", "Hai"]
        old = chat.say(conn, meeting_id, "Để sau", by=own, at=at).ord
        for number in range(chat.PAGE):
            chat.say(conn, meeting_id, str(number), by=CHAIR, at=at)
        passed = chat.release(conn, meeting_id, old, by=CHAIR, at=at)
        assert (passed.ord, passed.text, passed.code, passed.state) == (old, "Để sau", "204", "said"), "however many came after it"
        muting.set_room(conn, meeting_id, by=CHAIR, at=at, chat="closed")
        with pytest.raises(Conflict, match=r"chat\.closed"):
            chat.say(conn, meeting_id, "Ba", by=own, at=at)
        assert chat.say(conn, meeting_id, "Bốn", by=SECRETARY, at=at).state == "said"


def test_what_is_hidden_is_gone_for_all_but_those_who_conduct_and_what_is_erased_for_everybody(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        own = seat_of(meeting_id, POINTS[1])
        for text in ("Một", "Hai"):
            chat.say(conn, meeting_id, text, by=own, at=at)
        with pytest.raises(Invalid):
            chat.hide(conn, meeting_id, 1, "  ", by=CHAIR, at=at)
        chat.hide(conn, meeting_id, 1, "Ngoài nội dung", by=CHAIR, at=at)
        with pytest.raises(Conflict, match=r"chat\.settled"):
            chat.hide(conn, meeting_id, 1, "Lần nữa", by=CHAIR, at=at)
        assert texts(chat.read(conn, meeting_id)) == ["Hai"] and chat.standing(conn, meeting_id) == (2, 1)
        assert [(one.text, one.reason) for one in chat.read_all(conn, meeting_id)] == [("Một", "Ngoài nội dung"), ("Hai", None)]
        service.close(conn, meeting_id, by=CHAIR, at=at)
        chat.erase(conn, meeting_id, 2, "Có số điện thoại", by=SECRETARY, at=at)  # also after the end
        assert texts(chat.read_all(conn, meeting_id)) == ["Một", None] and chat.read(conn, meeting_id) == []
        kept = conn.execute(chat_message.select().where(chat_message.c.ord == 2)).one()
        assert (kept.text, kept.salt) == (None, None)
        assert [(one.kind, one.data["message"]) for one in events(conn, meeting_id) if one.kind in ("chat.hidden", "chat.erased")] == [
            ("chat.hidden", 1), ("chat.erased", 2)]


def test_only_who_conducts_moderates_or_confides_and_only_who_sits_there_writes(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id, other = opened(conn, at), opened(conn, at)
        own = seat_of(meeting_id, POINTS[1])
        chat.say(conn, meeting_id, "Một", by=own, at=at)
        for who in (own, CLERK, OFFICER, STRANGER):
            for deed in (
                lambda by: chat.hide(conn, meeting_id, 1, "r", by=by, at=at), lambda by: chat.erase(conn, meeting_id, 1, "r", by=by, at=at),
                lambda by: chat.release(conn, meeting_id, 1, by=by, at=at), lambda by: chat.confide(conn, meeting_id, "t", by=by, at=at),
            ):
                with pytest.raises((NotAllowed, NotFound)):
                    deed(who)
        for who in (seat_of(other, POINTS[1]), OFFICER, STRANGER):
            with pytest.raises((NotAllowed, NotFound)):
                chat.say(conn, meeting_id, "t", by=who, at=at)
        with pytest.raises(NotFound, match=r"chat\.unknown"):
            chat.hide(conn, meeting_id, 9, "r", by=CHAIR, at=at)
        other = draft(conn, at)  # where a meeting stands is told to nobody who may not write in it
        with pytest.raises(NotFound):
            chat.say(conn, other, "t", by=seat_of(meeting_id, POINTS[1]), at=at)
        with pytest.raises(NotFound):
            chat.confide(conn, other, "t", by=STRANGER, at=at)


def test_the_room_takes_words_from_the_lobby_to_the_end(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = convened(conn, at)
        own = seat_of(meeting_id, POINTS[1])
        chat.say(conn, meeting_id, "Trước giờ", by=own, at=at)
        service.open(conn, meeting_id, by=CHAIR, at=at)
        service.close(conn, meeting_id, by=CHAIR, at=at)
        with pytest.raises(Closed):
            chat.say(conn, meeting_id, "Sau giờ", by=own, at=at)
        for wrong in ("", "x" * 1001, "a\u202eb"):
            with pytest.raises(Invalid):
                chat.say(conn, opened(conn, at), wrong, by=CHAIR, at=at)


def test_the_private_channel_is_erased_a_month_after_the_meeting(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id, running = opened(conn, at), opened(conn, at)
        for one in (meeting_id, running):
            chat.confide(conn, one, "Nhắc huyện nói ngắn", by=CHAIR, at=at)
        service.close(conn, meeting_id, by=CHAIR, at=at)
        assert chat.purge(conn, at + chat.PRIVATE_KEPT) == 0
        assert chat.purge(conn, at + chat.PRIVATE_KEPT + timedelta(seconds=1)) == 1
        assert chat.purge(conn, at + chat.PRIVATE_KEPT + timedelta(days=1)) == 0
        assert texts(chat.read_private(conn, meeting_id)) == [None] and texts(chat.read_private(conn, running)) == ["Nhắc huyện nói ngắn"]
        assert (events(conn, meeting_id)[-1].kind, dict(events(conn, meeting_id)[-1].data)) == ("private.erased", {"count": 1})


def test_the_private_channel_of_a_cancelled_meeting_is_erased_too(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        chat.confide(conn, meeting_id, "Tỉnh bận, hoãn", by=CHAIR, at=at)
        end = service.get(conn, meeting_id).end
        assert chat.purge(conn, end + chat.PRIVATE_KEPT + timedelta(seconds=1)) == 0, "it may still be opened"
        service.cancel(conn, meeting_id, "Hoãn", by=SECRETARY, at=at)
        assert chat.purge(conn, end + chat.PRIVATE_KEPT) == 0
        assert chat.purge(conn, end + chat.PRIVATE_KEPT + timedelta(seconds=1)) == 1
        assert texts(chat.read_private(conn, meeting_id)) == [None]


ROW: dict[str, Any] = {"channel": "room", "ord": 1, "point_id": 2, "author": "x", "text": "t", "salt": "s", "state": "said"}


@pytest.mark.parametrize("values", [
    {"channel": "private"}, {"channel": "private", "point_id": None, "user_id": "u", "person_id": "p"}, {"point_id": None},
    {"state": "erased", "reason": "r"}, {"text": None, "salt": None}, {"state": "hidden"}, {"text": "x" * 1001}, {"state": "shouted"},
    {"point_id": 99}, {"channel": "hall"},
])
def test_the_database_refuses_what_no_message_can_be(db: Database, at: datetime, values: dict[str, Any]) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(insert(chat_message).values(**{**ROW, "meeting_id": meeting_id, "said_at": at, **values}))


def test_the_database_holds_the_moderation_and_lets_text_go_but_never_change(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        chat.say(conn, meeting_id, "Một", by=seat_of(meeting_id, POINTS[1]), at=at)
        muting.set_room(conn, meeting_id, by=CHAIR, at=at, chat="held")
    row = {**ROW, "meeting_id": meeting_id, "said_at": at, "ord": 2}
    with pytest.raises(IntegrityError, match="chat_moderated"), db.write() as conn:
        conn.execute(insert(chat_message).values(**row))
    with db.write() as conn:
        conn.execute(insert(chat_message).values(**{**row, "state": "held"}))
        muting.set_room(conn, meeting_id, by=CHAIR, at=at, chat="closed")
    with pytest.raises(IntegrityError, match="chat_moderated"), db.write() as conn:
        conn.execute(insert(chat_message).values(**{**row, "ord": 3, "state": "held"}))
    with pytest.raises(IntegrityError, match="chat_message_text"), db.write() as conn:
        conn.execute(update(chat_message).values(text="Khác"))
    with pytest.raises(IntegrityError, match="chat_message_kept"), db.write() as conn:
        conn.execute(delete(chat_message))
