"""Booking in both databases: 239 points in one action, conflicts by name, moves, releases, who sees what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError

from meetings import service as meetings
from meetings.access import Role, Subject
from meetings.errors import Closed, Conflict, Invalid, NotAllowed, NotFound
from meetings.meeting import State
from meetings.store import ledger_store
from meetings.store.database import Database
from meetings.store.triggers import violated
from scheduler import claims, service, store
from scheduler.booking import Point
from scheduler.slots import CIVIL, Slot, working_hours
from tests.scheduler.conftest import Office, Province

HOUR = timedelta(hours=1)
# Rules that never reach the database are tried on one engine.
one_engine = pytest.mark.parametrize("db", ["sqlite"], indirect=True)


def ids(points: list[Point]) -> list[int]:
    return [point.point_id for point in points]


def book(db: Database, office: Office, meeting_id: str, points: list[Point], at: datetime) -> int:
    with db.write() as conn:
        return service.book(conn, meeting_id, ids(points), office.secretary, at)


def booked(db: Database, office: Office, points: list[Point], start: datetime, at: datetime, **more: object) -> str:
    meeting_id = office.draft(db, start, **more)  # type: ignore[arg-type]
    book(db, office, meeting_id, points, at)
    return meeting_id


def state(db: Database, meeting_id: str) -> State:
    with db.read() as conn:
        return meetings.get(conn, meeting_id).state


def refused(db: Database, office: Office, meeting_id: str, points: list[Point], at: datetime) -> dict[str, object]:
    with pytest.raises(Conflict) as stopped:
        book(db, office, meeting_id, points, at)
    assert stopped.value.code == "booking.overlap"
    return stopped.value.params


def test_all_239_points_are_booked_in_one_action(db: Database, province: Province, at: datetime) -> None:
    office = province.office("22")
    meeting_id = office.draft(db, at + HOUR, title="Hội nghị toàn tỉnh")
    assert book(db, office, meeting_id, province.points, at) == 239
    with db.read() as conn:
        meeting = meetings.get(conn, meeting_id)
        events = ledger_store.events(conn, meeting_id)
        assert service.points_of_meeting(conn, meeting_id) == sorted(ids(province.points))
        named = service.bookings(conn, ids(province.points), Slot(at, at + 9 * HOUR))
    assert meeting.state is State.CONVENED
    assert [found.kind for found in events] == ["meeting.created", "meeting.booked", "meeting.convened"]
    assert events[1].data["count"] == len(events[1].data["points"]) == 239
    assert {point["level"] for point in events[1].data["points"]} == {"province", "district", "commune", "body"}
    assert {booking.slot for booking in named} == {Slot(meeting.start, meeting.end)}


def test_booking_inserts_all_points_by_one_statement(
    sqlite_db: Database, at: datetime, settle_in: Callable[..., Province]
) -> None:
    land = settle_in(sqlite_db, at)
    office = land.office("22")
    meeting_id = office.draft(sqlite_db, at + HOUR)
    inserts: list[bool] = []
    with sqlite_db.write() as conn:
        def watch(_c: object, _cursor: object, statement: str, _values: object, _context: object, many: bool) -> None:
            if statement.startswith("INSERT INTO booking"):
                inserts.append(many)

        event.listen(conn, "before_cursor_execute", watch)
        service.book(conn, meeting_id, ids(land.points), office.secretary, at)
    assert inserts == [False]


def test_a_conflict_names_point_meeting_unit_and_time(db: Database, province: Province, at: datetime) -> None:
    office = province.office("22")
    first = booked(db, office, province.under("202"), at + HOUR, at, title="Giao ban Ba Chẽ")
    second = office.draft(db, at + 2 * HOUR)
    conflicts = refused(db, office, second, [province.point("193"), province.point("06970")], at)["conflicts"]
    assert conflicts == [{
        "point": province.point("06970").point_id, "code": "06970", "name": "Thị trấn Ba Chẽ",
        "start": at + HOUR, "end": at + 3 * HOUR, "unit": "Tỉnh Quảng Ninh", "meeting": first,
        "meeting_title": "Giao ban Ba Chẽ", "note": None,
    }]
    assert state(db, second) is State.DRAFT
    with db.read() as conn:
        assert service.points_of_meeting(conn, second) == []


@one_engine
def test_all_conflicts_are_named_not_only_the_first(db: Database, province: Province, at: datetime) -> None:
    office = province.office("22")
    booked(db, office, province.under("202"), at + HOUR, at)
    conflicts = refused(db, office, office.draft(db, at + HOUR), province.points, at)["conflicts"]
    assert {entry["code"] for entry in conflicts} == {point.code for point in province.under("202")}


def test_meetings_that_touch_do_not_collide(db: Database, province: Province, at: datetime) -> None:
    office, chosen = province.office("22"), province.under("202")
    booked(db, office, chosen, at + HOUR, at, hours=2)
    booked(db, office, chosen, at + 3 * HOUR, at, hours=1)


@one_engine
def test_a_stranger_sees_time_and_unit_but_not_the_title(db: Database, province: Province, at: datetime) -> None:
    booked(db, province.office("22"), [province.point("202")], at + HOUR, at, title="Nhân sự")
    district = province.office("203")
    slot, wanted = Slot(at + HOUR, at + 2 * HOUR), [province.point("202").point_id]
    with db.read() as conn:
        known = service.conflicts(conn, wanted, slot, by=province.office("22").secretary)
        attending = service.conflicts(conn, wanted, slot, by=province.office("202").secretary)
        strange = service.conflicts(conn, wanted, slot, by=district.secretary)
        plain = service.bookings(conn, wanted, slot, by=district.secretary)
    assert known[0].meeting_title == attending[0].meeting_title == "Nhân sự"
    assert (strange[0].meeting_title, strange[0].meeting_id) == (None, None)
    assert (strange[0].unit, strange[0].slot.start) == ("Tỉnh Quảng Ninh", at + HOUR)
    assert plain == strange


@one_engine
def test_the_conflict_of_a_booking_is_masked_for_the_booker(db: Database, province: Province, at: datetime) -> None:
    booked(db, province.office("22"), [province.point("202")], at + HOUR, at, title="Nhân sự")
    body = province.office("203")
    booked(db, body, [province.point("203")], at + HOUR, at, title="Của huyện")
    entry = refused(db, province.office("22"), province.office("22").draft(db, at + HOUR), [province.point("203")], at)
    assert entry["conflicts"][0]["meeting_title"] is None
    assert entry["conflicts"][0]["unit"] == "Huyện Vân Đồn"


def test_booking_again_adds_and_gives_back(db: Database, province: Province, at: datetime) -> None:
    office = province.office("22")
    meeting_id = booked(db, office, province.under("202"), at + HOUR, at)
    assert book(db, office, meeting_id, [province.point("202"), province.point("203")], at) == 2
    booked(db, office, province.under("202", "commune"), at + HOUR, at)
    with db.read() as conn:
        assert set(service.points_of_meeting(conn, meeting_id)) == {
            province.point("202").point_id, province.point("203").point_id}


def test_a_refused_change_keeps_the_old_booking(db: Database, province: Province, at: datetime) -> None:
    office = province.office("22")
    booked(db, office, [province.point("203")], at + HOUR, at)
    meeting_id = booked(db, office, [province.point("202")], at + HOUR, at)
    refused(db, office, meeting_id, [province.point("203")], at)
    with db.read() as conn:
        assert service.points_of_meeting(conn, meeting_id) == [province.point("202").point_id]


def test_a_move_takes_all_points_along_and_keeps_links(db: Database, province: Province, at: datetime) -> None:
    office = province.office("22")
    meeting_id = booked(db, office, province.points, at + HOUR, at)
    with db.write() as conn:
        links = {link.link_id for link in meetings.links(conn, meeting_id)}
        moved = service.move(conn, meeting_id, at + 2 * HOUR, at + 4 * HOUR, office.secretary, at)
    assert (moved.start, moved.end) == (at + 2 * HOUR, at + 4 * HOUR)
    with db.read() as conn:
        found = service.bookings(conn, ids(province.points), Slot(at, at + 9 * HOUR))
        assert {link.link_id for link in meetings.links(conn, meeting_id)} == links
        assert ledger_store.events(conn, meeting_id)[-1].kind == "meeting.changed"
    assert len(found) == 239
    assert {booking.slot for booking in found} == {Slot(moved.start, moved.end)}


def test_a_refused_move_moves_nothing(db: Database, province: Province, at: datetime) -> None:
    office = province.office("22")
    meeting_id = booked(db, office, province.under("202"), at + HOUR, at)
    booked(db, office, [province.point("06970")], at + 4 * HOUR, at)
    with pytest.raises(Conflict), db.write() as conn:
        service.move(conn, meeting_id, at + 3 * HOUR, at + 5 * HOUR, office.secretary, at)
    with db.read() as conn:
        found = service.bookings(conn, ids(province.under("202")), Slot(at + HOUR, at + 3 * HOUR))
        assert meetings.get(conn, meeting_id).start == at + HOUR
    assert {booking.slot.start for booking in found} == {at + HOUR}


@one_engine
def test_a_draft_without_points_just_changes_its_time(db: Database, province: Province, at: datetime) -> None:
    office = province.office("22")
    meeting_id = office.draft(db, at + HOUR)
    with db.write() as conn:
        assert service.move(conn, meeting_id, at + 5 * HOUR, at + 6 * HOUR, office.secretary, at).start == at + 5 * HOUR


def test_cancelling_frees_the_points(db: Database, province: Province, at: datetime) -> None:
    office, chosen = province.office("22"), province.under("202")
    meeting_id = booked(db, office, chosen, at + HOUR, at)
    with db.write() as conn:
        service.cancel(conn, meeting_id, "Hoãn vì bão", office.secretary, at)
    assert state(db, meeting_id) is State.CANCELLED
    booked(db, office, chosen, at + HOUR, at)


@one_engine
def test_release_beside_a_cancel_frees_the_points_once(db: Database, province: Province, at: datetime) -> None:
    office, chosen = province.office("22"), province.under("202")
    meeting_id = booked(db, office, chosen, at + HOUR, at)
    with db.write() as conn:
        meetings.cancel(conn, meeting_id, "Hoãn", office.secretary, at)
        assert service.release(conn, meeting_id, office.secretary, at) == len(chosen)
        assert service.release(conn, meeting_id, office.secretary, at) == 0


def test_a_meeting_that_ends_early_gives_the_rest_back(db: Database, province: Province, at: datetime) -> None:
    office, chosen = province.office("22"), [province.point("202")]
    meeting_id = booked(db, office, chosen, at + HOUR, at, hours=4)
    with db.write() as conn:
        meetings.open(conn, meeting_id, office.secretary, at + HOUR)
        with pytest.raises(Conflict):
            service.release(conn, meeting_id, office.secretary, at + HOUR)
        meetings.close(conn, meeting_id, office.secretary, at + 2 * HOUR)
        assert service.release(conn, meeting_id, office.secretary, at + 2 * HOUR) == 1
        left = service.bookings(conn, ids(chosen), Slot(at, at + 9 * HOUR))
    assert [booking.slot for booking in left] == [Slot(at + HOUR, at + 2 * HOUR)]
    booked(db, office, chosen, at + 2 * HOUR, at + 2 * HOUR)


@one_engine
@pytest.mark.parametrize(
    ("convenor", "points", "direct"),
    [("202", ["202", "06970"], True), ("202", ["203"], False), ("202", ["22"], False), ("06970", ["06970"], True),
     ("06970", ["202"], False), ("SB01", ["22", "202", "SB02"], True)],
)
def test_a_unit_books_its_own_subtree_and_asks_for_the_rest(
    db: Database, province: Province, at: datetime, convenor: str, points: list[str], direct: bool
) -> None:
    office = province.office(convenor)
    meeting_id = office.draft(db, at + HOUR)
    chosen = [province.point(code) for code in points]
    assert book(db, office, meeting_id, chosen, at) == len(points)
    with db.read() as conn:
        pending = service.points_of_meeting(conn, meeting_id, "pending")
    outside = [point.point_id for point in chosen if not province.tree.within(point.unit_id, office.unit.id)]
    assert pending == ([] if direct else sorted(outside))
    assert state(db, meeting_id) is (State.CONVENED if direct else State.DRAFT)


@one_engine
def test_only_the_meetings_secretary_books(db: Database, province: Province, at: datetime) -> None:
    meeting_id = province.office("22").draft(db, at + HOUR)
    with pytest.raises(NotFound):
        book(db, province.office("202"), meeting_id, [province.point("202")], at)
    unit_id = province.unit("22").unit_id
    clerk = Subject("u-c", "Văn thư", "", unit_id, (unit_id,), frozenset({Role.CLERK}))
    with pytest.raises(NotAllowed), db.write() as conn:
        service.book(conn, meeting_id, [province.point("202").point_id], clerk, at)


@one_engine
def test_nobody_unknown_points_and_the_past_are_refused(db: Database, province: Province, at: datetime) -> None:
    office = province.office("22")
    meeting_id = office.draft(db, at + HOUR)
    with pytest.raises(Invalid) as invalid:
        book(db, office, meeting_id, [], at)
    assert invalid.value.code == "booking.nobody"
    with pytest.raises(NotFound) as unknown, db.write() as conn:
        service.book(conn, meeting_id, [424242], office.secretary, at)
    assert unknown.value.code == "point.unknown"
    with pytest.raises(Invalid) as past:
        book(db, office, meeting_id, [province.point("22")], at + 9 * HOUR)
    assert past.value.code == "booking.past"
    with pytest.raises(Invalid) as backwards, db.write() as conn:
        service.move(conn, meeting_id, at + 2 * HOUR, at + HOUR, office.secretary, at)
    assert backwards.value.code == "meeting.end_before_start"


@one_engine
def test_a_cancelled_meeting_books_nothing(db: Database, province: Province, at: datetime) -> None:
    office = province.office("22")
    meeting_id = office.draft(db, at + HOUR)
    with db.write() as conn:
        service.cancel(conn, meeting_id, "Nhập nhầm", office.secretary, at)
    with pytest.raises(Closed):
        book(db, office, meeting_id, [province.point("22")], at)


def test_a_point_whose_unit_has_ended_by_then_is_refused(
    sqlite_db: Database, at: datetime, settle_in: Callable[..., Province]
) -> None:
    settle_in(sqlite_db, datetime(2025, 6, 1, tzinfo=at.tzinfo), "quang-ninh-2025")
    land = settle_in(sqlite_db, at, "quang-ninh-2025")
    office = land.office("22")
    meeting_id = office.draft(sqlite_db, at + HOUR)
    with pytest.raises(Invalid) as stopped:
        book(sqlite_db, office, meeting_id, [land.point("06979")], at)
    assert (stopped.value.code, stopped.value.params["points"]) == ("booking.unit_ended", ["Xã Đạp Thanh"])
    assert book(sqlite_db, office, meeting_id, [land.point("06979-2025")], at) == 1


@one_engine
def test_free_slots_are_free_for_all_points_together(db: Database, province: Province, at: datetime) -> None:
    day = date(2026, 3, 9)
    eight = datetime(2026, 3, 9, 8, tzinfo=CIVIL)
    office = province.office("22")
    booked(db, office, [province.point("202")], eight, at, hours=1)
    booked(db, office, [province.point("203")], eight + 3 * HOUR, at, hours=1)
    hours = working_hours(day, time(7, 30), time(17), CIVIL)
    chosen = [province.point("202").point_id, province.point("203").point_id]
    with db.read() as conn:
        free = service.free_slots(conn, chosen, hours, 2 * HOUR)
        anywhere = service.free_slots(conn, [province.point("205").point_id], hours, 2 * HOUR)
    assert free == [Slot(eight + HOUR, eight + 3 * HOUR), Slot(eight + 4 * HOUR, eight + 9 * HOUR)]
    assert anywhere == [hours]


@pytest.mark.parametrize("verb", ["book", "move"])
def test_what_slips_past_the_check_is_refused_by_the_constraint_with_the_same_names(
    db: Database, province: Province, at: datetime, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, chosen = province.office("22"), [province.point("202")]
    first = booked(db, office, chosen, at + HOUR, at)
    second = booked(db, office, chosen, at + 4 * HOUR, at) if verb == "move" else office.draft(db, at + HOUR)
    monkeypatch.setattr(claims, "check_free", lambda *_: None)
    with pytest.raises(Conflict) as stopped, db.write() as conn:
        if verb == "book":
            service.book(conn, second, ids(chosen), office.secretary, at)
        else:
            service.move(conn, second, at + 2 * HOUR, at + 3 * HOUR, office.secretary, at)
    assert stopped.value.code == "booking.overlap"
    assert [(entry["meeting"], entry["code"]) for entry in stopped.value.params["conflicts"]] == [(first, "202")]


@pytest.mark.parametrize("change", ["overlap", "backwards", "revive", "delete", "exchange"])
def test_the_database_itself_refuses(db: Database, province: Province, at: datetime, change: str) -> None:
    office = province.office("22")
    first = booked(db, office, [province.point("202")], at + HOUR, at)
    second = booked(db, office, [province.point("202")], at + 4 * HOUR, at)
    table, row = store.booking, store.booking.c
    with db.write() as conn:
        kept = dict(conn.execute(select(table).where(row.meeting_id == first)).one()._mapping)
    kept.pop("booking_id")
    kept["meeting_id"] = office.draft(db, at + HOUR)
    mine = table.update().where(row.meeting_id == second)
    statements = {
        "overlap": mine.values(starts_at=at + 2 * HOUR),
        "backwards": mine.values(ends_at=at + 4 * HOUR),
        "revive": mine.values(state="confirmed", released_at=None, starts_at=at + 7 * HOUR, ends_at=at + 8 * HOUR),
        "delete": table.delete().where(row.meeting_id == second),
        "exchange": mine.values(point_id=province.point("203").point_id),
    }
    if change == "revive":
        with db.write() as conn:
            service.release(conn, second, office.secretary, at)
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(statements[change])
    with pytest.raises(IntegrityError) as clash, db.write() as conn:
        conn.execute(table.insert().values(**kept))
    assert violated(clash.value, "booking_overlap")
