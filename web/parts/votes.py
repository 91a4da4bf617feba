"""Sections motion, voted, result.  While a vote is open they say how many of each point have voted, never how the count stands:
a running count would sway those still to vote.  Persons are counted by their points and never named."""

from __future__ import annotations

from typing import Any

from meetings.state import ClosedMotion, OpenMotion
from meetings.voting import Option, arithmetic
from web.parts.look import Look


def part(look: Look) -> dict[str, Any]:
    """`voted` is code → [how many have voted, how many may] in the vote that is open: who is not in it may not vote."""
    motion, last = look.state.motion, look.state.last_motion
    turnout = motion.turnout if motion else {}
    return {
        "motion": _open(motion) if motion else None,
        "voted": {seat.code: list(turnout[seat.point_id]) for seat in look.state.seats if seat.point_id in turnout},
        "result": _result(last) if last else None,
    }


def _open(motion: OpenMotion) -> dict[str, Any]:
    """`count`: the number of the last count of hands and whether somebody has witnessed it, not what was counted."""
    count = motion.count
    return {
        "id": motion.motion_id, "title": motion.title, "method": motion.method.value, "options": _options(motion.options),
        "cast": motion.cast, "entitled": motion.voters, "rule": motion.rule.as_data() | {"weights": {}},
        "count": {"n": count.n, "witnessed": count.witness is not None} if count else None,
    }


def _options(options: tuple[Option, ...]) -> list[list[str]]:
    return [[option.choice, option.text] for option in options]


def _result(last: ClosedMotion) -> dict[str, Any]:
    return {
        "id": last.motion_id, "title": last.title, "method": last.method.value, "options": _options(last.options),
        "rule": last.rule.as_data() | {"weights": {}}, "quorum_needed": last.rule.needed_present(last.result.entitled),
        "whole": last.rule.whole(last.result.entitled),
        "arithmetic": arithmetic(last.rule, last.options, last.result).as_data(), **last.result.as_data(),
    }
