"""How it goes with one member, in numbers and one reason: what its room can know.  Words are made elsewhere.

Pure.  Called by ``media/room.py``; ``media/sfu.py`` adds what the transport knows.
"""

from __future__ import annotations

from typing import Any

from media.limits import SHOWN_LARGE
from media.member import Member


def of(member: Member, now: float) -> dict[str, Any]:
    """A subscriber: ``loss`` (share), ``rtt_ms``, ``estimate`` (bit/s), ``layers`` by mid (place, of how many, rows), ``paused``:
    mids of pictures it looks at and is not given.

    A publisher: ``loss``, ``tracks`` by mid (layers that come in, rows, bit/s, frozen).  ``reason``: one of "", loss, delay, remb,
    silent, frozen, uplink_loss.
    """
    return _receiving(member) if member.role == "subscribe" else _sending(member, now)


def _receiving(member: Member) -> dict[str, Any]:
    loss = max((down.loss for down in member.downs.values() if down.layer is not None), default=0) / 256
    layers = {
        down.mid: [down.layer.index, len(down.layer.source.layers), down.layer.rows]
        for down in member.downs.values() if down.kind == "video" and down.layer is not None
    }
    paused = [
        down.mid for down in member.downs.values()
        if down.kind == "video" and down.source is not None and down.layer is None and down.awaited is None
        and member.heights.get(down.mid, SHOWN_LARGE) > 0
    ]
    line = member.line
    return {
        "loss": round(loss, 4), "rtt_ms": None if member.rtt is None else round(member.rtt * 1000, 1),
        "estimate": None if line is None else round(line.estimate), "layers": layers, "paused": paused,
        "reason": (line.reason if line is not None else "") or ("loss" if loss > 0.05 else ""),
    }


def _sending(member: Member, now: float) -> dict[str, Any]:
    worst, tracks = 0.0, {}
    for source in member.sources.values():
        for intake in source.intakes:
            worst = max(worst, intake.loss)
        tracks[source.mid] = {
            "kind": source.kind, "codec": source.codec, "frozen": source.frozen, "asleep": source.asleep,
            "stopped": source.stopped,
            "layers": [[layer.rid, layer.rows, round(layer.rate)] for layer in source.layers if layer.awake(now)],
        }
    frozen = any(source.frozen for source in member.sources.values())
    return {"loss": round(worst, 4), "tracks": tracks,
            "reason": "frozen" if frozen else "uplink_loss" if worst > 0.03 else ""}
