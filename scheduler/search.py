"""When can they all?  The times in which nobody of an audience is taken, and the best of those in which a few are.

Works on plain numbers: seconds of the epoch, and sets of people as the bits of one number, because a province asks about ten thousand
bookings at once and its points mostly meet together.  Who a bit is (a point, the media server) knows whoever asks.
Pure.  Called by `freetime`, which reads the rows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from meetings.errors import Invalid, TooLarge

MOST_TIMES: Final = 20_000  # beginnings looked at in one search
STEP: Final = 900  # seconds between two of them


class Taken(NamedTuple):
    """The bits in `who` cannot from `start` up to, not including, `end`."""

    start: int
    end: int
    who: int


class Stretch(NamedTuple):
    """From `start` to `end` a meeting of the wanted length fits anywhere."""

    start: int
    end: int


class Candidate(NamedTuple):
    """A meeting at `start` would miss these bits; fewest first."""

    start: int
    missing: int


class Found(NamedTuple):
    """`free` by time; `best` by how few are missing, then by time: no two at the same time, and all over before any time is free."""

    free: list[Stretch]
    best: list[Candidate]


def members(who: int) -> Iterator[int]:
    """The places of the bits that are set, from the lowest."""
    while who:
        lowest = who & -who
        yield lowest.bit_length() - 1
        who ^= lowest


def search(taken: Iterable[Taken | tuple[int, int, int]], windows: Sequence[Stretch], length: int, *,
           step: int = STEP, most: int = 5) -> Found:
    """Looks at every `step` from the beginning of each window on, as long as `length` ends within it.

    All in seconds; `windows` (working hours) by time, apart from each other; at most `most` candidates.  Raises
    Invalid("search.length" | "search.window"), TooLarge("search.too_long").
    """
    starts = _starts(windows, length, step)
    missing = _missing(taken, starts, length)
    free = _stretches(starts, missing, length, step)
    return Found(free, _best(starts, missing, length, most, free[0].start - length if free else None))


def _starts(windows: Sequence[Stretch], length: int, step: int) -> list[int]:
    if length <= 0 or step <= 0:
        raise Invalid("search.length", field="length")
    if any(window.end <= window.start for window in windows) or any(a.end > b.start for a, b in zip(windows, windows[1:], strict=False)):
        raise Invalid("search.window", field="window")
    if sum(max(0, window.end - window.start - length) // step + 1 for window in windows) > MOST_TIMES:
        raise TooLarge("search.too_long", field="window")
    return [start for window in windows for start in range(window.start, window.end - length + 1, step)]


def _missing(taken: Iterable[tuple[int, int, int]], starts: list[int], length: int) -> list[int]:
    """Who cannot at each beginning: everybody whose row ends after it and begins before its end."""
    missing = [0] * len(starts)
    for start, end, who in taken:
        for place in range(bisect_right(starts, start - length), bisect_left(starts, end)):
            missing[place] |= who
    return missing


def _stretches(starts: list[int], missing: list[int], length: int, step: int) -> list[Stretch]:
    found: list[Stretch] = []
    for start, who in zip(starts, missing, strict=True):
        if who:
            continue
        if found and start <= found[-1].end - length + min(step, length):  # else a moment between the two was not looked at
            found[-1] = Stretch(found[-1].start, start + length)
        else:
            found.append(Stretch(start, start + length))
    return found


def _best(starts: list[int], missing: list[int], length: int, most: int, until: int | None) -> list[Candidate]:
    chosen: list[Candidate] = []
    ranked = sorted((who.bit_count(), start, who) for start, who in zip(starts, missing, strict=True) if until is None or start <= until)
    for _count, start, who in ranked:
        if len(chosen) == most:
            break
        if all(abs(start - other.start) >= length for other in chosen):
            chosen.append(Candidate(start, who))
    return chosen
