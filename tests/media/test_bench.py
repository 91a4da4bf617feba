"""The benchmark measures what it says: sizes and rates of its traffic, its counting, its output; no timing."""
import json
import shutil
import socket
import struct
import time
from pathlib import Path
from typing import Any

import pytest

from media import bench_capacity
from media.bench_capacity import feedback, joins
from media.bench_load import SAMPLE, STAMP, Gauge, Ruler
from media.bench_run import TOGETHER_FPS, bench_clip, mean_packet
from media.keyframe import starts_keyframe
from media.mmread import Inbox, time_arrivals
from media.peers import Crowd
from media.peers_count import Reception
from media.peers_source import PacedSource, Track
from media.rtp import RtpView, build
from media.wire import srtp_pair
from web import capacity
from web.commands import bench, main


def test_the_traffic_is_the_one_the_comparison_names() -> None:
    source = PacedSource(bench_clip(), 0.0, Track("audio", "0", 111, 1), Track("video", "1", 96, 2))
    packets = [packet for tick in range(1000) for packet in source.due(tick / 1000)]
    assert len(packets) == 122
    assert {len(packet) for track, packet in packets if track.kind == "video"} == {1060}
    assert {len(packet) for track, packet in packets if track.kind == "audio"} == {100}
    bits = sum(len(packet) for track, packet in packets if track.kind == "video") * 8
    assert 590_000 < bits < 630_000
    assert round(sum(len(packet) for _, packet in packets) / 122) + 16 == mean_packet()
    keys = [packet for track, packet in packets
            if track.kind == "video" and starts_keyframe("VP8", RtpView(packet).payload)]
    assert len(keys) == 1
    several = PacedSource(bench_clip(TOGETHER_FPS), 0.0, Track("audio", "0", 111, 1), Track("video", "1", 96, 2))
    assert sum(len(several.due(tick / 1000)) for tick in range(1000)) == 150


def test_the_ruler_times_what_was_stamped_in_the_interval_alone() -> None:
    ruler = Ruler()
    packets = [ruler.stamp(bytes(100)) for _ in range(10)]
    ruler.since, ruler.until = STAMP.unpack_from(packets[3], 88)[0], STAMP.unpack_from(packets[7], 88)[0]
    for packet in packets:
        ruler.take(packet, time.time_ns())
    assert ruler.sent == 10 and len(ruler.delays) == 4
    assert 0 < ruler.delay_ms(0.5) <= ruler.delay_ms(0.99) < 10_000
    assert len(packets[0]) == 100 and struct.unpack("!I", packets[6][-4:]) == (7,)


def test_many_datagrams_are_read_in_one_call() -> None:
    inbox, timed = Inbox(4), Inbox(4, timed=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        here.bind(("127.0.0.1", 0))
        for box in (inbox, timed):
            assert box.read(here.fileno()) == 0
            for size in (3, 0, 1500, 7, 9):
                there.sendto(bytes([size & 255]) * size, here.getsockname())
            assert box.read(here.fileno()) == 4 and box.sizes(4) == [3, 0, 1500, 7]
            assert [box.datagram(row) for row in range(4)] == [b"\3\3\3", b"", bytes([1500 & 255]) * 1500, b"\7" * 7]
            assert box.read(here.fileno()) == 1 and box.datagram(0) == b"\x09" * 9
    assert inbox.read(-1) == -1


def test_the_kernel_says_when_a_datagram_came_however_late_it_is_read() -> None:
    inbox = Inbox(4, timed=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        here.bind(("127.0.0.1", 0))
        time_arrivals(here)

        def told(count: int) -> tuple[int, list[int], int]:
            before = time.time_ns()
            for _ in range(count):
                there.sendto(b"in time", here.getsockname())
            after = time.time_ns()
            while time.time_ns() < after + 2_000_000:
                pass
            assert inbox.read(here.fileno()) == count
            return before, [inbox.arrived(row) or 0 for row in range(count)], after

        began = time.monotonic()
        while (first := told(1))[1][0] > first[2]:
            assert time.monotonic() < began + 5, "the kernel begins to note times a moment after it was asked to"
        before, came, after = told(4)
        assert before <= came[0] and came == sorted(came) and came[-1] <= after
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            there.sendto(b"nobody asks", other.getsockname())
            assert inbox.read(other.fileno()) == 1 and inbox.arrived(0) is None


async def test_a_gauge_counts_gaps_by_the_headers_and_the_delay_by_a_sample() -> None:
    ruler, crowd = Ruler(), Crowd()
    ruler.since = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        here.bind(("127.0.0.1", 0))
        ours, theirs = srtp_pair(bytes(28))
        gauge = Gauge(crowd, "g", ruler, Inbox(timed=True))
        gauge._link.unprotect, gauge._descriptor = ours.unprotect_rtp, here.fileno()
        gauge._seen = {struct.pack("!I", 5): Reception()}
        for number in [*range(10), *range(12, 64)]:
            there.sendto(theirs.protect_rtp(ruler.stamp(build(96, number, 1, 5, bytes(50)))), here.getsockname())
        gauge.read()
        assert (gauge.received, gauge.holes, ruler.forged) == (62, 2, 0)
        assert len(ruler.delays) == pytest.approx(62 / SAMPLE, abs=1)
        there.sendto(theirs.protect_rtp(build(96, 10, 1, 5, bytes(50))), here.getsockname())
        gauge.read()
        assert (gauge.received, gauge.holes) == (63, 1)


def figures_of(file: Path, *words: str) -> dict[str, Any]:
    assert main(["bench", *words, "--json", str(file)]) == 0
    return dict(json.loads(file.read_text()))


def test_a_short_run_writes_its_figures_and_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = figures_of(tmp_path / "figures" / "bench.json", "sfu", "--receivers", "4", "--seconds", "1")
    assert figures["receivers"] == 4
    assert figures["packets_lost"] == 0 == figures["loss"] and figures["forged"] == 0
    assert 4 * 90 < figures["packets_relayed"] < 4 * 300
    assert figures["sendto_us"] > 0 and figures["cpu_us_per_packet"] > 0
    assert figures["ratio"] == pytest.approx(figures["cpu_us_per_packet"] / figures["sendto_us"], rel=0.02)
    assert 0 < figures["delay_ms_p50"] <= figures["delay_ms_p99"] <= figures["delay_ms_p999"]
    assert figures["user_us"] + figures["sys_us"] == pytest.approx(figures["cpu_us_per_packet"], abs=0.02)
    assert {"cores", "kernel", "python", "relayed_pps", "rss_mib", "join_ms_p95", "join_cpu_ms"} <= figures.keys()
    assert "cpu_us_per_packet" in capsys.readouterr().out


def test_several_publishers_workers_and_reports_without_pictures(tmp_path: Path) -> None:
    figures = figures_of(tmp_path / "b.json", "sfu", "--receivers", "4", "--publishers", "2", "--workers", "2", "--audio-only",
                         "--feedback", "remb", "--seconds", "1")
    assert (figures["workers"], figures["publishers"], figures["feedback"]) == (2, 2, "remb")
    assert figures["packets_lost"] == 0 and 4 * 2 * 30 < figures["packets_relayed"] < 4 * 2 * 120


@pytest.mark.long
def test_janus_is_measured_beside_us_or_its_absence_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "b.json"
    words = ["bench", "sfu", "--receivers", "3", "--seconds", "1", "--against", "janus", "--json", str(file)]
    if shutil.which("janus") is None:
        assert main(words) == bench.FAILED and "janus" in capsys.readouterr().err and not file.exists()
        return
    assert main(words) == 0
    figures = json.loads(file.read_text())
    assert figures["janus_cpu_us_per_packet"] > 0 and figures["janus_loss"] == 0
    assert figures["janus_ratio"] == pytest.approx(figures["cpu_us_per_packet"] / figures["janus_cpu_us_per_packet"], rel=0.05)


def test_the_capacity_is_written_where_joins_are_admitted_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_capacity, "SLOWEST_MS", 0.0)
    assert main(["bench", "capacity", "--most", "1", "--seconds", "0.5", "--data", str(tmp_path)]) == bench.FAILED
    assert not (tmp_path / "capacity.json").exists(), "a machine too busy to serve anybody was not measured"
    monkeypatch.setattr(bench_capacity, "SLOWEST_MS", 10_000.0)
    assert main(["bench", "capacity", "--most", "2", "--seconds", "0.5", "--data", str(tmp_path)]) == 0
    written = json.loads((tmp_path / "capacity.json").read_text())
    assert (written["schema"], written["workers"]) == (1, 1) and written["cpu_model"] and written["measured_at"]
    assert written["bits_per_s"] > written["packets_per_s"] > 50
    known = capacity.read(tmp_path)
    assert known.measured and known.packets_per_s == written["packets_per_s"]
    assert "p99" in capsys.readouterr().err


async def test_many_join_at_once_while_others_listen() -> None:
    told = await joins(5, earlier=SAMPLE)  # one of so many packets is timed
    assert (told.joins, told.earlier, told.failed) == (5, SAMPLE, 0)
    assert 0 < told.first_ms_p50 <= told.first_ms_p95 <= told.first_ms_max and told.delay_ms_p999 > 0


@pytest.mark.long
async def test_the_price_of_reports_is_told() -> None:
    told = await feedback(3, 0.5)
    assert told.receivers == 3 and told.twcc_receivers == 3


@pytest.mark.parametrize("words", [["--receivers", "0"], ["--receivers", "1001"], ["--receivers", "x"], [],
                                   ["--receivers", "3", "--seconds", "0"], ["--receivers", "3", "--publishers", "0"],
                                   ["--receivers", "3", "--feedback", "x"], ["--receivers", "3", "--against", "x"]])
def test_bad_arguments_are_refused_with_status_2(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "sfu", "--json", str(tmp_path / "x.json"), *words])
    assert ended.value.code == bench.USAGE
    assert not (tmp_path / "x.json").exists()


def test_a_file_that_cannot_be_written_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    assert main(["bench", "sfu", "--receivers", "1", "--json", str(tmp_path / "taken" / "x.json")]) == bench.USAGE
