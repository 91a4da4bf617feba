"""What the rehearsal takes for a floor that works: the silenced send, the relay drops, nobody receives, the floor is heard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from web.rehearsal.crowd import Counted
from web.rehearsal.floor import Look, heard, silenced
from web.rehearsal.journey import Failed, Journey

# c receives a (slot 0) and b (slot 1); a and b receive each other.
NAMES = {"a": {"0": "b"}, "b": {"0": "a"}, "c": {"0": "a", "1": "b"}}
BEFORE = Look({"a": 100, "b": 100, "c": 0}, {"a": 0, "b": 5, "c": 0}, NAMES,
              {"a": {"0": 90}, "b": {"0": 90}, "c": {"0": 90, "1": 90}})
AFTER = replace(BEFORE, sent={"a": 125, "b": 125, "c": 0}, dropped={"a": 0, "b": 30, "c": 0},
                counts={"a": {"0": 90}, "b": {"0": 115}, "c": {"0": 115, "1": 90}})


def test_a_floor_that_holds_is_seen_from_both_ends() -> None:
    assert silenced(BEFORE, AFTER, "a", "b") == ""
    assert heard(BEFORE, AFTER, "a") == "" and heard(BEFORE, AFTER, "b") == "tiếng của b không tới 2 điểm cầu"


@pytest.mark.parametrize(("change", "said"), [
    ({"sent": BEFORE.sent}, "b không gửi tiếng nào"),
    ({"dropped": BEFORE.dropped}, "máy chủ vẫn để tiếng đi qua"),
    ({"counts": {**AFTER.counts, "c": {"0": 115, "1": 91}}}, "mà vẫn tới 1 điểm cầu"),
    ({"counts": {**AFTER.counts, "c": {"0": 90, "1": 90}}}, "tiếng của a không tới 1 điểm cầu"),
    ({"names": {**NAMES, "c": {"0": "b", "1": "a"}}}, "mà vẫn tới 1 điểm cầu"),  # the slots changed hands
])
def test_a_floor_that_does_not_hold_is_named(change: dict[str, Any], said: str) -> None:
    assert said in silenced(BEFORE, replace(AFTER, **change), "a", "b")


class Receivers:
    """Stands where the points are, with counts as given."""

    def __init__(self, *counts: Counted) -> None:
        self._counts = list(counts)

    def counted(self) -> Counted:
        return self._counts.pop(0) if len(self._counts) > 1 else self._counts[0]


def journey(*counts: Counted) -> Journey:
    return Journey(cast(Any, None), 3, Path("."), points=cast(Any, Receivers(*counts)))


async def test_a_trace_of_loss_is_reported_and_more_ends_the_rehearsal() -> None:
    fine = journey(Counted(1000, 0, 12, 0), Counted(1004, 8, 0, 0))
    await fine._count_losses()
    assert fine.facts == {"packets_received": 1004, "packets_lost": 8}
    bad = journey(Counted(1000, 12, 0, 0))
    with pytest.raises(Failed, match="mất 12 gói tin"):
        await bad._count_losses()
    assert bad.facts["packets_lost"] == 12
    with pytest.raises(Failed):
        await journey(Counted(1000, 0, 30, 0))._count_losses()
