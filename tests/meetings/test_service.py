"""A meeting's life, on both databases: each step is recorded, wrong steps are refused with their reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from meetings import service
from meetings.access import Subject
from meetings.errors import Closed, Conflict, Invalid, NotAllowed, NotFound
from meetings.ledger import verify_chain
from meetings.meeting import AgendaLine, Person, State
from meetings.store import tables
from meetings.store.database import Connection, Database
from meetings.store.ledger_store import events
from meetings.voting import Rule
from tests.support.factories import (
    ADMIN,
    CHAIR,
    CLERK,
    DIVISION_HEAD,
    OFFICER,
    POINTS,
    PROVINCE,
    SECRETARY,
    STRANGER,
    convened,
    draft,
    new_meeting,
    opened,
    person,
)


def kinds(conn: Connection, meeting_id: str) -> list[str]:
    return [event.kind for event in events(conn, meeting_id)]


@pytest.mark.parametrize("post, other", [
    ("secretary", "chair"), ("division_head", "chair"), ("division_head", "secretary")])
def test_the_three_who_sign_the_minutes_are_three_people(
    sqlite_db: Database, at: datetime, post: str, other: str
) -> None:
    people = {"chair": person(CHAIR), "secretary": person(SECRETARY), "division_head": person(DIVISION_HEAD)}
    with sqlite_db.write() as conn, pytest.raises(Invalid, match=r"meeting\.same_person") as caught:
        draft(conn, at, **{**people, post: people[other]})
    assert caught.value.params["field"] == post
    with sqlite_db.write() as conn:
        meeting_id = draft(conn, at, clerk=person(SECRETARY))  # the clerk seals for the agency
        with pytest.raises(Invalid, match=r"meeting\.same_person"):
            service.change(conn, meeting_id, by=SECRETARY, at=at, **{post: people[other]})


@pytest.mark.parametrize("post, other", [
    ("secretary_id", "chair_id"), ("division_head_id", "chair_id"), ("division_head_id", "secretary_id")])
def test_the_database_itself_knows_three_people_who_sign(db: Database, at: datetime, post: str, other: str) -> None:
    table = tables.meeting
    with db.write() as conn:
        meeting_id = draft(conn, at)
        row = dict(conn.execute(table.select()).one()._mapping)
    with pytest.raises(IntegrityError, match="meeting_three_signers_update"), db.write() as conn:
        conn.execute(update(table).where(table.c.meeting_id == meeting_id).values({post: row[other]}))
    with pytest.raises(IntegrityError, match="meeting_three_signers_insert"), db.write() as conn:
        conn.execute(insert(table).values({**row, "meeting_id": "x", post: row[other]}))


def test_a_new_meeting_is_a_draft_and_its_first_event_tells_all(db: Database, at: datetime) -> None:
    with db.write() as conn:
        made = service.create(conn, new_meeting(at), by=SECRETARY, at=at)
    with db.read() as conn:
        assert service.get(conn, made.meeting_id) == made
        [event] = events(conn, made.meeting_id)
    assert made.state is State.DRAFT
    assert event.kind == "meeting.created"
    assert event.actor == {"user": "u-secretary", "name": "Nguyễn Thị Thu"}
    assert event.data == {
        "title": "Hội nghị giao ban tháng 3", "kind": "conference", "place": "Phòng họp số 1",
        "start": "2026-03-08T01:00:00.000000Z", "end": "2026-03-08T04:00:00.000000Z",
        "unit": {"id": "t", "name": "Ủy ban nhân dân tỉnh Quảng Ninh", "parent_name": None, "path": ["t"]},
        "chair": {"id": "u-chair", "name": "Phạm Minh Hải", "title": "Phó Chủ tịch"},
        "secretary": {"id": "u-secretary", "name": "Nguyễn Thị Thu", "title": "Chuyên viên Văn phòng"},
        "division_head": {"id": "u-head", "name": "Trần Văn Đức", "title": "Trưởng phòng Tổng hợp"},
        "clerk": {"id": "u-clerk", "name": "Lê Thị Hoa", "title": "Văn thư"},
        "agenda": [{"item": 1, "title": "Báo cáo kết quả", "presenter": "Văn phòng"},
                   {"item": 2, "title": "Thảo luận", "presenter": "Các điểm cầu"}],
    }


def test_the_whole_life_is_in_the_ledger_in_order(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        service.open(conn, meeting_id, by=CHAIR, at=at)
        service.suspend(conn, meeting_id, by=CHAIR, at=at)
        service.resume(conn, meeting_id, by=SECRETARY, at=at)
        service.close(conn, meeting_id, by=CHAIR, at=at + timedelta(hours=1))
    with db.read() as conn:
        meeting, chain = service.get(conn, meeting_id), events(conn, meeting_id)
    assert [event.kind for event in chain] == [
        "meeting.created", "meeting.booked", "meeting.convened", "meeting.opened", "meeting.suspended",
        "meeting.resumed", "meeting.closed"]
    assert verify_chain(chain) is None
    assert (meeting.state, meeting.opened_at, meeting.closed_at) == (State.CONCLUDED, at, at + timedelta(hours=1))
    assert chain[-1].data == {"present": 0, "booked": 5}


def test_closing_ends_what_still_runs(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.agenda_go(conn, meeting_id, 2, by=CHAIR, at=at)
        service.floor_give(conn, meeting_id, 3, by=CHAIR, at=at)
        before = len(kinds(conn, meeting_id))
        service.close(conn, meeting_id, by=CHAIR, at=at)
        assert kinds(conn, meeting_id)[before:] == ["agenda.ended", "floor.taken", "meeting.closed"]
        assert events(conn, meeting_id)[-1].data == {"present": 5, "booked": 5}
        assert service.state(conn, meeting_id).present == 0
        assert not service.seat_leave(conn, meeting_id, 3, "room_closed", at)


def test_a_meeting_with_an_open_vote_cannot_be_closed(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.motion_open(conn, meeting_id, "Thông qua", Rule(Fraction(0), Fraction(1, 2), "all"), by=CHAIR, at=at)
        with pytest.raises(Conflict) as refused:
            service.close(conn, meeting_id, by=CHAIR, at=at)
    assert (refused.value.code, refused.value.params) == ("motion.open", {"title": "Thông qua"})


@pytest.mark.parametrize(("changes", "code"), [
    ({"title": " "}, "text.empty"), ({"title": "x" * 501}, "text.too_long"), ({"title": "a\u202eb"}, "text.control"),
    ({"kind": ""}, "text.empty"), ({"agenda": [AgendaLine("")]}, "text.empty"),
    ({"chair": Person("", "Không ai", "")}, "text.empty"), ({"unit": replace(PROVINCE, id="")}, "unit.unknown"),
])
def test_bad_input_makes_no_meeting(
    sqlite_db: Database, at: datetime, changes: dict[str, object], code: str,
) -> None:
    with pytest.raises(Invalid) as refused, sqlite_db.write() as conn:
        draft(conn, at, **changes)
    assert refused.value.code == code
    with sqlite_db.read() as conn:
        assert service.find(conn) == []


def test_an_end_before_the_start_makes_no_meeting(sqlite_db: Database, at: datetime) -> None:
    for start, end in ((at, at), (at, at - timedelta(seconds=1))):
        with pytest.raises(Invalid) as refused, sqlite_db.write() as conn:
            draft(conn, at, start=start, end=end)
        assert (refused.value.code, refused.value.params) == ("meeting.end_before_start", {"field": "end"})


@pytest.mark.parametrize("who", [OFFICER, STRANGER, CLERK, CHAIR, ADMIN, Subject()])
def test_only_a_secretary_of_the_unit_drafts(sqlite_db: Database, at: datetime, who: Subject) -> None:
    with pytest.raises(NotFound), sqlite_db.write() as conn:
        service.create(conn, new_meeting(at), by=who, at=at)


def test_an_unknown_meeting_and_a_foreign_one_answer_alike(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = convened(conn, at)
    answers = []
    for target in (meeting_id, "nothing"):
        with pytest.raises(NotFound) as refused, sqlite_db.write() as conn:
            service.open(conn, target, by=STRANGER, at=at)
        answers.append((refused.value.code, refused.value.params))
    assert answers == [("not_found", {})] * 2


def test_who_may_read_but_not_conduct_is_told_so(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = convened(conn, at)
        for who in (OFFICER, CLERK):
            with pytest.raises(NotAllowed):
                service.open(conn, meeting_id, by=who, at=at)


def test_a_draft_without_points_is_not_convened(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = draft(conn, at)
        with pytest.raises(Conflict, match=r"meeting\.no_points"):
            service.convene(conn, meeting_id, by=SECRETARY, at=at)


def test_steps_out_of_order_are_refused_and_change_nothing(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = convened(conn, at)
        for step in (service.suspend, service.resume, service.close):
            with pytest.raises(Conflict, match=r"meeting\.state"):
                step(conn, meeting_id, by=CHAIR, at=at)
        service.open(conn, meeting_id, by=CHAIR, at=at)
        service.suspend(conn, meeting_id, by=CHAIR, at=at)
        with pytest.raises(Conflict, match=r"meeting\.state"):
            service.open(conn, meeting_id, by=CHAIR, at=at)  # a suspended meeting is resumed
        with pytest.raises(Conflict, match=r"meeting\.state"):
            service.cancel(conn, meeting_id, "muộn", by=SECRETARY, at=at)
        assert service.get(conn, meeting_id).state is State.SUSPENDED


def test_a_concluded_meeting_takes_nothing_more(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.close(conn, meeting_id, by=CHAIR, at=at)
        count = len(events(conn, meeting_id))
        for attempt in (
            lambda: service.open(conn, meeting_id, by=CHAIR, at=at),
            lambda: service.resume(conn, meeting_id, by=CHAIR, at=at),
            lambda: service.change(conn, meeting_id, by=SECRETARY, at=at, title="Khác"),
            lambda: service.agenda_go(conn, meeting_id, 1, by=CHAIR, at=at),
            lambda: service.conclusion_write(conn, meeting_id, "Muộn", by=CHAIR, at=at),
            lambda: service.seat_join(conn, meeting_id, 1, at),
            lambda: service.seats_set(conn, meeting_id, POINTS[:1], by=SECRETARY, at=at),
            lambda: service.document_add(conn, meeting_id, "a.txt", "text/plain", 1, "0" * 64, by=SECRETARY, at=at),
            lambda: service.delegate_add(conn, meeting_id, 1, "Đại biểu", "", True, by=SECRETARY, at=at),
        ):
            with pytest.raises(Closed, match=r"meeting\.concluded"):
                attempt()
        assert len(events(conn, meeting_id)) == count


def test_the_database_itself_never_reopens_nor_changes_nor_forgets_a_meeting(db: Database, at: datetime) -> None:
    with db.write() as conn:
        concluded, cancelled, running = opened(conn, at), convened(conn, at), opened(conn, at)
        service.close(conn, concluded, by=CHAIR, at=at)
        service.cancel(conn, cancelled, "Bão số 3", by=SECRETARY, at=at)
    table = tables.meeting
    attempts = [(meeting_id, {"state": state.value}) for meeting_id in (concluded, cancelled) for state in State]
    attempts += [(concluded, {"title": "Khác"}), (running, {"state": "draft"}), (running, {"state": "convened"}),
                 (running, {"state": "unheard"})]
    for meeting_id, values in attempts:
        with pytest.raises(IntegrityError), db.write() as conn:
            conn.execute(update(table).where(table.c.meeting_id == meeting_id).values(**values))
    with pytest.raises(IntegrityError, match="meeting_kept"), db.write() as conn:
        conn.execute(table.delete().where(table.c.meeting_id == running))


def test_the_database_takes_a_new_meeting_as_a_draft_only(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = draft(conn, at)
        row = dict(conn.execute(tables.meeting.select()).one()._mapping)
    assert row["meeting_id"] == meeting_id
    with pytest.raises(IntegrityError, match="meeting_starts_as_draft"), db.write() as conn:
        conn.execute(insert(tables.meeting).values({**row, "meeting_id": "x", "state": "open"}))


def test_a_cancelled_meeting_keeps_its_reason(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = convened(conn, at)
        with pytest.raises(Invalid, match=r"text\.empty"):
            service.cancel(conn, meeting_id, "  ", by=SECRETARY, at=at)
        service.cancel(conn, meeting_id, "Bão số 3", by=SECRETARY, at=at)
        assert events(conn, meeting_id)[-1].data == {"reason": "Bão số 3"}
        with pytest.raises(Closed, match=r"meeting\.cancelled"):
            service.open(conn, meeting_id, by=CHAIR, at=at)


def test_changes_are_recorded_with_what_they_changed(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = draft(conn, at)
        changed = service.change(conn, meeting_id, by=SECRETARY, at=at, title=" Hội nghị khẩn ", chair=person(CLERK),
                                 start=at, end=at + timedelta(hours=2), agenda=[AgendaLine("Một việc")])
        assert (changed.title, changed.chair, changed.start) == ("Hội nghị khẩn", person(CLERK), at)
        assert events(conn, meeting_id)[-1].data == {
            "title": "Hội nghị khẩn", "chair": person(CLERK).as_data(), "start": "2026-03-05T01:00:00.000000Z",
            "end": "2026-03-05T03:00:00.000000Z", "agenda": [{"item": 1, "title": "Một việc", "presenter": ""}]}
        assert [item.title for item in service.state(conn, meeting_id).agenda] == ["Một việc"]
        with pytest.raises(TypeError):
            service.change(conn, meeting_id, by=SECRETARY, at=at, state="open")


def test_the_times_of_booked_points_stay(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = convened(conn, at)
        with pytest.raises(Conflict, match=r"meeting\.booked"):
            service.change(conn, meeting_id, by=SECRETARY, at=at, start=at)
        assert service.change(conn, meeting_id, by=SECRETARY, at=at, place="Hội trường").place == "Hội trường"


def test_meetings_are_found_by_who_asks(db: Database, at: datetime) -> None:
    with db.write() as conn:
        mine, booked = draft(conn, at), convened(conn, at, POINTS[:3], start=at, end=at + timedelta(hours=1))

    def found(**question: object) -> list[str]:
        with db.read() as conn:
            return [meeting.meeting_id for meeting in service.find(conn, **question)]

    assert found() == [booked, mine]
    assert found(unit_ids=["t"]) == [booked, mine]
    assert found(unit_ids=[]) == []
    assert found(user_id="u-clerk") == [booked, mine]
    assert found(user_id="u-stranger", attending_unit="x1") == [booked]
    assert found(user_id="u-stranger", attending_unit="x4") == []
    assert found(attending_unit="t") == [booked]  # a draft is nobody's but its makers'
    assert found(states=[State.DRAFT]) == [mine]
    assert found(after=at + timedelta(hours=1)) == [mine]
    assert found(before=at + timedelta(hours=1)) == [booked]
