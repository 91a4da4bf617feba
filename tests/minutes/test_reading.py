"""Facts are read from ledger events and from nothing else."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import Invalid
from minutes.facts import MinuteFacts, PointFact
from minutes.reading import facts_from_events
from tests.minutes.ledgers import OPENING, Ledger, whole_meeting


def minutes_of(point: PointFact) -> list[tuple[float, float]]:
    """Stays in minutes from the opening."""
    return [((s.start - OPENING) / timedelta(minutes=1), (s.end - OPENING) / timedelta(minutes=1)) for s in point.spans]


def points_of(log: Ledger) -> dict[int, PointFact]:
    return {point.point_id: point for point in facts_from_events(log.events).points}


def test_presence_counts_only_between_opening_and_closing() -> None:
    log = Ledger().create().book(3).join(1, 2).add("meeting.opened", 0).leave(2, 40).add("meeting.closed", 60)
    log.leave(1, 61, "closed").join(3, minute=70)
    points = points_of(log)
    assert minutes_of(points[1]) == [(0, 60)] and not points[1].early
    assert minutes_of(points[2]) == [(0, 40)] and points[2].early and not points[2].late
    assert points[3].absent


def test_late_means_more_than_five_minutes_after_the_opening() -> None:
    log = Ledger().create().book(3).join(1).add("meeting.opened", 0).join(2, minute=5).join(3, minute=5.1)
    points = points_of(log.add("meeting.closed", 60))
    assert [points[n].late for n in (1, 2, 3)] == [False, False, True]


def test_a_second_device_does_not_end_the_stay_of_the_first() -> None:
    log = Ledger().create().book(2).join(1, 1).add("meeting.opened", 0).leave(1, 10).leave(1, 30)
    assert minutes_of(points_of(log.add("meeting.closed", 60))[1]) == [(0, 30)]


def test_a_point_that_came_back_has_two_stays() -> None:
    log = Ledger().create().book(2).join(1).add("meeting.opened", 0).leave(1, 10).join(1, minute=20)
    assert minutes_of(points_of(log.add("meeting.closed", 60))[1]) == [(0, 10), (20, 60)]


def test_a_clock_set_back_leaves_no_negative_time() -> None:
    log = Ledger().create().book(2).join(1).add("meeting.opened", 0)
    log.add("floor.given", 30, log.point(1))
    facts = facts_from_events(log.add("floor.taken", 20).add("meeting.closed", 60).events)
    assert facts.floors[0].span.start == facts.floors[0].span.end


def test_the_floor_belongs_to_the_item_in_which_it_was_given() -> None:
    facts = facts_from_events(whole_meeting())
    assert [(f.name, f.item, (f.span.end - f.span.start).seconds // 60) for f in facts.floors] == [
        ("Xã Ba Chẽ 2", 2, 10), ("Xã Ba Chẽ 3", 2, 4)]


def test_a_floor_never_taken_back_ends_with_the_meeting() -> None:
    log = Ledger().create().book(2).add("meeting.opened", 0)
    log.add("floor.given", 10, log.point(1)).add("meeting.closed", 60)
    assert facts_from_events(log.events).floors[0].span.end == OPENING + timedelta(minutes=60)


def test_an_interruption_is_a_turn_of_its_own_and_no_time_of_the_speaker() -> None:
    log = Ledger().create().book(3).add("meeting.opened", 0).add("agenda.started", 1, item=2, title="Thảo luận")
    log.add("floor.given", 10, log.point(1), limit_s=600)
    given = log.events[-1].seq
    log.add("floor.paused", 15, log.point(1), entry=given, spoken_ms=300_000)
    log.add("floor.given", 15, log.point(2), kind="question", person={"id": "p", "name": "Lò Thị Mai"})
    log.add("floor.taken", 17, log.point(2), entry=log.events[-1].seq, spoken_ms=120_000).add("agenda.ended", 17, item=2)
    log.add("floor.continued", 17, log.point(1), entry=given)
    log.add("floor.taken", 20, log.point(1), entry=given, spoken_ms=480_000, limit_s=600).add("meeting.closed", 60)
    facts = facts_from_events(log.events)
    told = [(f.code, f.item, f.kind, f.person, *((at - OPENING).seconds // 60 for at in (f.span.start, f.span.end))) for f in facts.floors]
    assert told == [("00001", 2, "contribution", "", 10, 15), ("00002", 2, "question", "Lò Thị Mai", 15, 17),
                    ("00001", 2, "contribution", "", 17, 20)]


def test_a_vote_carries_its_rule_counts_and_ballots_by_name() -> None:
    vote, = facts_from_events(whole_meeting(12)).votes
    assert (vote.entitled, vote.present, vote.quorum_needed, vote.passed) == (12, 11, 8, True)
    assert vote.counts == {"for": 8, "against": 1, "abstain": 1} and vote.rule["quorum"] == "2/3"
    assert [b.name for b in vote.ballots if b.choice == "against"] == ["Xã Ba Chẽ 3"]


def test_a_vote_still_open_at_closing_has_no_result() -> None:
    log = Ledger().create().book(3).add("meeting.opened", 0).vote("m", 10, {1: "for"})
    log.events = [event for event in log.events if event.kind != "motion.closed"]
    assert facts_from_events(log.add("meeting.closed", 60).events).votes[0].passed is None


def test_removed_conclusions_are_gone_and_the_last_word_on_a_delegate_counts() -> None:
    log = Ledger().create().book(2)
    for present in (True, False):
        log.add("delegate.recorded", 1, log.point(1), delegate="d", name="Phạm A", post="", present=present)
    facts = facts_from_events([*log.events])
    assert [d.present for d in facts.delegates] == [False]
    assert facts_from_events(whole_meeting()).conclusions == (
        "Giao Sở Khoa học và Công nghệ chủ trì, hoàn thành trong tháng 12.", "Các xã báo cáo hằng tuần.")


def test_changes_and_later_bookings_replace_what_was_said_before() -> None:
    log = Ledger().create().book(3).add("meeting.changed", -40, title="Tên mới").book(2)
    facts = facts_from_events(log.events)
    assert facts.title == "Tên mới" and len(facts.points) == 2


def test_events_after_the_meeting_that_minutes_do_not_tell_change_nothing() -> None:
    events = whole_meeting()
    log = Ledger()
    log.events = list(events)
    log.add("minutes.drafted", 101, minutes="x", version=1, sha256="0" * 64)
    log.add("minutes.numbered", 102, minutes="x", version=2, number=7, symbol="BB-UBND", year=2026)
    assert facts_from_events(log.events) == facts_from_events(events)


@pytest.mark.parametrize("events", [[], whole_meeting()[1:], Ledger().add("hand.raised").events])
def test_a_chain_without_a_created_meeting_gives_no_facts(events: list) -> None:
    with pytest.raises(Invalid) as caught:
        facts_from_events(events)
    assert caught.value.code == "minutes.no_meeting"


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3), st.integers(0, 90)), max_size=30))
def test_whatever_joins_and_leaves_come_stays_lie_inside_the_meeting_and_do_not_overlap(
    moves: list[tuple[bool, int, int]],
) -> None:
    log = Ledger().create().book(3).add("meeting.opened", 10)
    for joins, number, minute in sorted(moves, key=lambda move: move[2]):
        log = log.join(number, minute=minute) if joins else log.leave(number, minute)
    facts: MinuteFacts = facts_from_events(log.add("meeting.closed", 90).events)
    for point in facts.points:
        stays = minutes_of(point)
        assert all(10 <= start < end <= 90 for start, end in stays)
        assert all(first[1] <= second[0] for first, second in zip(stays, stays[1:], strict=False))
