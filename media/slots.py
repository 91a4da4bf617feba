"""Which source stands in which slot of one receiver.

Pure; who deserves a place before whom is decided elsewhere.  Called by ``media/room.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

from media.source import Source
from media.stream import DownStream

if TYPE_CHECKING:
    from media.room import Member


def place(
    downs: Sequence[DownStream], ranked: Iterable[Source], beside: Mapping[Member, int]
) -> list[Source | None]:
    """The best of ``ranked`` for these slots of one kind, each in a slot that can carry it.

    Who stands in a slot already stays there.  ``beside`` tells in which place an owner's other kind stands: sound and
    picture of one place are played in step, so they should be the same person's.
    """
    fitting = (source for source in ranked if any(down.carries(source) for down in downs))
    best = list(islice(fitting, len(downs)))
    now_at = {down.source: place for place, down in enumerate(downs)}
    placed: list[Source | None] = [down.source if down.source in best else None for down in downs]
    for source in chain(best, fitting):  # the others count when one of the best fits no free slot
        if None not in placed:
            break
        if source in placed:
            continue
        free = [index for index, down in enumerate(downs) if placed[index] is None and down.carries(source)]
        if free:
            wishes = now_at.get(source), beside.get(source.owner)
            placed[next((wish for wish in wishes if wish in free), free[0])] = source
    return placed
