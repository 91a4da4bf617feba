"""When can they all?  The times in which nobody of an audience is taken, and the best of those in which a few are.

Works on plain numbers (seconds of the epoch), because a province asks about ten thousand rows at once; the sum of each row is
done once, whatever the number of times to choose from.  Whoever is asked for is a row's `who`: a point, a person, the capacity of the
media server.  Pure.  Nothing calls it yet; who does reads the rows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from meetings.errors import Invalid, TooLarge

MOST_TIMES: Final = 20_000  # beginnings looked at in one search
STEP: Final = 900  # seconds between two of them


class Taken(NamedTuple):
    """`who` cannot from `start` up to, not including, `end`."""

    who: int
    start: int
    end: int


class Stretch(NamedTuple):
    """From `start` to `end` a meeting of the wanted length fits anywhere."""

    start: int
    end: int


class Candidate(NamedTuple):
    """A meeting at `start` would miss these; fewest first."""

    start: int
    missing: tuple[int, ...]


class Found(NamedTuple):
    """`free` by time; `best` by how few are missing, then by time, no two at the same time."""

    free: list[Stretch]
    best: list[Candidate]


def search(taken: Iterable[Taken], windows: Sequence[Stretch], length: int, *, step: int = STEP, most: int = 5) -> Found:
    """Looks at every `step` from the beginning of each window on, as long as `length` ends within it.

    All in seconds; `windows` (working hours) by time, apart from each other; at most `most` candidates.  Raises
    Invalid("search.length" | "search.window"), TooLarge("search.too_long").
    """
    starts = _starts(windows, length, step)
    rows = sorted(taken)
    counts = _counts(rows, starts, length)
    free = _stretches(starts, counts, length, step)
    chosen = _best(starts, counts, length, most) if not free else []
    return Found(free, [Candidate(start, _missing(rows, start, start + length)) for start in chosen])


def _starts(windows: Sequence[Stretch], length: int, step: int) -> list[int]:
    if length <= 0 or step <= 0:
        raise Invalid("search.length", field="length")
    if any(window.end <= window.start for window in windows) or any(a.end > b.start for a, b in zip(windows, windows[1:], strict=False)):
        raise Invalid("search.window", field="window")
    if sum(max(0, window.end - window.start - length) // step + 1 for window in windows) > MOST_TIMES:
        raise TooLarge("search.too_long", field="window")
    return [start for window in windows for start in range(window.start, window.end - length + 1, step)]


def _counts(rows: list[Taken], starts: list[int], length: int) -> list[int]:
    """How many are missing at each beginning: one more where a row begins to be in the way, one less where it ends.

    Rows come by who and by time: what the former row of the same one covers is not counted again.
    """
    change = [0] * (len(starts) + 1)
    last, covered = None, 0
    for who, start, end in rows:
        if who != last:
            last, covered = who, 0
        first, beyond = bisect_right(starts, start - length), bisect_left(starts, end)
        if first < covered:
            first = covered
        if first < beyond:
            change[first] += 1
            change[beyond] -= 1
            covered = beyond
    return list(accumulate(change))[:-1]


def _stretches(starts: list[int], counts: list[int], length: int, step: int) -> list[Stretch]:
    found: list[Stretch] = []
    for start, missing in zip(starts, counts, strict=True):
        if missing:
            continue
        if found and start <= found[-1].end - length + min(step, length):  # else a moment between the two was not looked at
            found[-1] = Stretch(found[-1].start, start + length)
        else:
            found.append(Stretch(start, start + length))
    return found


def _best(starts: list[int], counts: list[int], length: int, most: int) -> list[int]:
    chosen: list[int] = []
    for _, start in sorted(zip(counts, starts, strict=True)):
        if len(chosen) == most:
            break
        if all(abs(start - other) >= length for other in chosen):
            chosen.append(start)
    return chosen


def _missing(rows: Iterable[Taken], start: int, end: int) -> tuple[int, ...]:
    return tuple(sorted({row.who for row in rows if row.start < end and start < row.end}))
