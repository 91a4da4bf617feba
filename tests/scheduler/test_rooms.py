"""Rooms of a unit: made, named, closed and opened; rules mean the main one; whatever is closed nobody books, by rule and by constraint."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, time, timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from meetings.access import Role
from meetings.errors import Conflict, Invalid, NotFound
from meetings.store import ledger_store, unit_store
from meetings.store.database import Database
from meetings.store.triggers import violated
from scheduler import freetime, point_sheet, points, requests, rooms, service, store
from scheduler.approval import Offer
from scheduler.audience import Audience, Rule, mains
from scheduler.booking import Point
from scheduler.freetime import Ask
from scheduler.rooms import Room
from scheduler.slots import CIVIL, Slot, civil_day
from tests.scheduler.conftest import Province
from tests.scheduler.test_requests import DAY, answer, asked, cascade, office_of, rows
from tests.scheduler.test_service import HOUR, booked

QUARTER = timedelta(minutes=15)


def room(db: Database, province: Province, code: str, name: str, at: datetime) -> Point:
    with db.write() as conn:
        return rooms.make(conn, [Room(province.unit(code).unit_id, name)], province.office(code).secretary, at)[0]


def close(db: Database, point: Point, days: int, province: Province, at: datetime) -> None:
    with db.write() as conn:
        rooms.close(conn, point.point_id, civil_day(at + days * DAY), province.office("22").secretary, at)


def test_a_room_has_a_code_and_a_name_of_its_own(db: Database, province: Province, at: datetime) -> None:
    first, second = (room(db, province, "207", name, at) for name in ("Phòng họp 2", " Hội trường "))
    assert [(one.code, one.name) for one in (first, second)] == [("207-P2", "Phòng họp 2"), ("207-P3", "Hội trường")]
    for name, code in (("phòng họp 2", "point.name"), (province.point("207").name, "point.name")):
        with pytest.raises(Conflict) as refused:
            room(db, province, "207", name, at)
        assert refused.value.code == code
    assert room(db, province, "202", "Phòng họp 2", at).code == "202-P2", "another unit has names of its own"
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(store.point.insert().values(code="x", name="Hội trường", unit_id=first.unit_id))
    keeper = province.office("22").secretary
    with db.write() as conn:
        assert rooms.rename(conn, second.point_id, "Hội trường lớn", keeper, at) and not rooms.rename(conn, second.point_id, "Hội trường lớn", keeper, at)
        with pytest.raises(Conflict):
            rooms.rename(conn, second.point_id, "Phòng họp 2", keeper, at)
        told = [one.kind for one in ledger_store.events(conn, None) if one.point and one.point["code"] == "207-P3"]
        assert points.point_by_code(conn, "207-P3").name == "Hội trường lớn" and told == ["point.made", "point.changed"]


def test_only_those_who_look_after_a_unit_give_it_rooms(db: Database, province: Province, at: datetime) -> None:
    unit = province.unit("207").unit_id
    own = province.office("207").secretary
    for who in (province.office("202").secretary, replace(own, roles=frozenset({Role.CHAIR}))):
        with pytest.raises(NotFound), db.write() as conn:
            rooms.make(conn, [Room(unit, "Phòng")], who, at)
        for attempt in (lambda conn, who=who: rooms.close(conn, province.point("207").point_id, civil_day(at), who, at),
                        lambda conn, who=who: rooms.rename(conn, province.point("207").point_id, "Khác", who, at),
                        lambda conn, who=who: rooms.reopen(conn, province.point("207").point_id, who, at)):
            with pytest.raises(NotFound), db.write() as conn:
                attempt(conn)
    with pytest.raises(NotFound, match=r"unit\.unknown"), db.write() as conn:
        rooms.make(conn, [Room("khong-co", "Phòng")], own, at)
    with db.write() as conn:
        assert rooms.make(conn, [Room(unit, "Phòng")], replace(own, roles=frozenset({Role.OFFICER})), at)


def test_a_rule_means_the_main_point_and_rooms_are_added(db: Database, province: Province, at: datetime) -> None:
    main, unit = province.point("207"), province.unit("207").unit_id
    other = room(db, province, "207", "Phòng họp 2", at)
    day = civil_day(at + 3 * DAY)

    def meant(rule: Rule, days: int = 3) -> set[int]:
        with db.read() as conn:
            tree = unit_store.tree(conn, civil_day(at + days * DAY))
            return {one.point_id for one in rule.meant(tree, points.all_points(conn), unit_store.lineage(conn), {})}

    whole = Rule(((unit, "district"),))
    assert meant(whole) == {main.point_id}
    assert meant(replace(whole, added=frozenset({other.point_id}))) == {main.point_id, other.point_id}
    assert meant(replace(whole, added=frozenset({other.point_id}), removed=frozenset({main.point_id}))) == {other.point_id}
    close(db, main, 3, province, at)
    assert meant(whole, 2) == {main.point_id} and meant(whole) == {other.point_id}, "of the open ones the first"
    assert meant(Rule(added=frozenset({main.point_id}))) == set(), "a closed point is nobody's"
    with pytest.raises(NotFound, match=r"point\.unknown"), db.read() as conn:
        Audience(points_added=frozenset({main.point_id})).resolve(unit_store.tree(conn, day), points.all_points(conn), day)


def test_a_point_is_closed_once_nothing_later_has_it(db: Database, province: Province, at: datetime) -> None:
    office = province.office("22")
    point = room(db, province, "22", "Phòng họp 2", at)
    midnight = datetime.combine(civil_day(at + 2 * DAY), time(0), CIVIL)
    before = booked(db, office, [point], midnight - 2 * HOUR, at, hours=2)
    after = booked(db, office, [point], midnight + 30 * HOUR, at, title="Họp sau")
    with pytest.raises(Conflict, match=r"point\.booked") as refused:
        close(db, point, 2, province, at)
    assert [one["meeting"] for one in refused.value.params["conflicts"]] == [after] and refused.value.params["count"] == 1
    with db.write() as conn:
        service.cancel(conn, after, "Hoãn", office.secretary, at)
    close(db, point, 2, province, at)
    with db.read() as conn:
        assert points.points_by_id(conn, [point.point_id])[point.point_id].closed_from == civil_day(midnight)
    with pytest.raises(Conflict, match=r"booking\.closed") as refused:
        booked(db, office, [point], midnight + 30 * HOUR, at)
    assert refused.value.params["points"][0]["since"] == civil_day(midnight)
    with pytest.raises(Conflict, match=r"booking\.closed"), db.write() as conn:
        service.move(conn, before, midnight - HOUR, midnight + HOUR, office.secretary, at)
    with db.write() as conn:
        service.move(conn, before, midnight - 3 * HOUR, midnight - HOUR, office.secretary, at)
        rooms.reopen(conn, point.point_id, office.secretary, at)
    assert booked(db, office, [point], midnight + 30 * HOUR, at)
    with pytest.raises(Invalid, match=r"point\.close_past"):
        close(db, point, -1, province, at)
    with db.read() as conn:
        assert [one.kind for one in ledger_store.events(conn, None) if one.point and one.point["id"] == point.point_id] == [
            "point.made", "point.closed", "point.reopened"]


def test_today_means_from_now_on_and_what_waits_counts(db: Database, province: Province, at: datetime) -> None:
    office = province.office("22")
    point = room(db, province, "22", "Phòng họp 2", at)
    booked(db, office, [point], at - 2 * HOUR, at - 3 * HOUR, hours=2)
    close(db, point, 0, province, at)
    with pytest.raises(Conflict, match=r"booking\.closed"):
        booked(db, office, [point], at + HOUR, at)
    _meeting, request = cascade(db, province, at)
    [waits] = request.request.point_ids
    with pytest.raises(Conflict, match=r"point\.booked"), db.write() as conn:
        rooms.close(conn, waits, civil_day(at), office.secretary, at)


def test_a_closed_room_is_neither_offered_nor_taken(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request = cascade(db, province, at)
    upper, owner = request.request.route
    answer(db, "agree", request, office_of(province, upper), at)
    code = province.tree.get(owner).gso_code
    other = room(db, province, code, "Phòng họp 2", at)
    close(db, other, 1, province, at)
    with pytest.raises(Conflict, match=r"booking\.closed"):
        answer(db, "counter", request, office_of(province, owner), at, Offer((other.point_id,)), "")
    with db.write() as conn:
        rooms.reopen(conn, other.point_id, office_of(province, owner).secretary, at)
    answer(db, "counter", request, office_of(province, owner), at, Offer((other.point_id,)), "")
    close(db, other, 1, province, at)
    secretary = province.office("202").secretary
    with pytest.raises(Conflict, match=r"booking\.closed"), db.write() as conn:
        service.accept(conn, request.request_id, secretary, at)
    with db.write() as conn:
        requests.insist(conn, request.request_id, secretary, at)
    assert asked(db, meeting_id)[0].request.is_open and other.point_id not in rows(db, meeting_id)


def test_a_search_misses_a_point_once_it_is_closed(db: Database, province: Province, at: datetime) -> None:
    main = province.point("22")
    other = room(db, province, "22", "Phòng họp 2", at)
    close(db, other, 2, province, at)
    windows = [Slot(at + days * DAY, at + days * DAY + 4 * HOUR) for days in (1, 4)]
    with db.read() as conn:
        found = freetime.find(conn, Ask([main.point_id, other.point_id], HOUR, windows), province.office("22").secretary)
        late = freetime.find(conn, Ask([main.point_id, other.point_id], HOUR, windows[1:]), province.office("22").secretary)
    assert [choice.slot.start for choice in found.choices] == [windows[0].start]
    assert not late.choices and late.best[0].missing == (other.point_id,) and [one.kind for one in late.best[0].reasons] == ["closed"]


def test_a_sheet_makes_rooms_names_them_and_says_what_is_wrong(db: Database, province: Province, at: datetime) -> None:
    keeper = province.office("22").secretary
    units = {unit.gso_code: unit.unit_id for unit in province.tree}
    with db.read() as conn:
        known = {one.point.code: one for one in points.kept(conn, [one.point_id for one in province.points])}
    text = ("code,unit,name,capacity\r\n207,207,Huyện đảo Cô Tô,\r\n,207,Phòng họp 2,40\r\nmoi,207,Hội trường,\r\n202,202,,25\r\n")
    lines, bad = point_sheet.read(text.encode(), known, units)
    assert not bad
    with db.write() as conn:
        assert rooms.load(conn, lines, known, keeper, at) == 4
        made = {one.point.code: (one.point.name, one.card.capacity) for one in points.kept(conn, [
            one.point_id for one in points.points_of(conn, units["207"])])}
    assert made == {"207": ("Huyện đảo Cô Tô", None), "207-P2": ("Phòng họp 2", 40), "207-P3": ("Hội trường", None)}
    text = (f"code,unit,name\r\n,99,Phòng\r\nmoi,,Phòng\r\n,207,\r\n,202,{province.point('202').name}\r\n,202,Phòng\r\n,202,phòng\r\n207,202,\r\n")
    _lines, bad = point_sheet.read(text.encode(), known, units)
    assert [(one.line, one.error.code) for one in bad] == [
        (2, "sheet.unit"), (3, "sheet.code"), (4, "text.empty"), (5, "point.name"), (7, "point.name"), (8, "sheet.unit_other")]


def test_the_main_point_is_the_first_that_is_open() -> None:
    closes = datetime(2026, 3, 10, tzinfo=CIVIL)
    mine = [Point(9, "a", "A", "u"), Point(3, "b", "B", "u", closes=closes), Point(5, "c", "C", "v")]
    assert mains(mine, closes.date() - DAY) == {"u": mine[1], "v": mine[2]}
    assert mains(mine, closes.date()) == {"u": mine[0], "v": mine[2]}


@pytest.mark.parametrize("seed", range(2))
def test_the_database_says_the_same_of_rows_that_come_past_the_service(db: Database, province: Province, at: datetime, seed: int) -> None:
    """Bookings of one point are made and prolonged, the point is closed and opened, at random; each is refused exactly where a
    booking would outlast the point."""
    chosen = random.Random(seed)
    office, point = province.office("22"), province.point("22").point_id
    meeting_id = office.draft(db, at)
    kept: dict[int, tuple[int, int]] = {}
    closes: int | None = None
    verdicts = set()
    with db.write() as conn:
        for number in range(1, 141):
            end = chosen.randrange(1, 40)
            act = chosen.choice(["made", "prolonged", "closed", "opened"] if kept else ["made", "closed", "opened"])
            one = chosen.choice(list(kept)) if act == "prolonged" else number
            times = {"starts_at": at - 10_000 * QUARTER + number * QUARTER / 200, "ends_at": at + end * QUARTER}
            if act == "made":  # released later, so that a point has one live booking of the meeting at a time
                for live in list(kept):
                    conn.execute(store.booking.update().where(store.booking.c.booking_id == live).values(state="released", released_at=at, why="given_back"))
                    del kept[live]
                statement = store.booking.insert().values(
                    booking_id=number, meeting_id=meeting_id, point_id=point, state="confirmed", booked_at=at, **times)
                refused = closes is not None and end > closes
            elif act == "prolonged":
                statement = store.booking.update().where(store.booking.c.booking_id == one).values(ends_at=times["ends_at"])
                refused = closes is not None and end > closes
            else:
                wanted = at + end * QUARTER if act == "closed" else None
                statement = store.point.update().where(store.point.c.point_id == point).values(closes_at=wanted)
                refused = act == "closed" and any(last > end for _number, last in kept.values())
            try:
                with conn.begin_nested():
                    conn.execute(statement)
            except IntegrityError as error:
                assert refused and violated(error, "point_booked" if act == "closed" else "booking_closed"), (act, end, closes, kept)
            else:
                assert not refused, (act, end, closes, kept)
                if act in ("made", "prolonged"):
                    kept[one] = (one, end)
                else:
                    closes = end if act == "closed" else None
            verdicts.add((act, refused))
    assert verdicts >= {(act, refused) for act in ("made", "prolonged", "closed") for refused in (True, False)}


def run_race(db: Database, province: Province, at: datetime, rounds: int) -> None:
    """One books a room for a later day while the other closes it before: one of them is refused, whoever was first."""
    office, ends = province.office("22"), set[tuple[bool, bool]]()
    others = Database(db.url)
    for number in range(rounds):
        point = room(db, province, "22", f"Phòng {number}", at)
        meeting_id = office.draft(db, at + 5 * DAY + number * HOUR, hours=1)
        start = Barrier(2)

        def book(meeting_id: str = meeting_id, point: Point = point, start: Barrier = start) -> bool:
            start.wait(60)
            try:
                with db.write() as conn:
                    return bool(service.book(conn, meeting_id, [point.point_id], office.secretary, at))
            except Conflict as refused:
                assert refused.code == "booking.closed"
                return False

        def shut(point: Point = point, start: Barrier = start) -> bool:
            start.wait(60)
            try:
                with others.write() as conn:
                    rooms.close(conn, point.point_id, civil_day(at + DAY), office.secretary, at)
                return True
            except Conflict as refused:
                assert refused.code == "point.booked"
                return False

        with ThreadPoolExecutor(2) as threads:
            both = [threads.submit(work) for work in (book, shut)]
            ends.add((both[0].result(120), both[1].result(120)))
    others.close()
    assert ends <= {(True, False), (False, True)}, "one of them, never both"
    with db.read() as conn:
        late = select(func.count()).select_from(store.booking).join(store.point, store.point.c.point_id == store.booking.c.point_id).where(
            store.booking.c.state == "confirmed", store.point.c.closes_at < store.booking.c.ends_at)
        assert conn.execute(late).scalar_one() == 0


def test_who_books_and_who_closes_at_once_are_not_both_right(db: Database, province: Province, at: datetime) -> None:
    run_race(db, province, at, rounds=4)


@pytest.mark.long
def test_who_books_and_who_closes_at_once_are_never_both_right(db: Database, province: Province, at: datetime) -> None:
    run_race(db, province, at, rounds=90)


def test_two_sheets_that_name_rooms_of_one_unit_wait_for_each_other_and_in_no_circle(db: Database, province: Province, at: datetime) -> None:
    keeper, units = province.office("22").secretary, {unit.gso_code: unit.unit_id for unit in province.tree}
    mine = [province.point("207"), room(db, province, "207", "Phòng họp 2", at)]
    others = Database(db.url)
    for number in range(6):
        start = Barrier(2)

        def name(database: Database, point: Point, start: Barrier = start, number: int = number) -> int:
            with database.read() as conn:
                known = {one.point.code: one for one in points.kept(conn, [point.point_id])}
            text = f"code,name,capacity\r\n{point.code},{point.code} {number},{number + 1}\r\n"
            lines, _bad = point_sheet.read(text.encode(), known, units)
            start.wait(60)
            with database.write() as conn:
                return rooms.load(conn, lines, known, keeper, at)

        with ThreadPoolExecutor(2) as threads:
            both = [threads.submit(name, database, point) for database, point in zip((db, others), mine, strict=True)]
            assert [one.result(120) for one in both] == [1, 1]
    others.close()
