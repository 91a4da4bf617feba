"""Which layer of each picture, and how many voices, one receiver is given.

Puts together what a receiver's line carries (``media/bwe.py``), how large it shows each slot, and who matters most in the meeting; the
sum itself is done by ``media/allocate.py``.  Sound is never given up for a picture.  Pure.  Called by ``media/room.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from media.allocate import Wish, allocate, enough, sound_budget, voices, wanted
from media.layer import Layer
from media.limits import SHOWN_LARGE
from media.member import Member
from media.policy import Policy, is_screen
from media.relay import Relay
from media.source import Source
from media.stream import DownStream

ENOUGH: Final = 0.85   # of the rows shown: what a smaller layer lacks is not worth the next one's price
_REPEATS: Final = 1.1   # times what the line is thought to carry, which is little more than what arrives: sound once more begins ...
_REPEATS_ON: Final = 1.3  # ... and goes on
_TOO_MUCH: Final = 1.5  # times what the line carries: more of such a layer would only fill the queue its successor has to pass


def choose(member: Member, policy: Policy, relay: Relay, now: float) -> None:
    """Brings every slot of this subscriber to the layer it should have.  What is not known to be weak gets everything."""
    budget = None if member.line is None else int(member.line.estimate)
    sounds, silent = _voices(member, policy.voices, budget, relay, now)
    slots = [(down, down.source) for down in member.downs.values() if down.kind == "video" and down.source is not None]
    choices = [offered(down, source, now) for down, source in slots]
    wishes = []
    for (down, source), layers in zip(slots, choices, strict=True):
        has = down.awaited or down.layer
        most = largest(layers, member.heights.get(down.mid, SHOWN_LARGE))
        wishes.append(Wish(policy.rank(source.owner.name), _rising(layers), most, layers.index(has) if has in layers else -1))
    if budget is None:
        given = [wish.most for wish in wishes]
    else:
        given = allocate(sound_budget(budget, sounds, member.voices), wishes, now, member.memory)
    for (down, _), layers, place in zip(slots, choices, given, strict=True):
        layer = layers[place] if place >= 0 else None
        if layer is not None and budget is not None and _is_in_the_way(down.layer, layer, budget):
            relay.show(down, None, now)
        relay.show(down, layer, now)
    member.spends = sum(sounds) + sum(wish.rates[place] for wish, place in zip(wishes, given, strict=True) if place >= 0)
    if member.line is not None and any(wish.current != place for wish, place in zip(wishes, given, strict=True)):
        member.line.changed(now)
    has_now = [wish._replace(current=place) for wish, place in zip(wishes, given, strict=True)]
    member.wants = wanted(has_now, sum(sounds)) if budget is not None else 0
    if silent or (member.voices == 1 and any(wish.most > wish.current for wish in has_now)):
        # However little they would take: what a weak line is refused must be asked for, or it is never found to be better.
        member.wants = max(member.wants, enough(member.voices))


def _is_in_the_way(layer: Layer | None, successor: Layer, budget: int) -> bool:
    """Whether it is better ended now than when the key frame comes with which its successor begins."""
    return layer is not None and layer.intake is not successor.intake and layer.bitrate > _TOO_MUCH * budget


def _voices(member: Member, first: Sequence[str], budget: int | None, relay: Relay, now: float) -> tuple[list[int], bool]:
    """Gives the sounds to as many as the line carries, the most important first.

    Returns what they take, bit/s, and whether somebody who sends is left out.
    """
    slots = [(down, down.source) for down in member.downs.values() if down.kind == "audio" and down.source is not None]
    before = next((at for at, name in enumerate(first) if is_screen(name)), len(first))
    slots.sort(key=lambda slot: (slot[1].asleep, _turn(slot[1], first, before), _place(slot[1], first), slot[1].voice.rank))
    member.voices = len(slots) if budget is None else voices(budget, member.voices)
    taken, silent = [], False
    spare = _for_repeats(member, slots[: member.voices], budget, now)
    for place, (down, source) in enumerate(slots):
        layer = next((layer for layer in source.layers if down.takes(layer)), None) if place < member.voices else None
        again = source.layers[-1]
        if layer is not None and spare > 0 and down.takes(again) and again.bitrate - layer.bitrate <= spare:
            spare -= again.bitrate - layer.bitrate
            layer = again
        relay.show(down, layer, now)
        if layer is not None and not source.asleep:
            taken.append(layer.bitrate)
        silent = silent or (layer is None and not source.asleep)
    return taken, silent


def _for_repeats(member: Member, slots: Sequence[tuple[DownStream, Source]], budget: int | None, now: float) -> float:
    """bit/s a line that loses packets has for sound once more, before any picture; 0 where it loses none."""
    if budget is None or now > member.lossy_until:
        return 0
    has = any(down.layer is not None and down.layer.codec == "RED" for down, _ in slots)
    return (_REPEATS_ON if has else _REPEATS) * budget - sum(source.layers[0].bitrate for _, source in slots if not source.asleep)


def _turn(source: Source, first: Sequence[str], before: int) -> int:
    """Who is named before the shared screen, or speaks; then the sound of that screen; then all others, who are silent."""
    if source.screen:
        return 1
    return 0 if source.voice.speaking or _place(source, first) < before else 2


def _place(source: Source, first: Sequence[str]) -> int:
    return first.index(source.owner.name) if source.owner.name in first else len(first)


def _rising(layers: Sequence[Layer]) -> list[int]:
    """The price of each layer; a larger one is never taken for cheaper."""
    rates: list[int] = []
    for layer in layers:
        rates.append(max(layer.bitrate, rates[-1] if rates else 0))
    return rates


def offered(down: DownStream, source: Source, now: float) -> list[Layer]:
    """The layers this slot can take and may hope to get, smallest first."""
    fitting = [layer for layer in source.layers if down.takes(layer)]
    return [layer for layer in fitting if layer.offered(now)] or fitting[:1]


def largest(layers: Sequence[Layer], rows: int) -> int:
    """Place of the smallest layer that fills a picture of so many rows; -1 when nobody looks."""
    if rows <= 0:
        return -1
    return next((place for place, layer in enumerate(layers) if layer.rows >= ENOUGH * rows), len(layers) - 1)


def put_in_order(source: Source) -> None:
    """A publisher may name its layers in any order: those whose heights are known change places until they rise.

    One that never came stays where its name put it.
    """
    if not source.simulcast:
        return
    known = [intake for intake in source.intakes if intake.layers[0].height]
    rising = iter(sorted(known, key=lambda intake: intake.layers[0].height))
    order = [next(rising) if intake.layers[0].height else intake for intake in source.intakes]
    if order != list(source.intakes):
        source.order(order)
