"""Rules of votes as data, exact counts, and when a motion passes: against a reckoning of its own, written from the law's sentences."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from meetings.errors import Conflict, Invalid
from meetings.voting import (
    COUNCIL,
    USUAL,
    Choice,
    Option,
    Rule,
    Tally,
    alternatives,
    arithmetic,
    check_quorum,
    choice_of,
    tally,
)

HALF, TWO_THIRDS = Fraction(1, 2), Fraction(2, 3)
OWN = alternatives(["Phương án A", "Phương án B", "Phương án C"])


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    majority = draw(st.one_of(st.just(HALF), st.fractions(HALF, 1, max_denominator=12)))
    return Rule(
        draw(st.fractions(0, 1, max_denominator=12)), majority, draw(st.sampled_from(["members", "entitled", "present", "cast"])),
        draw(st.sampled_from([None, False, True])) if majority < 1 else None, draw(st.sampled_from(["entitled", "members"])),
        draw(st.sampled_from(["points", "persons"])), draw(st.integers(200, 400)),
        draw(st.sampled_from(["fails", "chair"])) if majority == HALF else "fails",
        draw(st.dictionaries(st.text("123", min_size=1, max_size=3), st.integers(0, 50), max_size=4)))


options = st.sampled_from([USUAL, OWN, alternatives(["Một", "Hai"], abstention=False)])
halls = st.tuples(options, st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=40), st.integers(0, 40), st.integers(0, 40))
"""What may be chosen; each ballot's choice and weight; votes of those present who are silent; of those absent."""


def reckon(rule: Rule, chosen: tuple[Option, ...], cast: list[tuple[str, int]], present: int, entitled: int, chair: str | None) -> str | None:
    """What is adopted, reckoned a second time: shares as fractions of the base, no product."""
    votes: Counter[str] = Counter()
    for choice, weight in cast:
        votes[choice] += weight
    base = {"members": rule.members, "entitled": entitled, "present": present, "cast": sum(votes.values())}[rule.base]
    can_win = [option.choice for option in chosen if option.means == "for"]
    strict = rule.majority == HALF if rule.strict is None else rule.strict
    enough = []
    for choice in can_win:
        if base and votes[choice]:
            share = Fraction(votes[choice], base)
            if share > rule.majority or (share == rule.majority and not strict):
                enough.append(choice)
    if len(enough) == 1:
        return enough[0]
    sides = sorted((votes[option.choice], option.choice) for option in chosen if option.means != "abstain")
    first, second = sides[-1], sides[-2]
    if rule.tie == "chair" and first[0] == second[0] > 0 and chair in [side for count, side in sides if count == first[0]]:
        return chair if chair in can_win else None
    return None


@given(rules(), halls, st.integers(0, 39))
@example(Rule(Fraction(0), HALF, "entitled", tie="chair"), (USUAL, [(0, 1), (1, 1)], 0, 0), 0)
@example(Rule(Fraction(0), HALF, "entitled", tie="chair"), (USUAL, [(0, 1), (1, 1)], 0, 0), 1)
@example(Rule(Fraction(0), HALF, "entitled", tie="chair"), (USUAL, [(0, 1), (1, 1), (2, 1)], 0, 0), 2)
@example(Rule(Fraction(0), HALF, "cast", strict=False), (OWN, [(0, 1), (1, 1)], 0, 0), 0)
def test_what_is_adopted_is_what_a_second_reckoning_adopts(
    rule: Rule, hall: tuple[tuple[Option, ...], list[tuple[int, int]], int, int], sits: int,
) -> None:
    chosen, ballots, silent, absent = hall
    cast = [(chosen[place % len(chosen)].choice, weight) for place, weight in ballots]
    chair = cast[sits][0] if sits < len(cast) else None
    counts: Counter[str] = Counter()
    for choice, weight in cast:
        counts[choice] += weight
    present = counts.total() + silent
    entitled = present + absent
    result = tally(rule, entitled, present, counts, chosen, chair)
    assert result.won == reckon(rule, chosen, cast, present, entitled, chair)
    assert result.passed is (result.won is not None)
    assert result.cast == counts.total() <= result.present <= result.entitled
    assert {choice: votes for choice, votes in result.counts.items() if votes} == +counts
    told = arithmetic(rule, chosen, result)
    assert told.threshold == rule.majority * result.base
    assert told.reached is (result.base > 0 and told.votes > 0 and (told.votes > told.threshold or (not told.strict and told.votes == told.threshold)))


@pytest.mark.parametrize(("votes_for", "against", "abstain", "entitled", "present", "base", "passed"), [
    (120, 0, 0, 239, 239, "all", True),       # 120 of 239 is more than half
    (119, 0, 0, 239, 239, "all", False),      # 119.5 would be half
    (119, 0, 0, 239, 160, "present", True),
    (2, 2, 0, 4, 4, "all", False),            # a tie is not more than half
    (2, 1, 1, 4, 4, "all", False),
    (3, 1, 0, 4, 4, "all", True),
    (1, 0, 2, 9, 5, "cast", False),
    (2, 1, 0, 9, 5, "cast", True),
    (0, 0, 0, 9, 5, "cast", False),           # nothing passes without a ballot
])
def test_more_than_half_of_the_base(votes_for: int, against: int, abstain: int, entitled: int, present: int, base: str,
                                    passed: bool) -> None:
    result = tally(Rule(Fraction(0), HALF, base), entitled, present, {"for": votes_for, "against": against, "abstain": abstain})
    assert result.passed is passed
    assert result.counts == {"for": votes_for, "against": against, "abstain": abstain}


def test_two_thirds_means_at_least_two_thirds_where_nothing_is_said() -> None:
    rule = Rule(Fraction(0), TWO_THIRDS, "entitled")
    assert tally(rule, 3, 3, {"for": 2}).passed
    assert not tally(rule, 4, 4, {"for": 2}).passed
    assert tally(Rule(Fraction(0), Fraction(1), "entitled"), 2, 2, {"for": 2}).passed
    assert not tally(Rule(Fraction(0), TWO_THIRDS, "entitled", strict=True), 3, 3, {"for": 2}).passed
    assert tally(Rule(Fraction(0), HALF, "entitled", strict=False), 4, 4, {"for": 2, "against": 2}).passed


def test_half_of_the_members_who_are_not_all_there() -> None:
    council = Rule(TWO_THIRDS, HALF, "members", quorum_of="members", over="persons", members=30)
    assert check_quorum(council, 21, 21) == 20
    assert not tally(council, 21, 21, {"for": 15, "against": 6}).passed  # 15 of 30 is not more than half, though it is of 21
    assert tally(council, 21, 21, {"for": 16, "against": 5}).passed
    with pytest.raises(Conflict) as refused:
        check_quorum(council, 19, 19)
    assert refused.value.params == {"present": 19, "needed": 20, "entitled": 30}
    with pytest.raises(Conflict, match=r"motion\.members"):
        check_quorum(council, 31, 31)


@pytest.mark.parametrize(("counts", "chair", "won", "tie"), [
    ({"for": 5, "against": 5}, "for", "for", "chair"),
    ({"for": 5, "against": 5}, "against", None, "chair"),
    ({"for": 5, "against": 5}, "abstain", None, "fails"),   # a chair who takes no side decides nothing
    ({"for": 5, "against": 5}, None, None, "fails"),
    ({"for": 4, "against": 4, "abstain": 2}, "for", "for", "chair"),
    ({"for": 4, "against": 5}, "for", None, ""),
    ({"for": 6, "against": 4}, "against", "for", ""),
    ({}, None, None, ""),
])
def test_where_two_sides_are_equal_the_chairs_side_decides_if_the_rule_says_so(
    counts: dict[str, int], chair: str | None, won: str | None, tie: str,
) -> None:
    result = tally(Rule(Fraction(0), HALF, "entitled", tie="chair"), 10, 10, counts, chair=chair)
    assert (result.won, result.tie) == (won, tie)
    without = tally(Rule(Fraction(0), HALF, "entitled"), 10, 10, counts, chair=chair)
    assert (without.won is None) == (counts.get("for", 0) <= 5)


def test_of_options_of_ones_own_at_most_one_is_adopted() -> None:
    rule = Rule(Fraction(0), HALF, "cast")
    assert tally(rule, 9, 9, {"o1": 2, "o2": 5, "o3": 1, "abstain": 1}, OWN).won == "o2"
    nothing = tally(rule, 9, 9, {"o1": 4, "o2": 4, "o3": 1}, OWN)
    assert (nothing.won, nothing.tie) == (None, "fails")
    by_chair = tally(Rule(Fraction(0), HALF, "cast", tie="chair"), 9, 9, {"o1": 4, "o2": 4, "o3": 1}, OWN, chair="o2")
    assert (by_chair.won, by_chair.passed, by_chair.tie) == ("o2", True, "chair")


@given(rules(), st.lists(st.sampled_from([choice.value for choice in Choice]), max_size=60), st.integers(1, 40))
def test_one_more_vote_in_favour_never_turns_a_passed_motion_down(rule: Rule, cast: list[str], silent: int) -> None:
    entitled = len(cast) + silent
    result = tally(rule, entitled, entitled, Counter(cast))
    if result.passed and result.tie == "":
        assert tally(rule, entitled, entitled, Counter([*cast, "for"])).passed


def test_more_ballots_than_voters_is_a_bug_and_stops() -> None:
    with pytest.raises(AssertionError):
        tally(COUNCIL, 2, 2, {"for": 3})
    with pytest.raises(AssertionError):
        tally(COUNCIL, 2, 2, {"for": 1, "maybe": 1})


@given(rules())
def test_a_rule_survives_the_store(rule: Rule) -> None:
    assert Rule.from_data(rule.as_data()) == rule


def test_a_rule_of_before_is_read_as_it_was_meant() -> None:
    rule = Rule.from_data({"quorum": "2/3", "majority": "2/3", "base": "all"})
    assert rule == Rule(TWO_THIRDS, TWO_THIRDS, "entitled", strict=False)
    assert Rule.from_data({"quorum": "0", "majority": "1/2", "base": "cast"}).strict is True


def test_a_tally_survives_the_store_and_one_of_before_is_read() -> None:
    result = tally(COUNCIL, 5, 4, {"for": 3, "against": 1})
    assert Tally.from_data(result.as_data()) == result
    old = {"counts": {"for": 3, "against": 0, "abstain": 0}, "entitled": 5, "present": 4, "base": 5, "passed": True}
    assert Tally.from_data(old).won == "for"


GOOD = {"quorum": "2/3", "majority": "1/2", "base": "entitled"}


@pytest.mark.parametrize(("changes", "code"), [
    ({"quorum": "3/2"}, "rule.quorum"), ({"quorum": "-1/2"}, "rule.quorum"), ({"quorum": "2/0"}, "rule.quorum"),
    ({"quorum": "0.5"}, "rule.quorum"), ({"quorum": ""}, "rule.quorum"), ({"quorum": "1/"}, "rule.quorum"),
    ({"quorum": "1e9"}, "rule.quorum"), ({"quorum": "9" * 21}, "rule.quorum"), ({"quorum": "²/3"}, "rule.quorum"),
    ({"majority": "1/3"}, "rule.majority"), ({"majority": "3/2"}, "rule.majority"),
    ({"majority": None}, "rule.majority"), ({"majority": "1", "strict": True}, "rule.majority"),
    ({"base": "everybody"}, "rule.base"), ({"base": None}, "rule.base"),
    ({"base": "members"}, "rule.members"), ({"quorum_of": "members"}, "rule.members"), ({"quorum_of": "cast"}, "rule.quorum_of"),
    ({"members": "0"}, "rule.members"), ({"members": "12.5"}, "rule.members"), ({"members": "9" * 9}, "rule.members"),
    ({"over": "votes"}, "rule.over"), ({"tie": "coin"}, "rule.tie"), ({"tie": "chair", "majority": "2/3"}, "rule.tie"),
    ({"weights": {"22": -1}}, "rule.weights"), ({"weights": {"22": "x"}}, "rule.weights"), ({"weights": [1]}, "rule.weights"),
    ({"weights": {"22": 10**7}}, "rule.weights"), ({"weights": {"22": True}}, "rule.weights"),
])
def test_a_rule_that_makes_no_sense_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        Rule.from_data({**GOOD, **changes})
    assert refused.value.code == code


def test_a_vote_needs_its_quorum() -> None:
    assert check_quorum(COUNCIL, 239, 160) == 160
    with pytest.raises(Conflict) as refused:
        check_quorum(COUNCIL, 239, 159)
    assert refused.value.code == "motion.no_quorum"
    assert refused.value.params == {"present": 159, "needed": 160, "entitled": 239}
    with pytest.raises(Conflict, match=r"motion\.nobody"):
        check_quorum(COUNCIL, 0, 0)


def test_only_the_answers_of_the_motion_exist() -> None:
    assert choice_of("abstain") == "abstain"
    assert choice_of("o3", OWN) == "o3"
    for choice, among in (("yes", USUAL), ("for", OWN), ("o4", OWN)):
        with pytest.raises(Invalid, match=r"ballot\.choice"):
            choice_of(choice, among)


@pytest.mark.parametrize("texts", [["Một"], ["Một", "một "], ["", " "], [str(n) for n in range(13)]])
def test_options_that_make_no_choice_are_refused(texts: list[str]) -> None:
    with pytest.raises(Invalid, match=r"motion\.options"):
        alternatives(texts)


def test_weights_are_of_a_person_before_they_are_of_the_point() -> None:
    rule = Rule(Fraction(0), HALF, "cast", weights={"22": 3, "p": 0})
    assert [rule.votes_of("22"), rule.votes_of("22", "q"), rule.votes_of("22", "p"), rule.votes_of("04")] == [3, 3, 0, 1]
