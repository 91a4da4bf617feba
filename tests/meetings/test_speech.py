"""The rules of the queue and of the clocks, as plain values; the order by properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings import speech
from meetings.errors import Conflict, Invalid, NotFound
from meetings.speech import LANES, Kind, Speech, Standing, Times, Turn

AT = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)


def entry(number: int, kind: Kind = Kind.CONTRIBUTION, **changes: object) -> Speech:
    asked = Speech(number, number, kind, Standing.WAITING, LANES[kind], number, AT)
    return replace(asked, **changes)  # type: ignore[arg-type]


kinds = st.sampled_from(list(Kind))
crowds = st.lists(kinds, min_size=1, max_size=30).map(lambda found: [entry(number, kind) for number, kind in enumerate(found, start=1)])


@given(crowds, st.randoms(use_true_random=False))
def test_the_order_is_one_whatever_order_the_entries_come_in(crowd: list[Speech], chance: object) -> None:
    mixed = list(crowd)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    order = speech.queue(mixed)
    assert order == speech.queue(crowd)
    assert [(LANES[one.kind], one.entry) for one in order] == sorted((LANES[one.kind], one.entry) for one in crowd)


@given(crowds, st.lists(st.integers(min_value=-(10**6), max_value=10**6), min_size=30, max_size=30))
def test_no_clock_has_a_word_in_it(crowd: list[Speech], skews: list[int]) -> None:
    skewed = [replace(one, asked_at=AT + timedelta(seconds=skew)) for one, skew in zip(crowd, skews, strict=False)]
    assert [one.entry for one in speech.queue(skewed)] == [one.entry for one in speech.queue(crowd)]


@given(crowds, st.lists(st.tuples(st.integers(0, 29), st.none() | st.integers(0, 29)), max_size=8))
def test_whoever_is_moved_stands_there_the_others_keep_their_order_and_who_comes_later_is_after_its_like(
    crowd: list[Speech], moves: list[tuple[int, int | None]],
) -> None:
    for one, other in moves:
        order = [each.entry for each in speech.queue(crowd)]
        moving, before = order[one % len(order)], None if other is None else order[other % len(order)]
        places = speech.moved(crowd, moving, before)
        crowd = [replace(each, lane=places[each.entry][0], place=places[each.entry][1]) if each.entry in places else each for each in crowd]
        after = [each.entry for each in speech.queue(crowd)]
        rest = [each for each in order if each != moving]
        at = len(rest) if before is None else order.index(before) if before == moving else rest.index(before)
        assert after == [*rest[:at], moving, *rest[at:]]
        assert len({(each.lane, each.place) for each in crowd}) == len(crowd)
    for kind in Kind:
        late = entry(1000, kind)
        order = list(speech.queue([*crowd, late]))
        assert all(each.lane > late.lane for each in order[order.index(late) + 1:])


def test_who_does_not_wait_is_not_moved() -> None:
    for moving, before in ((9, 1), (1, 9)):
        with pytest.raises(NotFound, match=r"speech\.unknown"):
            speech.moved([entry(1), entry(2)], moving, before)


def test_turns_of_the_floor() -> None:
    speaker, asker = entry(1, standing=Standing.SPEAKING), entry(2, Kind.QUESTION, standing=Standing.SPEAKING)
    held = replace(speaker, standing=Standing.PAUSED)
    assert speech.give(None, None, Kind.QUESTION) == Turn()
    assert speech.give(speaker, None, Kind.CONTRIBUTION) == Turn(done=(speaker,))
    assert speech.give(speaker, None, Kind.QUESTION) == speech.give(speaker, None, Kind.ORDER) == Turn(pause=speaker)
    assert speech.give(asker, held, Kind.ORDER) == Turn(done=(asker,))
    assert speech.give(asker, held, Kind.CONTRIBUTION) == Turn(done=(asker, held))
    assert speech.take(asker, held) == Turn(done=(asker,), goes_on=held)
    with pytest.raises(Conflict, match=r"floor\.free"):
        speech.take(None, None)


def test_a_clock_is_an_instant_and_what_was_spoken_before_it() -> None:
    one = entry(1, standing=Standing.SPEAKING, limit_s=180, spoken_ms=60_500, began_at=AT)
    assert one.ends_at == AT + timedelta(seconds=119, milliseconds=500)
    assert one.spoken(AT + timedelta(seconds=2)) == 62_500
    assert one.spoken(AT - timedelta(hours=1)) == 60_500
    assert replace(one, began_at=None).ends_at is replace(one, limit_s=None).ends_at is None


def test_the_turn_is_as_long_as_the_rule_and_the_budget_let_it_be() -> None:
    rule = Times(speech_s=300, aside_s=60, unit_s=600)
    assert [rule.limit(Kind.CONTRIBUTION, used) for used in (0, 299_999, 400_000, 599_999, 900_000)] == [300, 300, 200, 1, 0]
    assert rule.limit(Kind.QUESTION, 900_000) == 60
    assert Times().limit(Kind.CONTRIBUTION, 10**9) is None
    assert Times(unit_s=100).limit(Kind.CONTRIBUTION, 0) == 100


@pytest.mark.parametrize("value", [-1, 0, 9, 4 * 3600 + 1, "x", "1.5", 1.5, True, [], 10**30])
def test_lengths_that_are_none(value: object) -> None:
    with pytest.raises(Invalid) as refused:
        Times.checked(speech_s=value)
    assert (refused.value.code, refused.value.params["field"]) == ("speech.seconds", "speech_s")


def test_lengths_and_kinds_as_people_send_them() -> None:
    assert Times.checked(speech_s="180", aside_s="", bell_s=None) == Times(speech_s=180)
    assert Times.checked(**Times(1200, 60, 600, 30).as_data()) == Times(1200, 60, 600, 30)
    assert speech.kind_of("order") is Kind.ORDER
    for wrong in ("", None, [], "speech"):
        with pytest.raises(Invalid, match=r"speech\.kind"):
            speech.kind_of(wrong)
