"""Delegates named before a meeting: by whom, until when, instead of whom; and ten thousand of them from a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from meetings.access import Role, SeatRef, Subject
from meetings.errors import Closed, Invalid, MeetingError, NotAllowed, NotFound
from meetings.store import ledger_store, meeting_store
from meetings.store.database import Database
from scheduler import claims, delegate_list, delegate_sheet, service
from scheduler.delegate_sheet import Entry
from tests.scheduler.conftest import Province, look
from tests.support.postgres import restore

HOUR = timedelta(hours=1)


@pytest.fixture
def story(db: Database, province: Province, at: datetime) -> tuple[str, int, int]:
    """A meeting in three days with two points: its id and theirs."""
    office = province.office("22")
    first, second = (province.point(code).point_id for code in ("202", "207"))
    meeting_id = office.draft(db, at + 72 * HOUR)
    with db.write() as conn:
        service.book(conn, meeting_id, [first, second], office.secretary, at)
    return meeting_id, first, second


def names(db: Database, meeting_id: str) -> list[str]:
    with db.read() as conn:
        return sorted(row.name for row in delegate_list.entries(conn, meeting_id))


def test_each_point_names_its_own_delegates_and_nobody_elses(db: Database, province: Province, at: datetime, story: tuple[str, int, int]) -> None:
    meeting_id, first, second = story
    officer = replace(province.office("202").secretary, roles=frozenset({Role.OFFICER}))
    link = Subject(name="Huyện Cô Tô", seat=SeatRef(meeting_id, second, "207", "l"))
    with db.write() as conn:
        delegate_list.register(conn, meeting_id, Entry(first, "Lê An", "Chủ tịch", "0912 345 678"), officer, at)
        delegate_list.register(conn, meeting_id, Entry(second, "Vũ Bình", "", ""), link, at)
    for who, point in ((officer, second), (link, first), (province.office("195").secretary, first)):
        with pytest.raises((NotFound, NotAllowed)), db.write() as conn:
            delegate_list.register(conn, meeting_id, Entry(point, "Kẻ Lạ", "", ""), who, at)
    assert names(db, meeting_id) == ["Lê An", "Vũ Bình"]
    with db.read() as conn:
        told = [one for one in ledger_store.events(conn, meeting_id) if one.kind == "delegate.registered"]
    assert "0912" not in str([one.data for one in told]), "telephone numbers stay out of the record"
    assert told[0].point["code"] == "202"  # type: ignore[index]


def test_somebody_comes_instead_with_a_reason_once(db: Database, province: Province, at: datetime, story: tuple[str, int, int]) -> None:
    meeting_id, first, _second = story
    keeper = province.office("202").secretary
    with db.write() as conn:
        entry = delegate_list.register(conn, meeting_id, Entry(first, "Lê An", "", ""), keeper, at)
    with pytest.raises(Invalid, match=r"text\.empty"), db.write() as conn:
        delegate_list.replace(conn, entry, Entry(0, "Vũ Bình", "", ""), " ", keeper, at)
    with db.write() as conn:
        other = delegate_list.replace(conn, entry, Entry(0, "Vũ Bình", "", ""), "đi công tác", keeper, at)
        with pytest.raises(NotFound):
            delegate_list.replace(conn, entry, Entry(0, "Ai Nữa", "", ""), "x", keeper, at)
        assert [(row.name, row.replaces, row.point_id) for row in delegate_list.entries(conn, meeting_id)] == [("Vũ Bình", entry, first)]
        delegate_list.withdraw(conn, other, "ốm", keeper, at)
    assert names(db, meeting_id) == []


def test_after_the_deadline_only_the_secretary_changes_the_list(db: Database, province: Province, at: datetime, story: tuple[str, int, int]) -> None:
    meeting_id, first, _second = story
    keeper, secretary = province.office("202").secretary, province.office("22").secretary
    late = at + 49 * HOUR
    with pytest.raises(Closed, match=r"delegate\.late"), db.write() as conn:
        delegate_list.register(conn, meeting_id, Entry(first, "Lê An", "", ""), keeper, late)
    with db.write() as conn:
        delegate_list.register(conn, meeting_id, Entry(first, "Trần Cường", "", ""), secretary, late)
        delegate_list.set_deadline(conn, meeting_id, at + 60 * HOUR, secretary, late)
        delegate_list.register(conn, meeting_id, Entry(first, "Lê An", "", ""), keeper, late)
        with pytest.raises(Invalid):
            delegate_list.set_deadline(conn, meeting_id, at + 73 * HOUR, secretary, late)
        service.cancel(conn, meeting_id, "Hoãn", secretary, late)
    with pytest.raises(MeetingError), db.write() as conn:
        delegate_list.register(conn, meeting_id, Entry(first, "Quá Muộn", "", ""), secretary, late)
    with pytest.raises((NotFound, NotAllowed)), db.write() as conn:
        delegate_list.set_deadline(conn, meeting_id, at, keeper, late)


def sheet(rows: int) -> bytes:
    lines = ["point,name,post,phone", *(f"{'202' if n % 2 else '207'},Đại biểu {n},Chuyên viên,0912{n:06d}" for n in range(rows))]
    lines[10], lines[5000], lines[9999] = "999,Không Điểm,,", "202,,Thiếu tên,", "202,Sai Số,,gọi sau"
    return "\r\n".join(lines).encode()


def test_three_bad_of_ten_thousand_are_named_and_the_others_taken_in_one_go(db: Database, province: Province, at: datetime, story: tuple[str, int, int]) -> None:
    meeting_id, first, second = story
    good, bad = delegate_sheet.read(sheet(10_000), {"202": first, "207": second})
    assert [(one.line, one.error.code) for one in bad] == [(11, "delegate.code"), (5001, "text.empty"), (10_000, "point.phone")]
    secretary = province.office("22").secretary
    with db.write() as conn:
        assert delegate_list.load(conn, meeting_id, good, secretary, at) == 9_997
    with db.write() as conn:
        assert delegate_list.load(conn, meeting_id, good, secretary, at) == 0, "a second time nobody is named twice"
    assert len(names(db, meeting_id)) == 9_997
    with pytest.raises((NotFound, NotAllowed)), db.write() as conn:
        delegate_list.load(conn, meeting_id, good[:1], province.office("202").secretary, at)


def test_a_row_that_comes_twice_is_named() -> None:
    _good, bad = delegate_sheet.read("point;name\r\n202;Lê An\r\n202;Lê An\r\n".encode(), {"202": 1})
    assert [(one.line, one.error.code) for one in bad] == [(3, "delegate.twice")]


@pytest.mark.postgres
def test_delegates_wait_for_nobody_who_holds_points_and_two_who_replace_the_same_one_do_not_wait_in_a_circle(
    postgres_land: Database, at: datetime,
) -> None:
    """Everything that books locks points, then meetings.  Whoever names delegates holds a meeting: were points wanted after it, two
    such would wait for each other for ever; here the points are held by somebody and everything is done all the same."""
    db = postgres_land
    province = look(db, at)
    try:
        office, first = province.office("22"), province.point("202").point_id
        meeting_id = office.draft(db, at + 72 * HOUR)
        with db.write() as conn:
            service.book(conn, meeting_id, [first], office.secretary, at)
            entry = delegate_list.register(conn, meeting_id, Entry(first, "Lê An", "", ""), office.secretary, at)

        def hurried(work: Callable[[Connection], object]) -> object:
            with db.write() as conn:
                conn.execute(text("SET LOCAL lock_timeout = '60s'"))
                return work(conn)

        with db.write() as holder:
            claims.lock(holder, [point.point_id for point in province.points])
            hurried(lambda conn: delegate_list.register(conn, meeting_id, Entry(first, "Vũ Bình", "", ""), office.secretary, at))
            hurried(lambda conn: delegate_list.load(conn, meeting_id, [Entry(first, "Hà Cúc", "", "")], office.secretary, at))
            hurried(lambda conn: delegate_list.set_deadline(conn, meeting_id, at + HOUR, office.secretary, at))
        # One has the meeting and wants the entry, the other asks for the same entry: it waits for the meeting, and finds it gone.
        with ThreadPoolExecutor(1) as other:
            with db.write() as faster:
                meeting_store.lock(faster, meeting_id)
                slower = other.submit(hurried, lambda conn: delegate_list.replace(conn, entry, Entry(0, "Đỗ Dũng", "", ""), "ốm", office.secretary, at))
                wait_for_a_lock(db)
                delegate_list.withdraw(faster, entry, "đi công tác", office.secretary, at)
            with pytest.raises(NotFound, match=r"delegate\.unknown"):
                slower.result(60)
        assert names(db, meeting_id) == ["Hà Cúc", "Vũ Bình"]
    finally:
        restore(db)


def wait_for_a_lock(db: Database) -> None:
    """Until some transaction waits for another: the database says so."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with db.read() as conn:
            if conn.execute(waiting).scalar_one():
                return
    raise AssertionError("nobody waits")
