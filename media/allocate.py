"""Which layer of each picture a receiver gets for the bits its line carries; sound is taken off first.

The order is the room's: screen, floor, chair, others.  Within a rank everybody gets the smallest layer before anybody
gets a larger one.  Down at once; up only with head-room, and later and later after ascents that had to be taken back.
Pure: ``now`` is an argument; knows no streams and sends nothing.  Called by ``media/choice.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

SCREEN, FLOOR, CHAIR, OTHERS = range(4)   # ranks
WEAK: Final = 100_000                     # bit/s; below this one voice and no picture
_MIDDLING: Final = 200_000                # below this two voices
_MARGIN: Final = 1.15                     # a line counts as better only when it is so by this much
HEAD_ROOM: Final = 1.15                   # what an ascent adds must fit so many times
_BARELY: Final = 1.1                      # the first picture's smallest layer stays while it is so many times the budget
_SETTLE: Final = 3.0                      # seconds after a descent without any ascent
_FIRST_BACK_OFF: Final = 5.0              # after an ascent that was taken back; doubles each time ...
_LONGEST_BACK_OFF: Final = 240.0
_CLEARLY: Final = 1.07                    # ... unless the budget is so many times what it was at that ascent
_PROVEN: Final = 12.0                     # one that held for so long was right


class Wish(NamedTuple):
    """One slot: ``rates`` are bit/s of the source's layers, smallest first, as now measured.

    ``most`` is the index of the largest layer its window warrants (-1: it is not looked at), ``current`` that of the one
    it gets (-1: none).
    """

    rank: int
    rates: Sequence[int]
    most: int
    current: int


class Memory:
    """What one receiver's line taught: when it may climb again, to a first picture (step 0) and to a larger one (1)."""

    __slots__ = ("_not_before", "_up_at", "_up_with", "_failed_with", "_back_off")

    def __init__(self) -> None:
        self._not_before = [-1e9, -1e9]
        self._up_at = [-1e9, -1e9]
        self._up_with = [0, 0]          # the budget of the last ascent ...
        self._failed_with = [0, 0]      # ... and of the last that was taken back
        self._back_off = [_FIRST_BACK_OFF, _FIRST_BACK_OFF]

    def free(self, step: int, budget: int, now: float) -> bool:
        """Whether a slot may climb: long enough after the last failure, or with clearly more than there was then."""
        wait = self._not_before[step] - now
        return wait <= 0 or (0 < _CLEARLY * self._failed_with[step] < budget and wait <= self._back_off[step] - _SETTLE)

    def climbed(self, step: int, budget: int, now: float) -> None:
        """A slot of this line went up."""
        self._up_at[step], self._up_with[step] = now, budget

    def fell(self, step: int, now: float) -> None:
        """A slot went down because the line carries less than thought."""
        wait = _SETTLE
        held = now - self._up_at[step]
        if held < _PROVEN:
            wait = self._back_off[step]
            self._back_off[step] = min(_LONGEST_BACK_OFF, 2 * wait)
            self._failed_with[step] = self._up_with[step]
            self._up_at[step] = -1e9  # taken back: counts once
        elif held > 4 * _PROVEN:
            self._back_off[step], self._failed_with[step] = _FIRST_BACK_OFF, 0
        for later in range(step, 2):
            self._not_before[later] = max(self._not_before[later], now + wait)


def voices(budget: int, now: int = 3) -> int:
    """How many voices a line of ``budget`` bit/s gets; ``now`` is how many it has."""
    for count, limit in ((1, WEAK), (2, _MIDDLING)):
        if budget < limit * (_MARGIN if now <= count else 1.0):
            return count
    return 3


def enough(now: int) -> int:
    """bit/s from which on a line with ``now`` voices (1 or 2) gets one more; with the second come pictures."""
    return int((WEAK if now == 1 else _MIDDLING) * _MARGIN)


def sound_budget(budget: int, rates: Sequence[int], now: int = 3) -> int:
    """What is left for pictures when the loudest ``voices`` of ``rates`` (bit/s, by rank) are paid; 0 on a weak line."""
    count = voices(budget, now)
    return 0 if count == 1 and budget < WEAK * _MARGIN else max(0, budget - sum(rates[:count]))


def allocate(budget: int, wishes: Sequence[Wish], now: float, memory: Memory) -> list[int]:
    """The index of the layer each slot gets, -1 for none.

    Their rates together never exceed ``budget``; only the very first picture's smallest layer, once shown, may by a tenth.
    """
    free = [memory.free(step, budget, now) for step in (0, 1)]
    given = [-1] * len(wishes)
    left = float(budget)
    for rank in sorted({wish.rank for wish in wishes}):
        slots = [at for at, wish in enumerate(wishes) if wish.rank == rank]
        for layer in range(max(len(wishes[at].rates) for at in slots)):
            for at in slots:
                wish = wishes[at]
                if given[at] != layer - 1 or layer > wish.most or layer >= len(wish.rates):
                    continue
                cost = _weight(wish, layer, free) - (_weight(wish, layer - 1, free) if layer else 0.0)
                barely = not layer and wish.current >= 0 and left == budget and cost <= _BARELY * budget
                if cost <= left or barely:
                    given[at] = layer
                    left = max(0.0, left - cost)
    _remember(budget, wishes, given, now, memory)
    return given


def _weight(wish: Wish, layer: int, free: list[bool]) -> float:
    if layer <= wish.current:
        return wish.rates[layer]
    if not free[min(layer, 1)]:
        return 1e12
    now = wish.rates[max(wish.current, 0)] if layer else wish.rates[0]
    return now + (wish.rates[layer] - now) * HEAD_ROOM


def _remember(budget: int, wishes: Sequence[Wish], given: list[int], now: float, memory: Memory) -> None:
    for wish, layer in zip(wishes, given, strict=True):
        if layer > wish.current:
            memory.climbed(min(layer, 1), budget, now)
        elif layer < min(wish.current, wish.most, len(wish.rates) - 1):
            memory.fell(min(layer + 1, 1), now)


def wanted(wishes: Sequence[Wish], sound: int) -> int:
    """bit/s that would let every slot have the next layer it warrants, all told, head-room included; for ``Line.probe``.

    ``sound`` is what the voices take.
    """
    total, more = float(sound), False
    for wish in wishes:
        most = min(wish.most, len(wish.rates) - 1)
        if wish.current < most:
            now = wish.rates[max(wish.current, 0)]
            total += now + (wish.rates[wish.current + 1] - now) * HEAD_ROOM
            more = True
        elif most >= 0:
            total += wish.rates[most]
    return int(total) if more else 0
