"""What a recording of a meeting is: why, how long it is kept, where it stands.  Pure.

It runs while the meeting is open, pauses with it and ends with it; its files are whole a moment later (`kept`), and after its
time, or by the secretary's word, they are deleted and then proved gone (`erased`).  Never says who may do what: that is
`access`.  Called by `recordings`; the database repeats the moves (migration recordings).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from meetings.errors import Invalid
from meetings.texts import line, paragraph

LONGEST_KEPT = 3650
"""Days.  How long recordings of meetings are to be kept no rule that we know of says: the chair chooses, and everybody is told."""
PURPOSE, NOTICE, REASON = 300, 1000, 500  # characters
FORMATS = ("mp4", "webm")
CLOSED_KINDS = frozenset({"internal", "reception"})
"""Meetings among few: whoever is recorded there says that he knows it.  Others may be asked the same by the chair's choice."""


class Stand(StrEnum):
    """Where a recording stands."""

    RUNNING = "running"
    PAUSED = "paused"
    ENDING = "ending"
    KEPT = "kept"
    DELETED = "deleted"
    ERASED = "erased"


class Told(NamedTuple):
    """How far one point knows of a recording."""

    point_id: int
    late: bool
    shown_at: datetime | None
    agreed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Recording:
    """A row of the store.  `folder`: name of its folder among those of the meeting; `asks`: every point is to say that it
    knows; what is None until `kept_at`: seconds, tracks, gaps, bytes, manifest_sha256."""

    recording_id: str
    meeting_id: str
    folder: str
    purpose: str
    notice: str
    asks: bool
    keep_until: datetime
    started_by: Mapping[str, Any]
    started_at: datetime
    paused_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    kept_at: datetime | None
    seconds: int | None
    tracks: int | None
    gaps: int | None
    bytes: int | None
    manifest_sha256: str | None
    deleted_at: datetime | None
    deleted_by: Mapping[str, Any] | None
    deleted_reason: str | None
    erased_at: datetime | None

    @property
    def stand(self) -> Stand:
        if self.erased_at:
            return Stand.ERASED
        if self.deleted_at:
            return Stand.DELETED
        if self.kept_at:
            return Stand.KEPT
        if self.ended_at:
            return Stand.ENDING
        return Stand.PAUSED if self.paused_at else Stand.RUNNING

    def knows(self, point: Told) -> bool:
        """Its page shows the notice; where that is asked, somebody there said that they know."""
        return (point.agreed_at if self.asks else point.shown_at) is not None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a finished recording consists of, as its manifest says; no manifest: nothing could be recorded."""

    seconds: int
    tracks: int
    gaps: int
    bytes: int
    manifest_sha256: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is said before anything is recorded."""

    purpose: str
    notice: str
    keep_until: datetime


def wanted(purpose: str, notice: str, days: int, at: datetime) -> Wanted:
    """Raises Invalid("recording.days"), Invalid("text.…") for a purpose or a notice that says nothing."""
    if not 1 <= days <= LONGEST_KEPT:
        raise Invalid("recording.days", field="keep", most=LONGEST_KEPT)
    return Wanted(line(purpose, "purpose", PURPOSE), paragraph(notice, "notice", NOTICE), at + timedelta(days=days))


def folder_name(recording_id: str, at: datetime) -> str:
    """Sorts by time; `at` is UTC."""
    return f"{at:%Y%m%dT%H%M%SZ}-{recording_id[-4:]}"
