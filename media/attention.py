"""Who is looked at: tells publishers which layers somebody needs, and everybody when a picture that is shown freezes.

A layer nobody looks at need not be sent: with hundreds of points that is most of what their lines would carry.  A layer is wanted at
once and given up only after a while, and one picture of each sleeper stays welcome, so that its first packet is noticed.  Pure.
Called by ``media/room.py`` and ``media/link.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from media.limits import FREEZE_AFTER, UNWANTED_AFTER
from media.member import Member
from media.source import Source


def wanted(source: Source) -> tuple[str, ...]:
    """The rids to be sent, smallest first; ("",) is the whole of a track without simulcast, () is nothing."""
    rids = tuple(intake.rid for intake in source.intakes if intake.watched)
    if not rids and source.asleep:
        rids = (source.intakes[0].rid,)
    return rids


def review(publishers: Iterable[Member], tell: Callable[[Member, list[dict[str, Any]]], None], now: float) -> None:
    """Tells each publisher whose wanted layers changed; call about four times a second."""
    for member in publishers:
        changed = [source for source in member.sources.values() if source.kind == "video" and _changes(source, now)]
        if changed:
            tell(member, [{"mid": source.mid, "rids": list(source.told or ())} for source in changed])


def _changes(source: Source, now: float) -> bool:
    rids = wanted(source)
    for layer in source.layers:
        if layer.rid in rids and layer.intake.watched:
            layer.wanted_since = now if layer.wanted_since is None else layer.wanted_since
        else:
            layer.wanted_since = None
    everything = tuple(intake.rid for intake in source.intakes)
    before = everything if source.told is None else source.told
    more = tuple(rid for rid in everything if rid in rids or rid in before)
    if more != before:
        _say(source, more, now)
        return True
    if len(rids) == len(before):
        source.unwanted_since = None
        return False
    if source.unwanted_since is None:
        source.unwanted_since = now
    if now - source.unwanted_since < UNWANTED_AFTER:
        return False
    _say(source, rids, now)
    return True


def _say(source: Source, rids: tuple[str, ...], now: float) -> None:
    source.told, source.unwanted_since = rids, None
    if source.stopped and rids:
        source.heard_at = max(source.heard_at, now)  # what was stopped may take a moment to come again
    source.stopped = not rids


def frozen(source: Source, now: float) -> bool:
    """Whether this picture froze just now: somebody looks at it, it came, and it comes no more."""
    if source.kind != "video" or source.frozen or source.stopped or source.asleep or not source.heard_at:
        return False
    return now - source.heard_at > FREEZE_AFTER and source.watched()
