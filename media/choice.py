"""Which layer of each picture, and how many voices, one receiver is given.

Puts together what a receiver's line carries (``media/bwe.py``), how large it shows each slot, and who matters most in the meeting; the
sum itself is done by ``media/allocate.py``.  Sound is never given up for a picture.  Pure.  Called by ``media/room.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from media.layer import Layer
from media.limits import SHOWN_LARGE
from media.member import Member
from media.relay import Relay
from media.source import Source
from media.stream import DownStream

_ENOUGH: Final = 0.9   # of the rows shown: a layer a little smaller is not worth the next one's price


def choose(member: Member, stage: Sequence[str], relay: Relay, now: float) -> None:
    """Brings every slot of this subscriber to the layer it should have."""
    for down in member.downs.values():
        source = down.source
        if source is None:
            continue
        layers = offered(down, source, now)
        if source.kind == "audio":
            relay.show(down, layers[-1] if layers else None, now)
        else:
            most = largest(layers, member.heights.get(down.mid, SHOWN_LARGE))
            relay.show(down, layers[most] if most >= 0 else None, now)


def offered(down: DownStream, source: Source, now: float) -> list[Layer]:
    """The layers this slot can take and may hope to get, smallest first."""
    fitting = [layer for layer in source.layers if down.takes(layer)]
    return [layer for layer in fitting if layer.offered(now)] or fitting[:1]


def largest(layers: Sequence[Layer], rows: int) -> int:
    """Place of the smallest layer that fills a picture of so many rows; -1 when nobody looks."""
    if rows <= 0:
        return -1
    return next((place for place, layer in enumerate(layers) if layer.rows >= _ENOUGH * rows), len(layers) - 1)


def put_in_order(source: Source) -> None:
    """A publisher may name its layers in any order; once their heights are known the true order is too."""
    if not source.simulcast or not all(intake.layers[0].height for intake in source.intakes):
        return
    by_height = sorted(source.intakes, key=lambda intake: intake.layers[0].height)
    if by_height != list(source.intakes):
        source.order(by_height)
