"""Sections motion, voted, result.  While a vote is open they say who has voted, never how the count stands: a running count
would sway those still to vote."""

from __future__ import annotations

from typing import Any

from web.parts.look import Look


def part(look: Look) -> dict[str, Any]:
    """`voted` is code → 1 in the vote that is open."""
    motion, last = look.state.motion, look.state.last_motion
    voted = set(motion.voted) if motion else set()
    return {
        "motion": {
            "id": motion.motion_id, "title": motion.title, "cast": len(motion.voted), "entitled": motion.entitled,
        } if motion else None,
        "voted": {seat.code: 1 for seat in look.state.seats if seat.point_id in voted},
        "result": {"id": last.motion_id, "title": last.title, **last.result.as_data()} if last else None,
    }
