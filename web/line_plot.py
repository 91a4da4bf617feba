"""The tests of one line over time as small drawings: what goes down and up, what is lost, the round trip.  Pure.

Makes numbers for an SVG, no markup; a table with the same figures stands beside it.  Throughput is drawn in decades: a line of
100 kbit/s and one of 10,000 are both to be read.  Called by web/routes/points.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 310, 10, 118


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    value: float
    bad: bool


@dataclass(frozen=True, slots=True)
class Tick:
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """`runs`: points of unbroken lines, as SVG writes them; a test that did not measure this breaks the line.  `limit`: where
    the value that asks for a look lies."""

    dots: tuple[Dot, ...]
    runs: tuple[str, ...]
    ticks: tuple[Tick, ...]
    limit: float

    @property
    def last(self) -> float:
        return self.dots[-1].value

    @property
    def least(self) -> float:
        return min(dot.value for dot in self.dots)

    @property
    def most(self) -> float:
        return max(dot.value for dot in self.dots)


def decades(values: Sequence[float | None], limit: float) -> Plot | None:
    """Each line of the frame is ten times the one below it; less than the limit is bad.  None where nothing was measured."""
    seen = [value for value in values if value is not None]
    if not seen:
        return None
    low = math.floor(math.log10(max(1, min(*seen, limit))))
    high = max(low + 1, math.ceil(math.log10(max(*seen, limit))))

    def place(value: float) -> float:
        return (math.log10(max(10 ** low, value)) - low) / (high - low)

    return _plot(values, limit, place, [10 ** power for power in range(low, high + 1)], lambda value: value < limit)


def even(values: Sequence[float | None], limit: float) -> Plot | None:
    """From nought to the largest value or one and a half limits; the limit and more is bad."""
    seen = [value for value in values if value is not None]
    if not seen:
        return None
    top = _round_up(max(*seen, 1.5 * limit))
    return _plot(values, limit, lambda value: value / top, [0, top / 2, top], lambda value: value >= limit)


def _plot(
    values: Sequence[float | None], limit: float, place: Callable[[float], float], ticks: Sequence[float], bad: Callable[[float], bool]
) -> Plot:
    def y(value: float) -> float:
        return round(_BOTTOM - (_BOTTOM - _TOP) * place(value), 1)

    step = (_RIGHT - _LEFT) / max(1, len(values) - 1)
    runs: list[list[Dot]] = [[]]
    for number, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            at = _RIGHT if len(values) == 1 else _LEFT + number * step
            runs[-1].append(Dot(round(at, 1), y(value), value, bad(value)))
    lines = tuple(" ".join(f"{dot.x},{dot.y}" for dot in run) for run in runs if len(run) > 1)
    return Plot(tuple(dot for run in runs for dot in run), lines, tuple(Tick(y(value), _short(value)) for value in ticks), y(limit))


_THOUSAND: Final = 1000


def _short(value: float) -> str:
    if value >= _THOUSAND * _THOUSAND:
        return f"{value / _THOUSAND / _THOUSAND:g}M"
    return f"{value / _THOUSAND:g}k" if value >= 10 * _THOUSAND else f"{value:g}"


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10 …"""
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)
