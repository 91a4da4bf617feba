"""Points as resources: hours of a week, cards with a version, sheets taken whole or not at all, maintenance against bookings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from meetings.access import Role, Subject
from meetings.errors import Conflict, Invalid, MeetingError, NotFound, Stale
from meetings.store.database import Database
from meetings.store.ledger_store import events
from scheduler import maintenance, point_card, point_sheet, points, service, store
from scheduler.hours import DAYS, Hours, of_data, outside, parse
from scheduler.point_card import Card
from scheduler.slots import CIVIL, Slot
from tests.scheduler.conftest import Province

HOUR = timedelta(hours=1)
OFFICE = parse(["07:30-11:30 13:00-17:00"] * 5 + ["", ""])
CARD = Card(40, "2 màn hình", 20_000, 10_000, OFFICE, "Vũ Anh", "0912 345 678", "vu@x.vn", "Lê Bình", "+84 203 111 222", "")


def slot(day: int, start: str, end: str, until: int | None = None) -> Slot:
    """A time in March 2026 on the wall in Ha Noi; the 9th is a Monday."""
    at = [datetime.fromisoformat(f"2026-03-{on:02d}T{clock}").replace(tzinfo=CIVIL) for on, clock in ((day, start), (until or day, end))]
    return Slot(*at)


@pytest.mark.parametrize(("wanted", "why"), [
    (slot(9, "07:30", "11:30"), None),
    (slot(9, "13:00", "17:00"), None),
    (slot(9, "11:00", "13:30"), "07:30–11:30 13:00–17:00"),
    (slot(9, "07:00", "08:00"), "07:30–11:30 13:00–17:00"),
    (slot(14, "08:00", "09:00"), ""),
    (slot(9, "16:00", "08:00", 10), "07:30–11:30 13:00–17:00"),
])
def test_a_slot_must_lie_within_the_hours(wanted: Slot, why: str | None) -> None:
    assert outside(OFFICE, wanted) == why
    assert outside(None, wanted) is None


def test_hours_reach_over_midnight_where_both_days_say_so() -> None:
    always = parse(["00:00-24:00"] * 7)
    assert outside(always, slot(9, "20:00", "04:00", 12)) is None
    assert outside(parse(["00:00-24:00"] * 3 + [""] * 4), slot(10, "20:00", "04:00", 12)) is not None


@pytest.mark.parametrize("text", ["8h-11h", "07:30", "11:30-07:30", "07:00-09:00 08:00-10:00", "07:00-07:00", "00:00-24:30", "25:00-26:00", "x 07:00-08:00"])
def test_hours_that_cannot_be_read_are_named_by_their_day(text: str) -> None:
    with pytest.raises(Invalid, match=r"point\.hours") as refused:
        parse(["", text, *[""] * 5])
    assert refused.value.params["field"] == "tue"


@given(st.lists(st.lists(st.integers(0, 1440), max_size=6, unique=True), min_size=7, max_size=7))
def test_hours_come_back_as_they_were_kept(week: list[list[int]]) -> None:
    days = tuple(tuple(zip(sorted(day)[::2], sorted(day)[1::2], strict=False)) for day in week)
    kept = Hours(days)
    if any(days):
        assert of_data(kept.as_data()) == kept
        assert parse([kept.shown(day) for day in range(7)]) == kept


def subject(province: Province, code: str, role: Role) -> Subject:
    return replace(province.office(code).secretary, roles=frozenset({role}))


def card_of(db: Database, point_id: int) -> point_card.Kept:
    with db.read() as conn:
        return points.kept(conn, [point_id])[0]


def test_a_card_is_kept_with_its_version_and_its_history(db: Database, province: Province, at: datetime) -> None:
    point = province.point("207")
    keeper = subject(province, "207", Role.OFFICER)
    assert card_of(db, point.point_id) == point_card.Kept(point, Card(), 1)
    with db.write() as conn:
        assert points.edit(conn, [(point.point_id, CARD, 1)], keeper, at) == 1
        assert points.edit(conn, [(point.point_id, CARD, 2)], keeper, at) == 0, "nothing is different"
    found = card_of(db, point.point_id)
    assert (found.card, found.version, found.point.capacity) == (CARD, 2, 40)
    with pytest.raises(Stale, match=r"point\.changed"), db.write() as conn:
        points.edit(conn, [(point.point_id, Card(), 1)], keeper, at)
    with db.read() as conn:
        told = [one for one in events(conn, None) if one.kind == "point.changed"]
    assert len(told) == 1 and told[0].point == {"id": point.point_id, "code": "207", "name": point.name}
    assert told[0].data["mon"] == "07:30–11:30 13:00–17:00" and "sat" not in told[0].data
    with db.write() as conn:
        points.edit(conn, [(point.point_id, Card(), None)], keeper, at)
    assert card_of(db, point.point_id).card == Card()


def test_only_those_who_look_after_a_point_change_it(db: Database, province: Province, at: datetime) -> None:
    point = province.point("207").point_id
    for who in (subject(province, "22", Role.OFFICER), subject(province, "202", Role.SECRETARY), subject(province, "207", Role.CHAIR)):
        with pytest.raises(NotFound), db.write() as conn:
            points.edit(conn, [(point, CARD, None)], who, at)
    for who in (subject(province, "22", Role.TECHNICIAN), subject(province, "22", Role.SECRETARY)):
        with db.write() as conn:
            points.edit(conn, [(point, replace(CARD, equipment=who.user_id or "" + str(who.roles)), None)], who, at)


def test_which_points_are_closed_is_found_for_many_at_once(db: Database, province: Province, at: datetime) -> None:
    chosen = [province.point(code).point_id for code in ("22", "202", "207")]
    with db.write() as conn:
        points.edit(conn, [(point_id, CARD, None) for point_id in chosen[1:]], province.office("22").secretary, at)
    with db.read() as conn:
        assert points.closed(conn, chosen, slot(9, "08:00", "09:00")) == []
        found = points.closed(conn, chosen, slot(14, "08:00", "09:00"))
    assert [(one.code, one.hours) for one in found] == [("202", ""), ("207", "")]


def test_a_sheet_goes_out_and_comes_back(db: Database, province: Province, at: datetime) -> None:
    with db.write() as conn:
        points.edit(conn, [(province.point("207").point_id, replace(CARD, equipment="=1+1"), None)], province.office("22").secretary, at)
    with db.read() as conn:
        known = {one.point.code: one for one in points.kept(conn, [point.point_id for point in province.points])}
    text = point_sheet.write(known.values())
    assert text.startswith("\ufeffcode,unit,name,version,") and "'=1+1" in text
    rows, bad = point_sheet.read(text.encode(), known)
    assert not bad and len(rows) == 239
    assert all(row.card == known[row.code].card for row in rows)


def test_bad_rows_are_named_by_line_and_nothing_is_taken(db: Database, province: Province) -> None:
    with db.read() as conn:
        known = {one.point.code: one for one in points.kept(conn, [point.point_id for point in province.points[:5]])}
    codes = list(known)
    text = (f"code;version;capacity;mon\r\n{codes[0]};1;30;\r\n{codes[1]};7;30;\r\n99999;;1;\r\n{codes[0]};;2;\r\n"
            f"\r\n{codes[2]};;nhiều;\r\n{codes[3]};;3;sáng\r\n")
    rows, bad = point_sheet.read(text.encode(), known)
    assert [row.code for row in rows] == [codes[0]] and rows[0].card.capacity == 30
    assert [(one.line, one.error.code) for one in bad] == [
        (3, "sheet.stale"), (4, "sheet.code"), (5, "sheet.twice"), (7, "point.number"), (8, "point.hours")]


@pytest.mark.parametrize(("data", "code"), [
    (b"code,capacity\n\xff\xfe", "sheet.encoding"), (b"name\nx", "sheet.columns"), (b"code,what\nx,1", "sheet.columns"),
    (b"", "sheet.columns"), (b"code,code\n1,2", "sheet.columns"), (b"x" * ((8 << 20) + 1), "sheet.too_large"),
    (b"code\n" + b"1\n" * 10_001, "sheet.too_many"), (b"code\n" + b'"' + b"x" * 200_000, "sheet.csv"),
])
def test_a_file_that_is_no_sheet_is_refused_with_its_reason(data: bytes, code: str) -> None:
    with pytest.raises(MeetingError) as refused:
        point_sheet.read(data, {})
    assert refused.value.code == code


def test_a_blocked_point_is_not_booked_and_a_booked_one_not_blocked(db: Database, province: Province, at: datetime) -> None:
    office, point = province.office("22"), province.point("207").point_id
    meeting_id = office.draft(db, at + HOUR, hours=1, title="Giao ban")
    with db.write() as conn:
        service.book(conn, meeting_id, [point], office.secretary, at)
    with pytest.raises(Conflict, match=r"booking\.overlap") as refused, db.write() as conn:
        maintenance.block(conn, point, Slot(at, at + 2 * HOUR), "Bảo trì", office.secretary, at)
    assert refused.value.params["conflicts"][0]["meeting_title"] == "Giao ban"
    free = Slot(at + 2 * HOUR, at + 4 * HOUR)
    with db.write() as conn:
        block = maintenance.block(conn, point, free, "Bảo trì", office.secretary, at)
    with pytest.raises(Conflict, match=r"booking\.overlap") as refused, db.write() as conn:
        maintenance.block(conn, point, Slot(at + 3 * HOUR, at + 5 * HOUR), "Nữa", office.secretary, at)
    assert refused.value.params["conflicts"][0]["note"] == "Bảo trì"
    with db.read() as conn:
        assert maintenance.blocks(conn, [point], free) == [maintenance.Block(block, point, free, "Bảo trì")]
        assert maintenance.blocks(conn, [point], Slot(at, at + 2 * HOUR)) == []
    other = office.draft(db, at + 3 * HOUR, hours=1)
    with pytest.raises(Conflict), db.write() as conn:
        service.book(conn, other, [point], office.secretary, at)


def test_a_lifted_block_gives_its_time_back_but_not_what_is_over(db: Database, province: Province, at: datetime) -> None:
    office, point = province.office("22"), province.point("207").point_id
    with db.write() as conn:
        running = maintenance.block(conn, point, Slot(at - HOUR, at + HOUR), "Đang sửa", office.secretary, at)
        later = maintenance.block(conn, point, Slot(at + HOUR, at + 2 * HOUR), "Sửa tiếp", office.secretary, at)
        for block in (running, later):
            maintenance.lift(conn, block, office.secretary, at)
        for block in (running, later, 999):
            with pytest.raises(NotFound):
                maintenance.lift(conn, block, office.secretary, at + timedelta(seconds=1))
        states = conn.execute(select(store.booking.c.state, store.booking.c.ends_at).order_by(store.booking.c.booking_id)).all()
    assert [tuple(row) for row in states] == [("blocked", at), ("released", at + 2 * HOUR)]


@pytest.mark.parametrize(("start", "end", "code"), [(-2, -1, "point.block_past"), (1, 24 * 400, "point.block_long")])
def test_a_block_lies_ahead_and_within_a_year(db: Database, province: Province, at: datetime, start: int, end: int, code: str) -> None:
    with pytest.raises(Invalid) as refused, db.write() as conn:
        maintenance.block(conn, province.points[0].point_id, Slot(at + start * HOUR, at + end * HOUR), "x", province.office("22").secretary, at)
    assert refused.value.code == code


def test_strangers_block_and_lift_nothing(db: Database, province: Province, at: datetime) -> None:
    point, stranger = province.point("207").point_id, province.office("202").secretary
    with db.write() as conn:
        block = maintenance.block(conn, point, Slot(at, at + HOUR), "x", province.office("207").secretary, at)
    for attempt in (lambda conn: maintenance.lift(conn, block, stranger, at),
                    lambda conn: maintenance.block(conn, point, Slot(at + HOUR, at + 2 * HOUR), "x", stranger, at)):
        with pytest.raises(NotFound), db.write() as conn:
            attempt(conn)


def test_what_is_typed_comes_back_and_all_mistakes_at_once() -> None:
    assert point_card.read(CARD.typed()) == (CARD, {})
    wrong = {"capacity": "-1", "down_kbps": "0", "technician_phone": "gọi sau", "deputy_email": "a@b", "sun": "cả ngày", "equipment": "x" * 1001}
    _card, errors = point_card.read(wrong)
    assert set(errors) == set(wrong)
    assert DAYS[6] == "sun" and datetime(2026, 3, 15, tzinfo=UTC).weekday() == 6
