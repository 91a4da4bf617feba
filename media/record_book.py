"""What a recording consists of: its tracks, its gaps, its counters, and the manifest that says so.

Pure: the clock is an argument.  Only what is on the disk is told.  Called by ``media/record_slot.py`` (frames come in),
``media/record_beat.py`` (what is to be written goes out) and ``media/recorder.py`` (it begins, breaks off and ends).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from media.matroska import Form
from media.record_track import Gap, Track
from media.record_words import ENDED, KILLED, NO_KEY_FRAME, RECORDING, SCHEMA, TOO_MANY

MOST_TRACKS: Final = 9999  # the number in a file's name has four digits; a picture that keeps changing its form makes a track each time


class Book:
    """One recording.  ``zero`` of the loop's clock is ``wall`` (seconds since 1970) and the recording's time 0."""

    def __init__(self, meeting: str, recording: str, zero: float, wall: float, earlier: dict[str, Any] | None = None) -> None:
        """``earlier`` is the manifest of the same recording up to a crash; it is gone on with."""
        self.meeting, self.recording = meeting, recording
        self.tracks: list[Track] = []                  # of this process, in the order of their beginning
        self.gaps: list[Gap] = []
        self.blocked = False                           # the disk takes nothing: frames are dropped
        self._full: Gap | None = None                  # what would need one track more is missing; the others go on
        self.ended: tuple[float, str] | None = None    # when and why
        self.counters: dict[str, float] = dict.fromkeys(
            ("packets", "lost", "malformed", "unclaimed", "bytes", "fsyncs", "fsync_ms_max", "fsync_ms_sum"), 0)
        self._zero, self._wall = zero, wall
        self._earlier = earlier or {}
        self._number = max([int(track["file"][:4]) for track in self._earlier.get("tracks", [])], default=0)
        self._old_tracks: list[dict[str, Any]] = list(self._earlier.get("tracks", []))
        self._old_gaps: list[dict[str, Any]] = list(self._earlier.get("gaps", []))

    def time(self, now: float) -> float:
        """Seconds of the recording at ``now`` of the loop's clock."""
        return now - self._zero

    def moment(self, seconds: float) -> str:
        """UTC in ISO 8601, to the microsecond."""
        return datetime.fromtimestamp(self._wall + seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def open(self, point: str, kind: str, codec: str, private: bytes, size: tuple[int, int], at: float, began: float) -> Track:
        """A new track whose first frame was taken at ``at``; what came since ``began`` and could not be used is a gap."""
        self._number += 1
        number = self._number
        track = Track(number, point, kind, Form(codec, point, self._wall + at, number, private, size), at)
        if kind == "video" and at - began > 0.5:
            track.gaps.append(Gap(began, at, NO_KEY_FRAME))
        self.tracks.append(track)
        return track

    def full(self, at: float) -> bool:
        """Whether there are as many tracks as there may be: what would need another is missing from ``at`` on."""
        if self._number < MOST_TRACKS:
            return False
        if self._full is None and not any(gap["reason"] == TOO_MANY for gap in self._old_gaps):
            self._full = Gap(at, None, TOO_MANY)
        return True

    def forget(self, track: Track) -> None:
        """A track of which nothing reached the disk is none; its gap is one of the whole."""
        if track in self.tracks:
            self.tracks.remove(track)
            self.gaps[:0] = track.gaps

    def resume(self, reason: str = KILLED) -> None:
        """This process goes on with an earlier one's recording: what nobody recorded in between is a gap until ``again``, for
        this reason where the earlier one ended well."""
        ended = self._earlier.get("ended")
        start = datetime.fromisoformat(ended).timestamp() - self._wall if ended else 0.0
        for gap in [gap for gap in self._old_gaps if gap["to"] is None and gap["reason"] != TOO_MANY]:
            self._old_gaps.remove(gap)
            start, reason = datetime.fromisoformat(gap["from"]).timestamp() - self._wall, gap["reason"]
        self.gaps.append(Gap(min(start, 0.0), None, reason))

    def gap(self, reason: str, now: float) -> None:
        """Nothing at all is recorded from now on, until ``again``."""
        if not self.gaps or self.gaps[-1].end is not None:
            self.gaps.append(Gap(self.time(now), None, reason))

    def again(self, now: float) -> None:
        """It goes on."""
        if self.gaps and self.gaps[-1].end is None:
            self.gaps[-1].end = self.time(now)

    def end(self, reason: str, now: float) -> None:
        """Nothing more will come."""
        for track in self.tracks:
            track.closed = True
        self.ended = self.time(now), reason

    @property
    def bytes(self) -> int:
        """On the disk, of all tracks."""
        earlier: int = sum(track["bytes"] for track in self._old_tracks)
        return earlier + sum(track.size for track in self.tracks)

    def missing(self) -> int:
        """How many gaps there are, of tracks and of the whole."""
        return (sum(len(track.gaps) for track in self.tracks) + len(self._all_gaps()) + len(self._old_gaps)
                + sum(len(track["gaps"]) for track in self._old_tracks))

    def _all_gaps(self) -> list[Gap]:
        """Of this process, of the whole recording."""
        return self.gaps if self._full is None else [*self.gaps, self._full]

    def manifest(self, now: float) -> dict[str, Any]:
        """The manifest of this moment (docs/protocol.md)."""
        ended, reason = self.ended or (None, None)
        return {
            "schema": SCHEMA, "meeting": self.meeting, "recording": self.recording,
            "state": RECORDING if ended is None else ENDED, "reason": reason,
            "started": self._earlier.get("started") or self.moment(0.0),
            "ended": None if ended is None else self.moment(ended), "updated": self.moment(self.time(now)),
            "gaps": self._old_gaps + [
                {"from": self.moment(gap.start), "to": None if gap.end is None else self.moment(gap.end), "reason": gap.reason}
                for gap in self._all_gaps()],
            "tracks": self._old_tracks + [track.as_data(self.moment) for track in self.tracks],
            "counters": {**self.counters, "bytes": self.bytes, "gaps": self.missing()},
        }
