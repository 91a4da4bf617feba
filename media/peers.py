"""Synthetic WebRTC peers: real sessions of a real client, light enough for hundreds in one process.

A publisher sends an encoded moving picture and a tone; a subscriber decrypts and counts everything and decodes nothing.
They come in by WHIP and WHEP through callables, so that neither HTTP nor the control socket is known here.
Called by `web demo`, `web rehearse`, `web bench`, media/recorder.py and tests; never runs in the relay's process.
"""
from __future__ import annotations

from collections.abc import Mapping

from media.peers_peer import CONNECT_TIME, REPORT_INTERVAL, Exchange, HangUp, Peer, Shared
from media.peers_publisher import KEPT, Published, Publisher
from media.peers_source import Loop
from media.peers_subscriber import SlotStats, Subscriber

__all__ = ["CONNECT_TIME", "KEPT", "REPORT_INTERVAL", "Crowd", "Exchange", "HangUp", "Peer", "Published", "Publisher",
           "SlotStats", "Subscriber"]


class Crowd(Shared):
    """All peers of one process. Make it inside the running event loop."""

    def publisher(self, name: str, loop: Loop, *, layers: Mapping[str, Loop] | None = None, rtx: bool = False,
                  feedback: tuple[str, ...] = ()) -> Publisher:
        """A peer that sends `loop` for ever once connected.

        `layers`: simulcast, rid -> loop with as many pictures a second, best first; then `loop` gives the sound alone.
        `rtx`: it can send packets again by RFC 4588. `feedback`: "goog-remb", "transport-cc" it offers to listen to.
        """
        return Publisher(self, name, loop, layers or {}, rtx=rtx, feedback=feedback)

    def subscriber(self, name: str, *, audio: int = 1, video: int = 1, formats: tuple[str, ...] = (), rtx: bool = False,
                   feedback: tuple[str, ...] = ()) -> Subscriber:
        """A peer with that many slots of each kind; `formats` (peers_sdp.FORMATS) are the pictures it takes, else VP8.

        `rtx`: repairs may come by RFC 4588. `feedback`: "goog-remb", "transport-cc" it offers to send; it sends what is
        agreed of them, REMB with `remb_bitrate`.
        """
        return Subscriber(self, name, audio, video, formats, rtx=rtx, feedback=feedback)
