"""What receivers can be given of a published track: the whole of it, a simulcast layer, a spatial layer of VP9, sound with or without redundancy.

One RTP stream with numbers of its own, a ring of its last packets and the receivers of the moment.  Pure state: never
sends; ``media/relay.py`` moves packets from it to DownStreams.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from media import descriptor
from media.cache import Packet, Ring
from media.limits import AUDIO_RING, LAYER_ASLEEP, LAYER_DOUBT, VIDEO_RING

if TYPE_CHECKING:
    from media.intake import Intake
    from media.source import Source
    from media.stream import DownStream

_EXPECTED: Final = ((200, 150_000), (400, 450_000), (800, 1_300_000), (1 << 30, 2_500_000))  # rows, bit/s before measured
_SOUND: Final = 40_000  # bit/s
_REPEATED: Final = 1.45 # times the plain sound with its headers: RED, which carries each payload twice
_WEIGHT: Final = 0.4    # of the newest measurement


class Audience:
    """Everybody who receives a layer during one stretch, in a fixed order; ``codec`` is the layer's.

    Never changed: who joins, leaves or begins anew makes a new one.  So ``plan``, what the fan-out has laid out for it,
    cannot outlive the numbers it was made of.
    """

    __slots__ = ("downs", "codec", "plan")

    def __init__(self, downs: tuple[DownStream, ...] = (), codec: str = "") -> None:
        self.downs, self.codec = downs, codec
        self.plan: Any = None


class Layer:
    """``live`` receive it now, ``waiting`` begin with its next key frame (or next sound).

    ``index`` counts from the smallest layer of its source; ``height`` in rows, 0 until a key frame told.
    """

    __slots__ = (
        "source", "intake", "codec", "index", "rid", "ring", "live", "waiting", "highest", "highest_ts", "highest_at", "height",
        "octets", "rate", "doubt_until", "wanted_since", "_measured",
    )

    def __init__(self, source: Source, intake: Intake, codec: str, index: int, rid: str = "") -> None:
        self.source, self.intake, self.codec, self.index, self.rid = source, intake, codec, index, rid
        self.ring = Ring(VIDEO_RING if source.kind == "video" else AUDIO_RING)
        self.live = Audience()     # replaced, never changed in place: batches under way refer to it
        self.waiting: dict[DownStream, None] = {}  # in order; hundreds wait, and leave one by one
        self.highest = -1          # number of the newest packet
        self.highest_ts, self.highest_at = 0, -1e9
        self.height = 0
        self.octets = 0            # with headers, since the last measurement
        self.rate = 0.0            # bit/s as measured while it came; 0: never
        self.doubt_until = -1e9    # asked for in vain: not offered to anybody before this
        self.wanted_since: float | None = None
        self._measured = 0.0

    def pause(self) -> None:
        """Everybody who receives this layer waits for its next starting point."""
        for down in self.live.downs:
            down.pause()
        self.waiting.update(dict.fromkeys(self.live.downs))
        self.live = Audience()

    def add(self, downs: tuple[DownStream, ...]) -> None:
        """These receive it from the packet at hand on."""
        self.live = Audience(self.live.downs + downs, self.codec)

    def remove(self, down: DownStream) -> None:
        """This one no longer receives it."""
        self.live = Audience(tuple(other for other in self.live.downs if other is not down), self.codec)

    def awake(self, now: float) -> bool:
        """Whether it comes in just now."""
        return now - self.highest_at < LAYER_ASLEEP

    def measure(self, now: float) -> None:
        """Follows the rate and finds out whether it comes at all where it was asked for; call about once a second."""
        passed, self._measured = now - self._measured, now
        if self.octets and 0 < passed < 10:
            rate = 8 * self.octets / passed
            self.rate = rate if not self.rate else self.rate + _WEIGHT * (rate - self.rate)
        self.octets = 0
        if self.awake(now):
            self.doubt_until = -1e9
        elif self.wanted_since is not None and now - self.wanted_since > LAYER_DOUBT and now >= self.doubt_until:
            self.doubt_until, self.wanted_since = now + 5 * LAYER_DOUBT, None

    def offered(self, now: float) -> bool:
        """Whether somebody who wants it may hope to get it."""
        return self.awake(now) or now >= self.doubt_until

    @property
    def bitrate(self) -> int:
        """bit/s: measured, or what such a layer usually takes."""
        if self.codec == "RED":
            return round(_REPEATED * self.source.layers[0].bitrate)
        if self.rate:
            return round(self.rate)
        if self.source.kind == "audio":
            return _SOUND
        rows = self.rows
        return next(bits for most, bits in _EXPECTED if rows <= most)

    @property
    def rows(self) -> int:
        """The height, or a guess: each layer below the largest is taken for half as high as the next."""
        return self.height or 720 >> len(self.source.layers) - 1 - self.index

    def note_heights(self, payload: bytes) -> None:
        """The first packet of a key frame says how high the picture is, with VP9 that of every spatial layer."""
        if self.codec == "VP9":
            found = descriptor.vp9(payload)
            for layer, rows in zip(self.source.layers, found.heights if found is not None else (), strict=False):
                layer.height = rows
        else:
            self.height = descriptor.height(self.codec, payload) or self.height

    def newest_ids(self) -> descriptor.Vp8Ids | None:
        """VP8 picture ids of the newest packet."""
        packet: Packet | None = self.ring.get(self.highest) if self.codec == "VP8" else None
        return descriptor.vp8_ids(packet.payload) if packet is not None else None
