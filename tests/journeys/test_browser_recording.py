"""What real browsers send is recorded and made one film that plays: layers of VP8, spatial layers of VP9, flashes and beeps.

Windows change their sizes meanwhile, so that other layers are wanted of both.  The film is looked at and listened to with a
decoder: everything decodes, it is as long as the recording, and each flash is shown when its beep is heard.
"""

from __future__ import annotations

import asyncio
import math
from array import array
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import av
import pytest
from playwright.async_api import Browser

from media.compose import compose
from media.compose_picture import LABEL, grid
from media.compose_sound import RATE
from tests.journeys.beats import beat
from tests.journeys.test_browser_layers import PATIENCE, SMALL_WINDOW, VP9, WINDOW
from tests.journeys.visitors import MIDDLE, Visitor
from tests.media.recordings import of, seconds
from tests.support.installation import Installation, soon
from web.mediaprocess import socket_path
from web.recording import Recorder, Recording, fresh, listed

pytestmark = pytest.mark.browser

HZ = {"22": 400, "204": 1600}     # of the beeps: whole waves in a PIECE, so that the one is nothing of the other
LATE = 7                          # pictures by which the second point beats later
PIECE = RATE // 100               # samples: 10 ms
IN_STEP = 0.1                     # seconds


async def test_what_two_browsers_send_is_recorded_and_plays(chromium: Browser, installation: Installation) -> None:
    room, data = installation.room(opened=True), installation.settings.data
    links = {code: f"{installation.url}/j/{secret}" for code, secret in room.links.items()}
    chair = await Visitor.arrive(chromium, links["22"], "22", 0, 0, MIDDLE, beat(HZ["22"], MIDDLE))
    point = await Visitor.arrive(chromium, links["204"], "204", 0, 0, MIDDLE, beat(HZ["204"], MIDDLE, LATE) + VP9)
    viewer = await Visitor.arrive(chromium, links["06970"], "06970", 900, 120)
    await soon(lambda: viewer.sees({"22", "204"}), PATIENCE)
    recorder = Recorder(socket_path(data), room.meeting_id, fresh(data, room.meeting_id, datetime.now(UTC)))
    said: list[dict[str, Any]] = []
    running = asyncio.create_task(recorder.run(said.append))
    await soon(lambda: said and said[-1].get("tracks", 0) >= 6, PATIENCE)
    for size in (SMALL_WINDOW, WINDOW, SMALL_WINDOW):
        await viewer.resize(*size)
        await chair.resize(*size)
        enough = said[-1]["seconds"] + 4
        await soon(lambda: said[-1]["seconds"] >= enough, PATIENCE)
    recorder.stop()
    assert await running == 0
    for visitor in (viewer, point, chair):
        await visitor.leave()
    recording, = listed(data, room.meeting_id)
    for kind in ("webm", "mp4"):
        _plays(recording, data / f"film.{kind}", kind)


def _plays(recording: Recording, out: Path, kind: str) -> None:
    manifest = recording.manifest
    for track in manifest["tracks"]:
        _decodes(recording.folder / track["file"], track)
    assert [track["codec"] for code in HZ for track in of(manifest, code, "video")] == ["VP8", "VP9"]
    assert not manifest["gaps"] and not [gap for track in manifest["tracks"] for gap in track["gaps"]], manifest
    result = compose(recording.folder, out, kind)
    assert not result.damaged and not result.missing and not result.broken, result
    long = seconds(manifest["ended"]) - seconds(manifest["started"])
    with av.open(str(out)) as film:
        assert film.duration / 1e6 == pytest.approx(long, abs=0.5)
    places = list(dict.fromkeys(track["point"] for track in manifest["tracks"]))
    seen, heard = _flashes(out, len(places)), _beeps(out)
    for code in HZ:
        flashes = seen[places.index(code)]
        pairs = [min((beep - flash for beep in heard[code]), key=abs) for flash in flashes]
        print(kind, code, round(long, 1), len(flashes), len(heard[code]), [round(1000 * pair) for pair in pairs])
        assert len(pairs) >= long - 3, "about one each second"
        assert abs(median(pairs)) < IN_STEP, pairs


def _decodes(path: Path, track: dict[str, Any]) -> None:
    """Every frame; of spatial layers that lie in each other this decoder gives out each by itself, at one time."""
    with av.open(str(path)) as file:
        frames = list(file.decode(**{track["kind"]: 0}))
    assert len({frame.pts for frame in frames}) == track["frames"], path
    assert frames[-1].time == pytest.approx(seconds(track["end"]) - seconds(track["start"]), abs=0.3)


def _flashes(out: Path, points: int) -> list[list[float]]:
    """When each point's place of the picture turned bright, by its place."""
    found: list[list[float]] = [[] for _ in range(points)]
    lit = [True] * points
    with av.open(str(out)) as film:
        for frame in film.decode(video=0):
            plane = frame.planes[0]
            data = memoryview(plane)
            for index, (left, top, width, height) in enumerate(grid(points)):
                at = (top + (height - LABEL) * 2 // 3) * plane.line_size + left + width // 2
                bright = data[at] > 128
                if bright and not lit[index]:
                    found[index].append(frame.time)
                lit[index] = bright
    return found


def _beeps(out: Path) -> dict[str, list[float]]:
    """When each beep began, by whose it is."""
    resampler, samples = av.AudioResampler(format="s16", layout="mono", rate=RATE), array("h")
    with av.open(str(out)) as film:
        start = film.streams.audio[0].start_time or 0
        first = float(start * film.streams.audio[0].time_base)
        for frame in film.decode(audio=0):
            for piece in resampler.resample(frame):
                samples.extend(array("h", bytes(piece.planes[0])[: 2 * piece.samples]))
    found = {}
    for code, hertz in HZ.items():
        found[code], quiet = [], 0
        for at in range(0, len(samples) - PIECE, PIECE):
            if _loud(samples[at : at + PIECE], hertz) < 1500:
                quiet += 1
                continue
            if quiet > 30:
                found[code].append(first + at / RATE)
            quiet = 0
    return found


def _loud(part: array[int], hertz: int) -> float:
    turn = 2 * math.pi * hertz / RATE
    return 2 / len(part) * math.hypot(
        sum(sample * math.cos(turn * number) for number, sample in enumerate(part)),
        sum(sample * math.sin(turn * number) for number, sample in enumerate(part)))
