"""Votes: the rule as data, the count, and whether the motion passed.  Pure; exact fractions, no floating point.

One ballot a point, named and open (a secret ballot is not offered: nothing here separates the voter from the vote).
Who may vote is fixed when the motion opens; a ballot is never changed.  Called by `conduct`; the database repeats
"once", "only the entitled" and "only while open" (keys and triggers of voter and ballot).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from meetings.attendance import needed
from meetings.errors import Conflict, Invalid


class Choice(StrEnum):
    """Tán thành, không tán thành, không biểu quyết."""

    FOR = "for"
    AGAINST = "against"
    ABSTAIN = "abstain"


BASES = ("all", "present", "cast")


@dataclass(frozen=True, slots=True)
class Rule:
    """When a vote may be taken and when it passes.

    quorum: the share of the entitled who must be present when the vote opens (0 = none asked).
    majority: the share of the base that must be for it.  One half means *more than* half; a larger share (⅔ to remove
    a deputy, Law on Organisation of Local Government 2015, article 91) means *at least* that share.
    base: "all" entitled, those "present", or the ballots "cast".
    """

    quorum: Fraction
    majority: Fraction
    base: str

    def __post_init__(self) -> None:
        if not 0 <= self.quorum <= 1:
            raise Invalid("rule.quorum", field="quorum", value=str(self.quorum))
        if not Fraction(1, 2) <= self.majority <= 1:
            raise Invalid("rule.majority", field="majority", value=str(self.majority))
        if self.base not in BASES:
            raise Invalid("rule.base", field="base", value=str(self.base))

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Rule:
        """{quorum: "2/3", majority: "1/2", base: "all"}.  Raises Invalid("rule.…")."""
        return cls(_fraction(data, "quorum"), _fraction(data, "majority"), str(data.get("base", "")))

    def as_data(self) -> dict[str, str]:
        return {"quorum": str(self.quorum), "majority": str(self.majority), "base": self.base}

    @property
    def more_than(self) -> bool:
        """Whether the share must be passed and not only reached."""
        return self.majority == Fraction(1, 2)

    def needed_present(self, entitled: int) -> int:
        return needed(self.quorum, entitled)

    def passes(self, votes_for: int, base: int) -> bool:
        """Whether `votes_for` out of `base` is enough.  Nothing passes with an empty base."""
        if base <= 0:
            return False
        threshold = self.majority * base
        return votes_for > threshold if self.more_than else votes_for >= threshold


COUNCIL = Rule(Fraction(2, 3), Fraction(1, 2), "all")
"""Usual rule of councils and committees: two thirds present, more than half of all for it."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The result of a vote.  `base` is the number the majority is counted over; present includes all who voted."""

    counts: Mapping[str, int]
    entitled: int
    present: int
    base: int
    passed: bool

    def as_data(self) -> dict[str, Any]:
        return {"counts": dict(self.counts), "entitled": self.entitled, "present": self.present, "base": self.base,
                "passed": self.passed}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Tally:
        return cls(data["counts"], data["entitled"], data["present"], data["base"], data["passed"])


def choice_of(text: str) -> Choice:
    """Raises Invalid("ballot.choice")."""
    try:
        return Choice(text)
    except ValueError:
        raise Invalid("ballot.choice", field="choice", value=text) from None


def check_quorum(rule: Rule, entitled: int, present: int) -> int:
    """The number needed.  Raises Conflict("motion.no_quorum") if fewer are present, Conflict("motion.nobody")."""
    if entitled <= 0:
        raise Conflict("motion.nobody")
    wanted = rule.needed_present(entitled)
    if present < wanted:
        raise Conflict("motion.no_quorum", present=present, needed=wanted, entitled=entitled)
    return wanted


def tally(rule: Rule, entitled: int, present: int, choices: Iterable[str]) -> Tally:
    """Count the ballots of a vote.

    entitled: points that may vote.  present: those present when it opened or who voted since.
    """
    counts = {choice.value: 0 for choice in Choice}
    for choice in choices:
        counts[choice] += 1
    cast = sum(counts.values())
    assert cast <= present <= entitled, "the store lets only entitled points vote, each once"
    base = {"all": entitled, "present": present, "cast": cast}[rule.base]
    return Tally(counts, entitled, present, base, rule.passes(counts[Choice.FOR], base))


def _fraction(data: Mapping[str, Any], name: str) -> Fraction:
    text = str(data.get(name, ""))
    if len(text) > 20:  # a page could send an exponent that takes all memory
        raise Invalid(f"rule.{name}", field=name, value=text[:20])
    top, slash, bottom = text.partition("/")
    parts = (top, bottom) if slash else (top, "1")
    if not all(part.isascii() and part.isdigit() for part in parts) or int(parts[1]) == 0:
        raise Invalid(f"rule.{name}", field=name, value=text)
    return Fraction(int(parts[0]), int(parts[1]))
