"""Votes: the rule as data, the count, and whether the motion passed.  Pure; exact fractions, no floating point.

Votes are named and open.  A secret ballot is not offered: whoever keeps the votes also keeps who gave them, and nothing
here could prove that the two were separated.  Who may vote, with how many votes, is fixed when the motion opens; a ballot
is never changed.  Called by `balloting` and `hand_counts`; the database repeats "once", "only the entitled" and "only
while open" (keys and triggers of voter and ballot).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from meetings.attendance import needed
from meetings.errors import Conflict, Invalid
from meetings.texts import line


class Choice(StrEnum):
    """Tán thành, không tán thành, không biểu quyết."""

    FOR = "for"
    AGAINST = "against"
    ABSTAIN = "abstain"


class Method(StrEnum):
    """By each voter's own device; by hands that two people count; by opinion slips with a deadline."""

    ELECTRONIC = "electronic"
    HANDS = "hands"
    SLIP = "slip"


@dataclass(frozen=True, slots=True)
class Option:
    """What may be chosen.  `text` is empty for the three usual answers, which each page words itself.

    means: "for" can win the vote; "against" and "abstain" cannot, and an abstention takes no side.
    """

    choice: str
    text: str
    means: Choice

    def as_data(self) -> dict[str, str]:
        return {"choice": self.choice, "text": self.text, "means": self.means.value}


USUAL: Final = tuple(Option(choice.value, "", choice) for choice in Choice)
MOST_OPTIONS: Final = 12
BASES: Final = ("members", "entitled", "present", "cast")
MOST_VOTES: Final = 1_000_000
"""Of one voter, and members of one body: sums stay far inside what a database keeps as an integer."""


def alternatives(texts: Sequence[str], abstention: bool = True) -> tuple[Option, ...]:
    """Options of one's own: at most one wins.  Raises Invalid("motion.options" | "text.…")."""
    named = [line(text, "options", 200) for text in texts if text.strip()]
    if not 2 <= len(named) <= MOST_OPTIONS or len({text.casefold() for text in named}) != len(named):
        raise Invalid("motion.options", field="options", most=MOST_OPTIONS)
    chosen = [Option(f"o{place}", text, Choice.FOR) for place, text in enumerate(named, start=1)]
    return (*chosen, USUAL[2]) if abstention else tuple(chosen)


@dataclass(frozen=True, slots=True)
class Rule:
    """When a vote may be taken and when it passes.

    quorum: the share of `quorum_of` (entitled, or the body's members) that must be present when the vote opens (0 = none).
    majority, strict: the share of the base to be passed (strict) or reached.  Where nothing is said, one half is to be
    passed and a larger share reached (⅔ to remove a deputy, Law on Organisation of Local Government 2015, article 91).
    base: all `members` of the body, the `entitled`, those `present`, or the ballots `cast`.
    over: each of the points votes, or each of the persons.  members: how many votes the body has, where a share is of it.
    tie: where two sides have equally many votes and none has won, nothing is adopted, or the `chair`'s side is.
    weights: votes of a point (by its code) or person (by its id, else by its point's code) other than one; 0 = may not vote.
    """

    quorum: Fraction
    majority: Fraction
    base: str
    strict: bool | None = None
    quorum_of: str = "entitled"
    over: str = "points"
    members: int | None = None
    tie: str = "fails"
    weights: Mapping[str, int] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.base == "all":  # as rules were written before a body could be larger than those entitled
            object.__setattr__(self, "base", "entitled")
        if self.strict is None:
            object.__setattr__(self, "strict", self.majority == Fraction(1, 2))
        if not 0 <= self.quorum <= 1:
            raise Invalid("rule.quorum", field="quorum", value=str(self.quorum))
        if not Fraction(1, 2) <= self.majority <= 1 or (self.strict and self.majority == 1):
            raise Invalid("rule.majority", field="majority", value=str(self.majority))
        self._check_words()
        if (self.base == "members" or self.quorum_of == "members") and self.members is None:
            raise Invalid("rule.members", field="members")
        if self.members is not None and not 1 <= self.members <= MOST_VOTES:
            raise Invalid("rule.members", field="members")
        if self.tie == "chair" and self.majority != Fraction(1, 2):
            raise Invalid("rule.tie", field="tie", value=self.tie)
        if len(self.weights) > 20_000 or not all(0 <= votes <= MOST_VOTES for votes in self.weights.values()):
            raise Invalid("rule.weights", field="weights")

    def _check_words(self) -> None:
        for name, known in (("base", BASES), ("quorum_of", BASES[:2]), ("over", ("points", "persons")), ("tie", ("fails", "chair"))):
            if getattr(self, name) not in known:
                raise Invalid(f"rule.{name}", field=name, value=str(getattr(self, name))[:20])

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Rule:
        """{quorum: "2/3", majority: "1/2", base: "entitled", …}.  Raises Invalid("rule.…")."""
        return cls(
            _fraction(data, "quorum"), _fraction(data, "majority"), str(data.get("base", "")), _truth(data.get("strict")),
            str(data.get("quorum_of") or "entitled"), str(data.get("over") or "points"), _members(data.get("members")),
            str(data.get("tie") or "fails"), _weights(data.get("weights")),
        )

    def as_data(self) -> dict[str, Any]:
        return {
            "quorum": str(self.quorum), "quorum_of": self.quorum_of, "over": self.over, "majority": str(self.majority),
            "strict": bool(self.strict), "base": self.base, "members": self.members, "tie": self.tie, "weights": dict(self.weights),
        }

    def whole(self, entitled: int) -> int:
        """The votes of which the quorum is a share."""
        return self.members if self.quorum_of == "members" and self.members is not None else entitled

    def needed_present(self, entitled: int) -> int:
        return needed(self.quorum, self.whole(entitled))

    def base_of(self, entitled: int, present: int, cast: int) -> int:
        return {"members": self.members or 0, "entitled": entitled, "present": present, "cast": cast}[self.base]

    def passes(self, votes: int, base: int) -> bool:
        """Whether `votes` out of `base` is enough.  Nothing passes with an empty base, nor without a vote."""
        threshold = self.majority * base
        return base > 0 and votes > 0 and (votes > threshold if self.strict else votes >= threshold)

    def votes_of(self, code: str, person: str | None = None) -> int:
        """How many votes the point or the person has."""
        return self.weights.get(person or "", self.weights.get(code, 1))


COUNCIL = Rule(Fraction(2, 3), Fraction(1, 2), "entitled")
"""Usual rule of councils and committees: two thirds present, more than half of all for it."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The result of a vote, in votes.  `base` is the number the majority is counted over.

    present: those there at the opening or the closing, and all who voted.  won: the choice that is adopted, None if none is.
    tie: "" where no tie decided; "fails" or "chair" where two sides were equal and the rule's way was taken.
    """

    counts: Mapping[str, int]
    entitled: int
    present: int
    base: int
    passed: bool
    won: str | None = None
    tie: str = ""

    @property
    def cast(self) -> int:
        return sum(self.counts.values())

    def as_data(self) -> dict[str, Any]:
        return {"counts": dict(self.counts), "entitled": self.entitled, "present": self.present, "base": self.base,
                "passed": self.passed, "won": self.won, "tie": self.tie}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Tally:
        won = data.get("won", Choice.FOR.value if data["passed"] else None)
        return cls(data["counts"], data["entitled"], data["present"], data["base"], data["passed"], won, data.get("tie", ""))


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """The comparison that decides: `votes` of the leading option against `threshold`, which is to be passed or reached."""

    choice: str
    votes: int
    base: int
    share: Fraction
    threshold: Fraction
    strict: bool
    reached: bool

    def as_data(self) -> dict[str, Any]:
        return {"choice": self.choice, "votes": self.votes, "base": self.base, "share": str(self.share),
                "threshold": str(self.threshold), "strict": self.strict, "reached": self.reached}


def arithmetic(rule: Rule, options: Sequence[Option], result: Tally) -> Arithmetic:
    """The reckoning of a result, to be shown beside it.  The leading option is the one with the most votes, first of equals."""
    winning = [option for option in options if option.means is Choice.FOR]
    lead = max(winning, key=lambda option: result.counts.get(option.choice, 0))
    votes = result.counts.get(lead.choice, 0)
    return Arithmetic(lead.choice, votes, result.base, rule.majority, rule.majority * result.base, bool(rule.strict),
                      rule.passes(votes, result.base))


def choice_of(text: str, options: Sequence[Option] = USUAL) -> str:
    """Raises Invalid("ballot.choice")."""
    if not any(option.choice == text for option in options):
        raise Invalid("ballot.choice", field="choice", value=text[:20])
    return text


def check_quorum(rule: Rule, entitled: int, present: int) -> int:
    """The number needed.  Raises Conflict("motion.no_quorum") if fewer are present, Conflict("motion.nobody"),
    Conflict("motion.members") where more are entitled than the body has members."""
    if entitled <= 0:
        raise Conflict("motion.nobody")
    if rule.members is not None and entitled > rule.members:
        raise Conflict("motion.members", members=rule.members, entitled=entitled)
    wanted = rule.needed_present(entitled)
    if present < wanted:
        raise Conflict("motion.no_quorum", present=present, needed=wanted, entitled=rule.whole(entitled))
    return wanted


def tally(
    rule: Rule, entitled: int, present: int, counts: Mapping[str, int], options: Sequence[Option] = USUAL, chair: str | None = None,
) -> Tally:
    """The result.  counts: votes for each choice.  chair: what the chair chose, None if nothing.

    One option that can win and has enough has won.  Else, where two sides or more have equally many votes and nobody has
    more, the rule's way with a tie is taken: the chair's side, if it is one of them, or nothing.
    """
    votes = {option.choice: counts.get(option.choice, 0) for option in options}
    cast = sum(votes.values())
    assert cast == sum(counts.values()) and cast <= present <= entitled, "only the entitled vote, each once"
    base = rule.base_of(entitled, present, cast)
    winning = [option.choice for option in options if option.means is Choice.FOR]
    enough = [choice for choice in winning if rule.passes(votes[choice], base)]
    won, tie = (enough[0], "") if len(enough) == 1 else _tied(rule, votes, options, chair)
    if won not in winning:
        return Tally(votes, entitled, present, base, False, None, tie)
    return Tally(votes, entitled, present, base, True, won, tie)


def _tied(rule: Rule, votes: Mapping[str, int], options: Sequence[Option], chair: str | None) -> tuple[str | None, str]:
    """(the side that a tie is decided for, which way was taken)."""
    sides = [option.choice for option in options if option.means is not Choice.ABSTAIN]
    most = max(votes[side] for side in sides)
    equal = [side for side in sides if votes[side] == most]
    if most == 0 or len(equal) < 2:
        return None, ""
    if rule.tie == "chair" and chair in equal:
        return chair, "chair"
    return None, "fails"


def _fraction(data: Mapping[str, Any], name: str) -> Fraction:
    text = str(data.get(name, ""))
    if len(text) > 20:  # a page could send an exponent that takes all memory
        raise Invalid(f"rule.{name}", field=name, value=text[:20])
    top, slash, bottom = text.partition("/")
    parts = (top, bottom) if slash else (top, "1")
    if not all(part.isascii() and part.isdigit() for part in parts) or int(parts[1]) == 0:
        raise Invalid(f"rule.{name}", field=name, value=text)
    return Fraction(int(parts[0]), int(parts[1]))


def _truth(value: Any) -> bool | None:
    if value in (None, ""):
        return None
    return value in (True, "1", "true", "on")


def _members(value: Any) -> int | None:
    if value in (None, ""):
        return None
    text = str(value)
    if not text.isascii() or not text.isdigit() or len(text) > 7:
        raise Invalid("rule.members", field="members")
    return int(text)


def _weights(value: Any) -> dict[str, int]:
    if not value:
        return {}
    if not isinstance(value, Mapping) or not all(type(votes) is int for votes in value.values()):
        raise Invalid("rule.weights", field="weights")
    return {str(who): votes for who, votes in value.items()}
