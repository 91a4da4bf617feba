"""Who may share a screen with the room, and why a shared one ends: one rule, for use cases, relay and pages alike.  Pure.

One screen at a time.  It may be shared by the chair's point, by who has the floor (or is interrupted and goes on), and by the one
point that the chair has let; a point that the chair silenced shares nothing.  Called by `sharing` and `web/roompolicy.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from meetings.meeting import ROOM_OPEN, State
from meetings.voices import Voices

ENDS = frozenset({"own", "chair", "other", "floor", "muted", "pause", "left", "lost", "closed"})
"""Why a screen ended: the point's or the chair's word, another screen came, the floor went on, the point was silenced, the meeting
rests, the point left, its media were lost, the meeting is over."""


@dataclass(frozen=True, slots=True)
class Share:
    """The point whose screen the room sees."""

    point_id: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rule looks at.  `floor`: who has the floor, since when; `paused`: who was interrupted."""

    stands: State
    main: int | None
    floor: tuple[int, datetime] | None
    paused: int | None
    voices: Voices
    """Whom the chair silenced, and, in the setting, whom it let share."""
    present: frozenset[int] | None = None
    """None: not asked."""


def why_not(point_id: int, facts: Facts) -> str | None:
    """Why this point may share no screen now, as it would end one (`ENDS`); None: it may."""
    if facts.stands not in ROOM_OPEN:
        return "closed"
    if facts.present is not None and point_id not in facts.present:
        return "left"
    if point_id == facts.main:
        return None
    if facts.stands is not State.OPEN:
        return "pause"
    holds = facts.floor is not None and facts.floor[0] == point_id
    if facts.floor is not None and holds and facts.voices.muted_since(point_id, facts.floor[1]):
        return "muted"
    if not holds and facts.voices.muted_one(point_id):
        return "muted"
    return None if holds or point_id in (facts.paused, facts.voices.setting.presenter) else "floor"
