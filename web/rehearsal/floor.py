"""Who is heard while somebody has the floor, looked at from both ends: what the relay drops, what every receiver gets.

Nothing is taken from the record here: a floor that the ledger knows of and the relay does not would be found out.
Called by `journey.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from web.i18n import _
from web.rehearsal.crowd import Points

WITHIN_S = 15.0
BETWEEN_S = 0.5
"""Sound comes fifty times a second, so half a second shows whether it comes at all."""

Room = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Look:
    """One moment: what the relay counted for each publisher, and each receiver's sound by the name in its slot."""

    sent: dict[str, int]
    dropped: dict[str, int]
    names: dict[str, dict[str, str]]
    """receiver → slot → whose sound it carries, as the relay says."""
    counts: dict[str, dict[str, int]]
    """receiver → slot → packets that arrived, as the receiver says."""


async def look(points: Points, room: Room) -> Look:
    sessions = (await room())["sessions"]
    publishers = {one["name"]: one for one in sessions if one["role"] == "publish"}
    return Look(
        {name: one["packets_in"] for name, one in publishers.items()},
        {name: one["gated"] for name, one in publishers.items()},
        {one["name"]: {slot["mid"]: slot["name"] for slot in one["slots"] if slot["kind"] == "audio"}
         for one in sessions if one["role"] == "subscribe"},
        {code: {slot.mid: slot.received for slot in seat.subscriber.slots()} for code, seat in points.seats.items()},
    )


def arrived(before: Look, after: Look, source: str) -> dict[str, int]:
    """receiver → packets of the source's sound that came between two looks; every receiver but the source itself."""
    found = {}
    for receiver in after.counts.keys() - {source}:
        slots = {mid for seen in (before, after) for mid, name in seen.names[receiver].items() if name == source}
        found[receiver] = sum(after.counts[receiver][mid] - before.counts[receiver][mid] for mid in slots)
    return found


def silenced(before: Look, after: Look, floor: str, source: str) -> str:
    """Empty when the source goes on sending, reaches nobody, and the floor reaches everybody; else what is not so."""
    if after.sent[source] <= before.sent[source]:
        return _("{point} không gửi tiếng nào, nên im lặng không chứng tỏ điều gì", point=source)
    if after.dropped[source] <= before.dropped[source]:
        return _("{point} không được phát biểu mà máy chủ vẫn để tiếng đi qua", point=source)
    if reached := [receiver for receiver, count in arrived(before, after, source).items() if count]:
        return _("{point} không được phát biểu mà vẫn tới {n} điểm cầu", point=source, n=len(reached))
    return heard(before, after, floor)


def heard(before: Look, after: Look, source: str) -> str:
    """Empty when the source's sound reaches everybody else; else what is not so."""
    without = [receiver for receiver, count in arrived(before, after, source).items() if count <= 0]
    return _("tiếng của {point} không tới {n} điểm cầu", point=source, n=len(without)) if without else ""


async def until(points: Points, room: Room, wrong: Callable[[Look, Look], str]) -> str:
    """Looks twice again and again until nothing is wrong between two looks; what was still wrong at the end."""
    said = ""
    before = await look(points, room)
    ends = asyncio.get_running_loop().time() + WITHIN_S
    while asyncio.get_running_loop().time() < ends:
        await asyncio.sleep(BETWEEN_S)
        after = await look(points, room)
        if not (said := wrong(before, after)):
            break
        before = after
    return said
