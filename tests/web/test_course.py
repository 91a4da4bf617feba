"""The ledger told in sentences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from meetings.ledger import Event, link_event
from web import course
from web.i18n import I18n, speak

AT = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _vietnamese() -> None:
    I18n()
    speak("vi")


def chain(*kinds: str, data: dict[str, object] | None = None) -> list[Event]:
    events: list[Event] = []
    for n, kind in enumerate(kinds):
        last = (events[-1].seq, events[-1].hash) if events else None
        point = {"id": n, "code": str(n), "name": f"Xã {n}"}
        events.append(link_event(last, "m", kind, AT + timedelta(seconds=n), None, point, data or {}))
    return events


def test_a_run_of_joins_is_one_line_that_holds_them_all() -> None:
    lines = course.entries(chain(*["point.joined"] * 7, "meeting.opened", "point.joined"))
    assert [line.text for line in lines] == ["7 điểm cầu vào họp", "Khai mạc", "Xã 8 vào họp"]
    assert [text for _event, text in lines[0].inside] == [f"Xã {n} vào họp" for n in range(7)]


def test_a_few_joins_stay_lines_of_their_own() -> None:
    lines = course.entries(chain(*["point.joined"] * 5))
    assert len(lines) == 5 and all(line.minor and not line.inside for line in lines)


def test_nothing_that_happened_is_dropped() -> None:
    lines = course.entries(chain("kind.of.the.future", *["ballot.cast"] * 6, data={"choice": "for"}))
    assert lines[0].text == "kind.of.the.future"
    assert sum(len(line.inside) or 1 for line in lines) == 7


def test_a_vote_is_told_with_its_result() -> None:
    data = {"title": "Nghị quyết", "counts": {"for": 4, "against": 1, "abstain": 0}, "entitled": 5, "passed": True}
    assert course.sentence(chain("motion.closed", data=data)[0]) == (
        "Kết quả biểu quyết “Nghị quyết”: 4 tán thành, 1 không tán thành, 0 không biểu quyết / 5 · thông qua")


def test_in_a_vote_the_line_of_a_ballot_does_not_tell_the_choice_twice() -> None:
    assert course.sentence(chain("ballot.cast", data={"choice": "against"})[0]) == "Xã 0 biểu quyết"


def test_how_minutes_came_about_is_seen_only_by_those_who_make_them() -> None:
    record = ("minutes.refused", "number.voided", "packet.released", "release.granted")
    assert not any(course.visible(kind, course.Sees(papers=True, record=False)) for kind in record)
    assert all(course.visible(kind, course.Sees(papers=False, record=True)) for kind in record)
    assert not course.visible("kind.of.the.future", course.Sees(papers=True, record=False)), "what nobody has thought about is not shown"
    assert course.visible("point.joined", course.Sees(papers=False, record=False))
    assert not course.visible("document.added", course.Sees(papers=False, record=False))
    assert course.visible("conclusion.written", course.Sees(papers=True, record=False))
