"""End to end: real worker process, standard clients, frames that really decode."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from aiortc import RTCRtpSender, RTCSessionDescription

from media.errors import MediaError
from media.fragment import parse_fragment
from tests.media.clients import ROOT, Colour, Talk, Watcher, connection, offer_of, publish, wait_event, worker
from tests.media.test_fragment import FRAGMENT


async def test_a_standard_client_publishes_and_another_sees_and_hears_it(tmp_path: Path) -> None:
    async with worker(tmp_path) as (client, _, process):
        sender = await publish(client, "room", "p1", "A", luma=60)
        watcher = await Watcher().join(client, "room", "s1", "B")
        try:
            assert (await wait_event(client, "up", "p1"))["name"] == "A"
            await watcher.sees("0", 20)
            await watcher.sees("1", 20)
            assert abs(watcher.luma["1"] - 60) < 12
            stats = await client.stats("room")
            room = stats["rooms"]["room"]
            assert room["packets_in"] > 20 and room["packets_relayed"] > 20
            assert stats["counters"]["faults"] == 0
            assert stats["threads"] == 1, "no codec thread, no thread at all beside the loop's"
            assert stats["cpu_s"] > 0 and stats["rss_bytes"] > 1 << 20
            assert set(stats["loop_lag_ms"]) == {"p50", "p99"}
        finally:
            await sender.close()
            await watcher.close()
    assert process.returncode == 0


async def test_the_stage_decides_who_is_shown_and_the_floor_who_is_heard(tmp_path: Path) -> None:
    async with worker(tmp_path) as (client, _, _process):
        first = await publish(client, "room", "p1", "A", luma=50)
        await wait_event(client, "up", "p1")
        second = await publish(client, "room", "p2", "B", luma=200)
        await wait_event(client, "up", "p2")
        watcher = await Watcher().join(client, "room", "s1", "C")
        try:
            await watcher.sees_luma("1", 50)
            await client.policy("room", ["B"], ["B"])
            await watcher.sees_luma("1", 200)
            await watcher.sees("0", 20)
            sessions = {s["session"]: s for s in (await client.stats("room"))["rooms"]["room"]["sessions"]}
            assert sessions["p1"]["gated"] > 0 and sessions["p2"]["gated"] == 0
            assert {slot["name"] for slot in sessions["s1"]["slots"]} == {"B"}
            renewed = parse_fragment(await client.restart("p2", FRAGMENT), restart=True)
            assert len(renewed.ufrag) >= 4 and len(renewed.pwd) >= 22, "RFC 8445 section 5.3"
            await client.trickle("p2", ["other", renewed.ufrag], FRAGMENT)
            with pytest.raises(MediaError, match="session.tag"):
                await client.trickle("p2", ["other"], FRAGMENT)
            assert await client.close("p2")
            assert (await wait_event(client, "down", "p2"))["reason"] == "closed"
            await watcher.sees_luma("1", 50)
        finally:
            for pc in (first, second, watcher):
                await pc.close()


async def test_a_standard_client_that_speaks_is_heard_though_it_joined_last(tmp_path: Path) -> None:
    async with worker(tmp_path) as (client, _, _process):
        sounds = {name: Talk() for name in "ABC"}
        pcs = []
        for name, sound in sounds.items():
            pcs.append(await publish(client, "room", f"p{name}", name, sound=sound))
            await wait_event(client, "up", f"p{name}")
        watcher = await Watcher().join(client, "room", "s1", "X")
        pcs.append(watcher)
        try:
            told = await wait_event(client, "slots", "s1")
            assert [slot["name"] for slot in told["slots"]] == ["A", "A"]
            await watcher.sees("0", 50)
            sounds["C"].begin.set()
            told = await wait_event(client, "slots", "s1")
            assert [slot["name"] for slot in told["slots"]] == ["C", "A"], "sound follows, the picture stays"
            await watcher.sees("0", 50)
        finally:
            for pc in pcs:
                await pc.close()


async def test_h264_is_relayed_and_decodes(tmp_path: Path) -> None:
    async with worker(tmp_path) as (client, _, _process):
        pc = connection()
        transceiver = pc.addTransceiver(Colour(120), direction="sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType == "video/H264"])
        answer = await client.publish("room", "p1", "A", await offer_of(pc))
        assert "H264" in answer and "VP8" not in answer
        await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        watcher = await Watcher().join(client, "room", "s1", "B")
        try:
            await watcher.sees_luma("1", 120)
        finally:
            await pc.close()
            await watcher.close()


def test_the_worker_uses_no_codec_and_the_control_client_loads_no_media_library() -> None:
    """aiortc itself imports av; nothing of ours may, outside the synthetic peers and the recorder."""
    script = "import sys, media.control; assert not {'av', 'aiortc', 'OpenSSL'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0
    for path in (ROOT / "media").glob("*.py"):
        if not path.name.startswith(("peers", "bench", "compose", "record")):
            text = path.read_text(encoding="utf-8")
            assert "import av" not in text and "contrib.media" not in text and "RTCPeerConnection" not in text, path.name
