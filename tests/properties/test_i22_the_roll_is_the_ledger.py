"""I22.  Whatever is said of people in whatever order by whomever, the roll that pages and votes read is what the ledger tells."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from meetings import checkin, service
from meetings.access import PersonRef, Subject
from meetings.errors import MeetingError
from meetings.people import HERE, How, There, Wanted
from meetings.store import ledger_store, people_store
from meetings.store.database import Database
from minutes.reading import facts_from_events
from scheduler import delegate_list, roll_call
from scheduler.delegate_sheet import Entry
from tests.support.factories import CHAIR, OFFICER, POINTS, SECRETARY, STRANGER, convened, seat_of

WHERE = {point.point_id: point for point in POINTS[1:4]}
places = st.sampled_from(sorted(WHERE))
who = st.sampled_from(["chair", "secretary", "officer", "stranger", "seat", "other seat", "self"])
which = st.integers(0, 7)


class Hall(RuleBasedStateMachine):
    """The model is the ledger, read by this test's own words; the tables must agree with it after every step."""

    def __init__(self, db: Database, at: datetime) -> None:
        super().__init__()
        self.db, self.at = db, at

    @initialize()
    def start(self) -> None:
        with self.db.write() as conn:
            self.meeting_id = convened(conn, self.at)
            self.at = service.get(conn, self.meeting_id).start - timedelta(minutes=61)

    def subject(self, name: str, point_id: int, person_id: str) -> Subject:
        away = next(other for other in WHERE if other != point_id)
        point = WHERE[point_id]
        return {"chair": CHAIR, "secretary": SECRETARY, "officer": OFFICER, "stranger": STRANGER,
                "seat": seat_of(self.meeting_id, point), "other seat": seat_of(self.meeting_id, WHERE[away]),
                "self": Subject(name="Chính mình", person=PersonRef(self.meeting_id, person_id, point_id, point.code, "Chính mình", "l"))}[name]

    def person(self, point_id: int, place: int) -> str:
        with self.db.read() as conn:
            everybody = roll_call.rolls(conn, self.meeting_id, point_id)[0].everybody
        return everybody[place % len(everybody)].person_id if everybody else "nobody"

    def attempt(self, use_case: object, *args: object, **named: object) -> None:
        try:
            with self.db.write() as conn:
                use_case(conn, *args, **named)  # type: ignore[operator]
        except MeetingError:
            return

    @rule(minutes=st.integers(0, 40))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule()
    def open_it(self) -> None:
        self.attempt(service.open, self.meeting_id, CHAIR, self.at)

    @rule(point=places, name=st.sampled_from(["Lê An", "Vũ Bình", "Đỗ Cúc"]), post=st.sampled_from(["", "Phó"]))
    def register(self, point: int, name: str, post: str) -> None:
        self.attempt(delegate_list.register, self.meeting_id, Entry(point, name, post, ""), SECRETARY, self.at)

    @rule(point=places, place=which, name=st.sampled_from(["", "Hà Dũng", "Mai Én"]))
    def replace_or_withdraw(self, point: int, place: int, name: str) -> None:
        person = self.person(point, place)
        if name:
            self.attempt(delegate_list.replace, person, Entry(0, name, "", ""), "bận", SECRETARY, self.at)
        else:
            self.attempt(delegate_list.withdraw, person, "bận", SECRETARY, self.at)

    @rule(point=places, place=which, to=st.sampled_from(list(Wanted)), by=who, reason=st.sampled_from(["", "ốm"]), how=st.sampled_from(list(How)))
    def say(self, point: int, place: int, to: Wanted, by: str, reason: str, how: How) -> None:
        person = self.person(point, place)
        self.attempt(roll_call.say, self.meeting_id, point, person, to, self.subject(by, point, person), self.at, how=how, reason=reason)

    @rule(point=places, ticked=st.sets(which), by=who)
    def call_the_whole_point(self, point: int, ticked: set[int], by: str) -> None:
        with self.db.read() as conn:
            shown = [one.entry_id for one in roll_call.rolls(conn, self.meeting_id, point)[0].people]
        present = {entry for place, entry in enumerate(shown) if place in ticked}
        self.attempt(roll_call.call, self.meeting_id, point, shown, present, self.subject(by, point, "nobody"), self.at)

    @rule(point=places, name=st.sampled_from(["Khách Lạ", "Lê An"]), by=who)
    def somebody_comes_without(self, point: int, name: str, by: str) -> None:
        self.attempt(roll_call.come, self.meeting_id, point, name, "", self.subject(by, point, "nobody"), self.at)

    @rule(point=places, heads=st.integers(-1, 40), by=who)
    def count_heads(self, point: int, heads: int, by: str) -> None:
        self.attempt(checkin.count, self.meeting_id, point, heads, self.subject(by, point, "nobody"), self.at)

    @rule(by=who)
    def call_the_roll(self, by: str) -> None:
        self.attempt(roll_call.snapshot, self.meeting_id, "asked", self.subject(by, 2, "nobody"), self.at)

    @invariant()
    def the_tables_are_the_ledger(self) -> None:
        with self.db.read() as conn:
            events = ledger_store.events(conn, self.meeting_id)
            rolls = {roll.seat.point_id: roll for roll in roll_call.rolls(conn, self.meeting_id)}
            rows = people_store.people(conn, self.meeting_id)
            here = {one.person_id for one in people_store.present_persons(conn, self.meeting_id)}
        told: dict[str, tuple[int, str]] = {}
        heads: dict[int, int] = {}
        for event in events:
            data, point = event.data, (event.point or {}).get("id")
            if event.kind == "person.present":
                told[data["person"]] = (point, "late" if data["late"] else "present")
            elif event.kind in ("person.left", "person.expected"):
                told[data["person"]] = (point, event.kind.removeprefix("person."))
            elif event.kind == "person.absent":
                told[data["person"]] = (point, "excused" if data["reason"] else "absent")
            elif event.kind == "heads.counted":
                heads[point] = data["heads"]
            elif event.kind == "roll.called":
                called = data
        assert {row.delegate_id: (row.point_id, row.state) for row in rows} == told
        assert here == {person for person, (_point, state) in told.items() if state in HERE}
        for point_id, roll in rolls.items():
            assert roll.heads == heads.get(point_id)
            assert {one.person_id: one.state for one in roll.everybody if one.delegate} == {
                person: There(state) for person, (point, state) in told.items() if point == point_id
                and person in {one.person_id for one in roll.everybody}}
            assert roll.present + roll.absent + roll.left + roll.waiting == roll.expected
            assert roll.present == sum(1 for point, state in told.values() if point == point_id and state in HERE)
        if events[-1].kind == "roll.page":
            assert called["persons"] == [sum(roll.expected for roll in rolls.values()), len(here)]
        facts = {fact.name for fact in facts_from_events(events).delegates if fact.state in HERE}
        assert facts == {row.name for row in rows if row.delegate_id in here}


def test_i22_on_sqlite(sqlite_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Hall(sqlite_db, at), settings=settings(max_examples=15, stateful_step_count=30))


@pytest.mark.postgres
def test_i22_on_postgresql(postgres_db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Hall(postgres_db, at), settings=settings(max_examples=5, stateful_step_count=25))


@pytest.mark.long
def test_i22_long(db: Database, at: datetime) -> None:
    run_state_machine_as_test(lambda: Hall(db, at), settings=settings(max_examples=200, stateful_step_count=60))
