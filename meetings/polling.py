"""Opinion slips: how long they run, when whoever is silent is reminded, what an answer must say, and how slips are counted together
with a vote of the meeting.  Pure.

A slip is answered once, as a ballot is cast once; nobody is present at it, so no share can be asked to be there.  Called by `slips`;
the database repeats "once", "until the deadline" and "no result before it while somebody may still answer".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from meetings.errors import Conflict, Invalid
from meetings.texts import paragraph
from meetings.voting import Choice, Option, Rule, Tally, tally

SHORTEST: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=60)
LAST_DAY: Final = timedelta(days=1)
PAUSE: Final = timedelta(hours=1)
"""Between two reminders that people send."""
OPINION: Final = 2000
"""Characters beside a choice."""


def check_due(opened: datetime, due: datetime, now: datetime) -> datetime:
    """Raises Invalid("slip.due") for a term that is too short from now, or too long from the opening."""
    if not now + SHORTEST <= due <= opened + LONGEST:
        raise Invalid("slip.due", field="due", hours=int(SHORTEST / timedelta(hours=1)), days=LONGEST.days)
    return due


def check_rule(rule: Rule) -> None:
    """Raises Invalid("slip.quorum"): slips have no room in which a share could be present."""
    if rule.quorum:
        raise Invalid("slip.quorum", field="quorum")


def reminded_at(now: datetime, due: datetime) -> datetime:
    """When whoever has not answered is reminded by itself: a day before the end, or in the middle of a short term."""
    return max(due - LAST_DAY, now + (due - now) / 2)


def opinion(text: str, choice: str, options: Sequence[Option]) -> str:
    """What is said beside the choice; whoever takes no side says what else.  Raises Invalid("slip.opinion" | "text.…")."""
    said = paragraph(text, "opinion", OPINION, empty=True)
    other = any(option.choice == choice and option.means is Choice.ABSTAIN for option in options)
    if other and not said:
        raise Invalid("slip.opinion", field="opinion")
    return said


def digest(said: str) -> str:
    """What the record tells of an opinion, which itself stands beside the ballot; empty for nothing said."""
    return hashlib.sha256(said.encode()).hexdigest() if said else ""


def check_joint(earlier: Tally, rule: Rule, asked: int, added: int) -> None:
    """Raises Conflict("motion.nobody" | "motion.members").  added: votes of those asked who were not entitled in the meeting."""
    if asked <= 0:
        raise Conflict("motion.nobody")
    if rule.members is not None and earlier.entitled + added > rule.members:
        raise Conflict("motion.members", members=rule.members, entitled=earlier.entitled + added)


def together(
    rule: Rule, options: Sequence[Option], earlier: Tally, slips: Mapping[str, int], added: int, chair: str | None = None,
) -> Tally:
    """The result of a vote of the meeting and of the slips of those who were not there: each voter once, by the meeting's rule.

    added: as in `check_joint`.  Whoever answered counts as present, as whoever votes does.
    """
    answered, entitled = sum(slips.values()), earlier.entitled + added
    counts = {option.choice: earlier.counts.get(option.choice, 0) + slips.get(option.choice, 0) for option in options}
    return tally(rule, entitled, min(entitled, earlier.present + answered), counts, options, chair)
