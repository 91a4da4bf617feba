"""The roll call: registered delegates become the attendance by one press, and nobody is counted twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from meetings import service as meetings
from meetings.access import SeatRef, Subject
from meetings.errors import Closed, NotAllowed, NotFound
from meetings.people import HERE
from meetings.store import ledger_store
from meetings.store.database import Database
from scheduler import delegate_list, roll_call, service
from scheduler.delegate_sheet import Entry
from scheduler.roll_call import Roll
from tests.scheduler.conftest import Province

HOUR = timedelta(hours=1)


class Hall:
    """A meeting of two points that is on: three are registered at the first, one of them instead of somebody else."""

    def __init__(self, db: Database, province: Province, at: datetime) -> None:
        self.db, self.at, self.registered = db, at, at
        self.secretary = province.office("22").secretary
        self.first, self.second = (province.point(code).point_id for code in ("202", "207"))
        self.meeting = province.office("22").draft(db, at + 2 * HOUR)
        self.link = Subject(name="Huyện Ba Chẽ", seat=SeatRef(self.meeting, self.first, "202", "l"))
        with db.write() as conn:
            service.book(conn, self.meeting, [self.first, self.second], self.secretary, at)
            self.an, self.binh, self.cuc = (self.register(conn, name) for name in ("Lê An", "Vũ Bình", "Đỗ Cúc"))
            self.dung = delegate_list.replace(conn, self.cuc, Entry(0, "Đỗ Dũng", "Phó", ""), "đi công tác", self.secretary, self._next())

    def _next(self) -> datetime:
        self.registered += timedelta(seconds=1)
        return self.registered

    def register(self, conn: object, name: str, post: str = "") -> str:
        return delegate_list.register(conn, self.meeting, Entry(self.first, name, post, ""), self.secretary, self._next())  # type: ignore[arg-type]

    def open(self) -> None:
        with self.db.write() as conn:
            meetings.open(conn, self.meeting, self.secretary, self.at + 2 * HOUR)

    def call(self, present: set[str], shown: set[str] | None = None, by: Subject | None = None, point: int | None = None) -> int:
        shown = {self.an, self.binh, self.dung} if shown is None else shown
        with self.db.write() as conn:
            return roll_call.call(conn, self.meeting, point or self.first, shown, present, by or self.secretary, self.at + 2 * HOUR)

    @property
    def roll(self) -> Roll:
        with self.db.read() as conn:
            return roll_call.rolls(conn, self.meeting)[0]

    def recorded(self) -> list[tuple[str, bool]]:
        with self.db.read() as conn:
            return [(row.name, row.state in HERE) for row in meetings.delegates(conn, self.meeting)]


@pytest.fixture
def hall(db: Database, province: Province, at: datetime) -> Hall:
    return Hall(db, province, at)


def counts(roll: Roll) -> tuple[int, int, int]:
    return roll.present, roll.absent, roll.waiting


def test_one_press_carries_the_list_the_unticked_are_absent_and_a_substitute_stands_with_the_reason(hall: Hall) -> None:
    hall.open()
    assert counts(hall.roll) == (0, 0, 3)
    assert hall.call({hall.an, hall.dung}) == 3
    assert hall.recorded() == [("Lê An", True), ("Vũ Bình", False), ("Đỗ Dũng", True)]
    assert counts(hall.roll) == (2, 1, 0)
    substitute = hall.roll.people[2]
    assert (substitute.name, substitute.instead_of, substitute.instead_why) == ("Đỗ Dũng", "Đỗ Cúc", "đi công tác")
    assert not hall.roll.people[0].instead_of


def test_pressed_again_it_corrects_and_counts_nobody_twice(hall: Hall) -> None:
    hall.open()
    hall.call({hall.an, hall.dung})
    assert hall.call({hall.an, hall.dung}, by=hall.link) == 0, "the point itself, the same"
    assert hall.call({hall.an, hall.binh, hall.dung}, by=hall.link) == 1
    assert hall.recorded() == [("Lê An", True), ("Vũ Bình", True), ("Đỗ Dũng", True)]
    with hall.db.read() as conn:
        told = [(event.data["name"], event.kind == "person.present") for event in ledger_store.events(conn, hall.meeting)
                if event.kind.startswith("person.")]
    assert told == [("Lê An", True), ("Vũ Bình", False), ("Đỗ Dũng", True), ("Vũ Bình", True)]


def test_who_was_recorded_by_hand_is_the_same_person_and_another_post_is_another(hall: Hall) -> None:
    hall.open()
    with hall.db.write() as conn:
        for name, post in (("lê  an", "Chủ tịch"), ("Đỗ Dũng", "Trưởng phòng"), ("Vũ Bính", "")):
            meetings.delegate_add(conn, hall.meeting, hall.first, name, post, True, hall.secretary, hall.at)
    assert counts(hall.roll) == (3, 0, 2) and [one.name for one in hall.roll.others] == ["Đỗ Dũng", "Vũ Bính"]
    hall.call({hall.binh, hall.dung})
    assert sorted(hall.recorded()) == [("Vũ Bình", True), ("Vũ Bính", True), ("lê  an", False), ("Đỗ Dũng", True), ("Đỗ Dũng", True)]
    assert counts(hall.roll) == (4, 1, 0)


def test_who_was_registered_twice_stands_once(hall: Hall) -> None:
    with hall.db.write() as conn:
        hall.register(conn, "LÊ AN")
        hall.register(conn, "Lê An", "Chủ tịch")
    assert [(person.name, person.post) for person in hall.roll.people] == [("Lê An", ""), ("Vũ Bình", ""), ("Đỗ Dũng", "Phó"), ("Lê An", "Chủ tịch")]


def test_what_the_form_did_not_show_is_left_alone_and_other_points_entries_are_none_of_its_business(hall: Hall) -> None:
    hall.open()
    with hall.db.write() as conn:
        late = hall.register(conn, "Hà Muộn")
    hall.call({hall.an, hall.binh, hall.dung, late})
    assert counts(hall.roll) == (3, 0, 1), "late was registered after the page was loaded"
    assert hall.call({hall.an, late}, shown={hall.an, late}, point=hall.second) == 0
    assert hall.call({hall.cuc}, shown={hall.cuc, "no-such"}) == 0, "who does not come is not recorded"


def test_somebody_who_is_replaced_after_the_call_is_there_no_more(hall: Hall) -> None:
    hall.open()
    hall.call({hall.an, hall.binh, hall.dung})
    with hall.db.write() as conn:
        delegate_list.replace(conn, hall.an, Entry(0, "Lê Giang", "", ""), "phải về sớm", hall.secretary, hall.at + 2 * HOUR)
    assert counts(hall.roll) == (2, 0, 1)
    assert ("Lê An", False) in hall.recorded()
    assert hall.roll.people[-1].instead_of == "Lê An"


def test_the_roll_is_called_by_those_who_may_while_the_meeting_is_on(hall: Hall, province: Province) -> None:
    hall.at -= HOUR + timedelta(seconds=1)
    for shown in (None, set()):
        with pytest.raises(Closed, match=r"roll\.time"):
            hall.call(set(), shown=shown)
    hall.at += timedelta(seconds=1)
    assert hall.call({hall.an}, by=hall.link) == 3, "an hour before the start people sit there already"
    hall.at += HOUR
    hall.open()
    strangers = (province.office("207").secretary, Subject(name="Huyện Cô Tô", seat=SeatRef(hall.meeting, hall.second, "207", "l")))
    for by in strangers:
        with pytest.raises((NotAllowed, NotFound)):
            hall.call({hall.an}, by=by)
    with pytest.raises((NotAllowed, NotFound)):
        hall.call(set(), shown=set(), by=strangers[0])
    with pytest.raises(NotFound):
        hall.call(set(), point=987_654)
    assert len(hall.recorded()) == 3
