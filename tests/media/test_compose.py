"""One file of a recording: looked at and listened to with a decoder."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import copytree, which
from tempfile import TemporaryDirectory

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.compose import FPS, compose
from media.compose_picture import HEIGHT, STALE, WIDTH, Eye, grid, places
from media.compose_sound import RATE, Mixer, Voice
from media.depacketize import Frame
from media.errors import MediaError
from media.matroska import opus_head
from media.peers_clip import Clip, background, tone_hz
from media.record_book import Book
from media.record_store import MANIFEST, Store
from media.record_track import Track
from tests.media.tones import loudness_at

SECONDS = 3.0
POINTS = {"HN": 1, "QN": 2}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """HN speaks and is seen from 0 to 3 s, QN from 1 s to 2 s, LC is only heard, from 0.5 s on, with a hole in the middle."""
    folder = tmp_path_factory.mktemp("rec") / "20260305T010000Z-1234"
    store, book = Store(folder), Book("m", folder.name, 0.0, 1_772_672_400.0)
    for point, index, start, end in (("HN", 1, 0.0, 3.0), ("QN", 2, 1.0, 2.0)):
        clip = Clip.make(point, index)
        picture = book.open(point, "video", "VP8", b"", (320, 180), start, start)
        for number in range(round((end - start) * 15)):
            picture.add(Frame(0, clip.pictures[number % 60], number % 60 == 0), start + number / 15)
        _keep(store, picture)
        _keep(store, _sound(book, point, index, start, end))
    _keep(store, _sound(book, "LC", 3, 0.5, 3.0, hole=(1.0, 2.0)))
    book.end("stopped", SECONDS)
    store.write_manifest(book.manifest(SECONDS))
    store.close()
    return folder


def _sound(book: Book, point: str, index: int, start: float, end: float, hole: tuple[float, float] = (9, 9)) -> Track:
    track, sounds = book.open(point, "audio", "OPUS", opus_head(), (0, 0), start, start), Clip.make(point, index).sounds
    for number in range(round((end - start) * 50)):
        at = start + number / 50
        if not hole[0] <= at < hole[1]:
            track.add(Frame(0, sounds[number % 50], True), at)
        elif not track.broken:
            track.gap("lost")
    return track


def _keep(store: Store, track: Track) -> None:
    data = track.take()
    store.append([(track.file, 0, data)])
    track.kept(len(data))
    track.size = store.finish(track.file, len(data), *track.ending())
    track.sha256 = store.digest(track.file)


@pytest.fixture(scope="module", params=["webm", "mp4"])
def film(request: pytest.FixtureRequest, recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("film") / f"film.{request.param}"
    steps: list[float] = []
    result = compose(recording, out, request.param, progress=lambda done, total: steps.append(done / total))
    assert steps[-1] == 1.0 and result.damaged == result.missing == [] and result.broken == 0
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    return out


def heard(film: Path) -> list[float]:
    resampler, samples = av.AudioResampler(format="flt", layout="mono", rate=RATE), []
    with av.open(str(film)) as container:
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                samples += memoryview(bytes(piece.planes[0])).cast("f")[: piece.samples].tolist()
    return samples


def test_it_is_as_long_as_the_recording(film: Path) -> None:
    with av.open(str(film)) as container:
        assert container.duration / 1e6 == pytest.approx(SECONDS, abs=0.2)
        assert {stream.type for stream in container.streams} == {"audio", "video"}
    if which("ffprobe"):
        said = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", film],
                              capture_output=True, text=True, check=True)
        assert float(said.stdout) == pytest.approx(SECONDS, abs=0.2) and not said.stderr


def test_everybody_is_heard_when_they_spoke_and_only_then(film: Path) -> None:
    samples = heard(film)
    parts = {at: samples[round(at * RATE) : round((at + 0.2) * RATE)] for at in (0.2, 0.7, 1.4, 2.4)}
    there = {
        point: [at for at, part in parts.items() if loudness_at(part, tone_hz(index)) > 0.02]
        for point, index in (("HN", 1), ("QN", 2), ("LC", 3))}
    assert there == {"HN": [0.2, 0.7, 1.4, 2.4], "QN": [1.4], "LC": [0.7, 2.4]}
    assert loudness_at(parts[1.4], 12_000) < 0.005


def test_everybody_is_seen_where_they_belong(film: Path) -> None:
    with av.open(str(film)) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == pytest.approx(SECONDS * FPS, abs=1) and (frames[0].width, frames[0].height) == (WIDTH, HEIGHT)
    for at, points in ((0.2, ["HN"]), (1.5, ["HN", "QN", "LC"])):
        image = frames[round(at * FPS)].to_image()
        for place, point in zip(grid(len(points)), points, strict=True):
            left, top, width, height = place
            below = image.crop((left + 8, top + height - 30, left + 200, top + height - 6)).convert("L")
            assert below.getextrema()[1] > 150, "the name is written there"
            if point in POINTS:
                corner = (left + width // 10, top + height // 2 - width // 6)
                assert image.getpixel(corner) == pytest.approx(background(POINTS[point]), abs=25)
            else:
                assert max(image.getpixel((left + width // 2, top + height // 3))) < 70


def test_a_film_is_heard_and_lights_no_frame_as_if_somebody_spoke(tmp_path: Path) -> None:
    folder = tmp_path / "rec"
    store, book = Store(folder), Book("m", "rec", 0.0, 1_772_672_400.0)
    for point, index in (("HN", 1), ("HN#screen", 2)):
        _keep(store, _sound(book, point, index, 0.0, 1.0))
    book.end("stopped", 1.0)
    store.write_manifest(book.manifest(1.0))
    store.close()
    compose(folder, out := tmp_path / "film.webm", "webm")
    samples = heard(out)[round(0.4 * RATE) : round(0.6 * RATE)]
    assert all(loudness_at(samples, tone_hz(index)) > 0.02 for index in (1, 2))
    with av.open(str(out)) as container:
        image = list(container.decode(video=0))[round(0.5 * FPS)].to_image()
    screen, speaker = ((left + 1, top + height // 2) for left, top, _, height in places(["HN#screen", "HN"]))
    assert image.getpixel(speaker)[1] > 120 and image.getpixel(screen)[1] < 60


def test_tiles_of_any_number_stand_side_by_side() -> None:
    for count in range(1, 17):
        tiles = grid(count)
        assert len(tiles) == count and all(value % 2 == 0 for place in tiles for value in place)
        assert all(left >= 0 and left + width <= WIDTH and top + height <= HEIGHT for left, top, width, height in tiles)
        assert len({(left, top) for left, top, _, _ in tiles}) == count


def test_a_shared_screen_is_large_and_the_others_stand_beside_it() -> None:
    for others in range(1, 9):
        points = [f"P{n}" for n in range(others)]
        points.insert(others // 2, "P0#screen")
        found = dict(zip(points, places(points), strict=True))
        assert found["P0#screen"] == (0, 0, WIDTH * 3 // 4, HEIGHT)
        column = [found[point] for point in points if "#" not in point]
        assert all(left == WIDTH * 3 // 4 and top + height <= HEIGHT and height >= 80 and not (top | height) % 2 for left, top, _width, height in column)
        assert len(set(column)) == others
    assert places(["A#screen"]) == grid(1) and places(["A", "B"]) == grid(2)


def test_a_mixer_clips_nothing_away_and_says_who_is_heard(recording: Path) -> None:
    voices = [Voice(recording / "0002-HN-audio.webm", f"HN{number}", 0.0, 3.0) for number in range(16)]
    block = memoryview(Mixer(voices).block(0)).cast("h")
    assert max(block) == 32_767 and min(block) == -32_767
    mixer = Mixer([Voice(recording / "0004-QN-audio.webm", "QN", 1.0, 2.0)])
    for first in range(3):
        silent = set(mixer.block(first * RATE)) == {0}
        assert silent == (first != 1)
    assert not any(mixer.loud.get("QN", []))


@pytest.mark.parametrize("trouble", [KeyboardInterrupt, OSError])
def test_whatever_stops_it_leaves_no_half_file(trouble: type[BaseException], recording: Path, tmp_path: Path) -> None:
    def stop(done: float, total: float) -> None:
        raise trouble

    out = tmp_path / "film.webm"
    out.write_bytes(b"the one before")
    with pytest.raises(trouble):
        compose(recording, out, "webm", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["film.webm"] and out.read_bytes() == b"the one before"


@pytest.mark.parametrize("name", ["0003-QN-video.webm", "0004-QN-audio.webm"])
def test_a_file_whose_head_is_damaged_is_counted_and_the_rest_is_there(name: str, recording: Path, tmp_path: Path) -> None:
    folder = copytree(recording, tmp_path / "rec")
    with (folder / name).open("r+b") as file:
        file.write(bytes(40))
    result = compose(folder, tmp_path / "film.webm", "webm")
    assert (result.damaged, result.missing, result.broken) == ([name], [], 1)
    part = heard(tmp_path / "film.webm")[round(1.4 * RATE) : round(1.6 * RATE)]
    assert (loudness_at(part, tone_hz(2)) > 0.02) is ("video" in name)
    assert loudness_at(part, tone_hz(1)) > 0.02


@pytest.mark.parametrize("harm", [
    lambda data: data.replace(b"A_OPUS", b"A_OPUT"), lambda data: data.replace(b"LC", b"\xff\xfe"), lambda data: data[:20],
    lambda data: data.replace(b"OpusHead", b"OpusDead"), lambda data: b"", lambda data: data[:600] + bytes(40) + data[640:],
])
def test_whatever_is_wrong_with_a_sound_costs_that_sound_alone(
    harm: Callable[[bytes], bytes], recording: Path, tmp_path: Path
) -> None:
    harmed = tmp_path / "harmed.webm"
    harmed.write_bytes(harm((recording / "0005-LC-audio.webm").read_bytes()))
    mixer = Mixer([Voice(recording / "0002-HN-audio.webm", "HN", 0.0, 3.0), Voice(harmed, "LC", 0.5, 3.0)])
    for first in range(3):
        assert len(mixer.block(first * RATE)) == 2 * RATE and all(mixer.loud["HN"])
    assert mixer.voices[0].broken == 0


@given(name=st.sampled_from(["0003-QN-video.webm", "0004-QN-audio.webm"]), harm=st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 60), st.binary(max_size=60)), min_size=1, max_size=4))
def test_whatever_bytes_of_a_file_are_damaged_it_is_played_to_the_end(
    name: str, harm: list[tuple[float, int, bytes]], recording: Path
) -> None:
    """QN is there from 1 s to 2 s: what is left of it is never found before, whatever times the file tells."""
    data = (recording / name).read_bytes()
    for place, gone, put in harm:
        at = int(place * place * len(data))  # more of it in the head
        data = data[:at] + put + data[at + gone :]
    with TemporaryDirectory() as folder:
        harmed = Path(folder, name)
        harmed.write_bytes(data)
        if "audio" in name:
            voice, whole = Voice(harmed, "QN", 1.0, 2.0), Voice(recording / "0002-HN-audio.webm", "HN", 0.0, 3.0)
            mixer = Mixer([voice, whole])
            for first in range(3):
                assert len(mixer.block(first * RATE)) == 2 * RATE and all(mixer.loud["HN"])
                assert first or "QN" not in mixer.loud
            assert whole.broken == 0
        else:
            eye = Eye(harmed, "QN", 1.0, 2.0)
            for number in range(round(6 * FPS)):
                seen = eye.at(number / FPS)
                assert seen is None or 1.0 <= number / FPS < 2.0 + STALE and seen[0] <= number / FPS


def test_damage_is_told_and_the_rest_is_there(recording: Path, tmp_path: Path) -> None:
    folder = copytree(recording, tmp_path / "rec")
    harmed = folder / "0003-QN-video.webm"
    data = bytearray(harmed.read_bytes())
    data[2000:2040] = bytes(40)
    harmed.write_bytes(data)
    (folder / "0005-LC-audio.webm").unlink()
    result = compose(folder, tmp_path / "film.webm", "webm")
    assert result.damaged == [harmed.name] and result.missing == ["0005-LC-audio.webm"]
    assert loudness_at(heard(tmp_path / "film.webm")[:9600], tone_hz(1)) > 0.02
    text = (folder / MANIFEST).read_text().replace('"state": "ended"', '"state": "recording"')
    (folder / MANIFEST).write_text(text)
    with pytest.raises(MediaError) as refused:
        compose(folder, tmp_path / "other.webm", "webm")
    assert refused.value.code == "recording.unfinished"
