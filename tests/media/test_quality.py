"""What a room says of how it goes with each member."""

from __future__ import annotations

import pytest

from media import quality
from tests.media.meeting import Meeting


def test_a_picture_the_line_refuses_is_paused_and_one_nobody_looks_at_is_not() -> None:
    meeting = Meeting()
    narrow, hidden, good = meeting.add(64_000), meeting.add(5_000_000), meeting.add(5_000_000)
    meeting.room.view("s1", {"v0": 0})
    meeting.run(12)
    told = {viewer.member.session: quality.of(viewer.member, meeting.now) for viewer in (narrow, hidden, good)}
    assert [told[name]["paused"] for name in ("s0", "s1", "s2")] == [["v0"], [], []]
    assert told["s0"]["reason"] in ("delay", "loss") and told["s0"]["estimate"] < 100_000
    assert told["s2"]["layers"] == {"v0": [2, 3, 720]} and told["s1"]["layers"] == told["s0"]["layers"] == {}
    assert told["s2"]["reason"] == "" and told["s2"]["loss"] == 0


def test_a_publisher_is_told_by_what_comes_in() -> None:
    meeting = Meeting()
    meeting.add(5_000_000)
    meeting.run(5)
    told = quality.of(meeting.publisher, meeting.now)
    assert told["reason"] == "" and [rid for rid, _rows, _rate in told["tracks"]["v"]["layers"]] == ["l", "m", "h"]
    rates = {rid: rate for rid, _rows, rate in told["tracks"]["v"]["layers"]}
    assert rates["l"] == pytest.approx(150_000, rel=0.35) and rates["h"] == pytest.approx(1_700_000, rel=0.35)
