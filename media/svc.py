"""Makes several layers of one stream at the entrance: the spatial layers of VP9, and Opus with and without redundancy.

Each layer gets continuous numbers of its own here, once, so that the fan-out adds constants whatever was left out.  A number
whose packet has not come is kept free in every layer; comes it late and is not of a layer, an empty packet takes its place, as
padding would, because a receiver waits for every number.  Pure.  Called by ``media/relay.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, Protocol

from media.cache import Packet
from media.descriptor import vp9
from media.red import join, strip

if TYPE_CHECKING:
    from media.layer import Layer

_REMEMBERED: Final = 256  # packets whose numbering a late one may need


class Splitter(Protocol):
    """What an intake's packets become; ``payload_type`` is the one on the wire."""

    def split(self, packet: Packet, payload_type: int, late: bool) -> Iterable[tuple[Layer, Packet]]:
        """The packet as each layer has it; layers it does not belong to are left out."""

    def restart(self) -> None:
        """The stream begins anew, with higher numbers than ever before."""


class SvcSplitter:
    """Spatial layer ``n`` holds all packets of spatial layers up to ``n`` (RFC 9628)."""

    def __init__(self, layers: list[Layer]) -> None:
        self._layers = layers
        self._dropped = [0] * len(layers)
        self._history: dict[int, tuple[int, ...]] = {}   # extended number to what had been left out up to there

    def restart(self) -> None:
        """Numbers go on from what was left out so far."""
        self._history.clear()

    def split(self, packet: Packet, payload_type: int, late: bool) -> Iterator[tuple[Layer, Packet]]:
        """See Splitter."""
        found = vp9(packet.payload)
        # What cannot be read belongs to everybody: padding keeps the numbers continuous.
        spatial = min(found.spatial, len(self._layers) - 1) if found is not None else 0
        ends = found is not None and found.ends
        if late:
            yield from self._late(packet, spatial)
            return
        for place, layer in enumerate(self._layers):
            if place < spatial:
                self._dropped[place] += 1
                continue
            marker = 0x80 if ends and place == spatial else packet.marker
            yield layer, packet._replace(ext=packet.ext - self._dropped[place], marker=marker)
        self._note(packet.ext)

    def _note(self, ext: int) -> None:
        self._history[ext] = tuple(self._dropped)
        while len(self._history) > _REMEMBERED:
            del self._history[next(iter(self._history))]

    def _late(self, packet: Packet, spatial: int) -> Iterator[tuple[Layer, Packet]]:
        before = next((at for at in range(packet.ext - 1, packet.ext - _REMEMBERED, -1) if at in self._history), None)
        if before is None:
            return
        for layer, dropped in zip(self._layers, self._history[before], strict=True):
            mine = packet._replace(ext=packet.ext - dropped)
            yield layer, mine if layer.index >= spatial else mine._replace(payload=b"", marker=0)


class RedSplitter:
    """The first layer is plain Opus, whether it came so or as RED; the second RED of our own making, which repeats the packet before.

    Numbers stay as they are.  The second is made only while somebody receives it: its publisher sends nothing more for that.
    """

    def __init__(self, layers: list[Layer], red: int) -> None:
        """``red``: the payload type of the publisher's own redundancy, 0 for none."""
        self._plain, self._red = layers
        self._red_type = red

    def restart(self) -> None:
        """Nothing is remembered."""

    def split(self, packet: Packet, payload_type: int, late: bool) -> Iterable[tuple[Layer, Packet]]:
        """See Splitter."""
        if self._red_type and payload_type == self._red_type:
            packet = packet._replace(payload=strip(packet.payload))
        if not (self._red.live.downs or self._red.waiting):
            return ((self._plain, packet),)
        before = self._plain.ring.get(packet.ext - 1)
        sound, age = (before.payload, packet.timestamp - before.timestamp & 0xFFFFFFFF) if before is not None else (b"", 0)
        return (self._plain, packet), (self._red, packet._replace(payload=join(packet.payload, sound, age)))
