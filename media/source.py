"""One published track: who sends it, the streams it comes in as, the layers receivers can be given of it.

Pure state.  A simulcast track comes as one stream for each layer; VP9 and Opus come as one stream from which several layers are
made at the entrance.  Called by ``media/room.py`` and ``media/relay.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from media.intake import Intake
from media.layer import Layer
from media.limits import SOURCE_PICTURES, SOURCE_SOUNDS
from media.policy import is_screen
from media.sdp import Track
from media.speaker import Voice
from media.svc import RedSplitter, SvcSplitter

if TYPE_CHECKING:
    from media.room import Member

_SIZES = {"q": 0, "l": 0, "lo": 0, "low": 0, "s": 0, "h": 2, "hi": 2, "high": 2, "f": 3, "full": 3}  # as rids are usually named
SPATIAL_LAYERS = 3  # of VP9; a sender with fewer makes upper layers that equal those below


class Source:
    """``layers`` from the smallest to the largest; ``intakes`` in the same order where each has one of its own.

    ``asleep``: nothing has come for a while, others may have its slots.  ``stopped``: it was told that nobody looks.
    ``frozen``: shown to somebody, and silent without reason.
    """

    def __init__(self, owner: Member, track: Track) -> None:
        self.owner, self.mid, self.kind, self.clock = owner, track.mid, track.kind, track.clock
        self.codec, self.payload_type = track.codec, track.payload_type
        self.rtx, self.red = track.rtx, track.red
        self.extensions = track.extensions
        self.screen = is_screen(owner.name)
        self.level = 0 if self.screen else track.extensions.level  # no loudness makes a speaker of a film
        self.voice = Voice()
        self.gated = False
        self.most = SOURCE_PICTURES if track.kind == "video" else SOURCE_SOUNDS   # packets a second that are relayed
        self.left = self.most                      # of them, since ...
        self._renewed_at = float("-inf")           # ... this time
        self.asleep, self.heard_at = True, 0.0
        self.stopped = self.frozen = False
        self.told: tuple[str, ...] | None = None   # rids the publisher was last told to send
        self.unwanted_since: float | None = None
        self.intakes: tuple[Intake, ...] = ()
        self.layers: tuple[Layer, ...] = ()
        self._build(track)

    def _build(self, track: Track) -> None:
        intakes: list[Intake] = []
        layers: list[Layer] = []
        for encoding in sorted(track.encodings, key=lambda encoding: _SIZES.get(encoding.rid.lower(), 1)):
            intake = Intake(self, encoding.rid)
            intakes.append(intake)
            if encoding.ssrc is not None:
                intake.bind(encoding.ssrc)
            intake.rtx_ssrc = encoding.rtx_ssrc
            if track.codec == "VP9":
                mine = [Layer(self, intake, "VP9", index, encoding.rid) for index in range(SPATIAL_LAYERS)]
                intake.splitter = SvcSplitter(mine)
            elif track.codec == "OPUS":
                mine = [Layer(self, intake, "OPUS", 0), Layer(self, intake, "RED", 1)]
                intake.splitter = RedSplitter(mine, track.red)
            else:
                mine = [Layer(self, intake, track.codec, len(layers), encoding.rid)]
            intake.layers = tuple(mine)
            layers += mine
        self.intakes, self.layers = tuple(intakes), tuple(layers)

    def renew(self, now: float) -> bool:
        """``left`` is used up: a second's worth more, or False where that would be too much for one second.

        So no second has more than twice ``most``, and no long time more than ``most`` a second.
        """
        if now - self._renewed_at < 1.0:
            return False
        self._renewed_at, self.left = now, self.most - 1
        return True

    def part(self) -> None:
        """It is gone: nothing of it holds the rest any more, so that its packets are free at once."""
        for intake in self.intakes:
            intake.layers, intake.splitter = (), None
        self.intakes = self.layers = ()

    @property
    def svc(self) -> bool:
        """Whether its layers come as one stream, so that a smaller one can be had without a key frame."""
        return self.codec == "VP9"

    @property
    def simulcast(self) -> bool:
        """Whether each layer is a stream of its own."""
        return len(self.intakes) > 1

    def order(self, smallest_first: list[Intake]) -> None:
        """Puts the layers of a simulcast track in their true order, once the heights are known."""
        self.intakes = tuple(smallest_first)
        self.layers = tuple(layer for intake in smallest_first for layer in intake.layers)
        for index, layer in enumerate(self.layers):
            layer.index = index

    def watched(self) -> bool:
        """Whether anybody receives any layer or waits for one."""
        return any(intake.watched for intake in self.intakes)

    def of_rid(self, rid: str) -> Intake | None:
        """The stream of one simulcast layer."""
        return next((intake for intake in self.intakes if intake.rid == rid), None)
