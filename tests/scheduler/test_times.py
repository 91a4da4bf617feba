"""Times that an administrator changes: read with every mistake named, and reaching what is planned: nothing early, twice or lost."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from meetings.access import Role, Subject
from meetings.errors import NotFound
from meetings.ledger import stamp
from meetings.store import ledger_store
from meetings.store.database import Database
from scheduler import invitations, line_tests, outbox, reminders, service, times, times_store
from scheduler.outbox import Item
from scheduler.outbox_table import outbox as table
from scheduler.readiness import Limits, Policy
from scheduler.slots import CIVIL
from scheduler.times import Times
from scheduler.workdays import WorkingDays
from tests.scheduler.conftest import Office, Province
from tests.scheduler.test_invitations import Post, convened

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
USUAL = Policy()
PLAIN = Times.from_data({}, USUAL)


def chosen(**typed: str) -> Times:
    found, errors = times.read({**PLAIN.typed(), **typed})
    assert found and not errors, errors
    return found


# --- what a form says -----------------------------------------------------------------------------------------------


def test_what_is_kept_is_read_back() -> None:
    assert chosen() == PLAIN and Times.from_data(PLAIN.as_data(), Policy(Limits(good_kbps=900))) == PLAIN
    other = chosen(round1="2880", round2="120", round3="30", unanswered="", deputy="", room="30", loss_weak="50")
    assert Times.from_data(other.as_data(), USUAL) == other and list(other.timing.line_tests) == ["T-48h", "T-2h", "T-30min"]
    assert other.timing.unanswered == () and [who for who, _before in other.calls] == ["technician"]
    assert [(one.name, one.before, one.open_for) for one in other.policy.rounds] == [
        ("T-48h", 48 * HOUR, 46 * HOUR), ("T-2h", 2 * HOUR, 90 * MINUTE), ("T-30min", 30 * MINUTE, 30 * MINUTE)]


def test_what_the_operator_set_holds_until_somebody_chooses() -> None:
    usual = Policy(Limits(good_kbps=900), calls=(("deputy", 20 * MINUTE),))
    kept = Times.from_data({}, usual)
    assert kept.limits.good_kbps == 900 and kept.calls == usual.calls
    assert Times.from_data(PLAIN.as_data(), usual).limits.good_kbps == 450


@pytest.mark.parametrize("minutes", [10, 15, 59, 60, 90, 119, 120, 150, 1440, 10080])
def test_a_rounds_name_says_its_time(minutes: int) -> None:
    assert times.before_of(times.round_name(minutes)) == minutes * MINUTE


def test_a_name_that_says_nothing_is_no_time() -> None:
    assert times.before_of("T-24h") == 24 * HOUR and times.before_of("T-60min") == HOUR
    assert not any(times.before_of(name) for name in ("extra", "", "T-", "T-h", "T-0h", "T--5min", "24h", "T-999999h", "T-٣h"))


@pytest.mark.parametrize(("typed", "field", "code"), [
    ({"round1": ""}, "round1", "times.span"), ({"round1": "mai"}, "round1", "times.span"), ({"round1": "9"}, "round1", "times.span"),
    ({"round1": "20000"}, "round1", "times.span"), ({"round1": "-60"}, "round1", "times.span"), ({"round2": "1435"}, "round2", "times.order"),
    ({"round1": "60"}, "round2", "times.order"), ({"round3": "90"}, "round3", "times.order"), ({"technician": "720", "round1": "700", "round2": ""}, "technician", "times.call"),
    ({"deputy": "40"}, "deputy", "times.deputy"), ({"room": "0"}, "room", "times.span"), ({"conclusion_days": "0"}, "conclusion_days", "times.number"),
    ({"evening": "08:00"}, "evening", "times.evening"), ({"morning": "25:00"}, "morning", "times.clock"), ({"morning": ""}, "morning", "times.clock"),
    ({"picture_kbps": "500"}, "good_kbps", "times.limits"), ({"loss_failed": "20"}, "loss_failed", "times.limits"), ({"rtt_weak_ms": "3000"}, "rtt_failed_ms", "times.limits"),
    ({"mic_quiet_dbfs": "-70"}, "mic_quiet_dbfs", "times.limits"), ({"voice_kbps": "1e3"}, "voice_kbps", "times.number"), ({"main_times": "٣"}, "main_times", "times.number"),
    ({"declared_percent": "101"}, "declared_percent", "times.number"), ({"voice_kbps": "9" * 40}, "voice_kbps", "times.number"),
])
def test_every_mistake_is_named_by_its_field(typed: dict[str, str], field: str, code: str) -> None:
    found, errors = times.read({**PLAIN.typed(), **typed})
    assert found is None and errors[field].code == code and errors[field].params["field"] == field


def test_several_mistakes_are_named_at_once() -> None:
    _found, errors = times.read({})
    assert {"round1", "room", "morning", "evening", "voice_kbps"} <= errors.keys() and not {"round2", "unanswered", "deputy"} & errors.keys()


@pytest.mark.parametrize(("old", "new", "pairs"), [
    ("ab", "ab", ["aa", "bb"]), ("ab", "xb", ["ax", "bb"]), ("ab", "xy", ["ax", "by"]), ("ab", "b", ["a-", "bb"]),
    ("ab", "bx", ["a-", "bb", "-x"]), ("b", "ab", ["-a", "bb"]), ("abc", "xby", ["ax", "bb", "cy"]), ("", "a", ["-a"]), ("ab", "", ["a-", "b-"]),
])
def test_which_stands_for_which(old: str, new: str, pairs: list[str]) -> None:
    assert times.slots(old, new) == [tuple(None if one == "-" else one for one in pair) for pair in pairs]


# --- what is planned already ---------------------------------------------------------------------------------------


class Day:
    """One meeting and the hours around it: time goes on, times are changed, what is due is delivered."""

    def __init__(self, db: Database, province: Province, start: datetime, at: datetime) -> None:
        self.db, self.start, self.at = db, start, at
        self.office: Office = province.office("22")
        self.post, self.done = Post(db, []), list[tuple[str, str, datetime]]()
        self.meeting = convened(db, province, self.office, start, at)
        self.announce()
        self.keeper = Subject("keeper", "Đỗ Quản Trị", "", self.office.unit.id, (self.office.unit.id,), frozenset({Role.ADMIN}))
        self.times = PLAIN

    def announce(self) -> None:
        """Somebody is invited besides, or for the first time: everything is planned once more."""
        with self.db.write() as conn:
            invitations.announce(conn, self.meeting, self.at)
        self.post.spread(self.at)

    def change(self, wanted: Times) -> int:
        with self.db.write() as conn:
            count = times_store.put(conn, wanted, USUAL, self.keeper, self.at)
        self.times = wanted
        return count

    def go(self, at: datetime) -> list[tuple[str, str]]:
        """What is done from now until then, at the minute at which it is due: (kind, round), in order."""
        new = list[tuple[str, str, datetime]]()
        kinds = {*reminders.KINDS, line_tests.CALL_KIND}
        while True:
            with self.db.read() as conn:
                due = outbox.next_due(conn, kinds)
            if due is None or due > at:
                break
            self.at = max(self.at, due)
            outbox.work(self.db, "w", lambda item: new.append(self._deliver(item)), lambda: self.at, kinds=kinds)
        self.at = at
        self.done += new
        return [(kind, round_) for kind, round_, _at in new]

    def _deliver(self, item: Item) -> tuple[str, str, datetime]:
        if item.payload.get("until") and self.at >= datetime.fromisoformat(item.payload["until"]):
            raise outbox.Expired
        round_ = str(item.payload.get("round") or item.payload.get("who") or "")
        if item.kind == reminders.LINETEST:
            before = times.before_of(round_)
            assert before is not None and self.at >= self.start - before, "early"
            if not any(kind == reminders.LINETEST for kind, _round, _at in self.done):  # as the first round does
                with self.db.write() as conn:
                    for who, span in self.times.calls:
                        outbox.put(conn, f"{line_tests.CALL_KIND}:{self.meeting}:{who}:{stamp(self.start)}",
                                   line_tests.CALL_KIND, self.start - span, {"meeting": self.meeting, "who": who})
        return item.kind, round_, self.at

    def waiting(self) -> dict[str, datetime]:
        with self.db.read() as conn:
            rows = conn.execute(select(table).where(table.c.state == "waiting")).all()
        return {f"{row.kind} {row.payload.get('round') or row.payload.get('who') or ''}".strip(): row.due_at for row in rows}


@pytest.fixture
def day(db: Database, province: Province, at: datetime) -> Day:
    return Day(db, province, at + 80 * HOUR, at)


def lines(*names: str) -> list[tuple[str, str]]:
    return [(reminders.LINETEST, name) for name in names]


def only_lines(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [one for one in found if one[0] == reminders.LINETEST]


def test_what_waits_takes_the_new_time(day: Day) -> None:
    assert day.change(chosen(round1="2160", round2="30", room="45", unanswered="4320")) == 1
    found = day.waiting()
    assert found["linetest.open T-36h"] == day.start - 36 * HOUR and found["linetest.open T-30min"] == day.start - 30 * MINUTE
    assert found["room.open"] == day.start - 45 * MINUTE and found["reminder.unanswered"] == day.start - 72 * HOUR
    assert not {"linetest.open T-24h", "linetest.open T-60min"} & found.keys()
    assert only_lines(day.go(day.start)) == lines("T-36h", "T-30min")
    assert [at for kind, _round, at in day.done if kind == reminders.ROOM] == [day.start - 45 * MINUTE]


def test_what_was_done_is_not_done_again_for_another_time(day: Day) -> None:
    assert only_lines(day.go(day.start - 23 * HOUR)) == lines("T-24h")
    day.change(chosen(round1="1200", unanswered="600"))
    day.announce()
    assert only_lines(day.go(day.start - 15 * HOUR)) == [], "the first round took place"
    day.change(chosen(round1="600", unanswered="600"))
    assert only_lines(day.go(day.start)) == lines("T-60min")
    assert [kind for kind, _round, _at in day.done].count(reminders.UNANSWERED) == 1


def test_a_time_that_is_past_now_is_kept_at_once_and_not_lost(day: Day) -> None:
    day.go(day.start - 30 * HOUR)
    day.change(chosen(round1="2160"))
    assert only_lines(day.go(day.at)) == lines("T-36h")
    day.change(chosen(round1="1440"))
    assert only_lines(day.go(day.start)) == lines("T-60min")


def test_a_reminder_that_never_waited_does_not_come_late(day: Day) -> None:
    day.change(chosen(unanswered=""))
    day.go(day.start - 30 * HOUR)
    day.change(chosen(unanswered="2880"))
    day.go(day.start)
    assert reminders.UNANSWERED not in [kind for kind, _round, _at in day.done]


def test_there_and_back_again_is_one_delivery_each(day: Day) -> None:
    for _turn in range(3):
        day.change(chosen(round1="1200", round2="", room="45"))
        day.change(PLAIN)
    day.announce()
    assert only_lines(day.go(day.start + HOUR)) == lines("T-24h", "T-60min")
    assert [kind for kind, _round, _at in day.done].count(reminders.ROOM) == 1


def test_a_round_more_and_a_round_less(day: Day) -> None:
    day.go(day.start - 20 * HOUR)
    day.change(chosen(round2="600", round3="60"))
    assert only_lines(day.go(day.start - 5 * HOUR)) == lines("T-10h")
    day.change(chosen(round1="60", round2="30"))
    assert only_lines(day.go(day.start)) == lines("T-60min", "T-30min"), "what lies behind one that stays is new"


def test_whom_to_call_moves_with_its_time_and_comes_back(day: Day) -> None:
    day.go(day.start - 2 * HOUR)
    assert day.waiting()[f"{line_tests.CALL_KIND} technician"] == day.start - 30 * MINUTE
    day.change(chosen(technician="10", deputy=""))
    assert f"{line_tests.CALL_KIND} deputy" not in day.waiting()
    day.change(chosen(technician="20", deputy="10"))
    assert [one for one in day.go(day.start) if one[0] == line_tests.CALL_KIND] == [(line_tests.CALL_KIND, "technician"), (line_tests.CALL_KIND, "deputy")]
    assert [at - day.start for kind, _round, at in day.done if kind == line_tests.CALL_KIND] == [-20 * MINUTE, -10 * MINUTE]


def test_after_the_meeting_its_conclusion_is_due_at_the_new_time(day: Day) -> None:
    day.go(day.start + 3 * HOUR)
    day.change(chosen(conclusion_days="3", evening="16:00"))
    # Two hours from Sunday 8 March, 16:00 in Hà Nội: the third working day after it is the Wednesday.
    assert day.waiting()[reminders.CONCLUSION_DUE] == datetime(2026, 3, 11, 16, tzinfo=CIVIL)
    assert day.waiting()[reminders.CONCLUSION_SOON] == datetime(2026, 3, 10, 8, tzinfo=CIVIL)



def test_a_meeting_that_was_moved_or_cancelled_is_left_alone(day: Day) -> None:
    with day.db.write() as conn:
        service.cancel(conn, day.meeting, "Bão", day.office.secretary, day.at)
        invitations.announce(conn, day.meeting, day.at)
    assert day.change(chosen(round1="2160")) == 0 and not [name for name in day.waiting() if name.startswith("linetest")]


def test_only_the_top_changes_them_and_the_audit_says_so(day: Day) -> None:
    district = replace(day.keeper, unit_path=(day.office.unit.id, "below"))
    with pytest.raises(NotFound), day.db.write() as conn:
        times_store.put(conn, chosen(room="30"), USUAL, district, day.at)
    day.change(chosen(room="30"))
    with day.db.read() as conn:
        assert times_store.current(conn, USUAL) == chosen(room="30")
        assert [event.data["room"] for event in ledger_store.events(conn, None) if event.kind == "timing.changed"] == [30]


def test_a_round_that_was_in_hand_while_times_changed_is_known_by_its_name(day: Day) -> None:
    day.change(chosen(round1="1200"))
    with day.db.read() as conn:
        found = times_store.policy(conn, USUAL, "T-24h")
        assert found.round("T-24h") is not None and found.round("T-20h") is not None
        assert times_store.policy(conn, USUAL, "extra").round("extra") is None


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_changed_whenever_nothing_comes_early_or_twice_or_is_left_behind(day: Day, seed: int) -> None:
    dice = random.Random(seed)
    while day.at < day.start + HOUR:
        if dice.random() < 0.4:
            first = dice.choice([1200, 1440, 2160, 2880])
            day.change(chosen(round1=str(first), round2=dice.choice(["", "600", "60", "30"]), room=dice.choice(["15", "45", "120"]),
                              unanswered=dice.choice(["", "600", "2880", "4000"]), technician=dice.choice(["", "30", "50"]), deputy=dice.choice(["", "10", "20"])))
            check(day)
        if dice.random() < 0.3:
            day.announce()
            check(day)
        day.go(min(day.start + HOUR, day.at + dice.choice([5 * MINUTE, HOUR, 7 * HOUR])) if day.at > day.start - 3 * HOUR else day.at + dice.randint(1, 9) * HOUR)
    counted = [(kind, round_) for kind, round_, _at in day.done if kind != reminders.UNANSWERED]
    assert len(counted) == len(set(counted)), "twice"
    assert sum(kind == reminders.ROOM for kind, _round in counted) == 1, "lost"


def check(day: Day) -> None:
    """What waits is exactly something of the times in force, each once, and nothing that lies ahead is missing unless it was done."""
    with day.db.read() as conn:
        rows = conn.execute(select(table).where(outbox.under(conn, f"{reminders.prefix(day.meeting)}"))).all()
    wanted = {one.key: one for one in _plan(day)}
    waits: list[Any] = [row for row in rows if row.state == "waiting"]
    names = [times_store._counts_as(row) for row in waits]
    assert len(names) == len(set(names)), names
    for row, name in zip(waits, names, strict=True):
        assert name in wanted and row.due_at == wanted[name].due, (name, row.due_at)
    known = {times_store._counts_as(row) for row in rows if row.error != times_store.MOVED}
    missing = [key for key, one in wanted.items() if one.due > day.at and key not in known]
    assert not missing, missing


def _plan(day: Day) -> list[reminders.Planned]:
    occasion = reminders.Occasion(day.meeting, 0, day.start, day.start + 2 * HOUR)
    return reminders.plan(occasion, day.times.timing, WorkingDays(), datetime.min.replace(tzinfo=UTC))
