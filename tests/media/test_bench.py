"""The benchmark measures what it says: sizes and rates of its traffic, its counting, its output; no timing."""
import json
import struct
from pathlib import Path

import pytest

from media.bench import MEAN_PACKET, Ruler, bench_clip
from media.keyframe import starts_keyframe
from media.peers import Crowd
from media.peers_source import PacedSource, Track
from media.rtp import RtpView
from web.commands import bench, main


def test_the_traffic_is_the_one_the_comparison_names() -> None:
    source = PacedSource(bench_clip(), 0.0, Track("audio", "0", 111, 1), Track("video", "1", 96, 2))
    packets = [packet for tick in range(1000) for packet in source.due(tick / 1000)]
    assert len(packets) == 122
    assert {len(packet) for track, packet in packets if track.kind == "video"} == {1060}
    assert {len(packet) for track, packet in packets if track.kind == "audio"} == {100}
    bits = sum(len(packet) for track, packet in packets if track.kind == "video") * 8
    assert 590_000 < bits < 630_000
    assert round(sum(len(packet) for _, packet in packets) / 122) + 16 == MEAN_PACKET
    keys = [packet for track, packet in packets
            if track.kind == "video" and starts_keyframe("VP8", RtpView(packet).payload)]
    assert len(keys) == 1


async def test_the_ruler_counts_each_receiver_alone_and_only_inside_the_interval() -> None:
    ruler, crowd = Ruler(), Crowd()
    receivers = [crowd.subscriber(str(number)) for number in range(2)]
    for receiver in receivers:
        ruler.attach(receiver)
    packets = [ruler.stamp(bytes(100)) for _ in range(10)]
    ruler.first, ruler.end = 3, 8
    for packet in packets:
        receivers[0].on_packet(packet, 0.0)
    for packet in packets[:4]:
        receivers[1].on_packet(packet, 0.0)
    assert ruler.counts == [5, 2]
    assert 0 < ruler.delay_ms(0.5) <= ruler.delay_ms(0.99) < 10_000
    assert len(packets[0]) == 100 and struct.unpack("!I", packets[6][-4:]) == (7,)


def test_a_short_run_writes_its_figures_and_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "figures" / "bench.json"
    assert main(["bench", "sfu", "--receivers", "4", "--seconds", "1", "--json", str(file)]) == 0
    figures = json.loads(file.read_text())
    assert figures["receivers"] == 4
    assert figures["packets_lost"] == 0
    assert 4 * 90 < figures["packets_relayed"] < 4 * 300
    assert figures["sendto_us"] > 0 and figures["cpu_us_per_packet"] > 0
    assert figures["ratio"] == pytest.approx(figures["cpu_us_per_packet"] / figures["sendto_us"], rel=0.02)
    assert 0 < figures["delay_ms_p50"] <= figures["delay_ms_p99"]
    assert {"cores", "kernel", "python"} <= figures.keys()
    assert "cpu_us_per_packet" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--receivers", "0"], ["--receivers", "1001"], ["--receivers", "x"], [],
                                   ["--receivers", "3", "--seconds", "0"]])
def test_bad_arguments_are_refused_with_status_2(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "sfu", "--json", str(tmp_path / "x.json"), *words])
    assert ended.value.code == bench.USAGE
    assert not (tmp_path / "x.json").exists()


def test_a_file_that_cannot_be_written_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    assert main(["bench", "sfu", "--receivers", "1", "--json", str(tmp_path / "taken" / "x.json")]) == bench.USAGE
