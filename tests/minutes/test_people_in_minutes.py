"""What the minutes tell of people behind the points: late, left, absent and why, came instead; roll calls; records of before."""

from __future__ import annotations

from minutes.draft import minutes_model
from minutes.facts import MinuteFacts
from minutes.reading import facts_from_events
from tests.minutes.ledgers import Ledger
from tests.minutes.test_draft import said


def told(log: Ledger) -> dict[str, str]:
    facts = facts_from_events(log.add("meeting.closed", 100, present=2, booked=3).events)
    assert isinstance(facts, MinuteFacts)
    return said(minutes_model(facts))


def opened() -> Ledger:
    log = Ledger().create().book(3)
    for entry, name, replaces in (("e1", "Lê An", None), ("e2", "Vũ Bình", None), ("e3", "Đỗ Cúc", None)):
        log.add("delegate.registered", -40, log.point(2), entry=entry, name=name, post="Phó", replaces=replaces)
    return log.add("meeting.convened", -30).add("meeting.opened", 0)


def one(log: Ledger, kind: str, minute: float, person: str, name: str, **more: object) -> None:
    log.add(f"person.{kind}", minute, log.point(2), person=person, name=name, post="Phó", how="tap", **more)


def test_each_person_stands_as_the_roll_says() -> None:
    log = opened()
    one(log, "present", -10, "e1", "Lê An", late=False)
    one(log, "present", 15, "e2", "Vũ Bình", late=True)
    one(log, "left", 80, "e2", "Vũ Bình")
    one(log, "absent", 3, "e3", "Đỗ Cúc", reason="đi công tác")
    one(log, "absent", 3, "e4", "Hà Dũng", reason=None)
    one(log, "present", 3, "e5", "Bấm Nhầm", late=False)
    one(log, "expected", 4, "e5", "Bấm Nhầm")
    assert told(log)["delegates"].split("\n") == [
        "Lê An, Phó – Xã Ba Chẽ 2", "Vũ Bình, Phó – Xã Ba Chẽ 2 (đến muộn lúc 08:15; rời họp lúc 09:20)",
        "Đỗ Cúc, Phó – Xã Ba Chẽ 2 (vắng có lý do: đi công tác)", "Hà Dũng, Phó – Xã Ba Chẽ 2 (vắng không lý do)"]


def test_a_substitute_is_told_with_whom_and_why_and_who_was_replaced_nowhere_else() -> None:
    log = opened()
    log.add("delegate.withdrawn", 1, log.point(2), entry="e3", name="Đỗ Cúc", reason="đi công tác")
    log.add("delegate.registered", 1, log.point(2), entry="e6", name="Đỗ Dũng", post="Phó", replaces="e3")
    one(log, "present", 2, "e6", "Đỗ Dũng", late=False)
    log.add("delegate.withdrawn", 3, log.point(2), entry="e1", name="Lê An", reason="ốm")
    assert told(log)["delegates"].split("\n") == [
        "Đỗ Dũng, Phó – Xã Ba Chẽ 2 (dự thay Đỗ Cúc: đi công tác)", "Lê An, Phó – Xã Ba Chẽ 2 (vắng có lý do: ốm)"]


def test_roll_calls_and_heads_are_told_and_who_was_never_called_is_named() -> None:
    log = opened()
    people = [{"id": f"e{n}", "name": name, "post": "", "point": "00002", "state": "expected"} for n, name in ((1, "Lê An"), (2, "Vũ Bình"))]
    log.add("roll.called", 1, roll=1, why="opened", points=[3, 2], persons=[2, 0], heads=0, pages=1).add("roll.page", 1, roll=1, page=1, people=people)
    one(log, "present", 2, "e1", "Lê An", late=False)
    for heads in (12, 14):
        log.add("heads.counted", 5, log.point(3), heads=heads)
    log.add("roll.called", 30, roll=2, why="motion", points=[3, 2], persons=[2, 1], heads=14, pages=0)
    words = told(log)
    assert words["roll"] == ("Điểm danh: 0/2 đại biểu có mặt khi khai mạc (08:01); 1/2 đại biểu có mặt trước khi biểu quyết (08:30); "
                             "các điểm cầu đếm được 14 người.")
    assert words["delegates"].split("\n") == ["Lê An, Phó – Xã Ba Chẽ 2", "Vũ Bình – Xã Ba Chẽ 2 (không được điểm danh)"]


def test_a_record_of_before_reads_as_it_did() -> None:
    log = opened()
    for name, present in (("Lê An", True), ("Vũ Bình", False)):
        log.add("delegate.recorded", 2, log.point(2), delegate=name, name=name, post="", present=present)
    words = told(log)
    assert words["delegates"].split("\n") == ["Lê An – Xã Ba Chẽ 2", "Vũ Bình – Xã Ba Chẽ 2 (vắng mặt)"] and "roll" not in words
