"""Rules of votes as data, exact counts, and when a motion passes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.errors import Conflict, Invalid
from meetings.voting import COUNCIL, Choice, Rule, Tally, check_quorum, choice_of, tally

HALF, TWO_THIRDS = Fraction(1, 2), Fraction(2, 3)

rules = st.builds(Rule, st.fractions(0, 1, max_denominator=12), st.fractions(HALF, 1, max_denominator=12),
                  st.sampled_from(["all", "present", "cast"]))
votes = st.lists(st.sampled_from([choice.value for choice in Choice]), max_size=60)


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
    cast = ["for"] * votes_for + ["against"] * against + ["abstain"] * abstain
    result = tally(Rule(Fraction(0), HALF, base), entitled, present, cast)
    assert result.passed is passed
    assert result.counts == {"for": votes_for, "against": against, "abstain": abstain}


def test_two_thirds_means_at_least_two_thirds() -> None:
    rule = Rule(Fraction(0), TWO_THIRDS, "all")
    assert tally(rule, 3, 3, ["for", "for"]).passed
    assert not tally(rule, 4, 4, ["for", "for"]).passed
    assert tally(Rule(Fraction(0), Fraction(1), "all"), 2, 2, ["for", "for"]).passed


@given(rules, votes, st.integers(0, 40), st.integers(0, 40))
def test_the_count_is_exact_and_the_result_follows_the_rule(
    rule: Rule, cast: list[str], silent: int, absent: int,
) -> None:
    present, entitled = len(cast) + silent, len(cast) + silent + absent
    result = tally(rule, entitled, present, cast)
    assert sum(result.counts.values()) == len(cast) <= result.present <= result.entitled
    share = rule.majority * {"all": entitled, "present": present, "cast": len(cast)}[rule.base]
    wanted = cast.count("for") > share if rule.majority == HALF else cast.count("for") >= share
    assert result.passed is (wanted and result.base > 0)


@given(rules, votes, st.integers(1, 40))
def test_one_more_vote_in_favour_never_turns_a_passed_motion_down(rule: Rule, cast: list[str], silent: int) -> None:
    entitled = len(cast) + silent
    if tally(rule, entitled, entitled, cast).passed:
        assert tally(rule, entitled, entitled, [*cast, "for"]).passed


@given(rules, votes)
def test_the_order_of_ballots_changes_nothing(rule: Rule, cast: list[str]) -> None:
    assert tally(rule, 60, 60, cast) == tally(rule, 60, 60, sorted(cast))


def test_more_ballots_than_voters_is_a_bug_and_stops() -> None:
    with pytest.raises(AssertionError):
        tally(COUNCIL, 2, 2, ["for"] * 3)


@given(rules)
def test_a_rule_survives_the_store(rule: Rule) -> None:
    assert Rule.from_data(rule.as_data()) == rule


def test_a_tally_survives_the_store() -> None:
    result = tally(COUNCIL, 5, 4, ["for", "for", "against"])
    assert Tally.from_data(result.as_data()) == result


GOOD = {"quorum": "2/3", "majority": "1/2", "base": "all"}


@pytest.mark.parametrize(("changes", "code"), [
    ({"quorum": "3/2"}, "rule.quorum"), ({"quorum": "-1/2"}, "rule.quorum"), ({"quorum": "2/0"}, "rule.quorum"),
    ({"quorum": "0.5"}, "rule.quorum"), ({"quorum": ""}, "rule.quorum"), ({"quorum": "1/"}, "rule.quorum"),
    ({"quorum": "1e9"}, "rule.quorum"), ({"quorum": "9" * 21}, "rule.quorum"), ({"quorum": "²/3"}, "rule.quorum"),
    ({"majority": "1/3"}, "rule.majority"), ({"majority": "3/2"}, "rule.majority"),
    ({"majority": None}, "rule.majority"),
    ({"base": "everybody"}, "rule.base"), ({"base": None}, "rule.base"),
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


def test_only_three_answers_exist() -> None:
    assert choice_of("abstain") is Choice.ABSTAIN
    with pytest.raises(Invalid, match=r"ballot\.choice"):
        choice_of("yes")
