"""The bar of recording: four tracks, at most 8 % of a core, playable five seconds after the end, killed at most two lost."""

from __future__ import annotations

import pytest

from web.bench_recording import measure

BAR = {"core_percent": 8.0, "playable_after_s": 5.0, "killed_lost_s": 2.0}


@pytest.mark.alone
@pytest.mark.parametrize("minutes", [0.1, pytest.param(10.0, marks=pytest.mark.long)])
async def test_recording_four_tracks_keeps_the_bar(minutes: float) -> None:
    figures = await measure(minutes)
    print(figures)
    assert figures["tracks"] == 4 and figures["gaps"] == 0
    assert {name: figures[name] for name, most in BAR.items() if figures[name] > most} == {}
