"""What is said, typed as captions: bounds of a line, how long it may be corrected, and the lines as WebVTT.  Pure.

The text may be erased, so it stands in its table alone (`captioning`); the ledger knows who typed and how many lines there were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from meetings.errors import Conflict

LIMIT = 110
"""Characters of one line: two rows of a television, three of a telephone."""
MOST = 10_000
"""Lines of one meeting: a whole day without a pause."""
SHOWN = 3
"""Newest lines that every page has."""
PAGE = 200
"""Lines that one reading gives, the newest ones."""
CORRECTABLE = timedelta(minutes=2)
"""The last line of whoever types may be corrected or taken back so long."""

BEFORE = timedelta(seconds=3)
"""A line is sent when it was heard: what it says began a moment before."""
READ_AT_LEAST = timedelta(seconds=2)
READ_PER_CHARACTER = timedelta(milliseconds=70)


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `code` and `point` are of who had the floor, None for nobody.  Text None: it was taken back or erased.  `until`: it may be
    corrected, while it is the last of its `author`."""

    ord: int
    user_id: str
    author: str
    code: str | None
    point: str | None
    text: str | None
    at: datetime
    until: datetime


def check_room(lines: int) -> None:
    """Whether one more fits.  Raises Conflict("caption.full")."""
    if lines >= MOST:
        raise Conflict("caption.full", most=MOST)


def is_open(line: Line, newest: int, user_id: str | None, conducts: bool, now: datetime) -> bool:
    """Whether this person may still correct the line or take it back: the last one (`newest`) of its author, by its author or by who
    conducts, for a short time."""
    return line.text is not None and line.ord == newest and now <= line.until and (conducts or line.user_id == user_id)


def check_open(line: Line, newest: int, user_id: str | None, conducts: bool, now: datetime) -> None:
    """Raises Conflict("caption.late")."""
    if not is_open(line, newest, user_id, conducts, now):
        raise Conflict("caption.late", minutes=int(CORRECTABLE.total_seconds() // 60))


# --- after the meeting -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cue:
    """A line on the time line of a film that begins at zero."""

    start: timedelta
    end: timedelta
    point: str | None
    text: str


def cues(lines: Iterable[Line], zero: datetime, until: datetime | None = None) -> list[Cue]:
    """Lines sent from `zero` to `until`, in their order; none overlaps the next, and none lasts no time, whatever the clock did."""
    kept = [one for one in lines if one.text is not None and one.at >= zero and (until is None or one.at <= until)]
    tick, after, starts = timedelta(milliseconds=1), timedelta(0), list[timedelta]()
    for line in kept:
        starts.append(max(line.at - zero - BEFORE, after))
        after = max(line.at - zero, starts[-1] + tick)
    made = []
    for line, start, following in zip(kept, starts, [*starts[1:], None], strict=False):
        text = line.text or ""
        end = start + BEFORE + max(READ_AT_LEAST, len(text) * READ_PER_CHARACTER)
        made.append(Cue(start, end if following is None else min(end, following), line.point, text))
    return made


def webvtt(found: Iterable[Cue]) -> str:
    """The file (W3C WebVTT), with the point that spoke as the voice of each cue."""
    return "\n\n".join(["WEBVTT", *_blocks(found)]) + "\n"


def _blocks(found: Iterable[Cue]) -> Iterator[str]:
    for number, cue in enumerate(found, 1):
        voice = f"<v {_escaped(cue.point)}>" if cue.point else ""
        yield f"{number}\n{_clock(cue.start)} --> {_clock(cue.end)}\n{voice}{_escaped(cue.text)}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(since: timedelta) -> str:
    whole = since // timedelta(milliseconds=1)
    return f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d}.{whole % 1000:03d}"
